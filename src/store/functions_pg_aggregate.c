#include "store/functions_pg_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/decimal.h"

#define TEXT_MAX ((size_t)1000000000)

/* ---- sum and avg of floats ---- */

struct float_sum {
	double sum;
	int64_t count, nans, infinities, minus_infinities;
};

/* What isn't finite is counted apart, so that it can leave a window again. */
static void float_step(sqlite3_context *ctx, sqlite3_value *arg, int by)
{
	struct float_sum *s = sqlite3_aggregate_context(ctx, sizeof *s);

	if (s == NULL || sqlite3_value_type(arg) == SQLITE_NULL)
		return;
	double f = pg_float_arg(arg);
	s->count += by;
	if (isnan(f))
		s->nans += by;
	else if (isinf(f))
		*(f > 0 ? &s->infinities : &s->minus_infinities) += by;
	else
		s->sum += by * f;
}

void pg_sum_float_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	float_step(ctx, args[0], 1);
}

void pg_sum_float_inverse(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	float_step(ctx, args[0], -1);
}

static void float_result(sqlite3_context *ctx, bool is_avg)
{
	const struct float_sum *s = sqlite3_aggregate_context(ctx, 0);

	if (s == NULL || s->count == 0) {
		sqlite3_result_null(ctx);
		return;
	}
	double sum = s->sum;
	if (s->nans > 0 || (s->infinities > 0 && s->minus_infinities > 0))
		sum = (double)NAN;
	else if (s->infinities > 0 || s->minus_infinities > 0)
		sum = s->infinities > 0 ? (double)INFINITY : -(double)INFINITY;
	else if (isinf(sum)) {
		function_fail(ctx, SQLSTATE_OUT_OF_RANGE, "value out of range: overflow");
		return;
	}
	sum = is_avg ? sum / (double)s->count : sum;
	/* arg: 4 for a sum of real, which is real */
	pg_result_float(ctx, function_arg(ctx) == 4 && !is_avg ? (double)(float)sum : sum);
}

void pg_sum_float_value(sqlite3_context *ctx)
{
	float_result(ctx, false);
}

void pg_sum_float_final(sqlite3_context *ctx)
{
	float_result(ctx, false);
}

void pg_avg_float_value(sqlite3_context *ctx)
{
	float_result(ctx, true);
}

void pg_avg_float_final(sqlite3_context *ctx)
{
	float_result(ctx, true);
}

/* ---- bit_and, bit_or ---- */

struct bits {
	int64_t value;
	bool has_value;
};

void pg_bits_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct bits *b = sqlite3_aggregate_context(ctx, sizeof *b);

	(void)nargs;
	if (b == NULL || sqlite3_value_type(args[0]) == SQLITE_NULL)
		return;
	int64_t i = sqlite3_value_int64(args[0]);
	if (!b->has_value)
		b->value = i;
	else if (function_arg(ctx) == '&')
		b->value &= i;
	else
		b->value |= i;
	b->has_value = true;
}

void pg_bits_final(sqlite3_context *ctx)
{
	const struct bits *b = sqlite3_aggregate_context(ctx, 0);

	if (b != NULL && b->has_value)
		sqlite3_result_int64(ctx, b->value);
}

/* ---- the one row of a scalar subquery ---- */

struct single {
	sqlite3_value *value;
	bool has_row;
};

void pg_single_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct single *s = sqlite3_aggregate_context(ctx, sizeof *s);

	(void)nargs;
	if (s == NULL)
		return;
	if (s->has_row) {
		function_fail(ctx, "21000", "more than one row returned by a subquery used as an expression");
		return;
	}
	s->has_row = true;
	s->value = sqlite3_value_dup(args[0]);
}

void pg_single_final(sqlite3_context *ctx)
{
	struct single *s = sqlite3_aggregate_context(ctx, 0);

	if (s == NULL || s->value == NULL)
		return;
	sqlite3_result_value(ctx, s->value);
	sqlite3_value_free(s->value);
	s->value = NULL;
}

/* ---- string_agg, array_agg ---- */

/* Room for both sits in the aggregate's context, which is zeroed: a buf with max 0 is one that wasn't begun. */
static struct buf *aggregate_buf(sqlite3_context *ctx)
{
	struct buf *b = sqlite3_aggregate_context(ctx, sizeof *b);

	if (b != NULL && b->max == 0)
		buf_init(b, TEXT_MAX);
	return b;
}

/* `is_first` can't be read off the length: the first value may be empty. */
struct string_agg {
	struct buf text;
	bool has_value;
};

