#include "sql/functions.h"

#include <string.h>

#define VOLATILE  FUNCTION_VOLATILE
#define STABLE    FUNCTION_STABLE
#define NULLABLE  FUNCTION_NULLABLE
#define NOT_NULL  FUNCTION_NOT_NULL
#define VARIADIC  FUNCTION_VARIADIC
#define AGGREGATE FUNCTION_AGGREGATE
#define WINDOW    FUNCTION_WINDOW
#define ORDERED   FUNCTION_ORDERED
#define COLLATED  FUNCTION_COLLATED

#define TEXT    OID_TEXT
#define INT2    OID_INT2
#define INT4    OID_INT4
#define INT8    OID_INT8
#define FLOAT4  OID_FLOAT4
#define FLOAT8  OID_FLOAT8
#define NUMERIC OID_NUMERIC
#define BOOL    OID_BOOL
#define BYTEA   OID_BYTEA
#define NAME    OID_NAME
#define OID     OID_OID
#define ANY     OID_ANYELEMENT
#define ARRAY   OID_ANYARRAY
#define STAMP   OID_TIMESTAMP
#define STAMPTZ OID_TIMESTAMPTZ

#define F0(name, result, form, flags)               \
	{                                           \
		name, result, 0, { 0 }, form, flags \
	}
#define F1(name, result, a, form, flags)            \
	{                                           \
		name, result, 1, { a }, form, flags \
	}
#define F2(name, result, a, b, form, flags)            \
	{                                              \
		name, result, 2, { a, b }, form, flags \
	}
#define F3(name, result, a, b, c, form, flags)            \
	{                                                 \
		name, result, 3, { a, b, c }, form, flags \
	}
#define F4(name, result, a, b, c, d, form, flags)            \
	{                                                    \
		name, result, 4, { a, b, c, d }, form, flags \
	}

/* min and max of a type. Over no rows they are NULL, as all aggregates but count. */
#define MIN_MAX(t)                                                   \
	F1("min", t, t, "min(%1)", AGGREGATE | NULLABLE | COLLATED), \
	    F1("max", t, t, "max(%1)", AGGREGATE | NULLABLE | COLLATED)
#define BIT_AGGREGATES(t)                                            \
	F1("bit_and", t, t, "nq_bit_and(%1)", AGGREGATE | NULLABLE), \
	    F1("bit_or", t, t, "nq_bit_or(%1)", AGGREGATE | NULLABLE)

