#include "store/functions_pg_internal.h"

#include <fenv.h>
#include <math.h>

#include "pgwire/oid.h"

/* ---- integers ---- */

static void out_of_range(sqlite3_context *ctx, oid_t type)
{
	const char *name = type == OID_INT2 ? "smallint" : type == OID_INT4 ? "integer" : "bigint";

	function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "%s out of range", name);
}

static bool fits(int64_t i, oid_t type)
{
	switch (type) {
	case OID_INT2: return i >= INT16_MIN && i <= INT16_MAX;
	case OID_INT4: return i >= INT32_MIN && i <= INT32_MAX;
	default: return true;
	}
}

static void result_int(sqlite3_context *ctx, int64_t i, oid_t type)
{
	if (fits(i, type))
		sqlite3_result_int64(ctx, i);
	else
		out_of_range(ctx, type);
}

/* nq_int2, nq_int4, nq_int8: what SQLite computed is in the type's range (it goes over to REAL when 64 bits don't do). */
void pg_int_check(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	oid_t type = (oid_t)function_arg(ctx);

	if (pg_any_null(ctx, nargs, args))
		return;
	if (sqlite3_value_type(args[0]) != SQLITE_INTEGER)
		out_of_range(ctx, type);
	else
		result_int(ctx, sqlite3_value_int64(args[0]), type);
}

void pg_div(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t a = sqlite3_value_int64(args[0]), b = sqlite3_value_int64(args[1]);
	if (b == 0)
		function_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
	else if (b == -1 && a == INT64_MIN)
		out_of_range(ctx, OID_INT8);
	else
		sqlite3_result_int64(ctx, a / b);
}

void pg_mod(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t a = sqlite3_value_int64(args[0]), b = sqlite3_value_int64(args[1]);
	if (b == 0)
		function_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
	else
		sqlite3_result_int64(ctx, b == -1 ? 0 : a % b);
}

void pg_abs(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t i = sqlite3_value_int64(args[0]);
	if (i == INT64_MIN)
		out_of_range(ctx, OID_INT8);
	else
		sqlite3_result_int64(ctx, i < 0 ? -i : i);
}

/* int8 -> oid */
void pg_oid(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t i = sqlite3_value_int64(args[0]);
	if (i < 0 || i > UINT32_MAX)
		function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "OID out of range");
	else
		sqlite3_result_int64(ctx, i);
}

/* oid -> int4: the same four bytes */
void pg_oid_int4(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	sqlite3_result_int64(ctx, (int32_t)(uint32_t)sqlite3_value_int64(args[0]));
}

/* nq_shift(x, n, type): to the left, or to the right when n is negative; only the low bits of n count, as on the machines
 * that PostgreSQL runs on. */
void pg_shift(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t x = sqlite3_value_int64(args[0]), n = sqlite3_value_int64(args[1]);
	bool is_int4 = sqlite3_value_int(args[2]) == OID_INT4;
	unsigned mask = is_int4 ? 31 : 63;

	if (n < 0)
		sqlite3_result_int64(ctx, x >> (-n & mask));
	else if (is_int4)
		sqlite3_result_int64(ctx, (int32_t)((uint32_t)x << (n & mask)));
	else
		sqlite3_result_int64(ctx, (int64_t)((uint64_t)x << (n & mask)));
}

/* nq_limit(n, 'LIMIT' or 'OFFSET'): SQLite takes a negative LIMIT for none; so is PostgreSQL's NULL. */
void pg_limit(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *clause = (const char *)sqlite3_value_text(args[1]);

	(void)nargs;
	if (sqlite3_value_type(args[0]) == SQLITE_NULL) {
		sqlite3_result_int64(ctx, *clause == 'L' ? -1 : 0);
		return;
	}
	int64_t n = sqlite3_value_int64(args[0]);
	if (n < 0)
		function_fail(ctx, *clause == 'L' ? "2201W" : "2201X", "%s must not be negative", clause);
	else
		sqlite3_result_int64(ctx, n);
}

/* ---- floats ---- */

static void overflow(sqlite3_context *ctx)
{
	function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "value out of range: overflow");
}

static void underflow(sqlite3_context *ctx)
{
	function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "value out of range: underflow");
}

/* double -> real */
void pg_float4(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	double f = pg_float_arg(args[0]);
	float narrow = (float)f;
	if (isinf(narrow) && !isinf(f))
		overflow(ctx);
	else if (narrow == 0 && f != 0)
		underflow(ctx);
	else
		pg_result_float(ctx, (double)narrow);
}

/* nq_float_int(x, type): to the nearest, ties to even. */
void pg_float_int(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	double f = rint(pg_float_arg(args[0]));
	oid_t type = (oid_t)sqlite3_value_int(args[1]);
	if (isnan(f) || f < -9223372036854775808.0 || f >= 9223372036854775808.0)
		out_of_range(ctx, type);
	else
		result_int(ctx, (int64_t)f, type);
}

