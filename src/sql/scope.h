/* scope.h - the names of one query level: range table entries, their columns, named windows, WITH queries.
 *
 * Owns:     nothing; all lives in the pass' arena.
 * Runs on:  the translator's thread.
 * Promises: a name means what it means in PostgreSQL: nearest level first, ambiguity refused.
 * Fails by: pass_fail: 42P01, 42702, 42703, 42712. */
#ifndef NQLITE_SQL_SCOPE_H
#define NQLITE_SQL_SCOPE_H

#include "sql/pass.h"

struct range_column {
	const char *name;
	const char *sqlite_name; /* as the FROM item gives it in SQLite */
	oid_t type;
	int32_t typmod;
	bool is_nullable;
	struct expr *inlined; /* of a subquery without FROM: the expression itself; else NULL */
	oid_t table_oid;
	int16_t attnum;
};

struct range_entry {
	const char *alias; /* NULL: has no name to qualify with */
	const char *sqlite_alias;
	const struct relation *relation; /* NULL: a subquery or function */
	struct range_column *columns;
	size_t ncolumns;
	struct scope *scope; /* the level that it belongs to */
	bool is_null_padded; /* on the nullable side of an outer join */
};

/* What an unqualified name can mean. */
struct visible_column {
	const char *name;
	struct range_entry *entry; /* NULL: merged by USING */
	size_t column;
	struct expr *merged;
};

struct names {
	struct range_entry **entries;
	size_t nentries, entries_cap;
	struct visible_column *columns;
	size_t ncolumns, columns_cap;
};

/* A query of WITH. */
struct cte {
	const char *name;
	struct range_column *columns; /* NULL while its own first half is being looked at */
	size_t ncolumns;
	struct query_tree *query;
	char **aliases; /* of columns, as written */
	size_t naliases;
	int materialized; /* -1 not said, 0, 1 */
	int location;
};

struct scope {
	struct scope *outer;
	struct names names;
	struct cte **ctes;
	size_t nctes, ctes_cap;
	PgQuery__Node **windows; /* WINDOW clause */
	size_t nwindows;
	bool has_aggregates, has_windows;
	bool is_siblings;     /* the outer level's FROM items so far, as LATERAL sees them */
	bool is_sibling_used; /* and something of them was used */
	bool pins_literals;   /* expressions are compared with each other: literals decide */
	/* Functions that give rows, met in the select list: they become items of FROM. */
	struct from_item **row_functions;
	size_t nrow_functions, row_functions_cap;
};

struct range_entry *entry_new(struct pass *p, struct scope *s, const char *alias, size_t ncolumns);
struct range_entry *entry_of_relation(
    struct pass *p, struct scope *s, const struct relation *r, const char *alias);
void names_add_entry(struct pass *p, struct names *names, struct range_entry *entry, int location);
void names_add_column(struct pass *p, struct names *names, struct visible_column column);
const struct cte *scope_find_cte(const struct scope *s, const char *name);

/* The expression of a column. */
struct expr *column_expr(struct pass *p, struct range_entry *entry, size_t column, int location);
/* ColumnRef without a star. */
struct expr *qualify_column(struct pass *p, struct scope *s, const PgQuery__ColumnRef *ref);
/* Of `t.*`: 42P01 when there is none. */
struct range_entry *scope_find_entry(
    struct pass *p, struct scope *s, const char *schema, const char *name, int location);

#endif
