#include "sql/expr.h"

#include <ctype.h>
#include <stdlib.h>

#include "pgwire/format.h"

#define SCRATCH_MAX ((size_t)1 << 30)

/* ---- type names ---- */

static int typmod_argument(struct pass *p, const PgQuery__TypeName *name, size_t i)
{
	const PgQuery__Node *node = name->typmods[i];

	if (node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
	    node->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
		    "type modifiers must be simple constants or identifiers");
	return node->a_const->ival->ival;
}

static int32_t numeric_typmod(struct pass *p, const PgQuery__TypeName *name)
{
	int precision = typmod_argument(p, name, 0);
	int scale = name->n_typmods > 1 ? typmod_argument(p, name, 1) : 0;

	if (name->n_typmods > 2)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER, "invalid NUMERIC type modifier");
	if (precision < 1 || precision > 1000)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
		    "NUMERIC precision %d must be between 1 and 1000", precision);
	if (scale < -1000 || scale > 1000)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
		    "NUMERIC scale %d must be between -1000 and 1000", scale);
	return ((precision << 16) | (scale & 0x7ff)) + 4;
}

static int32_t length_typmod(struct pass *p, const PgQuery__TypeName *name, const struct type *type)
{
	const char *display = type->oid == OID_VARCHAR ? "varchar" : "char";
	int n = typmod_argument(p, name, 0);

	if (n < 1)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
		    "length for type %s must be at least 1", display);
	if (n > 10485760)
		pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
		    "length for type %s cannot exceed 10485760", display);
	return n + 4;
}

static int32_t qualify_typmod(struct pass *p, const PgQuery__TypeName *name, const struct type *type)
{
	char display[TYPE_DISPLAY_MAX];
	int n;

	if (name->n_typmods == 0)
		return -1;
	switch (type->oid) {
	case OID_VARCHAR:
	case OID_BPCHAR: return length_typmod(p, name, type);
	case OID_NUMERIC: return numeric_typmod(p, name);
	case OID_TIME:
	case OID_TIMETZ:
	case OID_TIMESTAMP:
	case OID_TIMESTAMPTZ:
		n = typmod_argument(p, name, 0);
		if (n < 0)
			pass_fail(p, name->location, SQLSTATE_INVALID_PARAMETER,
			    "%s(%d) precision must not be negative", type_display(type->oid, -1, display), n);
		return n > 6 ? 6 : n;
	case OID_INTERVAL: return -1;
	default:
		pass_fail(p, name->location, SQLSTATE_SYNTAX, "type modifier is not allowed for type \"%s\"",
		    type->name);
	}
}

const struct type *qualify_type(struct pass *p, const PgQuery__TypeName *name, int32_t *typmod)
{
	const char *schema, *type_name = last_name(name->names, name->n_names, &schema);
	const struct type *type = NULL;

	if (name->setof)
		pass_refuse(p, name->location, "SETOF");
	if (name->pct_type)
		pass_refuse(p, name->location, "%TYPE");
	if (schema == NULL || strcmp(schema, "pg_catalog") == 0)
		type = type_find_name(type_name);
	if (type == NULL || type->oid == OID_UNKNOWN)
		pass_fail(p, name->location, SQLSTATE_NO_SUCH_OBJECT, "type \"%s%s%s\" does not exist",
		    schema != NULL ? schema : "", schema != NULL ? "." : "", type_name);
	*typmod = qualify_typmod(p, name, type);
	if (name->n_array_bounds == 0)
		return type;
	if (type->array == OID_NONE)
		pass_fail(
		    p, name->location, SQLSTATE_NO_SUCH_OBJECT, "type \"%s[]\" does not exist", type->name);
	return type_find(type->array);
}

/* ---- constants ---- */

static struct value read_value(struct pass *p, oid_t type, int32_t typmod, const char *text, int location)
{
	struct buf scratch;
	struct value v;