/* arg: + - * / */
void pg_float_operation(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	double a = pg_float_arg(args[0]), b = pg_float_arg(args[1]), result = 0;
	bool may_be_zero = true;

	switch (function_arg(ctx)) {
	case '+': result = a + b; break;
	case '-': result = a - b; break;
	case '*':
		result = a * b;
		may_be_zero = a == 0 || b == 0;
		break;
	default:
		if (b == 0 && !isnan(a)) {
			function_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
			return;
		}
		result = a / b;
		may_be_zero = a == 0 || isinf(b);
	}
	if (isinf(result) && !isinf(a) && !isinf(b))
		overflow(ctx);
	else if (result == 0 && !may_be_zero)
		underflow(ctx);
	else
		pg_result_float(ctx, result);
}

static void logarithm(sqlite3_context *ctx, double f, double (*function)(double))
{
	if (f == 0)
		function_fail(ctx, "2201E", "cannot take logarithm of zero");
	else if (f < 0)
		function_fail(ctx, "2201E", "cannot take logarithm of a negative number");
	else
		pg_result_float(ctx, function(f));
}

static void exponential(sqlite3_context *ctx, double f)
{
	double result = exp(f);

	if (isinf(result) && !isinf(f))
		overflow(ctx);
	else if (result == 0 && !isinf(f))
		underflow(ctx);
	else
		pg_result_float(ctx, result);
}

/* arg: which */
void pg_float_function(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	double f = pg_float_arg(args[0]);

	switch (function_arg(ctx)) {
	case '-': pg_result_float(ctx, -f); break;
	case 'a': pg_result_float(ctx, fabs(f)); break;
	case 's': pg_result_float(ctx, isnan(f) ? f : (double)((f > 0) - (f < 0))); break;
	case 'r': pg_result_float(ctx, rint(f)); break;
	case 't': pg_result_float(ctx, trunc(f)); break;
	case 'f': pg_result_float(ctx, floor(f)); break;
	case 'c': pg_result_float(ctx, ceil(f)); break;
	case '3': pg_result_float(ctx, cbrt(f)); break;
	case 'e': exponential(ctx, f); break;
	case 'l': logarithm(ctx, f, log); break;
	case '1': logarithm(ctx, f, log10); break;
	default:
		if (f < 0)
			function_fail(ctx, "2201F", "cannot take square root of a negative number");
		else
			pg_result_float(ctx, sqrt(f));
	}
}

void pg_power(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	double a = pg_float_arg(args[0]), b = pg_float_arg(args[1]), result;

	if (a == 0 && b < 0) {
		function_fail(ctx, "2201F", "zero raised to a negative power is undefined");
		return;
	}
	if (a < 0 && !isinf(a) && !isinf(b) && floor(b) != b) {
		function_fail(
		    ctx, "2201F", "a negative number raised to a non-integer power yields a complex result");
		return;
	}
	result = pow(a, b);
	if (isinf(result) && !isinf(a) && !isinf(b))
		overflow(ctx);
	else if (result == 0 && a != 0 && !isinf(a) && !isinf(b))
		underflow(ctx);
	else
		pg_result_float(ctx, result);
}

/* [0, 1): 52 bits, as PostgreSQL takes them. */
void pg_random(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs, (void)args;
	sqlite3_result_double(ctx, ldexp((double)(function_random(ctx) >> 12), -52));
}

/* ---- GREATEST, LEAST ---- */

static int compare_values(sqlite3_value *a, sqlite3_value *b)
{
	int ta = sqlite3_value_type(a), tb = sqlite3_value_type(b);

	if (ta == SQLITE_INTEGER && tb == SQLITE_INTEGER) {
		int64_t x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);

		return (x > y) - (x < y);
	}
	if (ta <= SQLITE_FLOAT && tb <= SQLITE_FLOAT) {
		double x = sqlite3_value_double(a), y = sqlite3_value_double(b);

		return (x > y) - (x < y);
	}
	if (ta <= SQLITE_FLOAT || tb <= SQLITE_FLOAT) /* 'NaN' is above all numbers */
		return ta <= SQLITE_FLOAT ? -1 : 1;

	const void *x = sqlite3_value_blob(a), *y = sqlite3_value_blob(b);
	int nx = sqlite3_value_bytes(a), ny = sqlite3_value_bytes(b), n = nx < ny ? nx : ny;
	int order = n > 0 ? memcmp(x, y, (size_t)n) : 0;
	return order != 0 ? order : nx - ny;
}

/* NULLs don't count. arg: 1 the greatest, -1 the least */
void pg_extreme(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int sign = (int)function_arg(ctx);
	sqlite3_value *best = NULL;

	for (int i = 0; i < nargs; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			continue;
		if (best == NULL || compare_values(args[i], best) * sign > 0)
			best = args[i];
	}
	if (best != NULL)
		sqlite3_result_value(ctx, best);
}
