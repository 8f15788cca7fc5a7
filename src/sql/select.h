/* select.h - what a qualified query is made of.
 *
 * Owns:     nothing; all lives in the pass' arena.
 * Runs on:  the translator's thread.
 * Promises: select.c and select_from.c fill it, select_emit.c prints it and decides nothing.
 * Fails by: pass_fail while qualifying. */
#ifndef NQLITE_SQL_SELECT_H
#define NQLITE_SQL_SELECT_H

#include "sql/expr.h"

enum from_kind {
	FROM_TABLE, /* also a query of WITH */
	FROM_SUBQUERY,
	FROM_FUNCTION, /* table-valued */
	FROM_INLINED,  /* a subquery without FROM: its expressions stand where they are used */
	FROM_JOIN,
};

enum join_kind { JOIN_CROSS, JOIN_INNER, JOIN_LEFT, JOIN_RIGHT, JOIN_FULL };

struct from_item {
	enum from_kind kind;
	struct range_entry *entry;
	const char *sqlite_name;  /* FROM_TABLE */
	struct query_tree *query; /* FROM_SUBQUERY */
	struct expr *function;
	enum join_kind join;
	struct from_item *left, *right;
	struct expr *on; /* NULL: none */
};

struct from_tree {
	struct from_item **items;
	size_t n;
};

enum query_kind { QUERY_SELECT, QUERY_VALUES, QUERY_SET };
enum set_operation { SET_UNION, SET_UNION_ALL, SET_INTERSECT, SET_EXCEPT, SET_INTERSECT_ALL, SET_EXCEPT_ALL };

struct query_tree {
	enum query_kind kind;
	struct scope *scope;
	struct with_tree *with;
	struct target_list targets; /* QUERY_VALUES, QUERY_SET: columns only */

	struct from_tree from;
	struct expr *where, *having;
	struct expr **group;
	size_t ngroup;
	bool is_distinct;
	struct expr **distinct_on;
	size_t ndistinct_on;

	struct expr ***rows; /* QUERY_VALUES */
	size_t nrows;

	enum set_operation operation;
	struct query_tree *left, *right;

	struct sort_item *sort;
	size_t nsort;
	struct expr *limit, *offset;
	bool is_locking;
};

struct with_tree {
	struct cte **ctes;
	size_t n;
	bool is_recursive;
};

/* A function that gives rows in the select list: an item of FROM, whose column it is. */
struct expr *select_row_function(
    struct pass *p, const struct expr_context *c, struct expr *function, const char *name);

/* What selects from the query sees: its columns, which SQLite knows as c1, c2 .. */
struct range_column *columns_of_query(struct pass *p, const struct query_tree *q);
/* Exchanges the first columns' names for those of an alias; 42P10 when it has too many. */
void rename_columns(struct pass *p, struct range_column *columns, size_t n, PgQuery__Node *const *names,
    size_t nnames, const char *table);
bool query_column_is_nullable(const struct query_tree *q, size_t i);
/* Where the (first) expression of an output column stands; -1: it isn't there. */
int query_column_location(const struct query_tree *q, size_t i);

/* As PostgreSQL's FigureColname. */
const char *figure_column_name(const PgQuery__Node *node);

/* Adds the items of FROM to the scope; select_from.c. */
void qualify_from_items(
    struct pass *p, struct scope *s, PgQuery__Node *const *nodes, size_t n, struct from_tree *from);

/* WITH; select_with.c */
struct with_tree *qualify_ctes(struct pass *p, struct scope *s, const PgQuery__WithClause *with);

/* May it give more than one row? For scalar subqueries. */
bool query_gives_one_row(const struct query_tree *q);

/* names_columns: as c1, c2 .., for what selects from it. */
void emit_query(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns);
void emit_from_item(struct pass *p, struct buf *out, const struct from_item *item);

/* 42803 where a column is neither grouped nor aggregated. select_group.c */
void check_grouping(struct pass *p, const struct query_tree *q);

#endif