static void append_string(struct string_agg *a, sqlite3_value *value, sqlite3_value *separator)
{
	if (sqlite3_value_type(value) == SQLITE_NULL)
		return;
	if (a->text.max == 0)
		buf_init(&a->text, TEXT_MAX);
	if (a->has_value && sqlite3_value_type(separator) != SQLITE_NULL) {
		struct pg_text s = pg_text_arg(separator);

		buf_put(&a->text, s.data, s.len);
	}
	struct pg_text t = pg_text_arg(value);
	buf_put(&a->text, t.data, t.len);
	a->has_value = true;
}

void pg_string_agg_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct string_agg *a = sqlite3_aggregate_context(ctx, sizeof *a);

	(void)nargs;
	if (a != NULL)
		append_string(a, args[0], args[1]);
}

void pg_string_agg_final(sqlite3_context *ctx)
{
	struct string_agg *a = sqlite3_aggregate_context(ctx, 0);

	if (a == NULL)
		return;
	if (a->has_value)
		pg_result_buf(ctx, &a->text);
	else
		buf_release(&a->text);
}

static void put_json_string(struct buf *b, struct pg_text t)
{
	buf_put_byte(b, '"');
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.data[i];

		if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else
			buf_put_byte(b, c);
	}
	buf_put_byte(b, '"');
}

/* An element as arrays are stored: JSON's numbers, true, false and null, else strings with the text form. */
static void append_element(struct buf *b, sqlite3_value *value, oid_t type)
{
	buf_put_byte(b, b->len == 0 ? '[' : ',');
	switch (sqlite3_value_type(value)) {
	case SQLITE_NULL: buf_put_text(b, "null"); break;
	case SQLITE_INTEGER:
		if (type == OID_BOOL)
			buf_put_text(b, sqlite3_value_int(value) ? "true" : "false");
		else
			buf_printf(b, "%lld", (long long)sqlite3_value_int64(value));
		break;
	case SQLITE_FLOAT:
		if (isinf(sqlite3_value_double(value)))
			buf_put_text(b, sqlite3_value_double(value) > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		else
			buf_printf(b, "%.17g", sqlite3_value_double(value));
		break;
	default: put_json_string(b, pg_text_arg(value)); break;
	}
}

void pg_array_agg_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf *b = aggregate_buf(ctx);

	(void)nargs;
	if (b != NULL)
		append_element(b, args[0], (oid_t)sqlite3_value_int64(args[1]));
}

static void array_result(sqlite3_context *ctx, struct buf *b)
{
	buf_put_byte(b, ']');
	pg_result_buf(ctx, b);
}

void pg_array_agg_final(sqlite3_context *ctx)
{
	struct buf *b = sqlite3_aggregate_context(ctx, 0);

	if (b != NULL && b->max != 0)
		array_result(ctx, b);
}

/* ---- the same with ORDER BY inside: nq_.._sorted('vaf..', keys .., arguments ..), three letters a key ---- */

struct sorted {
	sqlite3_value **values; /* all arguments but the first, row after row */
	size_t nrows, cap;
	int width;
	bool is_distinct; /* by the first key */
	char keys[64];    /* v value or n numeric; a up or d down; f NULLs first or l last */
	bool has_failed;
};

static void keep_row(sqlite3_context *ctx, struct sorted *s, int nargs, sqlite3_value **args)
{
	if (s->nrows == s->cap) {
		size_t cap = s->cap == 0 ? 16 : s->cap * 2;
		sqlite3_value **grown = sqlite3_realloc64(s->values, cap * (size_t)s->width * sizeof *grown);

		if (grown == NULL) {
			s->has_failed = true;
			sqlite3_result_error_nomem(ctx);
			return;
		}
		s->values = grown;
		s->cap = cap;
	}
	for (int i = 1; i < nargs; i++)
		s->values[s->nrows * (size_t)s->width + (size_t)i - 1] = sqlite3_value_dup(args[i]);
	s->nrows++;
}

void pg_sorted_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct sorted *s = sqlite3_aggregate_context(ctx, sizeof *s);

	if (s == NULL || s->has_failed)
		return;
	if (s->width == 0) {
		struct pg_text keys = pg_text_arg(args[0]);

		if (keys.len >= sizeof s->keys) {
			s->has_failed = true;
			function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED,
			    "too many expressions in ORDER BY inside an aggregate");
			return;
		}
		s->is_distinct = keys.len > 0 && *keys.data == 'D';
		memcpy(s->keys, keys.data + s->is_distinct, keys.len - s->is_distinct);
		s->width = nargs - 1;
	}
	keep_row(ctx, s, nargs, args);
}