	buf_init(&scratch, SCRATCH_MAX);
	int rc = format_read_text(type, typmod, text, strlen(text), &scratch, &v, p->err);
	char *copy = NULL;
	if (rc == 0 && (v.kind == VALUE_TEXT || v.kind == VALUE_BLOB))
		copy = arena_strndup(p->arena, v.text, v.len);
	buf_release(&scratch);
	if (rc != 0)
		pass_fail_with(p, location);
	if (v.kind == VALUE_TEXT || v.kind == VALUE_BLOB) {
		if (copy == NULL)
			pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		v.text = copy;
	}
	return v;
}

/* One part of a name as it stands in a regclass literal: "Quoted" or folded to lower case. Returns what is behind it. */
static const char *read_name_part(struct pass *p, const char *text, char **out)
{
	char *to = *out = pass_alloc(p, strlen(text) + 1);
	bool is_quoted = *text == '"';

	for (text += is_quoted; *text != '\0' && (is_quoted || *text != '.'); text++) {
		if (is_quoted && *text == '"') {
			if (text[1] != '"') {
				text++;
				break;
			}
			text++;
		}
		*to++ = is_quoted ? *text : (char)tolower((unsigned char)*text);
	}
	return text;
}

static oid_t find_regclass(struct pass *p, const char *text, int location)
{
	char *schema = NULL, *name;
	const char *rest = read_name_part(p, text, &name);

	if (*rest == '.') {
		schema = name;
		read_name_part(p, rest + 1, &name);
	}

	const struct relation *r = p->schema->find_relation(p->schema, schema, name);
	if (r == NULL)
		pass_fail(p, location, SQLSTATE_NO_SUCH_TABLE, "relation \"%s\" does not exist", text);
	return r->oid;
}

static oid_t find_regtype(struct pass *p, const char *text, int location)
{
	for (size_t i = 0; i < sql_ntypes; i++)
		if (strcmp(sql_types[i].name, text) == 0 || strcmp(sql_types[i].display, text) == 0)
			return sql_types[i].oid;
	pass_fail(p, location, SQLSTATE_NO_SUCH_OBJECT, "type \"%s\" does not exist", text);
}

static oid_t find_regnamespace(struct pass *p, const char *text, int location)
{
	static const struct {
		const char *name;
		oid_t oid;
	} schemas[] = { { "pg_catalog", 11 }, { "pg_toast", 99 }, { "public", 2200 } };

	for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
		if (strcmp(schemas[i].name, text) == 0)
			return schemas[i].oid;
	pass_fail(p, location, SQLSTATE_NO_SUCH_SCHEMA, "schema \"%s\" does not exist", text);
}

/* 'name'::regclass and its like are looked up now: the answer holds as long as the schema's version does. */
static struct expr *read_reg(struct pass *p, struct expr *e, oid_t type)
{
	const char *text = e->node->constant.text;
	oid_t oid;

	expr_pin(e);
	if (isdigit((unsigned char)*text))
		oid = (oid_t)strtoul(text, NULL, 10);
	else if (type == OID_REGCLASS)
		oid = find_regclass(p, text, e->location);
	else if (type == OID_REGTYPE)
		oid = find_regtype(p, text, e->location);
	else if (type == OID_REGNAMESPACE)
		oid = find_regnamespace(p, text, e->location);
	else
		pass_refuse(p, e->location, "looking a function up by its name");

	struct expr *read = expr_constant(p, type, pass_printf(p, "%u", oid), e->location);
	read->node->constant.value = value_int(oid);
	return read;
}

static bool is_reg(oid_t type)
{
	return type == OID_REGCLASS || type == OID_REGTYPE || type == OID_REGPROC || type == OID_REGNAMESPACE;
}

/* The constant's text read as a value of the type. */
static struct expr *retype(struct pass *p, struct expr *e, oid_t type, int32_t typmod)
{
	struct expr *read;

	if (e->node->constant.text == NULL)
		return expr_null(p, type, e->location);
	if (is_reg(type))
		return read_reg(p, e, type);
	read = expr_constant(p, type, e->node->constant.text, e->location);
	read->node->constant.literal = e->node->constant.literal;
	read->node->constant.value = read_value(p, type, typmod, e->node->constant.text, e->location);
	read->typmod = typmod;
	return read;
}

