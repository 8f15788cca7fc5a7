#include "sql/operators.h"

#include <string.h>

#define NULLABLE OPERATOR_NULLABLE
#define NATIVE   OPERATOR_NATIVE
#define B        OID_BOOL

#define BINARY(op, l, r, result, form, flags)        \
	{                                            \
		op, { l, r }, 2, result, form, flags \
	}
#define PREFIX(op, r, result, form, flags)        \
	{                                         \
		op, { r }, 1, result, form, flags \
	}

/* The six comparisons of two types that SQLite compares as they are stored. */
#define COMPARE(l, r)                                                                             \
	BINARY("=", l, r, B, "(%1 = %2)", NATIVE), BINARY("<>", l, r, B, "(%1 <> %2)", NATIVE),   \
	    BINARY("<", l, r, B, "(%1 < %2)", NATIVE), BINARY(">", l, r, B, "(%1 > %2)", NATIVE), \
	    BINARY("<=", l, r, B, "(%1 <= %2)", NATIVE), BINARY(">=", l, r, B, "(%1 >= %2)", NATIVE)

#define COMPARE_BY(l, r, collation)                                            \
	BINARY("=", l, r, B, "(%1 COLLATE " collation " = %2)", NATIVE),       \
	    BINARY("<>", l, r, B, "(%1 COLLATE " collation " <> %2)", NATIVE), \
	    BINARY("<", l, r, B, "(%1 COLLATE " collation " < %2)", NATIVE),   \
	    BINARY(">", l, r, B, "(%1 COLLATE " collation " > %2)", NATIVE),   \
	    BINARY("<=", l, r, B, "(%1 COLLATE " collation " <= %2)", NATIVE), \
	    BINARY(">=", l, r, B, "(%1 COLLATE " collation " >= %2)", NATIVE)

/* Two integers: SQLite computes in 64 bits and goes over to REAL past them, which the check refuses. */
#define INTEGER_ARITHMETIC(l, r, result, check)                                                           \
	BINARY("+", l, r, result, check "(%1 + %2)", 0), BINARY("-", l, r, result, check "(%1 - %2)", 0), \
	    BINARY("*", l, r, result, check "(%1 * %2)", 0),                                              \
	    BINARY("/", l, r, result, check "(nq_div(%1, %2))", 0)

#define BITS(t)                                                                     \
	BINARY("&", t, t, t, "(%1 & %2)", 0), BINARY("|", t, t, t, "(%1 | %2)", 0), \
	    BINARY("#", t, t, t, "((%1 | %2) - (%1 & %2))", 0), PREFIX("~", t, t, "(~%1)", 0)

#define FLOAT_ARITHMETIC(l, r, result, check)                             \
	BINARY("+", l, r, result, check "(nq_float_add(%1, %2))", 0),     \
	    BINARY("-", l, r, result, check "(nq_float_sub(%1, %2))", 0), \
	    BINARY("*", l, r, result, check "(nq_float_mul(%1, %2))", 0), \
	    BINARY("/", l, r, result, check "(nq_float_div(%1, %2))", 0)

/* LIKE and its kin are operators of PostgreSQL's too. */
#define LIKES(t)                                                                   \
	BINARY("~~", t, OID_TEXT, B, "nq_like(%1, %2)", OPERATOR_LIKE),            \
	    BINARY("!~~", t, OID_TEXT, B, "(NOT nq_like(%1, %2))", OPERATOR_LIKE), \
	    BINARY("~~*", t, OID_TEXT, B, "nq_ilike(%1, %2)", 0),                  \
	    BINARY("!~~*", t, OID_TEXT, B, "(NOT nq_ilike(%1, %2))", 0),           \
	    BINARY("~", t, OID_TEXT, B, "nq_regex(%1, %2)", 0),                    \
	    BINARY("!~", t, OID_TEXT, B, "(NOT nq_regex(%1, %2))", 0),             \
	    BINARY("~*", t, OID_TEXT, B, "nq_iregex(%1, %2)", 0),                  \
	    BINARY("!~*", t, OID_TEXT, B, "(NOT nq_iregex(%1, %2))", 0)

