#include "store/functions_pg.h"

#include "pgwire/oid.h"
#include "store/decimal.h"
#include "store/functions_pg_internal.h"

/* Nearly all depend on their arguments alone, so that they may stand in an index or a CHECK. */
#define PURE(n, f, count, a)                                                                      \
	{                                                                                         \
		.name = n, .nargs = count, .flags = SQLITE_DETERMINISTIC, .function = f, .arg = a \
	}
#define IMPURE(n, f, count, a)                                     \
	{                                                          \
		.name = n, .nargs = count, .function = f, .arg = a \
	}
#define WINDOW(n, f, r, a)                                                               \
	{                                                                                \
		.name = n, .nargs = 1, .flags = SQLITE_DETERMINISTIC, .step = f##_step,  \
		.inverse = f##_inverse, .value = r##_value, .final = r##_final, .arg = a \
	}
#define SORTED(n, f)                                                                                      \
	{                                                                                                 \
		.name = n, .nargs = -1, .flags = SQLITE_DETERMINISTIC, .step = pg_sorted_step, .final = f \
	}

/* clang-format off */
const struct sql_function functions_pg[] = {
	PURE("nq_int2", pg_int_check, 1, OID_INT2),
	PURE("nq_int4", pg_int_check, 1, OID_INT4),
	PURE("nq_int8", pg_int_check, 1, OID_INT8),
	PURE("nq_div", pg_div, 2, 0),
	PURE("nq_mod", pg_mod, 2, 0),
	PURE("nq_abs", pg_abs, 1, 0),
	PURE("nq_oid", pg_oid, 1, 0),
	PURE("nq_oid_int4", pg_oid_int4, 1, 0),
	PURE("nq_shift", pg_shift, 3, 0),
	PURE("nq_limit", pg_limit, 2, 0),
	PURE("nq_greatest", pg_extreme, -1, 1),
	PURE("nq_least", pg_extreme, -1, -1),

	PURE("nq_float4", pg_float4, 1, 0),
	PURE("nq_float_int", pg_float_int, 2, 0),
	PURE("nq_float_numeric", pg_float_numeric, 2, 0),
	PURE("nq_float_add", pg_float_operation, 2, '+'),
	PURE("nq_float_sub", pg_float_operation, 2, '-'),
	PURE("nq_float_mul", pg_float_operation, 2, '*'),
	PURE("nq_float_div", pg_float_operation, 2, '/'),
	PURE("nq_float_neg", pg_float_function, 1, '-'),
	PURE("nq_float_abs", pg_float_function, 1, 'a'),
	PURE("nq_float_sign", pg_float_function, 1, 's'),
	PURE("nq_rint", pg_float_function, 1, 'r'),
	PURE("nq_trunc", pg_float_function, 1, 't'),
	PURE("nq_floor", pg_float_function, 1, 'f'),
	PURE("nq_ceil", pg_float_function, 1, 'c'),
	PURE("nq_cbrt", pg_float_function, 1, '3'),
	PURE("nq_exp", pg_float_function, 1, 'e'),
	PURE("nq_ln", pg_float_function, 1, 'l'),
	PURE("nq_log10", pg_float_function, 1, '1'),
	PURE("nq_sqrt", pg_float_function, 1, 'q'),
	PURE("nq_power", pg_power, 2, 0),
	IMPURE("nq_random", pg_random, 0, 0),

	PURE("nq_numeric_add", pg_numeric_operation, 2, '+'),
	PURE("nq_numeric_sub", pg_numeric_operation, 2, '-'),
	PURE("nq_numeric_mul", pg_numeric_operation, 2, '*'),
	PURE("nq_numeric_div", pg_numeric_operation, 2, '/'),
	PURE("nq_numeric_mod", pg_numeric_operation, 2, '%'),
	PURE("nq_numeric_quotient", pg_numeric_operation, 2, 'q'),
	PURE("nq_numeric_neg", pg_numeric_function, 1, '-'),
	PURE("nq_numeric_abs", pg_numeric_function, 1, 'a'),
	PURE("nq_numeric_sign", pg_numeric_function, 1, 's'),
	PURE("nq_numeric_floor", pg_numeric_function, 1, 'f'),
	PURE("nq_numeric_ceil", pg_numeric_function, 1, 'c'),
	PURE("nq_numeric_round", pg_numeric_round, 2, DECIMAL_NEAREST),
	PURE("nq_numeric_trunc", pg_numeric_round, 2, DECIMAL_TRUNCATE),
	PURE("nq_numeric_scale", pg_numeric_scale, 2, 0),
	PURE("nq_numeric_int8", pg_numeric_int8, 1, 0),
	PURE("nq_numeric_greatest", pg_numeric_extreme, -1, 1),
	PURE("nq_numeric_least", pg_numeric_extreme, -1, -1),

	PURE("nq_initcap", pg_initcap, 1, 0),
	PURE("nq_substr", pg_substr, 2, 0),
	PURE("nq_substr", pg_substr, 3, 0),
	PURE("nq_left", pg_left, 2, 0),
	PURE("nq_right", pg_right, 2, 0),
	PURE("nq_repeat", pg_repeat, 2, 0),
	PURE("nq_reverse", pg_reverse, 1, 0),
	PURE("nq_lpad", pg_pad, 3, 1),
	PURE("nq_rpad", pg_pad, 3, 0),
	PURE("nq_split_part", pg_split_part, 3, 0),
	PURE("nq_translate", pg_translate, 3, 0),
	PURE("nq_ascii", pg_ascii, 1, 0),
	PURE("nq_chr", pg_chr, 1, 0),
	PURE("nq_concat", pg_concat, -1, 0),
	PURE("nq_concat_ws", pg_concat_ws, -1, 0),
	PURE("nq_quote_ident", pg_quote_ident, 1, 0),
	PURE("nq_quote_literal", pg_quote_literal, 1, 0),
	PURE("nq_md5", pg_md5, 1, 0),
	PURE("nq_encode", pg_encode, 2, 0),
	PURE("nq_decode", pg_decode, 2, 0),
	PURE("nq_like", pg_like, 2, 0),
	PURE("nq_ilike", pg_like, 2, 1),
	PURE("nq_like_escape", pg_like_escape, 2, 0),
	PURE("nq_regex", pg_regex, 2, 0),
	PURE("nq_iregex", pg_regex, 2, 1),

	PURE("nq_in", pg_in, 2, 0),
	PURE("nq_in", pg_in, 3, 0),
	PURE("nq_out", pg_out, 2, 0),
	PURE("nq_name", pg_name, 1, 0),
	PURE("nq_varchar", pg_fit, 2, 0),
	PURE("nq_varchar_cut", pg_fit, 2, 2),
	PURE("nq_bpchar", pg_fit, 2, 1),
	PURE("nq_bpchar_cut", pg_fit, 2, 3),
	PURE("nq_format_type", pg_format_type, 2, 0),
	PURE("nq_array_cat", pg_array_cat, 2, 0),
	IMPURE("nq_version", pg_version, 0, 0),
	IMPURE("nq_sleep", pg_sleep, 1, 0),

	PURE("nq_extract", pg_date_part, 2, 0),
	PURE("nq_date_part", pg_date_part, 2, 1),
	PURE("nq_date_trunc", pg_date_trunc, 2, 0),
	PURE("nq_date_add", pg_date_add, 2, 0),
	PURE("nq_date_diff", pg_date_diff, 2, 0),

	WINDOW("nq_sum_int", pg_sum_int, pg_sum_int, 0),
	WINDOW("nq_avg_int", pg_sum_int, pg_avg_int, 0),
	WINDOW("nq_sum_numeric", pg_sum_numeric, pg_sum_numeric, 0),
	WINDOW("nq_avg_numeric", pg_sum_numeric, pg_avg_numeric, 0),
	WINDOW("nq_sum_float", pg_sum_float, pg_sum_float, 0),
	WINDOW("nq_sum_float4", pg_sum_float, pg_sum_float, 4),
	WINDOW("nq_avg_float", pg_sum_float, pg_avg_float, 0),
	{ .name = "nq_bit_and", .nargs = 1, .step = pg_bits_step, .final = pg_bits_final, .arg = '&' },
	{ .name = "nq_bit_or", .nargs = 1, .step = pg_bits_step, .final = pg_bits_final, .arg = '|' },
	{ .name = "nq_single", .nargs = 1, .step = pg_single_step, .final = pg_single_final },
	{ .name = "nq_string_agg", .nargs = 2, .step = pg_string_agg_step, .final = pg_string_agg_final },
	{ .name = "nq_array_agg", .nargs = 2, .step = pg_array_agg_step, .final = pg_array_agg_final },
	SORTED("nq_string_agg_sorted", pg_string_agg_sorted_final),
	SORTED("nq_array_agg_sorted", pg_array_agg_sorted_final),
	{ .name = NULL },
};
/* clang-format on */

const struct sql_collation collations_pg[] = {
	{ .name = "nq_numeric", .compare = pg_numeric_compare },
	{ .name = NULL },
};
