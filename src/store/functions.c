#include "store/functions.h"

#include <stdlib.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "store/conn_internal.h"

#define MICROSECONDS 1000000

struct conn *function_conn(sqlite3_context *ctx)
{
	return ((struct bound_function *)sqlite3_user_data(ctx))->conn;
}

intptr_t function_arg(sqlite3_context *ctx)
{
	return ((struct bound_function *)sqlite3_user_data(ctx))->function->arg;
}

const struct environment *function_environment(sqlite3_context *ctx)
{
	struct conn *conn = function_conn(ctx);

	if (!conn->has_environment)
		conn->environment.now_us = clock_now_us(&clock_system);
	return &conn->environment;
}

/* SplitMix64's output function over a counter: any draw is computed from the seed and its number alone. */
uint64_t function_random(sqlite3_context *ctx)
{
	struct conn *conn = function_conn(ctx);
	uint64_t x = conn->environment.seed + ++conn->draws * UINT64_C(0x9E3779B97F4A7C15);

	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

struct err *function_fail(sqlite3_context *ctx, const char *sqlstate, const char *fmt, ...)
{
	struct err *err = conn_raise(function_conn(ctx));
	va_list args;

	va_start(args, fmt);
	err_vset(err, sqlstate, fmt, args);
	va_end(args);
	sqlite3_result_error(ctx, err->message, -1);
	return err;
}

void function_fail_with(sqlite3_context *ctx, const struct err *err)
{
	*conn_raise(function_conn(ctx)) = *err;
	sqlite3_result_error(ctx, err->message, -1);
}

/* As SQLite's own, it never gives -2^63, so that abs(random()) can't overflow. */
static void fn_random(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int64_t n = (int64_t)function_random(ctx);

	(void)nargs, (void)args;
	sqlite3_result_int64(ctx, n == INT64_MIN ? 0 : n);
}

static void random_bytes(sqlite3_context *ctx, uint8_t *out, size_t len)
{
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = function_random(ctx);

		for (size_t i = at; i < at + 8 && i < len; i++, word >>= 8)
			out[i] = (uint8_t)word; /* little end first on every machine */
	}
}

static void fn_randomblob(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	sqlite3_int64 len = sqlite3_value_int64(args[0]);

	(void)nargs;
	if (len < 1)
		len = 1;
	if (len > sqlite3_limit(function_conn(ctx)->db, SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(ctx);
		return;
	}

	uint8_t *bytes = sqlite3_malloc64((sqlite3_uint64)len);
	if (bytes == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	random_bytes(ctx, bytes, (size_t)len);
	sqlite3_result_blob64(ctx, bytes, (sqlite3_uint64)len, sqlite3_free);
}

static void fn_gen_random_uuid(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[16];
	char text[36];
	char *to = text;

	(void)nargs, (void)args;
	random_bytes(ctx, bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 4122, 4.4: version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	sqlite3_result_text(ctx, text, sizeof(text), SQLITE_TRANSIENT);
}

/* A timestamptz as it is stored: "2026-11-22 15:58:00.123456+00", without zeros at the fraction's end. */
static void fn_now(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int64_t now_us = function_environment(ctx)->now_us;
	int64_t fraction = now_us % MICROSECONDS;
	time_t seconds = (time_t)(now_us / MICROSECONDS);
	struct tm tm;
	char text[64];

	(void)nargs, (void)args;
	if (fraction < 0) {
		fraction += MICROSECONDS;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	int len = snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction != 0) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, ".%06d", (int)fraction);
		while (text[len - 1] == '0')
			len--;
	}
	len += snprintf(text + len, sizeof(text) - (size_t)len, "+00");
	sqlite3_result_text(ctx, text, len, SQLITE_TRANSIENT);
}

const struct sql_function functions_deterministic[] = {
	{ .name = "random", .nargs = 0, .function = fn_random },
	{ .name = "randomblob", .nargs = 1, .function = fn_randomblob },
	{ .name = "gen_random_uuid", .nargs = 0, .function = fn_gen_random_uuid },
	{ .name = "now", .nargs = 0, .function = fn_now },
	{ .name = "transaction_timestamp", .nargs = 0, .function = fn_now },
	{ .name = "statement_timestamp", .nargs = 0, .function = fn_now },
	{ .name = "clock_timestamp", .nargs = 0, .function = fn_now },
	{ .name = NULL },
};

static int register_function(struct conn *conn, struct bound_function *bound)
{
	const struct sql_function *f = bound->function;
	int flags = f->flags | SQLITE_UTF8;

	/* Ours are safe in schemas that others wrote, so they may stand in DEFAULTs, triggers and views. */
	if ((flags & SQLITE_DIRECTONLY) == 0)
		flags |= SQLITE_INNOCUOUS;
	if (f->value != NULL)
		return sqlite3_create_window_function(
		    conn->db, f->name, f->nargs, flags, bound, f->step, f->final, f->value, f->inverse, NULL);
	return sqlite3_create_function_v2(
	    conn->db, f->name, f->nargs, flags, bound, f->function, f->step, f->final, NULL);
}

static int register_table(struct conn *conn, const struct sql_function *table)
{
	size_t n = 0;

	while (table[n].name != NULL)
		n++;

	struct bound_function **arrays =
	    realloc(conn->functions, (conn->nfunctions + 1) * sizeof(struct bound_function *));
	struct bound_function *bound = calloc(n + 1, sizeof(*bound));
	if (arrays != NULL)
		conn->functions = arrays;
	if (arrays == NULL || bound == NULL) {
		free(bound);
		return SQLITE_NOMEM;
	}
	conn->functions[conn->nfunctions++] = bound;

	for (size_t i = 0; i < n; i++) {
		bound[i] = (struct bound_function){ .conn = conn, .function = &table[i] };
		int rc = register_function(conn, &bound[i]);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

int functions_register(struct conn *conn, const struct sql_function *const *tables,
    const struct sql_collation *const *collations, struct err *err)
{
	int rc = SQLITE_OK;

	for (; rc == SQLITE_OK && *tables != NULL; tables++)
		rc = register_table(conn, *tables);
	for (; rc == SQLITE_OK && *collations != NULL; collations++)
		for (const struct sql_collation *c = *collations; rc == SQLITE_OK && c->name != NULL; c++)
			rc = sqlite3_create_collation_v2(
			    conn->db, c->name, SQLITE_UTF8, NULL, c->compare, NULL);
	if (rc != SQLITE_OK)
		return err_set(
		    err, SQLSTATE_INTERNAL, "cannot register SQL functions: %s", sqlite3_errstr(rc));
	return 0;
}