/* clang-format off */
const struct pg_function sql_functions[] = {
	/* strings */
	F1("lower", TEXT, TEXT, "lower(%1)", 0),
	F1("upper", TEXT, TEXT, "upper(%1)", 0),
	F1("initcap", TEXT, TEXT, "nq_initcap(%1)", 0),
	F1("length", INT4, TEXT, "length(%1)", 0),
	F1("length", INT4, BYTEA, "length(%1)", 0),
	F1("length", INT4, OID_BPCHAR, "length(%1)", 0),
	F1("char_length", INT4, TEXT, "length(%1)", 0),
	F1("char_length", INT4, OID_BPCHAR, "length(%1)", 0),
	F1("character_length", INT4, TEXT, "length(%1)", 0),
	F1("octet_length", INT4, TEXT, "length(CAST(%1 AS BLOB))", 0),
	F1("octet_length", INT4, BYTEA, "length(%1)", 0),
	F1("bit_length", INT4, TEXT, "(8 * length(CAST(%1 AS BLOB)))", 0),
	F2("substr", TEXT, TEXT, INT4, "nq_substr(%1, %2)", 0),
	F3("substr", TEXT, TEXT, INT4, INT4, "nq_substr(%1, %2, %3)", 0),
	F2("substring", TEXT, TEXT, INT4, "nq_substr(%1, %2)", 0),
	F3("substring", TEXT, TEXT, INT4, INT4, "nq_substr(%1, %2, %3)", 0),
	F2("substr", BYTEA, BYTEA, INT4, "nq_substr(%1, %2)", 0),
	F3("substr", BYTEA, BYTEA, INT4, INT4, "nq_substr(%1, %2, %3)", 0),
	F2("substring", BYTEA, BYTEA, INT4, "nq_substr(%1, %2)", 0),
	F3("substring", BYTEA, BYTEA, INT4, INT4, "nq_substr(%1, %2, %3)", 0),
	F2("strpos", INT4, TEXT, TEXT, "instr(%1, %2)", 0),
	F2("position", INT4, TEXT, TEXT, "instr(%1, %2)", FUNCTION_PRIVATE),
	F3("replace", TEXT, TEXT, TEXT, TEXT, "replace(%1, %2, %3)", 0),
	F1("btrim", TEXT, TEXT, "trim(%1, ' ')", 0),
	F2("btrim", TEXT, TEXT, TEXT, "trim(%1, %2)", 0),
	F1("ltrim", TEXT, TEXT, "ltrim(%1, ' ')", 0),
	F2("ltrim", TEXT, TEXT, TEXT, "ltrim(%1, %2)", 0),
	F1("rtrim", TEXT, TEXT, "rtrim(%1, ' ')", 0),
	F2("rtrim", TEXT, TEXT, TEXT, "rtrim(%1, %2)", 0),
	F2("left", TEXT, TEXT, INT4, "nq_left(%1, %2)", 0),
	F2("right", TEXT, TEXT, INT4, "nq_right(%1, %2)", 0),
	F2("repeat", TEXT, TEXT, INT4, "nq_repeat(%1, %2)", 0),
	F1("reverse", TEXT, TEXT, "nq_reverse(%1)", 0),
	F2("lpad", TEXT, TEXT, INT4, "nq_lpad(%1, %2, ' ')", 0),
	F3("lpad", TEXT, TEXT, INT4, TEXT, "nq_lpad(%1, %2, %3)", 0),
	F2("rpad", TEXT, TEXT, INT4, "nq_rpad(%1, %2, ' ')", 0),
	F3("rpad", TEXT, TEXT, INT4, TEXT, "nq_rpad(%1, %2, %3)", 0),
	F3("split_part", TEXT, TEXT, TEXT, INT4, "nq_split_part(%1, %2, %3)", 0),
	F3("translate", TEXT, TEXT, TEXT, TEXT, "nq_translate(%1, %2, %3)", 0),
	F1("ascii", INT4, TEXT, "nq_ascii(%1)", 0),
	F1("chr", TEXT, INT4, "nq_chr(%1)", 0),
	F1("md5", TEXT, TEXT, "nq_md5(%1)", 0),
	F1("md5", TEXT, BYTEA, "nq_md5(%1)", 0),
	F1("to_hex", TEXT, INT4, "printf('%%x', %1 & 4294967295)", 0),
	F1("to_hex", TEXT, INT8, "printf('%%x', %1)", 0),
	F2("starts_with", BOOL, TEXT, TEXT, "(substr(%1, 1, length(%2)) = %2)", 0),
	F1("quote_ident", TEXT, TEXT, "nq_quote_ident(%1)", 0),
	F1("quote_literal", TEXT, TEXT, "nq_quote_literal(%1)", 0),
	F1("quote_nullable", TEXT, TEXT, "coalesce(nq_quote_literal(%1), 'NULL')", NOT_NULL),
	F1("concat", TEXT, OID_ANY, "nq_concat(%o*)", NOT_NULL | VARIADIC | STABLE),
	F2("concat_ws", TEXT, TEXT, OID_ANY, "nq_concat_ws(%o*)", VARIADIC | STABLE),
	F2("like_escape", TEXT, TEXT, TEXT, "nq_like_escape(%1, %2)", 0),
	F2("encode", TEXT, BYTEA, TEXT, "nq_encode(%1, %2)", 0),
	F2("decode", BYTEA, TEXT, TEXT, "nq_decode(%1, %2)", 0),

	/* numbers */
	F1("abs", INT4, INT4, "nq_int4(abs(%1))", 0),
	F1("abs", INT8, INT8, "nq_abs(%1)", 0),
	F1("abs", INT2, INT2, "nq_int2(abs(%1))", 0),
	F1("abs", FLOAT8, FLOAT8, "nq_float_abs(%1)", 0),
	F1("abs", FLOAT4, FLOAT4, "nq_float_abs(%1)", 0),
	F1("abs", NUMERIC, NUMERIC, "nq_numeric_abs(%1)", 0),
	F2("mod", INT4, INT4, INT4, "nq_mod(%1, %2)", 0),
	F2("mod", INT8, INT8, INT8, "nq_mod(%1, %2)", 0),
	F2("mod", INT2, INT2, INT2, "nq_mod(%1, %2)", 0),
	F2("mod", NUMERIC, NUMERIC, NUMERIC, "nq_numeric_mod(%1, %2)", 0),
	F1("round", FLOAT8, FLOAT8, "nq_rint(%1)", 0),
	F1("round", NUMERIC, NUMERIC, "nq_numeric_round(%1, 0)", 0),
	F2("round", NUMERIC, NUMERIC, INT4, "nq_numeric_round(%1, %2)", 0),
	F1("trunc", FLOAT8, FLOAT8, "nq_trunc(%1)", 0),
	F1("trunc", NUMERIC, NUMERIC, "nq_numeric_trunc(%1, 0)", 0),
	F2("trunc", NUMERIC, NUMERIC, INT4, "nq_numeric_trunc(%1, %2)", 0),
	F1("floor", FLOAT8, FLOAT8, "nq_floor(%1)", 0),
	F1("floor", NUMERIC, NUMERIC, "nq_numeric_floor(%1)", 0),
	F1("ceil", FLOAT8, FLOAT8, "nq_ceil(%1)", 0),
	F1("ceil", NUMERIC, NUMERIC, "nq_numeric_ceil(%1)", 0),
	F1("ceiling", FLOAT8, FLOAT8, "nq_ceil(%1)", 0),
	F1("ceiling", NUMERIC, NUMERIC, "nq_numeric_ceil(%1)", 0),
	F1("sign", FLOAT8, FLOAT8, "nq_float_sign(%1)", 0),
	F1("sign", NUMERIC, NUMERIC, "nq_numeric_sign(%1)", 0),
	F2("div", NUMERIC, NUMERIC, NUMERIC, "nq_numeric_quotient(%1, %2)", 0),
	F1("sqrt", FLOAT8, FLOAT8, "nq_sqrt(%1)", 0),
	F1("cbrt", FLOAT8, FLOAT8, "nq_cbrt(%1)", 0),
	F2("power", FLOAT8, FLOAT8, FLOAT8, "nq_power(%1, %2)", 0),
	F2("pow", FLOAT8, FLOAT8, FLOAT8, "nq_power(%1, %2)", 0),
	F1("exp", FLOAT8, FLOAT8, "nq_exp(%1)", 0),
	F1("ln", FLOAT8, FLOAT8, "nq_ln(%1)", 0),
	F1("log", FLOAT8, FLOAT8, "nq_log10(%1)", 0),
	F1("log10", FLOAT8, FLOAT8, "nq_log10(%1)", 0),
	F0("pi", FLOAT8, "3.141592653589793", NOT_NULL),
	F0("random", FLOAT8, "nq_random()", VOLATILE | NOT_NULL),

	/* time */
	F0("now", STAMPTZ, "now()", STABLE | NOT_NULL),
	F0("transaction_timestamp", STAMPTZ, "now()", STABLE | NOT_NULL),
	F0("statement_timestamp", STAMPTZ, "statement_timestamp()", STABLE | NOT_NULL),
	F0("clock_timestamp", STAMPTZ, "clock_timestamp()", VOLATILE | NOT_NULL),
	F2("date_part", FLOAT8, TEXT, STAMP, "nq_date_part(%1, %2)", 0),
	F2("date_part", FLOAT8, TEXT, STAMPTZ, "nq_date_part(%1, %2)", STABLE),
	F2("date_part", FLOAT8, TEXT, OID_DATE, "nq_date_part(%1, %2)", 0),
	F2("extract", NUMERIC, TEXT, STAMP, "nq_extract(%1, %2)", FUNCTION_PRIVATE),
	F2("extract", NUMERIC, TEXT, STAMPTZ, "nq_extract(%1, %2)", FUNCTION_PRIVATE | STABLE),
	F2("extract", NUMERIC, TEXT, OID_DATE, "nq_extract(%1, %2)", FUNCTION_PRIVATE),
	F2("date_trunc", STAMP, TEXT, STAMP, "nq_date_trunc(%1, %2)", 0),
	F2("date_trunc", STAMPTZ, TEXT, STAMPTZ, "nq_date_trunc(%1, %2)", STABLE),

	/* the session and the server */
	F0("gen_random_uuid", OID_UUID, "gen_random_uuid()", VOLATILE | NOT_NULL),
	F1("pg_sleep", OID_VOID, FLOAT8, "nq_sleep(%1)", VOLATILE | FUNCTION_SLOW),
	F0("version", TEXT, "nq_version()", STABLE | NOT_NULL),
	F0("current_database", NAME, "%f1", STABLE | NOT_NULL),
	F0("current_catalog", NAME, "%f1", STABLE | NOT_NULL | FUNCTION_PRIVATE),
	F0("current_user", NAME, "%f0", STABLE | NOT_NULL | FUNCTION_PRIVATE),
	F0("current_role", NAME, "%f0", STABLE | NOT_NULL | FUNCTION_PRIVATE),
	F0("session_user", NAME, "%f0", STABLE | NOT_NULL | FUNCTION_PRIVATE),
	F0("user", NAME, "%f0", STABLE | NOT_NULL | FUNCTION_PRIVATE),
	F0("current_schema", NAME, "%f3", STABLE | NULLABLE),
	F1("current_schemas", OID_NAME_ARRAY, BOOL, "(CASE %1 WHEN 1 THEN %f5 WHEN 0 THEN %f4 END)", STABLE),
	F0("pg_backend_pid", INT4, "%f2", STABLE | NOT_NULL),
	F0("inet_client_port", INT4, "%f7", STABLE | NULLABLE),
	F1("current_setting", TEXT, TEXT, "", STABLE | NULLABLE | FUNCTION_SETTING),
	F2("current_setting", TEXT, TEXT, BOOL, "", STABLE | NULLABLE | FUNCTION_SETTING),
	F0("pg_is_in_recovery", BOOL, "0", STABLE | NOT_NULL),
	F1("pg_typeof", OID_REGTYPE, OID_ANY, "%t", STABLE | NOT_NULL),
	F2("format_type", TEXT, OID, INT4, "nq_format_type(%1, %2)", STABLE | NULLABLE),
	F1("pg_table_is_visible", BOOL, OID, "(%1 IS NOT NULL)", STABLE),
	F1("pg_get_userbyid", NAME, OID, "%f0", STABLE),
	F1("pg_encoding_to_char", NAME, INT4, "(CASE %1 WHEN 6 THEN 'UTF8' ELSE '' END)", STABLE),
	F2("has_schema_privilege", BOOL, TEXT, TEXT, "(%1 IS NOT NULL AND %2 IS NOT NULL)", STABLE),

	/* arrays */
	F2("array_position", INT4, OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLE, "(SELECT key + 1 FROM json_each(%1) WHERE value IS %2 LIMIT 1)", NULLABLE),
	F2("array_length", INT4, ARRAY, INT4, "(CASE WHEN %2 = 1 THEN nullif(json_array_length(%1), 0) END)", NULLABLE),
	F2("array_upper", INT4, ARRAY, INT4, "(CASE WHEN %2 = 1 THEN nullif(json_array_length(%1), 0) END)", NULLABLE),
	F2("array_lower", INT4, ARRAY, INT4, "(CASE WHEN %2 = 1 AND json_array_length(%1) > 0 THEN 1 END)", NULLABLE),
	F1("cardinality", INT4, ARRAY, "json_array_length(%1)", 0),
	F2("array_append", OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLE, "json_insert(coalesce(%1, '[]'), '$[#]', %2)", NOT_NULL),
	F2("array_cat", OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLEARRAY, "nq_array_cat(%1, %2)", NULLABLE),
	F2("array_to_string", TEXT, ARRAY, TEXT, "(CASE WHEN %1 IS NOT NULL THEN coalesce((SELECT group_concat(nq_out(value, %e), %2) FROM json_each(%1)), '') END)", STABLE),
	F3("array_to_string", TEXT, ARRAY, TEXT, TEXT, "(CASE WHEN %1 IS NOT NULL THEN coalesce((SELECT group_concat(coalesce(nq_out(value, %e), %3), %2) FROM json_each(%1)), '') END)", STABLE | NULLABLE),

	/* functions that give rows: names of table-valued functions */
	F2("generate_series", INT4, INT4, INT4, "nq_generate_series(%*)", FUNCTION_SET | NOT_NULL),
	F3("generate_series", INT4, INT4, INT4, INT4, "nq_generate_series(%*)", FUNCTION_SET | NOT_NULL),
	F2("generate_series", INT8, INT8, INT8, "nq_generate_series(%*)", FUNCTION_SET | NOT_NULL),
	F3("generate_series", INT8, INT8, INT8, INT8, "nq_generate_series(%*)", FUNCTION_SET | NOT_NULL),
	F1("unnest", ANY, ARRAY, "json_each(%1)", FUNCTION_SET | NULLABLE),

	/* aggregates */
	F0("count", INT8, "count(*)", AGGREGATE | NOT_NULL),
	F1("count", INT8, OID_ANY, "count(%1)", AGGREGATE | NOT_NULL | COLLATED),
	F1("sum", INT8, INT4, "sum(%1)", AGGREGATE | NULLABLE),
	F1("sum", INT8, INT2, "sum(%1)", AGGREGATE | NULLABLE),
	F1("sum", NUMERIC, INT8, "nq_sum_int(%1)", AGGREGATE | NULLABLE),
	F1("sum", NUMERIC, NUMERIC, "nq_sum_numeric(%1)", AGGREGATE | NULLABLE | COLLATED),
	F1("sum", FLOAT8, FLOAT8, "nq_sum_float(%1)", AGGREGATE | NULLABLE),
	F1("sum", FLOAT4, FLOAT4, "nq_sum_float4(%1)", AGGREGATE | NULLABLE),
	F1("avg", NUMERIC, INT4, "nq_avg_int(%1)", AGGREGATE | NULLABLE),
	F1("avg", NUMERIC, INT2, "nq_avg_int(%1)", AGGREGATE | NULLABLE),
	F1("avg", NUMERIC, INT8, "nq_avg_int(%1)", AGGREGATE | NULLABLE),
	F1("avg", NUMERIC, NUMERIC, "nq_avg_numeric(%1)", AGGREGATE | NULLABLE | COLLATED),
	F1("avg", FLOAT8, FLOAT8, "nq_avg_float(%1)", AGGREGATE | NULLABLE),
	F1("avg", FLOAT8, FLOAT4, "nq_avg_float(%1)", AGGREGATE | NULLABLE),
	MIN_MAX(INT2),
	MIN_MAX(INT4),
	MIN_MAX(INT8),
	MIN_MAX(TEXT),
	MIN_MAX(OID_BPCHAR),
	MIN_MAX(NUMERIC),
	MIN_MAX(FLOAT4),
	MIN_MAX(FLOAT8),
	MIN_MAX(OID),
	MIN_MAX(OID_DATE),
	MIN_MAX(OID_TIME),
	MIN_MAX(STAMP),
	MIN_MAX(STAMPTZ),
	F1("bool_and", BOOL, BOOL, "min(%1)", AGGREGATE | NULLABLE),
	F1("bool_or", BOOL, BOOL, "max(%1)", AGGREGATE | NULLABLE),
	F1("every", BOOL, BOOL, "min(%1)", AGGREGATE | NULLABLE),
	BIT_AGGREGATES(INT4),
	BIT_AGGREGATES(INT8),
	F2("string_agg", TEXT, TEXT, TEXT, "nq_string_agg(%1, %2)", AGGREGATE | NULLABLE | ORDERED),
	F1("array_agg", ARRAY, OID_ANYNONARRAY, "nq_array_agg(%1, %t)", AGGREGATE | NULLABLE | ORDERED),

	/* windows */
	F0("row_number", INT8, "row_number()", WINDOW | NOT_NULL),
	F0("rank", INT8, "rank()", WINDOW | NOT_NULL),
	F0("dense_rank", INT8, "dense_rank()", WINDOW | NOT_NULL),
	F0("percent_rank", FLOAT8, "percent_rank()", WINDOW | NOT_NULL),
	F0("cume_dist", FLOAT8, "cume_dist()", WINDOW | NOT_NULL),
	F1("ntile", INT4, INT4, "ntile(%1)", WINDOW),
	F1("lag", ANY, ANY, "lag(%1)", WINDOW | NULLABLE),
	F2("lag", ANY, ANY, INT4, "lag(%1, %2)", WINDOW | NULLABLE),
	F3("lag", OID_ANYCOMPATIBLE, OID_ANYCOMPATIBLE, INT4, OID_ANYCOMPATIBLE, "lag(%1, %2, %3)", WINDOW | NULLABLE),
	F1("lead", ANY, ANY, "lead(%1)", WINDOW | NULLABLE),
	F2("lead", ANY, ANY, INT4, "lead(%1, %2)", WINDOW | NULLABLE),
	F3("lead", OID_ANYCOMPATIBLE, OID_ANYCOMPATIBLE, INT4, OID_ANYCOMPATIBLE, "lead(%1, %2, %3)", WINDOW | NULLABLE),
	F1("first_value", ANY, ANY, "first_value(%1)", WINDOW | NULLABLE),
	F1("last_value", ANY, ANY, "last_value(%1)", WINDOW | NULLABLE),
	F2("nth_value", ANY, ANY, INT4, "nth_value(%1, %2)", WINDOW | NULLABLE),
};
/* clang-format on */
const size_t sql_nfunctions = sizeof sql_functions / sizeof sql_functions[0];

enum resolve_result function_find(
    const char *name, const oid_t *types, size_t ntypes, const struct pg_function **out)
{
	struct candidate candidates[RESOLVE_CANDIDATES_MAX];
	const struct candidate *chosen;
	size_t n = 0;

	for (size_t i = 0; i < sql_nfunctions && n < RESOLVE_CANDIDATES_MAX; i++) {
		const struct pg_function *f = &sql_functions[i];

		if (strcmp(f->name, name) == 0)
			candidates[n++] = (struct candidate){ .row = f,
				.args = f->args,
				.nargs = f->nargs,
				.is_variadic = (f->flags & FUNCTION_VARIADIC) != 0 };
	}

	enum resolve_result result = resolve_candidates(candidates, n, types, ntypes, false, &chosen);
	if (result == RESOLVE_ONE)
		*out = chosen->row;
	return result;
}

bool function_exists(const char *name)
{
	for (size_t i = 0; i < sql_nfunctions; i++)
		if (strcmp(sql_functions[i].name, name) == 0)
			return true;
	return false;
}
