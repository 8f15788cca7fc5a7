/* functions.h - the table of functions: argument types, result and SQLite form, one row each.
 *
 * Owns:     the table, which is constant. It also feeds pg_proc.
 * Runs on:  any thread.
 * Promises: a form calls SQLite's own function only where it does what PostgreSQL's does; else one of functions_pg (store).
 * Fails by: RESOLVE_NONE, RESOLVE_MANY. */
#ifndef NQLITE_SQL_FUNCTIONS_H
#define NQLITE_SQL_FUNCTIONS_H

#include "sql/resolve.h"

enum {
	FUNCTION_VOLATILE = 1,  /* differs from call to call */
	FUNCTION_STABLE = 2,    /* depends on the environment */
	FUNCTION_SLOW = 4,      /* never on a loop thread */
	FUNCTION_NULLABLE = 8,  /* may give NULL for arguments that aren't */
	FUNCTION_NOT_NULL = 16, /* never gives NULL */
	FUNCTION_VARIADIC = 32, /* the last argument repeats */
	FUNCTION_AGGREGATE = 64,
	FUNCTION_WINDOW = 128,    /* needs OVER */
	FUNCTION_SET = 256,       /* gives rows */
	FUNCTION_ORDERED = 512,   /* an aggregate whose result depends on the order of its input */
	FUNCTION_SETTING = 1024,  /* current_setting: the value comes with the statement */
	FUNCTION_PRIVATE = 2048,  /* only expressions of PostgreSQL's grammar call it */
	FUNCTION_COLLATED = 4096, /* compares its arguments: the first gets the collation of its type */
};

#define FUNCTION_ARGS_MAX 5

/* A form holds %1 .. %9 (arguments), %* (all, with commas), %+ (all but the first), %o1 (the text form of an argument; %c1: cast to text), %t (the
 * oid of the first argument's type), %e (of its elements), %f0 .. (a session_fact's slot), %% (a percent sign). */
struct pg_function {
	const char *name;
	oid_t result;
	uint8_t nargs;
	oid_t args[FUNCTION_ARGS_MAX];
	const char *form;
	unsigned flags;
};

extern const struct pg_function sql_functions[];
extern const size_t sql_nfunctions;

enum resolve_result function_find(
    const char *name, const oid_t *types, size_t ntypes, const struct pg_function **out);

/* Is there a function of that name at all? */
bool function_exists(const char *name);

#endif
