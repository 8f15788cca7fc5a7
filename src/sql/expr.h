/* expr.h - what a typed expression is made of.
 *
 * Owns:     nothing; nodes live in the pass' arena.
 * Runs on:  the translator's thread.
 * Promises: children are always args[], so that a walk needs to know nothing of the kinds.
 * Fails by: pass_fail while qualifying; emission doesn't. */
#ifndef NQLITE_SQL_EXPR_H
#define NQLITE_SQL_EXPR_H

#include "sql/casts.h"
#include "sql/operators.h"
#include "sql/pass.h"
#include "sql/scope.h"

enum node_kind {
	NODE_COLUMN,
	NODE_CONST,
	NODE_PARAM,
	NODE_FORM,     /* `form` over args: operators, functions, casts */
	NODE_JOINED,   /* args joined by `form`: AND, OR, row */
	NODE_CASE,     /* when, then, .., else; with an operand, each when is a comparison already */
	NODE_CALL,     /* aggregate or window function: call */
	NODE_SUBQUERY, /* `form` over args with %q: the query */
	NODE_SETTING,  /* current_setting of a name */
};

/* An item of ORDER BY. */
struct sort_item {
	struct expr *expr;
	size_t position; /* of the output column that it is, from 1; 0: none */
	bool is_descending, nulls_first;
};

struct window {
	struct expr **partition;
	size_t npartition;
	struct sort_item *sort;
	size_t nsort;
	int32_t frame; /* FRAMEOPTION_ bits */
	struct expr *start, *end;
};

struct call {
	const char *form;
	unsigned flags; /* of the function */
	bool is_distinct;
	struct expr *filter;
	struct sort_item *sort;
	size_t nsort;
	struct window *window; /* OVER */
	struct scope *scope;   /* whose rows it takes */
};

struct expr_node {
	enum node_kind kind;
	struct expr **args;
	size_t nargs;
	const char *form;
	union {
		struct {
			struct range_entry *entry;
			size_t index;
		} column;
		struct {
			struct value value; /* as it is stored; undefined while the type is unknown */
			const char *
			    text; /* as it was written, for reading it as another type; NULL: the constant NULL */
			struct literal *literal; /* NULL: not of the text, or it can't vary */
		} constant;
		unsigned param; /* from 1 */
		struct call *call;
		struct query_tree *query;
		const char *setting;
	};
};

/* Where an expression is being qualified. */
struct expr_context {
	struct scope *scope;
	enum expr_place place;
	bool in_aggregate, in_window;
};

struct expr *qualify_node(struct pass *p, const struct expr_context *c, const PgQuery__Node *node);
struct expr **qualify_nodes(
    struct pass *p, const struct expr_context *c, PgQuery__Node *const *nodes, size_t n);

/* Making nodes. */
struct expr *expr_new(struct pass *p, enum node_kind kind, oid_t type, int location);
struct expr *expr_form(
    struct pass *p, const char *form, oid_t type, struct expr *const *args, size_t nargs, int location);
struct expr *expr_constant(struct pass *p, oid_t type, const char *text, int location);
struct expr *expr_null(struct pass *p, oid_t type, int location);
struct expr *expr_bool(struct pass *p, bool value, int location);

/* Are they the same expression? Literals that are compared are pinned when `pins`. */
bool expr_equals(const struct expr *a, const struct expr *b, bool pins);
bool expr_is_constant(const struct expr *e);
/* The constant's value decides: another one needs another translation. */
void expr_pin(struct expr *e);

/* expr_coerce.c */
struct expr *coerce(struct pass *p, struct expr *e, oid_t type, int32_t typmod, enum cast_context context);
bool can_coerce(const struct expr *e, oid_t type, enum cast_context context);
struct expr *coerce_unknown(struct pass *p, struct expr *e, oid_t type);
/* All to their common type, which is returned. 42804 '<what> types integer and text cannot be matched'. */
oid_t coerce_common(struct pass *p, struct expr **exprs, size_t n, const char *what);

/* expr_operator.c */
struct expr *qualify_a_expr(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node);
struct expr *apply_operator(struct pass *p, const char *name, struct expr *left, struct expr *right,
    int location, const struct pg_operator **found);

/* expr_call.c */
struct expr *qualify_call(struct pass *p, const struct expr_context *c, const PgQuery__FuncCall *node);
struct expr *apply_function(struct pass *p, const char *name, struct expr **args, size_t nargs, int location);
struct sort_item *qualify_sort(
    struct pass *p, const struct expr_context *c, PgQuery__Node *const *items, size_t n);
/* A function in FROM: its form, with the arguments coerced. 42883. */
struct expr *qualify_row_function(
    struct pass *p, const struct expr_context *c, const PgQuery__FuncCall *node);

/* expr_query.c */
struct expr *qualify_sublink(struct pass *p, const struct expr_context *c, const PgQuery__SubLink *node);

/* expr_emit.c */
void emit_exprs(struct pass *p, struct buf *out, struct expr *const *exprs, size_t n);
void emit_sort(struct pass *p, struct buf *out, const struct sort_item *items, size_t n);
/* With the collation by which values of its type are compared. */
void emit_compared(struct pass *p, struct buf *out, const struct expr *e);

/* The last name of a qualified one; 42883/0A000 outside pg_catalog is the caller's: *schema is NULL when there is none. */
const char *last_name(PgQuery__Node *const *names, size_t n, const char **schema);
/* The value of a String node, NULL for another. */
const char *node_string(const PgQuery__Node *node);
/* Where the expression begins in the text; -1: not known. */
int node_location(const PgQuery__Node *node);

#endif
