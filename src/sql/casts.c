#include "sql/casts.h"

#define I CAST_IMPLICIT
#define A CAST_ASSIGNMENT
#define E CAST_EXPLICIT

#define TO_TEXT "CAST(%1 AS TEXT)"
#define TO_REAL "CAST(%1 AS REAL)"

/* clang-format off */
const struct pg_cast sql_casts[] = {
	/* numbers */
	{ OID_INT2, OID_INT4, I, NULL },
	{ OID_INT2, OID_INT8, I, NULL },
	{ OID_INT2, OID_NUMERIC, I, TO_TEXT },
	{ OID_INT2, OID_FLOAT4, I, TO_REAL },
	{ OID_INT2, OID_FLOAT8, I, TO_REAL },
	{ OID_INT4, OID_INT2, A, "nq_int2(%1)" },
	{ OID_INT4, OID_INT8, I, NULL },
	{ OID_INT4, OID_NUMERIC, I, TO_TEXT },
	{ OID_INT4, OID_FLOAT4, I, "nq_float4(" TO_REAL ")" },
	{ OID_INT4, OID_FLOAT8, I, TO_REAL },
	{ OID_INT8, OID_INT2, A, "nq_int2(%1)" },
	{ OID_INT8, OID_INT4, A, "nq_int4(%1)" },
	{ OID_INT8, OID_NUMERIC, I, TO_TEXT },
	{ OID_INT8, OID_FLOAT4, I, "nq_float4(" TO_REAL ")" },
	{ OID_INT8, OID_FLOAT8, I, TO_REAL },
	{ OID_NUMERIC, OID_INT2, A, "nq_int2(nq_numeric_int8(%1))" },
	{ OID_NUMERIC, OID_INT4, A, "nq_int4(nq_numeric_int8(%1))" },
	{ OID_NUMERIC, OID_INT8, A, "nq_numeric_int8(%1)" },
	{ OID_NUMERIC, OID_FLOAT4, I, "nq_in(%1, 700)" },
	{ OID_NUMERIC, OID_FLOAT8, I, "nq_in(%1, 701)" },
	{ OID_FLOAT4, OID_INT2, A, "nq_float_int(%1, 21)" },
	{ OID_FLOAT4, OID_INT4, A, "nq_float_int(%1, 23)" },
	{ OID_FLOAT4, OID_INT8, A, "nq_float_int(%1, 20)" },
	{ OID_FLOAT4, OID_NUMERIC, A, "nq_float_numeric(%1, 6)" },
	{ OID_FLOAT4, OID_FLOAT8, I, NULL },
	{ OID_FLOAT8, OID_INT2, A, "nq_float_int(%1, 21)" },
	{ OID_FLOAT8, OID_INT4, A, "nq_float_int(%1, 23)" },
	{ OID_FLOAT8, OID_INT8, A, "nq_float_int(%1, 20)" },
	{ OID_FLOAT8, OID_NUMERIC, A, "nq_float_numeric(%1, 15)" },
	{ OID_FLOAT8, OID_FLOAT4, A, "nq_float4(%1)" },
	{ OID_INT4, OID_BOOL, E, "(%1 <> 0)" },
	{ OID_BOOL, OID_INT4, E, NULL },
	/* oids */
	{ OID_INT2, OID_OID, I, NULL },
	{ OID_INT4, OID_OID, I, "(%1 & 4294967295)" },
	{ OID_INT8, OID_OID, I, "nq_oid(%1)" },
	{ OID_OID, OID_INT8, A, NULL },
	{ OID_OID, OID_INT4, A, "nq_oid_int4(%1)" },
	{ OID_OID, OID_REGCLASS, I, NULL },
	{ OID_OID, OID_REGTYPE, I, NULL },
	{ OID_OID, OID_REGPROC, I, NULL },
	{ OID_OID, OID_REGNAMESPACE, I, NULL },
	{ OID_INT4, OID_REGCLASS, I, NULL },
	{ OID_INT4, OID_REGTYPE, I, NULL },
	{ OID_INT4, OID_REGPROC, I, NULL },
	{ OID_INT4, OID_REGNAMESPACE, I, NULL },
	{ OID_INT8, OID_REGCLASS, I, NULL },
	{ OID_INT8, OID_REGTYPE, I, NULL },
	{ OID_INT8, OID_REGPROC, I, NULL },
	{ OID_INT8, OID_REGNAMESPACE, I, NULL },
	{ OID_REGCLASS, OID_OID, I, NULL },
	{ OID_REGTYPE, OID_OID, I, NULL },
	{ OID_REGPROC, OID_OID, I, NULL },
	{ OID_REGNAMESPACE, OID_OID, I, NULL },
	{ OID_REGCLASS, OID_INT8, A, NULL },
	{ OID_REGTYPE, OID_INT8, A, NULL },
	{ OID_REGPROC, OID_INT8, A, NULL },
	{ OID_REGNAMESPACE, OID_INT8, A, NULL },
	{ OID_REGCLASS, OID_INT4, A, NULL },
	{ OID_REGTYPE, OID_INT4, A, NULL },
	{ OID_REGPROC, OID_INT4, A, NULL },
	{ OID_REGNAMESPACE, OID_INT4, A, NULL },
	/* strings */
	{ OID_TEXT, OID_VARCHAR, I, NULL },
	{ OID_TEXT, OID_BPCHAR, I, "rtrim(%1, ' ')" },
	{ OID_VARCHAR, OID_TEXT, I, NULL },
	{ OID_VARCHAR, OID_BPCHAR, I, "rtrim(%1, ' ')" },
	{ OID_BPCHAR, OID_TEXT, I, NULL },
	{ OID_BPCHAR, OID_VARCHAR, I, NULL },
	{ OID_NAME, OID_TEXT, I, NULL },
	{ OID_NAME, OID_VARCHAR, A, NULL },
	{ OID_NAME, OID_BPCHAR, A, NULL },
	{ OID_TEXT, OID_NAME, I, "nq_name(%1)" },
	{ OID_VARCHAR, OID_NAME, I, "nq_name(%1)" },
	{ OID_BPCHAR, OID_NAME, I, "nq_name(%1)" },
	{ OID_CHAR, OID_TEXT, I, NULL },
	{ OID_CHAR, OID_VARCHAR, A, NULL },
	{ OID_CHAR, OID_BPCHAR, A, NULL },
	{ OID_TEXT, OID_CHAR, A, "substr(%1, 1, 1)" },
	{ OID_VARCHAR, OID_CHAR, A, "substr(%1, 1, 1)" },
	{ OID_BPCHAR, OID_CHAR, A, "substr(%1, 1, 1)" },
	{ OID_PG_NODE_TREE, OID_TEXT, I, NULL },
	/* dates */
	{ OID_DATE, OID_TIMESTAMP, I, "nq_in(%1, 1114)" },
	{ OID_DATE, OID_TIMESTAMPTZ, I, "nq_in(%1, 1184)" },
	{ OID_TIMESTAMP, OID_DATE, A, "nq_in(%1, 1082)" },
	{ OID_TIMESTAMP, OID_TIME, A, "nq_in(%1, 1083)" },
	{ OID_TIMESTAMP, OID_TIMESTAMPTZ, I, "nq_in(%1, 1184)" },
	{ OID_TIMESTAMPTZ, OID_DATE, A, "nq_in(nq_out(%1, 1184), 1082)" },
	{ OID_TIMESTAMPTZ, OID_TIME, A, "nq_in(nq_out(%1, 1184), 1083)" },
	{ OID_TIMESTAMPTZ, OID_TIMESTAMP, A, "nq_in(nq_out(%1, 1184), 1114)" },
	/* documents */
	{ OID_JSON, OID_JSONB, A, "nq_in(%1, 3802)" },
	{ OID_JSONB, OID_JSON, A, NULL },
};
/* clang-format on */
const size_t sql_ncasts = sizeof sql_casts / sizeof sql_casts[0];

