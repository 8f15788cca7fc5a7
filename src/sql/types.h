/* types.h - the table of types: PostgreSQL's facts and the SQLite form, one row a type.
 *
 * Owns:     the table, which is constant. It also feeds pg_type.
 * Runs on:  any thread.
 * Promises: OIDs, lengths, categories and preferred types are pg_type's (PostgreSQL 15).
 * Fails by: NULL for a type that isn't there. */
#ifndef NQLITE_SQL_TYPES_H
#define NQLITE_SQL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgwire/oid.h"

struct type {
	oid_t oid;
	const char *name;    /* pg_type.typname: int4 */
	const char *display; /* as format_type says it: integer */
	const char
	    *sqlite; /* declared type in CREATE TABLE: picks the affinity. NULL: no column can have it */
	int16_t len; /* typlen: bytes, -1 varlena, -2 cstring */
	bool by_value;
	char kind; /* typtype: b base, p pseudo */
	char
	    category; /* typcategory: N numeric, S string, B boolean, D date/time, A array, U user, P pseudo, X unknown .. */
	bool is_preferred;
	oid_t array;   /* typarray, 0: none */
	oid_t element; /* typelem, 0: none */
	/* What stands after the declared type in CREATE TABLE, NULL: nothing. A numeric is TEXT, yet equal and ordered by value. */
	const char *collation;
};

/* Types that the tables of functions and operators name and no value has. */
enum {
	OID_CSTRING = 2275,
	OID_TRIGGER = 2279,
	OID_INTERNAL = 2281,
	OID_ANYCOMPATIBLE = 5077,
	OID_ANYCOMPATIBLEARRAY = 5078,
	OID_ANYCOMPATIBLENONARRAY = 5079,
};

#define COLLATION_NUMERIC "nq_numeric"

extern const struct type sql_types[];
extern const size_t sql_ntypes;

const struct type *type_find(oid_t oid);
/* By typname or one of the names that the grammar makes (int4, varchar, "char"); lower case. NULL: none. */
const struct type *type_find_name(const char *name);

/* As format_type says it: "integer", "character varying(10)". Lent: from the table, or written into `space`. */
#define TYPE_DISPLAY_MAX 80
const char *type_display(oid_t oid, int32_t typmod, char space[TYPE_DISPLAY_MAX]);

static inline bool type_is_array(const struct type *t)
{
	return t != NULL && t->category == 'A' && t->element != 0;
}

#endif