static struct expr *type_param(struct pass *p, struct expr *e, oid_t type)
{
	oid_t *declared = &p->param_types[e->node->param - 1];

	if (*declared == OID_NONE)
		*declared = type;
	else if (*declared != type)
		pass_fail(
		    p, e->location, "42P08", "inconsistent types deduced for parameter $%u", e->node->param);
	e->type = type;
	return e;
}

/* Numbers that get wider keep their digits: the constant is read as the wider type. */
static bool widens(const struct expr *e, oid_t type)
{
	if (e->kind != EXPR_CONST)
		return false;
	if (e->node->constant.text == NULL)
		return true;
	switch (e->type) {
	case OID_INT4:
		return type == OID_INT8 || type == OID_NUMERIC || type == OID_FLOAT8 || type == OID_OID;
	case OID_INT8: return type == OID_NUMERIC || type == OID_FLOAT8;
	case OID_NUMERIC: return type == OID_FLOAT8;
	default: return false;
	}
}

struct expr *coerce_unknown(struct pass *p, struct expr *e, oid_t type)
{
	if (e->type != OID_UNKNOWN)
		return e;
	if (e->kind == EXPR_CONST)
		return retype(p, e, type, -1);
	if (e->kind == EXPR_PARAM)
		return type_param(p, e, type);
	return expr_form(p, "%1", type, &e, 1, e->location);
}

/* ---- casts ---- */

bool can_coerce(const struct expr *e, oid_t type, enum cast_context context)
{
	const struct pg_cast *cast = NULL;

	return e->type == OID_UNKNOWN || cast_find(e->type, type, context, &cast) != CAST_NONE;
}

static const char *out_form(struct pass *p, const struct expr *e)
{
	switch (e->type) {
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_OID: return "CAST(%1 AS TEXT)";
	case OID_NUMERIC:
	case OID_UUID:
	case OID_JSON:
	case OID_JSONB: return "%1";
	case OID_REGTYPE: return "nq_format_type(%1, NULL)";
	case OID_BOOL: return "(CASE %1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)";
	default: return pass_printf(p, "nq_out(%%1, %u)", e->type);
	}
}

static struct expr *relabel(struct pass *p, struct expr *e, const char *form, oid_t type)
{
	struct expr *cast = expr_form(p, form, type, &e, 1, e->location);

	cast->kind = EXPR_CAST;
	return cast;
}

static struct expr *convert(struct pass *p, struct expr *e, oid_t type, enum cast_context context)
{
	const struct pg_cast *cast = NULL;

	if (e->type == type)
		return e;
	switch (cast_find(e->type, type, context, &cast)) {
	case CAST_SAME: return relabel(p, e, "%1", type);
	case CAST_FORM: return relabel(p, e, cast->form, type);
	case CAST_OUT: return relabel(p, e, out_form(p, e), type);
	case CAST_IN:
		if (is_reg(type))
			pass_refuse(p, e->location, "a cast of a text that isn't constant to this type");
		return relabel(p, e, pass_printf(p, "nq_in(%%1, %u)", type), type);
	case CAST_NONE: break;
	}
	return NULL;
}

/* Makes the value fit varchar(n), numeric(p, s) .. */
static struct expr *fit(struct pass *p, struct expr *e, int32_t typmod, enum cast_context context)
{
	const struct pg_length_cast *length = cast_find_length(e->type);

	if (typmod < 0 || typmod == e->typmod || length == NULL)
		return e;

	const char *form = context == CAST_EXPLICIT ? length->explicit_form : length->assign_form;
	const char *at = strstr(form, "%t");
	struct expr *fitted = expr_form(p, pass_printf(p, "%.*s%d%s", (int)(at - form), form, typmod, at + 2),
	    e->type, &e, 1, e->location);
	fitted->typmod = typmod;
	return fitted;
}

