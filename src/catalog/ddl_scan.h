/* ddl_scan.h - what SQLite's pragmas don't say and only the CREATE text does: names, checks, predicates.
 *
 * Owns:     nothing; what it finds lies in the arena that was handed in.
 * Runs on:  any thread.
 * Promises: it reads texts that SQLite has accepted (sqlite_schema.sql) and never fails on one that it doesn't understand: then it
 *           finds less.
 * Fails by: -1, out of memory. Private to src/catalog. */
#ifndef NQLITE_CATALOG_DDL_SCAN_H
#define NQLITE_CATALOG_DDL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct ddl_constraint {
	char kind;                  /* p, u, f, c */
	const char *name;           /* NULL: none was given */
	const char *const *columns; /* p, u: the key; c: those that the expression names, each once */
	size_t ncolumns;
	const char *expression; /* c: between its parentheses */
};

struct ddl_name {
	const char *text;
	bool is_quoted; /* else PostgreSQL would have folded it to lower case */
};

struct ddl_table {
	struct ddl_name name;
	const struct ddl_name *columns;
	size_t ncolumns;
	const struct ddl_constraint *constraints; /* in the order of the text */
	size_t nconstraints;
};

/* Of a CREATE TABLE; of a CREATE VIEW the name alone. `sql` may be NULL: nothing is found. */
int ddl_scan_table(struct ddl_table *t, struct arena *arena, const char *sql);

/* The given name of the primary key (n 0) or of the unique constraint over these columns; NULL: none. */
const char *ddl_key_name(const struct ddl_table *t, char kind, const char *const *columns, size_t n);

/* The given name of the nth foreign key; NULL: none. */
const char *ddl_foreign_key_name(const struct ddl_table *t, size_t nth);

/* What stands after WHERE in a CREATE INDEX, or NULL. */
const char *ddl_predicate(struct arena *arena, const char *sql);

/* What stands after AS in a CREATE VIEW, in `sql` itself, or NULL. */
const char *ddl_view_query(const char *sql);

/* What stands between the parentheses of a CREATE INDEX' columns, in `sql` itself, or NULL. */
const char *ddl_index_columns(const char *sql, size_t *len);

#endif
