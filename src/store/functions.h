/* functions.h - what it takes to be an SQL function of ours, and the deterministic ones that every connection has.
 *
 * Owns:     nothing; tables of functions are constant.
 * Runs on:  the thread that runs the statement.
 * Promises: a function sees the connection's environment and nothing else of the machine. Ours are random(), randomblob(n),
 *           gen_random_uuid(), now() and its siblings: two nodes with the same environment get the same bytes, two calls in
 *           one environment get different random ones.
 * Fails by: function_fail: the statement fails with that SQLSTATE and sentence. */
#ifndef NQLITE_STORE_FUNCTIONS_H
#define NQLITE_STORE_FUNCTIONS_H

#include <sqlite3.h>

#include "store/conn.h"

/* One row of a table of functions; a table ends with a row without a name. A scalar function has `function`, an aggregate
 * has `step` and `final`, and `value` and `inverse` too when it can be a window function. */
struct sql_function {
	const char *name;
	int nargs; /* -1: any number */
	int flags; /* SQLITE_DETERMINISTIC (may stand in an index), SQLITE_DIRECTONLY (not in schemas), SQLITE_SUBTYPE .. */
	void (*function)(sqlite3_context *ctx, int nargs, sqlite3_value **args);
	void (*step)(sqlite3_context *ctx, int nargs, sqlite3_value **args);
	void (*final)(sqlite3_context *ctx);
	void (*value)(sqlite3_context *ctx);
	void (*inverse)(sqlite3_context *ctx, int nargs, sqlite3_value **args);
	intptr_t arg; /* function_arg(ctx): one C function for several rows */
};

/* A collation; a table ends with a row without a name. */
struct sql_collation {
	const char *name;
	int (*compare)(void *unused, int a_len, const void *a, int b_len, const void *b);
};

/* Inside a function. */
struct conn *function_conn(sqlite3_context *ctx);
intptr_t function_arg(sqlite3_context *ctx);

/* The environment that was set, or the machine's clock and a random seed while none is (readers only). Lent for the call. */
const struct environment *function_environment(sqlite3_context *ctx);

/* The next random number of this environment. */
uint64_t function_random(sqlite3_context *ctx);

/* Makes the statement fail with this SQLSTATE and sentence. The err is the connection's and lent for the call, so that detail
 * and hint can be added: err_detail(function_fail(ctx, ..), ..). */
struct err *function_fail(sqlite3_context *ctx, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with an err that is filled already. */
void function_fail_with(sqlite3_context *ctx, const struct err *err);

/* Gives a connection the functions and collations of several tables (both NULL-terminated lists); a later one replaces an
 * earlier one, and SQLite's own, of the same name and number of arguments. */
int functions_register(struct conn *conn, const struct sql_function *const *tables,
    const struct sql_collation *const *collations, struct err *err);

extern const struct sql_function functions_deterministic[];

#endif
