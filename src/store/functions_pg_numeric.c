#include "store/functions_pg_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/decimal.h"

static void parse_arg(struct decimal *d, sqlite3_value *v)
{
	struct pg_text t = pg_text_arg(v);

	decimal_parse(d, t.data, t.len);
}

static void result_decimal(sqlite3_context *ctx, const struct decimal *d)
{
	size_t len;
	char *text = decimal_format(d, &len);

	if (text == NULL)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_text64(ctx, text, len, free, SQLITE_UTF8);
}

static void result_or_fail(sqlite3_context *ctx, enum decimal_result result, const struct decimal *d)
{
	switch (result) {
	case DECIMAL_OK: result_decimal(ctx, d); break;
	case DECIMAL_DIVISION_BY_ZERO:
		function_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
		break;
	case DECIMAL_TOO_BIG:
		function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "value overflows numeric format");
		break;
	}
}

/* arg: + - * / %, q for div() */
void pg_numeric_operation(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct decimal a, b;
	enum decimal_result result;

	if (pg_any_null(ctx, nargs, args))
		return;
	decimal_init(&a);
	decimal_init(&b);
	parse_arg(&a, args[0]);
	parse_arg(&b, args[1]);
	switch (function_arg(ctx)) {
	case '+': result = decimal_add(&a, &a, &b); break;
	case '-': result = decimal_sub(&a, &a, &b); break;
	case '*': result = decimal_mul(&a, &a, &b); break;
	case '/': result = decimal_div(&a, &a, &b); break;
	case '%': result = decimal_mod(&a, &a, &b); break;
	default: result = decimal_quotient(&a, &a, &b); break;
	}
	result_or_fail(ctx, result, &a);
	decimal_release(&a);
	decimal_release(&b);
}

/* arg: - negate, a abs, s sign, f floor, c ceil */
void pg_numeric_function(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct decimal d;

	if (pg_any_null(ctx, nargs, args))
		return;
	decimal_init(&d);
	parse_arg(&d, args[0]);
	switch (function_arg(ctx)) {
	case '-': decimal_negate(&d); break;
	case 'a': decimal_abs(&d); break;
	case 's':
		if (d.kind != DECIMAL_NAN)
			decimal_set_int(&d, decimal_sign(&d));
		break;
	case 'f': decimal_round(&d, 0, DECIMAL_FLOOR); break;
	default: decimal_round(&d, 0, DECIMAL_CEIL); break;
	}
	result_decimal(ctx, &d);
	decimal_release(&d);
}

/* nq_numeric_round(x, digits), nq_numeric_trunc; arg: enum decimal_rounding */
void pg_numeric_round(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct decimal d;

	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t scale = sqlite3_value_int64(args[1]);
	scale = scale > 2000 ? 2000 : scale < -2000 ? -2000 : scale;
	decimal_init(&d);
	parse_arg(&d, args[0]);
	decimal_round(&d, (int32_t)scale, (enum decimal_rounding)function_arg(ctx));
	result_decimal(ctx, &d);
	decimal_release(&d);
}

void pg_numeric_int8(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct decimal d;
	int64_t i;

	if (pg_any_null(ctx, nargs, args))
		return;
	decimal_init(&d);
	parse_arg(&d, args[0]);
	if (d.kind != DECIMAL_FINITE)
		function_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot convert %s to bigint",
		    d.kind == DECIMAL_NAN ? "NaN" : "infinity");
	else if (!decimal_to_int(&d, &i))
		function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "bigint out of range");
	else
		sqlite3_result_int64(ctx, i);
	decimal_release(&d);
}

/* nq_numeric_scale(x, typmod): type input knows the rule. */
void pg_numeric_scale(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	pg_read(ctx, OID_NUMERIC, sqlite3_value_int(args[1]), t.data, t.len);
}

/* nq_float_numeric(x, digits): as many significant digits as the type keeps for sure. */
void pg_float_numeric(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	char text[64];

	if (pg_any_null(ctx, nargs, args))
		return;
	double f = pg_float_arg(args[0]);
	if (isnan(f))
		snprintf(text, sizeof text, "NaN");
	else if (isinf(f))
		snprintf(text, sizeof text, f > 0 ? "Infinity" : "-Infinity");
	else
		snprintf(text, sizeof text, "%.*g", sqlite3_value_int(args[1]), f);
	pg_read(ctx, OID_NUMERIC, -1, text, strlen(text));
}

int pg_numeric_compare(void *unused, int a_len, const void *a, int b_len, const void *b)
{
	(void)unused;
	return decimal_compare_text(a, (size_t)a_len, b, (size_t)b_len);
}

/* GREATEST and LEAST: NULLs don't count. arg: 1 or -1 */
void pg_numeric_extreme(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int sign = (int)function_arg(ctx);
	struct pg_text best = { NULL, 0 };

	for (int i = 0; i < nargs; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			continue;
		struct pg_text t = pg_text_arg(args[i]);
		if (best.data == NULL || decimal_compare_text(t.data, t.len, best.data, best.len) * sign > 0)
			best = t;
	}
	if (best.data != NULL)
		pg_result_text(ctx, best.data, best.len);
}

/* ---- sum and avg of integers: 128 bits hold 2^64 of them ---- */

struct int_sum {
	uint64_t low; /* of the sum; SQLite's memory isn't aligned for an __int128 */
	int64_t high;
	int64_t count;
};

