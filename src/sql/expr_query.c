#include "sql/expr.h"
#include "sql/select.h"

static struct expr *subquery(struct pass *p, const char *form, oid_t type, struct expr **args, size_t nargs,
    struct query_tree *q, int location)
{
	struct expr *e = expr_form(p, form, type, args, nargs, location);

	e->node->kind = NODE_SUBQUERY;
	e->kind = EXPR_OTHER;
	e->node->query = q;
	e->is_nullable = true;
	return e;
}

static void check_single(struct pass *p, const struct query_tree *q, int location)
{
	if (q->targets.n != 1)
		pass_fail(p, location, SQLSTATE_SYNTAX,
		    q->targets.n > 1 ? "subquery must return only one column"
				     : "subquery must return a column");
}

/* As many columns as the left side of the operator. */
static void check_columns(struct pass *p, const struct query_tree *q, size_t n, int location)
{
	if (q->targets.n != n)
		pass_fail(p, location, SQLSTATE_SYNTAX,
		    q->targets.n > n ? "subquery has too many columns" : "subquery has too few columns");
}

static struct expr *scalar(struct pass *p, struct query_tree *q, int location)
{
	check_single(p, q, location);
	/* SQLite would take the first row; PostgreSQL refuses a second (21000). */
	const char *form = query_gives_one_row(q) ? "(%q)" : "(SELECT nq_single(c1) FROM (%Q))";
	struct expr *e = subquery(p, form, q->targets.columns[0].type, NULL, 0, q, location);

	e->typmod = q->targets.columns[0].typmod;
	return e;
}

/* What a column of the subquery is to the operator. */
static struct expr *column_of(struct pass *p, const struct query_tree *q, size_t i)
{
	struct expr *e = expr_form(p, pass_printf(p, "c%zu", i + 1), q->targets.columns[i].type, NULL, 0, -1);

	e->is_nullable = true;
	return e;
}

/* (a, b) IN (SELECT ..): all pairs must be compared as SQLite compares row values. */
static struct expr *in_rows(
    struct pass *p, struct expr *left, struct query_tree *q, bool is_not, int location)
{
	check_columns(p, q, left->node->nargs, location);
	for (size_t i = 0; i < left->node->nargs; i++) {
		const struct pg_operator *o;
		struct expr *column = column_of(p, q, i);
		struct expr *e = apply_operator(p, "=", left->node->args[i], column, location, &o);

		if (e->node->args[1] != column || strstr(o->form, "COLLATE") != NULL)
			pass_refuse(p, location, "IN with a row of other types than the subquery's");
		left->node->args[i] = e->node->args[0];
	}
	return subquery(p, is_not ? "(%1 NOT IN (%q))" : "(%1 IN (%q))", OID_BOOL, &left, 1, q, location);
}

/* See expr_operator.c for arrays: true if one is, else NULL if one is, else false. */
static struct expr *any_rows(
    struct pass *p, const char *name, struct expr *left, struct query_tree *q, bool is_any, int location)
{
	const struct pg_operator *o;

	if (left->type == OID_RECORD) {
		bool is_in = is_any && strcmp(name, "=") == 0, is_not_in = !is_any && strcmp(name, "<>") == 0;

		if (!is_in && !is_not_in)
			pass_refuse(p, location, "this comparison of a row with a subquery");
		return in_rows(p, left, q, is_not_in, location);
	}
	check_columns(p, q, 1, location);

	struct expr *column = column_of(p, q, 0);
	struct expr *comparison = apply_operator(p, name, left, column, location, &o);
	struct expr *args[] = { comparison->node->args[0], comparison };
	bool is_plain = comparison->node->args[1] == column && (o->flags & OPERATOR_NATIVE) &&
			strstr(o->form, "COLLATE") == NULL;
	const char *form = is_any ? "(SELECT CASE WHEN max(v) = 1 THEN 1 WHEN count(v) < count(*) THEN NULL "
				    "ELSE 0 END FROM (SELECT %2 AS v FROM (%Q)))"
				  : "(SELECT CASE WHEN min(v) = 0 THEN 0 WHEN count(v) < count(*) THEN NULL "
				    "ELSE 1 END FROM (SELECT %2 AS v FROM (%Q)))";

	if (is_plain && is_any && strcmp(o->name, "=") == 0)
		form = "(%1 IN (%q))";
	else if (is_plain && !is_any && strcmp(o->name, "<>") == 0)
		form = "(%1 NOT IN (%q))";
	return subquery(p, form, OID_BOOL, args, 2, q, location);
}

static const char *sublink_operator(const PgQuery__SubLink *node)
{
	const char *schema;

	return node->n_oper_name > 0 ? last_name(node->oper_name, node->n_oper_name, &schema) : "=";
}

static struct expr *array_of(struct pass *p, struct query_tree *q, int location)
{
	check_single(p, q, location);
	const struct type *t = type_find(q->targets.columns[0].type);

	if (t->array == OID_NONE || t->oid == OID_BYTEA)
		pass_refuse(p, location, "an array of this type");
	struct expr *e =
	    subquery(p, "(SELECT json_group_array(c1) FROM (%Q))", t->array, NULL, 0, q, location);
	e->is_nullable = false;
	return e;
}

struct expr *qualify_sublink(struct pass *p, const struct expr_context *c, const PgQuery__SubLink *node)
{
	struct expr *e;

	if (c->scope == NULL || c->place == PLACE_DEFAULT || c->place == PLACE_CHECK ||
	    c->place == PLACE_INDEX)
		pass_fail(p, node->location, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use subquery in %s",
		    c->place == PLACE_CHECK   ? "check constraint"
		    : c->place == PLACE_INDEX ? "index expression"
					      : "DEFAULT expression");

	struct expr *left = node->testexpr != NULL ? qualify_node(p, c, node->testexpr) : NULL;
	struct query_tree *q = qualify_select(p, c->scope, node->subselect->select_stmt);
	switch (node->sub_link_type) {
	case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
		e = subquery(p, "EXISTS (%q)", OID_BOOL, NULL, 0, q, node->location);
		e->is_nullable = false;
		return e;
	case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK:
		query_resolve(p, q, NULL, NULL, 0, NULL);
		return scalar(p, q, node->location);
	case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
		query_resolve(p, q, NULL, NULL, 0, NULL);
		return any_rows(p, sublink_operator(node), left, q, true, node->location);
	case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK:
		query_resolve(p, q, NULL, NULL, 0, NULL);
		return any_rows(p, sublink_operator(node), left, q, false, node->location);
	case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
		query_resolve(p, q, NULL, NULL, 0, NULL);
		return array_of(p, q, node->location);
	default: pass_refuse(p, node->location, "this kind of subquery");
	}
}
