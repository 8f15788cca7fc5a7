/* dml.h - what INSERT, UPDATE, DELETE and COPY share: their target, and the values that go into its columns.
 *
 * Owns:     nothing; all lives in the pass' arena.
 * Runs on:  the translator's thread, inside a pass.
 * Promises: a value that reaches a column has the column's type, length included; the rowid never becomes NULL, where SQLite would put
 *           a number of its own.
 * Fails by: pass_fail while qualifying; emission doesn't. */
#ifndef NQLITE_SQL_DML_H
#define NQLITE_SQL_DML_H

#include "sql/expr.h"
#include "sql/statement.h"

/* The table that is written. */
struct target {
	const struct relation *relation;
	const char *alias; /* NULL: none */
};

enum target_verb { TARGET_INSERT, TARGET_UPDATE, TARGET_DELETE, TARGET_COPY };

/* 42P01; 42501 for a catalog; 55000 for a view; 42809 for what is neither. */
struct target qualify_target(struct pass *p, const PgQuery__RangeVar *rv, enum target_verb verb);

/* 42703 'column "x" of relation "t" does not exist'. */
const struct column *target_column(struct pass *p, const struct relation *r, const char *name, int location);

/* What goes into a column. */
struct assignment {
	const struct column *column;
	struct expr *value; /* NULL: its default */
};

/* The expression, or DEFAULT (SetToDefault), for a column. */
struct assignment qualify_assignment(struct pass *p, struct scope *scope, enum expr_place place,
    const struct column *column, const PgQuery__Node *node);
void emit_assignment(struct pass *p, struct buf *out, const struct relation *r, const struct assignment *a);

/* Has the column to be given a value although the statement has none for it? SQLite has no DEFAULT for the rowid. */
bool needs_default(const struct column *column);

/* RETURNING: SQLite knows the target there by its own name only, and nothing of FROM or USING (has_from): the names of those are in
 * `outer`, to be refused. Fills the translation's columns. */
struct target_list qualify_returning(struct pass *p, const struct target *target, struct scope *outer,
    bool has_from, PgQuery__Node **items, size_t n, struct translation *t);
void emit_returning(struct pass *p, struct buf *out, const struct target_list *list);

/* A query as a source of values: its columns, converted. */
struct source {
	struct query_tree *query;
	struct assignment *values; /* over the columns of the query, which is called "_s" */
	size_t n, ncolumns;        /* assignments (with defaults); columns of the query */
};
struct source *qualify_source(struct pass *p, struct scope *outer, const PgQuery__SelectStmt *select,
    const struct column *const *columns, size_t ncolumns);
/* WITH "_s" AS (..) SELECT .. FROM "_s" WHERE true: the WHERE keeps an ON CONFLICT after it apart from a join's ON. */
void emit_source(struct pass *p, struct buf *out, const struct relation *r, const struct source *source);

#endif
