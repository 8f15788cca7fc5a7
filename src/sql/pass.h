/* pass.h - what the three passes share inside src/sql: the context of one translation, and typed trees.
 *
 * Owns:     a struct pass lives on translator_get's stack; trees live in its arena and die with the translation's making.
 * Runs on:  the translator's thread.
 * Promises: check refuses, qualify decides, emit prints. A typed tree says everything: emit looks nothing up.
 * Fails by: pass_fail, which does not return (longjmp to translator_get): a tree walk has no error paths to get wrong, and all its
 *           memory is in the arena. */
#ifndef NQLITE_SQL_PASS_H
#define NQLITE_SQL_PASS_H

#include <pg_query/pg_query.pb-c.h>
#include <setjmp.h>
#include <stdnoreturn.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sql/schema.h"
#include "sql/translate.h"
#include "sql/types.h"

/* A literal of the text, as literals.c found it: it can become a parameter, so that texts that differ only there share a translation. */
struct literal {
	size_t offset;  /* byte in the text, as libpg_query's location of the A_Const */
	bool is_pinned; /* its value was used for a decision: another value needs another translation */
	bool is_used;   /* it became a parameter slot */
	oid_t
	    type; /* what the text is read as when it became a slot (OID_UNKNOWN-typed strings get the type that they resolve to) */
	int32_t typmod;
};

struct pass {
	struct arena *arena; /* dies after translator_get: what the translation keeps is copied by it */
	jmp_buf failed;
	struct err *err;
	const char *text; /* the statement's, for positions */
	size_t position_base;
	const struct schema *schema;

	/* The client's parameters: types as declared, OID_NONE until inferred; grows when $n is met. */
	oid_t *param_types;
	size_t nparams, params_cap; /* params_cap 0: the array is the client's */
	bool params_fixed;          /* a simple query has none: $1 is 42P02 */

	/* Literals that may become slots; empty when literals stay. */
	struct literal *literals;
	size_t nliterals;

	/* Slots of the step that is being emitted: ?1 .. */
	struct slot *slots;
	size_t nslots, slots_cap;

	unsigned depth; /* of the tree walk: 54001 past PASS_DEPTH_MAX */
	bool is_slow, is_volatile;
};

#define PASS_DEPTH_MAX 500 /* SQLite's own limit is 1000 for an expression */