static __int128 sum_get(const struct int_sum *s)
{
	return (__int128)(((unsigned __int128)(uint64_t)s->high << 64) | s->low);
}

static void sum_add(sqlite3_context *ctx, sqlite3_value *arg, int sign)
{
	struct int_sum *s = sqlite3_aggregate_context(ctx, sizeof *s);

	if (s == NULL || sqlite3_value_type(arg) == SQLITE_NULL)
		return;
	__int128 sum = sum_get(s) + (__int128)sqlite3_value_int64(arg) * sign;
	s->low = (uint64_t)sum;
	s->high = (int64_t)(sum >> 64);
	s->count += sign;
}

void pg_sum_int_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	sum_add(ctx, args[0], 1);
}

void pg_sum_int_inverse(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	sum_add(ctx, args[0], -1);
}

static void set_int128(struct decimal *d, __int128 i)
{
	unsigned __int128 magnitude = i < 0 ? -(unsigned __int128)i : (unsigned __int128)i;
	uint64_t words[2] = { (uint64_t)magnitude, (uint64_t)(magnitude >> 64) };

	d->kind = DECIMAL_FINITE;
	d->scale = 0;
	mpz_import(d->digits, 2, -1, sizeof words[0], 0, 0, words);
	if (i < 0)
		mpz_neg(d->digits, d->digits);
}

static void int_result(sqlite3_context *ctx, bool is_avg)
{
	const struct int_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct decimal sum, count;

	if (s == NULL || s->count == 0) {
		sqlite3_result_null(ctx);
		return;
	}
	decimal_init(&sum);
	decimal_init(&count);
	set_int128(&sum, sum_get(s));
	decimal_set_int(&count, s->count);
	if (is_avg)
		decimal_div(&sum, &sum, &count);
	result_decimal(ctx, &sum);
	decimal_release(&sum);
	decimal_release(&count);
}

void pg_sum_int_value(sqlite3_context *ctx)
{
	int_result(ctx, false);
}

void pg_sum_int_final(sqlite3_context *ctx)
{
	int_result(ctx, false);
}

void pg_avg_int_value(sqlite3_context *ctx)
{
	int_result(ctx, true);
}

void pg_avg_int_final(sqlite3_context *ctx)
{
	int_result(ctx, true);
}

/* ---- sum and avg of numerics ---- */

/* The finite ones are summed at the largest scale met; the others are counted, so that each can leave a window again. */
struct numeric_sum {
	bool is_begun;
	struct decimal sum;
	int64_t count, nans, infinities, minus_infinities;
};

static void count_special(struct numeric_sum *s, enum decimal_kind kind, int64_t by)
{
	s->nans += kind == DECIMAL_NAN ? by : 0;
	s->infinities += kind == DECIMAL_INFINITY ? by : 0;
	s->minus_infinities += kind == DECIMAL_MINUS_INFINITY ? by : 0;
}

static void numeric_step(sqlite3_context *ctx, sqlite3_value *arg, bool is_inverse)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, sizeof *s);
	struct decimal d;

	if (s == NULL || sqlite3_value_type(arg) == SQLITE_NULL)
		return;
	if (!s->is_begun) {
		decimal_init(&s->sum);
		s->is_begun = true;
	}
	decimal_init(&d);
	parse_arg(&d, arg);
	s->count += is_inverse ? -1 : 1;
	if (d.kind != DECIMAL_FINITE)
		count_special(s, d.kind, is_inverse ? -1 : 1);
	else if (is_inverse)
		decimal_sub(&s->sum, &s->sum, &d);
	else
		decimal_add(&s->sum, &s->sum, &d);
	decimal_release(&d);
}

void pg_sum_numeric_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	numeric_step(ctx, args[0], false);
}

void pg_sum_numeric_inverse(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	numeric_step(ctx, args[0], true);
}

static void numeric_result(sqlite3_context *ctx, bool is_avg, bool is_final)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);

	if (s == NULL || !s->is_begun || s->count == 0) {
		sqlite3_result_null(ctx);
	} else if (s->nans > 0 || (s->infinities > 0 && s->minus_infinities > 0)) {
		pg_result_text(ctx, "NaN", 3);
	} else if (s->infinities > 0 || s->minus_infinities > 0) {
		pg_result_text(ctx, s->infinities > 0 ? "Infinity" : "-Infinity", s->infinities > 0 ? 8 : 9);
	} else {
		struct decimal result, count;

		decimal_init(&result);
		decimal_init(&count);
		decimal_set_int(&count, is_avg ? s->count : 0);
		enum decimal_result rc =
		    is_avg ? decimal_div(&result, &s->sum, &count) : decimal_add(&result, &s->sum, &count);
		result_or_fail(ctx, rc, &result);
		decimal_release(&result);
		decimal_release(&count);
	}
	if (is_final && s != NULL && s->is_begun) {
		decimal_release(&s->sum);
		s->is_begun = false;
	}
}

void pg_sum_numeric_value(sqlite3_context *ctx)
{
	numeric_result(ctx, false, false);
}

void pg_sum_numeric_final(sqlite3_context *ctx)
{
	numeric_result(ctx, false, true);
}

void pg_avg_numeric_value(sqlite3_context *ctx)
{
	numeric_result(ctx, true, false);
}

void pg_avg_numeric_final(sqlite3_context *ctx)
{
	numeric_result(ctx, true, true);
}