struct expr *coerce(struct pass *p, struct expr *e, oid_t type, int32_t typmod, enum cast_context context)
{
	/* Type input cuts nothing: an explicit cast to varchar(3) does, so it works on the text. */
	int32_t input_typmod = context == CAST_EXPLICIT ? -1 : typmod;

	if (e->kind == EXPR_CONST && (e->type == OID_UNKNOWN || widens(e, type)))
		e = retype(p, e, type, input_typmod);
	else if (e->type == OID_UNKNOWN)
		e = coerce_unknown(p, e, type);
	e = convert(p, e, type, context);
	return e != NULL ? fit(p, e, typmod, context) : NULL;
}

static noreturn void fail_assign(struct pass *p, const struct expr *e, oid_t type, const char *column)
{
	char from[TYPE_DISPLAY_MAX], to[TYPE_DISPLAY_MAX];

	type_display(type, -1, to);
	if (column == NULL)
		pass_fail(p, e->location, SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s",
		    type_display(e->type, -1, from), type_display(type, -1, to));
	pass_fail_hint(p, e->location, SQLSTATE_TYPE_MISMATCH, NULL,
	    "You will need to rewrite or cast the expression.",
	    "column \"%s\" is of type %s but expression is of type %s", column, type_display(type, -1, to),
	    type_display(e->type, -1, from));
}

struct expr *coerce_assign(struct pass *p, struct expr *e, oid_t type, int32_t typmod, const char *column)
{
	if (!can_coerce(e, type, CAST_ASSIGNMENT))
		fail_assign(p, e, type, column);
	return coerce(p, e, type, typmod, CAST_ASSIGNMENT);
}

struct expr *coerce_implicit(struct pass *p, struct expr *e, oid_t type, int32_t typmod)
{
	if (!can_coerce(e, type, CAST_IMPLICIT))
		fail_assign(p, e, type, NULL);
	return coerce(p, e, type, typmod, CAST_IMPLICIT);
}

struct expr *coerce_boolean(struct pass *p, struct expr *e, const char *clause)
{
	char display[TYPE_DISPLAY_MAX];

	e = coerce_unknown(p, e, OID_BOOL);
	if (e->type != OID_BOOL)
		pass_fail(p, e->location, SQLSTATE_TYPE_MISMATCH,
		    "argument of %s must be type boolean, not type %s", clause,
		    type_display(e->type, -1, display));
	return e;
}

/* The two that don't go together, for the sentence. */
static noreturn void fail_common(struct pass *p, struct expr *const *exprs, size_t n, const char *what)
{
	char a[TYPE_DISPLAY_MAX], b[TYPE_DISPLAY_MAX];
	oid_t first = OID_UNKNOWN;

	for (size_t i = 0; i < n; i++) {
		const oid_t pair[] = { first, exprs[i]->type };

		if (resolve_common_type(pair, 2) == OID_NONE)
			pass_fail(p, exprs[i]->location, SQLSTATE_TYPE_MISMATCH,
			    "%s types %s and %s cannot be matched", what, type_display(first, -1, a),
			    type_display(exprs[i]->type, -1, b));
		first = resolve_common_type(pair, 2);
		if (exprs[i]->type == OID_UNKNOWN && i == 0)
			first = OID_UNKNOWN;
	}
	pass_fail(p, -1, SQLSTATE_TYPE_MISMATCH, "%s types cannot be matched", what);
}

oid_t coerce_common(struct pass *p, struct expr **exprs, size_t n, const char *what)
{
	oid_t *types = pass_alloc(p, (n + 1) * sizeof *types);
	oid_t type;

	for (size_t i = 0; i < n; i++)
		types[i] = exprs[i]->type;
	type = resolve_common_type(types, n);
	if (type == OID_NONE)
		fail_common(p, exprs, n, what);
	for (size_t i = 0; i < n; i++)
		exprs[i] = coerce(p, exprs[i], type, -1, CAST_IMPLICIT);
	return type;
}