/* Ends the translation with an error. `location`: libpg_query's byte offset in the text, -1 unknown. */
noreturn void pass_fail(struct pass *p, int location, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with a hint or detail (either may be NULL). */
noreturn void pass_fail_hint(struct pass *p, int location, const char *sqlstate, const char *detail,
    const char *hint, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* 0A000 "<construct> is not supported". */
noreturn void pass_refuse(struct pass *p, int location, const char *construct);

/* Ends the translation with what p->err says already (type input filled it). */
noreturn void pass_fail_with(struct pass *p, int location);

/* Around a step down the tree: 54001 past PASS_DEPTH_MAX. */
void pass_enter(struct pass *p, int location);
void pass_leave(struct pass *p);

/* Arena memory that can't be NULL (53200 ends the translation); zeroed. */
void *pass_alloc(struct pass *p, size_t size);
char *pass_printf(struct pass *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *pass_strdup(struct pass *p, const char *text);
/* Room for one more of `size` bytes after n: the array, or a bigger copy. */
void *pass_grow(struct pass *p, void *array, size_t n, size_t *cap, size_t size);

/* ---- expressions (expr.c): qualify gives a typed tree, emit prints it ---- */

struct
    scope; /* the names that an expression may use: range table entries of a query level, and its outer levels (scope.h) */

enum expr_kind {
	EXPR_COLUMN,   /* range table alias + column */
	EXPR_CONST,    /* a value known now; may be a literal that becomes a slot */
	EXPR_PARAM,    /* client parameter */
	EXPR_FUNCTION, /* function or operator of the tables, or a special form: see expr.h */
	EXPR_CAST,
	EXPR_OTHER, /* the rest: CASE, subquery, IN, window .. : details in expr.h */
};

struct expr {
	enum expr_kind kind;
	oid_t type;
	int32_t typmod;
	bool is_nullable; /* false: can't be NULL (spares wrappers, keeps indexes) */
	int location;
	/* private to expr.c: see expr.h */
	struct expr_node *node;
	/* EXPR_COLUMN of a table: for RowDescription */
	oid_t table_oid;
	int16_t attnum;
};

/* Where an expression stands decides what may be in it. */
enum expr_place {
	PLACE_SELECT,
	PLACE_WHERE,
	PLACE_GROUP,
	PLACE_HAVING,
	PLACE_ORDER,
	PLACE_LIMIT,
	PLACE_VALUES,
	PLACE_SET,
	PLACE_RETURNING,
	PLACE_DEFAULT,
	PLACE_CHECK,
	PLACE_INDEX,
	PLACE_ON
};

struct expr *qualify_expr(
    struct pass *p, struct scope *scope, enum expr_place place, const PgQuery__Node *node);
/* `e` as a value of the type: unknown literals and untyped parameters resolve to it; else an assignment or implicit cast from the
 * table of casts. 42804 'column "c" is of type integer but expression is of type text' when `column` is given. */
struct expr *coerce_assign(struct pass *p, struct expr *e, oid_t type, int32_t typmod, const char *column);
struct expr *coerce_implicit(struct pass *p, struct expr *e, oid_t type, int32_t typmod);
struct expr *coerce_boolean(struct pass *p, struct expr *e,
    const char *clause); /* 42804 'argument of WHERE must be type boolean, not type ..' */
void emit_expr(struct pass *p, struct buf *out, const struct expr *e);

/* TypeName -> type and typmod; 42704 'type "x" does not exist'. serial types are the caller's. */
const struct type *qualify_type(struct pass *p, const PgQuery__TypeName *name, int32_t *typmod);

/* ---- queries (select.c) ---- */

struct query_tree; /* a qualified SELECT, VALUES or set operation */
struct query_tree *qualify_select(struct pass *p, struct scope *outer, const PgQuery__SelectStmt *stmt);
void emit_select(struct pass *p, struct buf *out, const struct query_tree *q);
size_t query_columns(const struct query_tree *q, const struct result_column **columns);
/* An unknown-typed output column becomes `types[i]` (INSERT .. SELECT, VALUES rows); ntypes may be fewer than the columns. */
void query_resolve(struct pass *p, struct query_tree *q, const oid_t *types, const int32_t *typmods,
    size_t ntypes, const char *const *names);
/* WITH of a data-changing statement: adds its queries to the scope, and emits "WITH .. ". NULL: there is none. */
struct with_tree *qualify_with(struct pass *p, struct scope *scope, const PgQuery__WithClause *with);
void emit_with(struct pass *p, struct buf *out, const struct with_tree *with);

/* ---- scopes (scope.c) ---- */

struct scope *scope_new(struct pass *p, struct scope *outer);
/* Adds a table (its alias, or its name); 42712 when the name is taken. The columns are visible by name and qualified. */
void scope_add_relation(struct pass *p, struct scope *s, const struct relation *r, const char *alias);
/* FROM of UPDATE, USING of DELETE: adds all items and returns what emits them. */
struct from_tree *qualify_from(struct pass *p, struct scope *s, PgQuery__Node **items, size_t n);
void emit_from(struct pass *p, struct buf *out, const struct from_tree *from);
/* 42P01 with PostgreSQL's sentence when it isn't there. */
const struct relation *qualify_relation(struct pass *p, const PgQuery__RangeVar *rv);
/* RETURNING and select lists: expands *, names the columns as PostgreSQL does. */
struct target_list {
	struct expr **exprs;
	struct result_column *columns;
	size_t n;
};
struct target_list qualify_targets(
    struct pass *p, struct scope *s, enum expr_place place, PgQuery__Node **items, size_t n);
void emit_targets(struct pass *p, struct buf *out, const struct target_list *targets);

/* ---- printing: emission never jumps, so that a caller's buf can't leak; a failure is the buf's `failed`, which
 * pass_add_step looks at ---- */

/* "?N" for a slot of this step. */
void emit_slot(struct pass *p, struct buf *out, struct slot slot);

void emit_name(struct buf *out, const char *name);   /* "quoted", quotes doubled */
void emit_string(struct buf *out, const char *text); /* 'quoted' */

/* ---- statements: each fills the translation's fields (in the pass' arena; translator.c copies) ---- */

/* One step from what was emitted; takes the pass' slots and begins a new list. The text is copied: the caller releases `sql`,
 * except when this fails (54000, 53200): then it is released here. */
void pass_add_step(
    struct pass *p, struct translation *t, struct buf *sql, bool is_internal, bool gives_result);

void translate_select(struct pass *p, const PgQuery__SelectStmt *s, struct translation *t); /* select.c */
void translate_insert(struct pass *p, const PgQuery__InsertStmt *s, struct translation *t); /* dml.c */
void translate_update(struct pass *p, const PgQuery__UpdateStmt *s, struct translation *t); /* dml.c */
void translate_delete(struct pass *p, const PgQuery__DeleteStmt *s, struct translation *t); /* dml.c */
/* Everything else, by node type: DDL (ddl*.c), COPY, EXPLAIN, SET .. (utility.c). */
void translate_statement(struct pass *p, const PgQuery__Node *node, struct translation *t); /* statement.c */

#endif
