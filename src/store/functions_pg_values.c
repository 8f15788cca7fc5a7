#include "store/functions_pg_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pgwire/format.h"
#include "sql/types.h"
#include "store/conn_internal.h"

#define TEXT_MAX ((size_t)1000000000) /* SQLite's own limit */

bool pg_any_null(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	for (int i = 0; i < nargs; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL) {
			sqlite3_result_null(ctx);
			return true;
		}
	}
	return false;
}

struct pg_text pg_text_arg(sqlite3_value *v)
{
	const char *data = (const char *)sqlite3_value_text(v);

	return (
	    struct pg_text){ data != NULL ? data : "", data != NULL ? (size_t)sqlite3_value_bytes(v) : 0 };
}

void pg_result_text(sqlite3_context *ctx, const char *data, size_t len)
{
	sqlite3_result_text64(ctx, data, len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void pg_result_buf(sqlite3_context *ctx, struct buf *b)
{
	if (b->failed)
		function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED, "the result is too long");
	else
		pg_result_text(ctx, b->data != NULL ? (const char *)b->data : "", b->len);
	buf_release(b);
}

double pg_float_arg(sqlite3_value *v)
{
	if (sqlite3_value_type(v) == SQLITE_TEXT)
		return (double)NAN;
	return sqlite3_value_double(v);
}

void pg_result_float(sqlite3_context *ctx, double f)
{
	if (isnan(f))
		sqlite3_result_text(ctx, "NaN", 3, SQLITE_STATIC);
	else
		sqlite3_result_double(ctx, f);
}

struct value pg_value_arg(sqlite3_value *v)
{
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER: return value_int(sqlite3_value_int64(v));
	case SQLITE_FLOAT: return value_float(sqlite3_value_double(v));
	case SQLITE_TEXT: {
		struct pg_text t = pg_text_arg(v);

		return value_text(t.data, t.len);
	}
	case SQLITE_BLOB: {
		const void *bytes = sqlite3_value_blob(v);

		return value_blob(bytes, (size_t)sqlite3_value_bytes(v));
	}
	default: return value_null();
	}
}

void pg_result_value(sqlite3_context *ctx, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL: sqlite3_result_null(ctx); break;
	case VALUE_INT: sqlite3_result_int64(ctx, v->i); break;
	case VALUE_FLOAT: sqlite3_result_double(ctx, v->f); break;
	case VALUE_TEXT: pg_result_text(ctx, v->text, v->len); break;
	case VALUE_BLOB: sqlite3_result_blob64(ctx, v->blob, v->len, SQLITE_TRANSIENT); break;
	}
}

/* ---- type input and output ---- */

void pg_read(sqlite3_context *ctx, oid_t type, int32_t typmod, const char *text, size_t len)
{
	struct buf scratch;
	struct value v;
	struct err err;

	buf_init(&scratch, TEXT_MAX);
	err_clear(&err);
	if (format_read_text(type, typmod, text, len, &scratch, &v, &err) != 0)
		function_fail_with(ctx, &err);
	else
		pg_result_value(ctx, &v);
	buf_release(&scratch);
}

/* nq_in(text, oid [, typmod]) */
void pg_in(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	pg_read(ctx, (oid_t)sqlite3_value_int64(args[1]), nargs > 2 ? sqlite3_value_int(args[2]) : -1, t.data,
	    t.len);
}

/* nq_out(value, oid) */
void pg_out(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *zone = function_environment(ctx)->timezone;
	const struct format_settings settings = { .timezone = *zone != '\0' ? zone : NULL };
	struct buf b;
	struct err err;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct value v = pg_value_arg(args[0]);
	oid_t type = (oid_t)sqlite3_value_int64(args[1]);
	if (type == OID_BOOL) { /* a cast's text, unlike the wire's */
		pg_result_text(ctx, v.i ? "t" : "f", 1);
		return;
	}
	buf_init(&b, TEXT_MAX);
	err_clear(&err);
	if (format_put_text(&b, &v, type, -1, &settings, &err) != 0) {
		function_fail_with(ctx, &err);
		buf_release(&b);
		return;
	}
	pg_result_buf(ctx, &b);
}

/* text -> name: 63 bytes, whole characters. */
void pg_name(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	if (t.len > 63)
		for (t.len = 63; t.len > 0 && ((unsigned char)t.data[t.len] & 0xc0) == 0x80;)
			t.len--;
	pg_result_text(ctx, t.data, t.len);
}

/* nq_varchar(x, typmod) and nq_bpchar refuse what is too long but for blanks; the _cut forms cut. arg: 1 bpchar, 2 cut. */
void pg_fit(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	intptr_t flags = function_arg(ctx);

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	const char *end = t.data + t.len, *at = t.data;
	int max = sqlite3_value_int(args[1]) - 4;

	for (int i = 0; i < max && at < end; i++)
		at += pg_char_len(at, end);
	for (const char *c = at; c < end && !(flags & 2); c++) {
		if (*c != ' ') {
			function_fail(ctx, SQLSTATE_STRING_TRUNCATION,
			    "value too long for type character%s(%d)", flags & 1 ? "" : " varying", max);
			return;
		}
	}
	while ((flags & 1) && at > t.data && at[-1] == ' ')
		at--;
	pg_result_text(ctx, t.data, (size_t)(at - t.data));
}

void pg_format_type(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	char space[TYPE_DISPLAY_MAX];

	(void)nargs;
	if (sqlite3_value_type(args[0]) == SQLITE_NULL) {
		sqlite3_result_null(ctx);
		return;
	}
	bool has_typmod = sqlite3_value_type(args[1]) != SQLITE_NULL;
	const char *name = type_display(
	    (oid_t)sqlite3_value_int64(args[0]), has_typmod ? sqlite3_value_int(args[1]) : -1, space);
	pg_result_text(ctx, name, strlen(name));
}

void pg_version(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *text = "PostgreSQL 15.0 (nqlite " NQLITE_VERSION ") on SQLite " SQLITE_VERSION;

	(void)nargs, (void)args;
	pg_result_text(ctx, text, strlen(text));
}

/* pg_sleep: in short steps, so that a cancel ends it. */
void pg_sleep(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct conn *conn = function_conn(ctx);
	double seconds = pg_float_arg(args[0]);
	const struct timespec step = { .tv_nsec = 5000000 };
	struct timespec now, start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (now = start;
	     (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds;
	     clock_gettime(CLOCK_MONOTONIC, &now)) {
		if (atomic_load(&conn->is_interrupted)) {
			function_fail(
			    ctx, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
			return;
		}
		nanosleep(&step, NULL);
	}
	sqlite3_result_text(ctx, "", 0, SQLITE_STATIC);
}

/* Two JSON arrays as one; a NULL beside one counts for nothing. */
void pg_array_cat(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	(void)nargs;
	for (int i = 0; i < 2; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL) {
			sqlite3_result_value(ctx, args[1 - i]);
			return;
		}
	}
	struct pg_text left = pg_text_arg(args[0]), right = pg_text_arg(args[1]);
	bool left_is_empty = left.len <= 2, right_is_empty = right.len <= 2;
	if (left_is_empty || right_is_empty) {
		sqlite3_result_value(ctx, left_is_empty ? args[1] : args[0]);
		return;
	}
	buf_init(&b, TEXT_MAX);
	buf_put(&b, left.data, left.len - 1);
	buf_put_byte(&b, ',');
	buf_put(&b, right.data + 1, right.len - 1);
	pg_result_buf(ctx, &b);
}
