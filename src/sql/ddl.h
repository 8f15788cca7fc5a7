/* ddl.h - what the DDL statements share: definitions of columns and constraints, and the steps that write the catalog's rows.
 *
 * Owns:     nothing; all lives in the pass' arena.
 * Runs on:  the translator's thread, inside a pass.
 * Promises: SQLite's schema and the _nqlite_ tables change in one entry. A primary key of one integer column is the rowid; every other
 *           key is a unique index of the constraint's own name: so it can be dropped and added without touching the table, and SQLite's
 *           errors can be told apart. CHECK and FOREIGN KEY are named constraints of the table.
 * Fails by: pass_fail. */
#ifndef NQLITE_SQL_DDL_H
#define NQLITE_SQL_DDL_H

#include "sql/expr.h"
#include "sql/statement.h"

struct column_def {
	const char *name;
	oid_t type;
	int32_t typmod;
	const char *declared;  /* type in SQLite */
	const char *collation; /* of SQLite, or NULL: bytes */
	int16_t attnum;
	bool not_null, null_is_said, is_rowid, is_serial;
	char identity;
	const char *default_sql, *default_pg; /* NULL: none */
	bool default_is_constant;
	const char *generated_sql, *generated_pg;
	const struct sequence_def *sequence;
	int location;
};

struct sequence_def {
	const char *name;
	int64_t start, increment, min, max;
	bool cycles;
};

struct constraint_def {
	char kind; /* as pg_constraint.contype */
	const char *name;
	const char **columns; /* their names */
	const int16_t *attnums;
	size_t ncolumns;
	const char *definition; /* what goes into _nqlite_constraint.definition */
	const char *check_sql;
	const char *target; /* f: table in SQLite */
	const char **target_columns;
	const char *on_update, *on_delete; /* SQLite's words, or "" */
	bool is_deferrable, is_deferred;
	bool is_rowid; /* p: no index, it is the rowid */
};

/* A table that is being made or changed. */
struct table_def {
	const char *schema, *name;
	struct column_def *columns;
	size_t ncolumns, columns_cap;
	struct constraint_def *constraints;
	size_t nconstraints, constraints_cap;
	const struct relation *existing; /* ALTER TABLE: what is there; else NULL */
};

/* ---- names ---- */

/* Of the schema a new object goes to: 3F000 when it isn't there, 42501 for a catalog. */
const char *ddl_schema(struct pass *p, const PgQuery__RangeVar *rv);
/* 42P07 and 42939; true: it exists and that is fine (IF NOT EXISTS): a notice was added. */
bool ddl_name_exists(struct pass *p, const PgQuery__RangeVar *rv, bool if_not_exists, struct translation *t);
void ddl_check_name(struct pass *p, const char *name, int location);
/* table_columns_label as PostgreSQL makes it, with a number when it is taken. */
const char *ddl_choose_name(
    struct pass *p, const struct table_def *def, const char *columns, const char *label);
const char *ddl_join(struct pass *p, const char *const *names, size_t n);
/* A table that may be changed; 42809 when it is something else. */
const struct relation *ddl_table(struct pass *p, const PgQuery__RangeVar *rv, const char *what);

/* ---- definitions (ddl_table.c, ddl_constraint.c) ---- */

/* Reads a column with its constraints, which are added to the table. */
struct column_def *ddl_add_column(struct pass *p, struct table_def *def, const PgQuery__ColumnDef *node);
/* The keys, checks and references of a column of ALTER TABLE .. ADD COLUMN. */
void ddl_add_column_constraints(struct pass *p, struct table_def *def, const PgQuery__ColumnDef *node);
void ddl_add_constraint(
    struct pass *p, struct table_def *def, const PgQuery__Constraint *node, struct column_def *column);
struct column_def *ddl_find_column(const struct table_def *def, const char *name);
/* Attributes of keys: NOT NULL, rowid. Of constraints[from ..]. */
void ddl_finish_keys(struct pass *p, struct table_def *def, size_t from);
/* A scope in which the table's columns are visible, for CHECK and generated columns. */
struct scope *ddl_scope(struct pass *p, const struct table_def *def);
/* The definition of a table that is there. */
struct table_def *ddl_of_relation(struct pass *p, const struct relation *r);

/* The text of an expression in SQLite's SQL; 42P02 and 0A000 for what has no value in a definition. */
const char *ddl_expr_sql(struct pass *p, const struct expr *e);
/* Likewise of a query. */
const char *ddl_query_sql(struct pass *p, const struct query_tree *query);
/* A default's. */
void ddl_set_default(struct pass *p, struct column_def *column, const PgQuery__Node *node);
/* An expression as PostgreSQL would print it. */
const char *ddl_deparse(struct pass *p, const PgQuery__Node *node);

/* A name as PostgreSQL's definitions print it: quoted where it must be. */
const char *ddl_quoted(struct pass *p, const char *name);

void ddl_emit_column(struct buf *out, const struct column_def *column);
void ddl_emit_constraint(struct buf *out, const struct constraint_def *c); /* c and f */

/* ---- steps ---- */

void ddl_step(struct pass *p, struct translation *t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Quoted for a text: a name, a string or NULL. */
const char *ddl_name(struct pass *p, const char *name);
const char *ddl_string(struct pass *p, const char *text);
/* Row of _nqlite_class. */
void ddl_step_class(struct pass *p, struct translation *t, const char *schema, const char *name, char kind);
/* (SELECT oid FROM _nqlite_class WHERE ..) */
const char *ddl_class_oid(struct pass *p, const char *schema, const char *name);
void ddl_step_column(
    struct pass *p, struct translation *t, const struct table_def *def, const struct column_def *column);
/* Row of _nqlite_constraint, and its index. */
void ddl_step_constraint(
    struct pass *p, struct translation *t, const struct table_def *def, const struct constraint_def *c);
void ddl_step_sequence(
    struct pass *p, struct translation *t, const struct table_def *def, const struct sequence_def *s);
/* Makes sure that a table from SQLite's dialect has rows in the _nqlite_ tables before they are changed. */
void ddl_step_adopt(struct pass *p, struct translation *t, const struct relation *r);
/* The rows of a relation that goes. */
void ddl_step_forget(struct pass *p, struct translation *t, const struct relation *r);
void ddl_step_drop_index(struct pass *p, struct translation *t, const char *name);
/* Fails, when the entry runs, if the query that follows FROM has a row. */
void ddl_step_guard(
    struct pass *p, struct translation *t, const char *sqlstate, const char *message, const char *from);
/* ", 'a', 'b'" for a list of texts. */
const char *ddl_string_list(struct pass *p, const char *const *texts, size_t n);

/* The sequence that a default draws from, or NULL. */
const char *ddl_sequence_of(struct pass *p, const char *default_sql);

#endif