static int compare_stored(sqlite3_value *a, sqlite3_value *b, bool is_numeric)
{
	int ta = sqlite3_value_type(a), tb = sqlite3_value_type(b);
	const void *x, *y;

	if (ta <= SQLITE_FLOAT && tb <= SQLITE_FLOAT) {
		if (ta == SQLITE_INTEGER && tb == SQLITE_INTEGER) {
			int64_t i = sqlite3_value_int64(a), k = sqlite3_value_int64(b);

			return (i > k) - (i < k);
		}
		double f = sqlite3_value_double(a), g = sqlite3_value_double(b);
		return (f > g) - (f < g);
	}
	if (ta <= SQLITE_FLOAT || tb <= SQLITE_FLOAT)
		return ta <= SQLITE_FLOAT ? -1 : 1;
	x = sqlite3_value_blob(a);
	y = sqlite3_value_blob(b);
	int nx = sqlite3_value_bytes(a), ny = sqlite3_value_bytes(b);
	if (is_numeric)
		return decimal_compare_text(x, (size_t)nx, y, (size_t)ny);
	int n = nx < ny ? nx : ny, order = n > 0 ? memcmp(x, y, (size_t)n) : 0;
	return order != 0 ? order : nx - ny;
}

static bool is_null(sqlite3_value *v)
{
	return v == NULL || sqlite3_value_type(v) == SQLITE_NULL;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct sorted *s = arg;
	sqlite3_value *const *x = *(sqlite3_value *const *const *)a, *const *y =
									 *(sqlite3_value *const *const *)b;

	for (const char *key = s->keys; *key != '\0'; key += 3, x++, y++) {
		bool x_null = is_null(*x), y_null = is_null(*y);

		if (x_null && y_null)
			continue;
		if (x_null || y_null)
			return x_null == (key[2] == 'f') ? -1 : 1;
		int order = compare_stored(*x, *y, key[0] == 'n');
		if (order != 0)
			return key[1] == 'd' ? -order : order;
	}
	/* Rows that are equal stay in the order in which they came. */
	const void *left = *(const void *const *)a, *right = *(const void *const *)b;
	return left < right ? -1 : left > right;
}

/* The rows in order; to be given back with sqlite3_free. NULL: there are none. */
static sqlite3_value ***sort_rows(struct sorted *s)
{
	sqlite3_value ***rows;

	if (s == NULL || s->nrows == 0 || s->has_failed)
		return NULL;
	rows = sqlite3_malloc64(s->nrows * sizeof *rows);
	for (size_t i = 0; rows != NULL && i < s->nrows; i++)
		rows[i] = s->values + i * (size_t)s->width;
	if (rows != NULL)
		qsort_r(rows, s->nrows, sizeof *rows, compare_rows, s);
	return rows;
}

/* Is row i the same value as the one before it, of which DISTINCT wants one? */
static bool is_repeated(const struct sorted *s, sqlite3_value *const *const *rows, size_t i)
{
	if (!s->is_distinct || i == 0)
		return false;
	sqlite3_value *a = rows[i - 1][0], *b = rows[i][0];
	if (is_null(a) || is_null(b))
		return is_null(a) && is_null(b);
	return compare_stored(a, b, s->keys[0] == 'n') == 0;
}

static void release_sorted(struct sorted *s, sqlite3_value ***rows)
{
	for (size_t i = 0; s != NULL && i < s->nrows * (size_t)s->width; i++)
		sqlite3_value_free(s->values[i]);
	if (s != NULL)
		sqlite3_free(s->values);
	sqlite3_free(rows);
}

void pg_string_agg_sorted_final(sqlite3_context *ctx)
{
	struct sorted *s = sqlite3_aggregate_context(ctx, 0);
	sqlite3_value ***rows = sort_rows(s);
	struct string_agg a = { .has_value = false };

	for (size_t i = 0; rows != NULL && i < s->nrows; i++)
		if (!is_repeated(s, (sqlite3_value *const *const *)rows, i))
			append_string(&a, rows[i][s->width - 2], rows[i][s->width - 1]);
	if (a.has_value)
		pg_result_buf(ctx, &a.text);
	release_sorted(s, rows);
}

void pg_array_agg_sorted_final(sqlite3_context *ctx)
{
	struct sorted *s = sqlite3_aggregate_context(ctx, 0);
	sqlite3_value ***rows = sort_rows(s);
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; rows != NULL && i < s->nrows; i++)
		if (!is_repeated(s, (sqlite3_value *const *const *)rows, i))
			append_element(
			    &b, rows[i][s->width - 2], (oid_t)sqlite3_value_int64(rows[i][s->width - 1]));
	if (rows != NULL)
		array_result(ctx, &b);
	release_sorted(s, rows);
}