#define INTERVALS(t, result)                                                                          \
	BINARY("+", t, OID_INTERVAL, result, NULL, 0), BINARY("+", OID_INTERVAL, t, result, NULL, 0), \
	    BINARY("-", t, OID_INTERVAL, result, NULL, 0)

/* clang-format off */
const struct pg_operator sql_operators[] = {
	COMPARE(OID_INT4, OID_INT4),
	COMPARE(OID_INT8, OID_INT8),
	COMPARE(OID_INT2, OID_INT2),
	COMPARE(OID_INT4, OID_INT8),
	COMPARE(OID_INT8, OID_INT4),
	COMPARE(OID_INT2, OID_INT4),
	COMPARE(OID_INT4, OID_INT2),
	COMPARE(OID_INT2, OID_INT8),
	COMPARE(OID_INT8, OID_INT2),
	COMPARE(OID_TEXT, OID_TEXT),
	COMPARE(OID_BPCHAR, OID_BPCHAR),
	COMPARE(OID_NAME, OID_NAME),
	COMPARE(OID_NAME, OID_TEXT),
	COMPARE(OID_TEXT, OID_NAME),
	COMPARE(OID_CHAR, OID_CHAR),
	COMPARE(OID_BOOL, OID_BOOL),
	COMPARE(OID_FLOAT8, OID_FLOAT8),
	COMPARE(OID_FLOAT4, OID_FLOAT4),
	COMPARE(OID_FLOAT4, OID_FLOAT8),
	COMPARE(OID_FLOAT8, OID_FLOAT4),
	COMPARE_BY(OID_NUMERIC, OID_NUMERIC, COLLATION_NUMERIC),
	COMPARE(OID_BYTEA, OID_BYTEA),
	COMPARE(OID_OID, OID_OID),
	COMPARE(OID_DATE, OID_DATE),
	COMPARE(OID_TIME, OID_TIME),
	COMPARE(OID_TIMESTAMP, OID_TIMESTAMP),
	COMPARE(OID_TIMESTAMPTZ, OID_TIMESTAMPTZ),
	COMPARE(OID_UUID, OID_UUID),
	BINARY("=", OID_XID, OID_XID, B, "(%1 = %2)", NATIVE),
	BINARY("<>", OID_XID, OID_XID, B, "(%1 <> %2)", NATIVE),
	BINARY("=", OID_XID, OID_INT4, B, "(%1 = %2)", NATIVE),
	BINARY("<>", OID_XID, OID_INT4, B, "(%1 <> %2)", NATIVE),
	BINARY("=", OID_JSONB, OID_JSONB, B, "(%1 = %2)", NATIVE),
	BINARY("<>", OID_JSONB, OID_JSONB, B, "(%1 <> %2)", NATIVE),
	BINARY("=", OID_ANYARRAY, OID_ANYARRAY, B, "(%1 = %2)", NATIVE),
	BINARY("<>", OID_ANYARRAY, OID_ANYARRAY, B, "(%1 <> %2)", NATIVE),
	BINARY("=", OID_OIDVECTOR, OID_OIDVECTOR, B, "(%1 = %2)", NATIVE),

	INTEGER_ARITHMETIC(OID_INT4, OID_INT4, OID_INT4, "nq_int4"),
	INTEGER_ARITHMETIC(OID_INT8, OID_INT8, OID_INT8, "nq_int8"),
	INTEGER_ARITHMETIC(OID_INT2, OID_INT2, OID_INT2, "nq_int2"),
	INTEGER_ARITHMETIC(OID_INT4, OID_INT8, OID_INT8, "nq_int8"),
	INTEGER_ARITHMETIC(OID_INT8, OID_INT4, OID_INT8, "nq_int8"),
	INTEGER_ARITHMETIC(OID_INT2, OID_INT4, OID_INT4, "nq_int4"),
	INTEGER_ARITHMETIC(OID_INT4, OID_INT2, OID_INT4, "nq_int4"),
	INTEGER_ARITHMETIC(OID_INT2, OID_INT8, OID_INT8, "nq_int8"),
	INTEGER_ARITHMETIC(OID_INT8, OID_INT2, OID_INT8, "nq_int8"),
	BINARY("%", OID_INT4, OID_INT4, OID_INT4, "nq_mod(%1, %2)", 0),
	BINARY("%", OID_INT8, OID_INT8, OID_INT8, "nq_mod(%1, %2)", 0),
	BINARY("%", OID_INT2, OID_INT2, OID_INT2, "nq_mod(%1, %2)", 0),
	PREFIX("-", OID_INT4, OID_INT4, "nq_int4(-%1)", 0),
	PREFIX("-", OID_INT8, OID_INT8, "nq_int8(-%1)", 0),
	PREFIX("-", OID_INT2, OID_INT2, "nq_int2(-%1)", 0),
	PREFIX("+", OID_INT4, OID_INT4, "%1", 0),
	PREFIX("+", OID_INT8, OID_INT8, "%1", 0),
	PREFIX("+", OID_INT2, OID_INT2, "%1", 0),
	PREFIX("@", OID_INT4, OID_INT4, "nq_int4(abs(%1))", 0),
	PREFIX("@", OID_INT8, OID_INT8, "nq_abs(%1)", 0),
	PREFIX("@", OID_FLOAT8, OID_FLOAT8, "nq_float_abs(%1)", 0),
	PREFIX("@", OID_NUMERIC, OID_NUMERIC, "nq_numeric_abs(%1)", 0),
	BITS(OID_INT4),
	BITS(OID_INT8),
	BITS(OID_INT2),
	BINARY("<<", OID_INT4, OID_INT4, OID_INT4, "nq_shift(%1, %2, 23)", 0),
	BINARY(">>", OID_INT4, OID_INT4, OID_INT4, "nq_shift(%1, -(%2 & 31), 23)", 0),
	BINARY("<<", OID_INT8, OID_INT4, OID_INT8, "nq_shift(%1, %2, 20)", 0),
	BINARY(">>", OID_INT8, OID_INT4, OID_INT8, "nq_shift(%1, -(%2 & 63), 20)", 0),

	FLOAT_ARITHMETIC(OID_FLOAT8, OID_FLOAT8, OID_FLOAT8, ""),
	FLOAT_ARITHMETIC(OID_FLOAT4, OID_FLOAT8, OID_FLOAT8, ""),
	FLOAT_ARITHMETIC(OID_FLOAT8, OID_FLOAT4, OID_FLOAT8, ""),
	FLOAT_ARITHMETIC(OID_FLOAT4, OID_FLOAT4, OID_FLOAT4, "nq_float4"),
	BINARY("^", OID_FLOAT8, OID_FLOAT8, OID_FLOAT8, "nq_power(%1, %2)", 0),
	PREFIX("-", OID_FLOAT8, OID_FLOAT8, "nq_float_neg(%1)", 0),
	PREFIX("-", OID_FLOAT4, OID_FLOAT4, "nq_float_neg(%1)", 0),
	PREFIX("+", OID_FLOAT8, OID_FLOAT8, "%1", 0),
	PREFIX("+", OID_FLOAT4, OID_FLOAT4, "%1", 0),
	PREFIX("|/", OID_FLOAT8, OID_FLOAT8, "nq_sqrt(%1)", 0),

	BINARY("+", OID_NUMERIC, OID_NUMERIC, OID_NUMERIC, "nq_numeric_add(%1, %2)", 0),
	BINARY("-", OID_NUMERIC, OID_NUMERIC, OID_NUMERIC, "nq_numeric_sub(%1, %2)", 0),
	BINARY("*", OID_NUMERIC, OID_NUMERIC, OID_NUMERIC, "nq_numeric_mul(%1, %2)", 0),
	BINARY("/", OID_NUMERIC, OID_NUMERIC, OID_NUMERIC, "nq_numeric_div(%1, %2)", 0),
	BINARY("%", OID_NUMERIC, OID_NUMERIC, OID_NUMERIC, "nq_numeric_mod(%1, %2)", 0),
	PREFIX("-", OID_NUMERIC, OID_NUMERIC, "nq_numeric_neg(%1)", 0),
	PREFIX("+", OID_NUMERIC, OID_NUMERIC, "%1", 0),

	BINARY("||", OID_TEXT, OID_TEXT, OID_TEXT, "(%1 || %2)", 0),
	BINARY("||", OID_TEXT, OID_ANYNONARRAY, OID_TEXT, "(%1 || %c2)", 0),
	BINARY("||", OID_ANYNONARRAY, OID_TEXT, OID_TEXT, "(%c1 || %2)", 0),
	BINARY("||", OID_BYTEA, OID_BYTEA, OID_BYTEA, "CAST(%1 || %2 AS BLOB)", 0),
	BINARY("||", OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLEARRAY, "nq_array_cat(%1, %2)", 0),
	BINARY("||", OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLE, OID_ANYCOMPATIBLEARRAY, "json_insert(coalesce(%1, '[]'), '$[#]', %2)", 0),
	LIKES(OID_TEXT),
	LIKES(OID_NAME),
	LIKES(OID_BPCHAR),
	BINARY("^@", OID_TEXT, OID_TEXT, B, "(substr(%1, 1, length(%2)) = %2)", 0),

	BINARY("+", OID_DATE, OID_INT4, OID_DATE, "nq_date_add(%1, %2)", 0),
	BINARY("-", OID_DATE, OID_INT4, OID_DATE, "nq_date_add(%1, -%2)", 0),
	BINARY("-", OID_DATE, OID_DATE, OID_INT4, "nq_date_diff(%1, %2)", 0),
	BINARY("-", OID_TIMESTAMP, OID_TIMESTAMP, OID_INTERVAL, NULL, 0),
	BINARY("-", OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_INTERVAL, NULL, 0),
	INTERVALS(OID_TIMESTAMP, OID_TIMESTAMP),
	INTERVALS(OID_TIMESTAMPTZ, OID_TIMESTAMPTZ),
	INTERVALS(OID_DATE, OID_TIMESTAMP),
	INTERVALS(OID_TIME, OID_TIME),
	BINARY("-", OID_TIME, OID_TIME, OID_INTERVAL, NULL, 0),
	BINARY("+", OID_DATE, OID_TIME, OID_TIMESTAMP, NULL, 0),
	BINARY("+", OID_INTERVAL, OID_INTERVAL, OID_INTERVAL, NULL, 0),
	BINARY("-", OID_INTERVAL, OID_INTERVAL, OID_INTERVAL, NULL, 0),
	BINARY("*", OID_INTERVAL, OID_FLOAT8, OID_INTERVAL, NULL, 0),
	BINARY("*", OID_FLOAT8, OID_INTERVAL, OID_INTERVAL, NULL, 0),
	BINARY("/", OID_INTERVAL, OID_FLOAT8, OID_INTERVAL, NULL, 0),
	PREFIX("-", OID_INTERVAL, OID_INTERVAL, NULL, 0),
};
/* clang-format on */
const size_t sql_noperators = sizeof sql_operators / sizeof sql_operators[0];

enum resolve_result operator_find(
    const char *name, const oid_t *types, size_t ntypes, const struct pg_operator **out)
{
	struct candidate candidates[RESOLVE_CANDIDATES_MAX];
	const struct candidate *chosen;
	size_t n = 0;

	if (strcmp(name, "!=") == 0)
		name = "<>";
	for (size_t i = 0; i < sql_noperators && n < RESOLVE_CANDIDATES_MAX; i++) {
		const struct pg_operator *o = &sql_operators[i];

		if (o->nargs == ntypes && strcmp(o->name, name) == 0)
			candidates[n++] = (struct candidate){ .row = o, .args = o->args, .nargs = o->nargs };
	}

	enum resolve_result result = resolve_candidates(candidates, n, types, ntypes, true, &chosen);
	if (result == RESOLVE_ONE)
		*out = chosen->row;
	return result;
}