static const struct pg_length_cast lengths[] = {
	{ OID_VARCHAR, "nq_varchar(%1, %t)", "nq_varchar_cut(%1, %t)" },
	{ OID_BPCHAR, "nq_bpchar(%1, %t)", "nq_bpchar_cut(%1, %t)" },
	{ OID_NUMERIC, "nq_numeric_scale(%1, %t)", "nq_numeric_scale(%1, %t)" },
	{ OID_TIMESTAMP, "nq_in(%1, 1114, %t)", "nq_in(%1, 1114, %t)" },
	{ OID_TIMESTAMPTZ, "nq_in(%1, 1184, %t)", "nq_in(%1, 1184, %t)" },
	{ OID_TIME, "nq_in(%1, 1083, %t)", "nq_in(%1, 1083, %t)" },
};

const struct pg_length_cast *cast_find_length(oid_t type)
{
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		if (lengths[i].type == type)
			return &lengths[i];
	return NULL;
}

/* Arrays are JSON texts: one becomes another for nothing when the elements do. */
static bool arrays_alike(const struct type *source, const struct type *target, enum cast_context context)
{
	const struct pg_cast *cast = NULL;

	return type_is_array(source) && type_is_array(target) &&
	       cast_find(source->element, target->element, context, &cast) == CAST_SAME;
}

enum cast_path cast_find(oid_t source, oid_t target, enum cast_context context, const struct pg_cast **cast)
{
	if (source == target)
		return CAST_SAME;
	for (size_t i = 0; i < sql_ncasts; i++) {
		const struct pg_cast *c = &sql_casts[i];

		if (c->source != source || c->target != target)
			continue;
		if (c->context > context)
			return CAST_NONE;
		*cast = c;
		return c->form != NULL ? CAST_FORM : CAST_SAME;
	}

	const struct type *from = type_find(source), *to = type_find(target);
	if (from == NULL || to == NULL || from->kind == 'p' || to->kind == 'p')
		return CAST_NONE;
	if (arrays_alike(from, to, context))
		return CAST_SAME;
	if (to->category == 'S' && context >= CAST_ASSIGNMENT)
		return CAST_OUT;
	if (from->category == 'S' && context == CAST_EXPLICIT)
		return CAST_IN;
	return CAST_NONE;
}

bool cast_is_implicit(oid_t source, oid_t target)
{
	const struct pg_cast *cast = NULL;

	if (source == OID_UNKNOWN || source == target)
		return true;
	switch (target) {
	case OID_ANY:
	case OID_ANYELEMENT:
	case OID_ANYCOMPATIBLE: return true;
	case OID_ANYARRAY:
	case OID_ANYCOMPATIBLEARRAY: return type_is_array(type_find(source));
	case OID_ANYNONARRAY:
	case OID_ANYCOMPATIBLENONARRAY: return !type_is_array(type_find(source));
	default: return cast_find(source, target, CAST_IMPLICIT, &cast) != CAST_NONE;
	}
}
