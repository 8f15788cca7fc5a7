/* schema.h - what exists, in PostgreSQL's terms, as the translator asks for it.
 *
 * Owns:     nothing: the catalog owns relations and lends them as long as the struct schema lives.
 * Runs on:  any thread; a struct schema and all it lends never change.
 * Promises: a version names one state of the schema: equal versions, equal answers.
 * Fails by: NULL for what doesn't exist. */
#ifndef NQLITE_SQL_SCHEMA_H
#define NQLITE_SQL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgwire/oid.h"

struct column {
	const char *name;
	oid_t type;
	int32_t typmod; /* as pg_attribute.atttypmod: -1, or length + 4 for varchar(n) and char(n) */
	int16_t attnum; /* from 1 */
	bool not_null;
	bool
	    is_rowid; /* SQLite's INTEGER PRIMARY KEY: NULL would be replaced there, so it is refused by the translator */
	const char *default_sql; /* SQLite expression for DEFAULT, or NULL: none */
	const char *default_pg;  /* the same as PostgreSQL SQL, for pg_get_expr; NULL: none */
	char identity;           /* 'a' always, 'd' by default, 0 */
	bool is_generated;       /* GENERATED ALWAYS AS (..) STORED: never written */
};

struct constraint {
	const char *name;
	oid_t oid;
	char
	    kind; /* p primary key, u unique, f foreign key, c check, as pg_constraint.contype; 'x': a unique index that is no constraint */
	const int16_t *attnums;
	size_t nattnums;
	const char *predicate_sql; /* SQLite WHERE of a partial unique index, or NULL */
	const char *expression;    /* a check's SQL in PostgreSQL's terms, or NULL */
};

/* Oids from here on are made from a name: of what was created in SQLite's dialect, and isn't recorded in the _nqlite_ tables. */
#define SCHEMA_SYNTHETIC_OID_MIN 1000000000u

struct relation {
	oid_t oid;
	const char *schema;      /* public, pg_catalog, information_schema .. */
	const char *name;        /* PostgreSQL's */
	const char *sqlite_name; /* in SQLite, unquoted */
	char kind;               /* r table, v view, i index, S sequence, as pg_class.relkind */
	bool is_system;          /* a catalog: can't be written */
	const struct column *columns;
	size_t ncolumns;
	const struct constraint *constraints;
	size_t nconstraints;
};

struct schema {
	uint64_t version; /* replicated: moves with every DDL entry; see entry.h */
	/* schema_name NULL: along the search path (public, then pg_catalog first for unqualified pg_ names). */
	const struct relation *(*find_relation)(
	    const struct schema *s, const char *schema_name, const char *name);
	const struct relation *(*find_relation_by_oid)(const struct schema *s, oid_t oid);
	bool (*has_schema)(const struct schema *s, const char *schema_name);
	/* An index by name: sets *table to the relation that it is on. NULL: none. */
	const struct constraint *(*find_index)(
	    const struct schema *s, const char *schema_name, const char *name, const struct relation **table);
};

/* The column of that name, or NULL. */
const struct column *relation_column(const struct relation *r, const char *name);

#endif
