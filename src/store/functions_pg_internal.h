/* functions_pg_internal.h - the functions of functions_pg's files, for the table that lists them.
 *
 * Owns:     nothing.
 * Runs on:  see functions_pg.h.
 * Promises: see functions_pg.h.
 * Fails by: see functions_pg.h. */
#ifndef NQLITE_STORE_FUNCTIONS_PG_INTERNAL_H
#define NQLITE_STORE_FUNCTIONS_PG_INTERNAL_H

#include "base/buf.h"
#include "pgwire/oid.h"
#include "store/functions.h"

#define SCALAR(name) void name(sqlite3_context *ctx, int nargs, sqlite3_value **args)
#define AGGREGATE(name)                          \
	SCALAR(name##_step);                     \
	SCALAR(name##_inverse);                  \
	void name##_value(sqlite3_context *ctx); \
	void name##_final(sqlite3_context *ctx)

/* ---- what the files share (functions_pg_values.c) ---- */

/* Is one of the arguments NULL? Then so is the result, for nearly all functions, and it has been set. */
bool pg_any_null(sqlite3_context *ctx, int nargs, sqlite3_value **args);

/* An argument's text; lent as long as the argument is. */
struct pg_text {
	const char *data;
	size_t len; /* bytes */
};
struct pg_text pg_text_arg(sqlite3_value *v);
void pg_result_text(sqlite3_context *ctx, const char *data, size_t len);
/* The buf's bytes, and releases it; 54000 when it has failed. */
void pg_result_buf(sqlite3_context *ctx, struct buf *b);

/* A float may be NaN, which is stored as the text 'NaN'. */
double pg_float_arg(sqlite3_value *v);
void pg_result_float(sqlite3_context *ctx, double f);

struct value pg_value_arg(sqlite3_value *v);
void pg_result_value(sqlite3_context *ctx, const struct value *v);
/* Type input and output by oid. */
void pg_read(sqlite3_context *ctx, oid_t type, int32_t typmod, const char *text, size_t len);

/* Bytes of the UTF-8 character that begins at `at`. */
static inline size_t pg_char_len(const char *at, const char *end)
{
	size_t n = 1;

	while (at + n < end && ((unsigned char)at[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* ---- functions_pg_math.c ---- */
SCALAR(pg_int_check);
SCALAR(pg_div);
SCALAR(pg_mod);
SCALAR(pg_abs);
SCALAR(pg_oid);
SCALAR(pg_oid_int4);
SCALAR(pg_shift);
SCALAR(pg_limit);
SCALAR(pg_float4);
SCALAR(pg_float_int);
SCALAR(pg_float_operation);
SCALAR(pg_float_function);
SCALAR(pg_power);
SCALAR(pg_random);
SCALAR(pg_extreme);

/* ---- functions_pg_numeric.c ---- */
SCALAR(pg_numeric_int8);
SCALAR(pg_numeric_operation);
SCALAR(pg_numeric_function);
SCALAR(pg_numeric_round);
SCALAR(pg_numeric_scale);
SCALAR(pg_numeric_extreme);
SCALAR(pg_float_numeric);
AGGREGATE(pg_sum_numeric);
void pg_avg_numeric_value(sqlite3_context *ctx);
void pg_avg_numeric_final(sqlite3_context *ctx);
AGGREGATE(pg_sum_int);
void pg_avg_int_value(sqlite3_context *ctx);
void pg_avg_int_final(sqlite3_context *ctx);
int pg_numeric_compare(void *unused, int a_len, const void *a, int b_len, const void *b);

/* ---- functions_pg_aggregate.c ---- */
AGGREGATE(pg_sum_float);
void pg_avg_float_value(sqlite3_context *ctx);
void pg_avg_float_final(sqlite3_context *ctx);
SCALAR(pg_bits_step);
void pg_bits_final(sqlite3_context *ctx);
SCALAR(pg_single_step);
void pg_single_final(sqlite3_context *ctx);
SCALAR(pg_string_agg_step);
void pg_string_agg_final(sqlite3_context *ctx);
SCALAR(pg_array_agg_step);
void pg_array_agg_final(sqlite3_context *ctx);
SCALAR(pg_sorted_step);
void pg_string_agg_sorted_final(sqlite3_context *ctx);
void pg_array_agg_sorted_final(sqlite3_context *ctx);

/* ---- functions_pg_text.c ---- */
SCALAR(pg_initcap);
SCALAR(pg_substr);
SCALAR(pg_left);
SCALAR(pg_right);
SCALAR(pg_repeat);
SCALAR(pg_reverse);
SCALAR(pg_pad);
SCALAR(pg_split_part);
SCALAR(pg_translate);
SCALAR(pg_ascii);
SCALAR(pg_chr);
SCALAR(pg_concat);
SCALAR(pg_concat_ws);
SCALAR(pg_quote_ident);
SCALAR(pg_quote_literal);
SCALAR(pg_md5);
SCALAR(pg_encode);
SCALAR(pg_decode);

/* ---- functions_pg_like.c ---- */
SCALAR(pg_like);
SCALAR(pg_like_escape);
SCALAR(pg_regex);

/* ---- functions_pg_values.c ---- */
SCALAR(pg_in);
SCALAR(pg_out);
SCALAR(pg_name);
SCALAR(pg_fit);
SCALAR(pg_format_type);
SCALAR(pg_version);
SCALAR(pg_sleep);
SCALAR(pg_array_cat);

/* ---- functions_pg_time.c ---- */
SCALAR(pg_date_part);
SCALAR(pg_date_trunc);
SCALAR(pg_date_add);
SCALAR(pg_date_diff);

#endif
