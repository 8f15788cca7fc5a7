/* casts.h - the table of casts: which type becomes which, where, and how in SQLite.
 *
 * Owns:     the table, which is constant. It also feeds pg_cast.
 * Runs on:  any thread.
 * Promises: contexts are pg_cast's (PostgreSQL 15); casts through text input and output need no row.
 * Fails by: CAST_NONE. */
#ifndef NQLITE_SQL_CASTS_H
#define NQLITE_SQL_CASTS_H

#include "sql/types.h"

enum cast_context { CAST_IMPLICIT, CAST_ASSIGNMENT, CAST_EXPLICIT };

struct pg_cast {
	oid_t source, target;
	enum cast_context context; /* the strictest in which it applies by itself */
	const char *form;          /* SQLite with %1; NULL: the value is stored alike */
};

extern const struct pg_cast sql_casts[];
extern const size_t sql_ncasts;

/* The length functions: what makes a value of a type fit a typmod. %1 the value, %t the typmod. */
struct pg_length_cast {
	oid_t type;
	const char *assign_form;   /* refuses what doesn't fit */
	const char *explicit_form; /* cuts it */
};
const struct pg_length_cast *cast_find_length(oid_t type);

enum cast_path {
	CAST_NONE,
	CAST_SAME, /* nothing to do: equal, or stored alike */
	CAST_FORM, /* by the row's form */
	CAST_OUT,  /* through the text form: to a string type */
	CAST_IN,   /* through text input: from a string type */
};

/* How a value of `source` becomes one of `target` in this context; *cast is set for CAST_FORM. */
enum cast_path cast_find(oid_t source, oid_t target, enum cast_context context, const struct pg_cast **cast);

/* Is an implicit cast there, pseudo-types included? `source` OID_UNKNOWN: always. */
bool cast_is_implicit(oid_t source, oid_t target);

#endif
