#include "sql/select.h"

#include "sql/functions.h"

static struct from_item *item_new(struct pass *p, enum from_kind kind)
{
	struct from_item *item = pass_alloc(p, sizeof *item);

	item->kind = kind;
	return item;
}

static const char *alias_name(const PgQuery__Alias *alias)
{
	return alias != NULL && alias->aliasname != NULL && *alias->aliasname != '\0' ? alias->aliasname
										      : NULL;
}

void rename_columns(struct pass *p, struct range_column *columns, size_t n, PgQuery__Node *const *names,
    size_t nnames, const char *table)
{
	if (nnames > n)
		pass_fail(p, -1, SQLSTATE_BAD_COLUMN_REFERENCE,
		    "table \"%s\" has %zu columns available but %zu columns specified", table, n, nnames);
	for (size_t i = 0; i < nnames; i++)
		columns[i].name = node_string(names[i]);
}

static void apply_alias(struct pass *p, struct range_entry *entry, const PgQuery__Alias *alias)
{
	if (alias != NULL)
		rename_columns(
		    p, entry->columns, entry->ncolumns, alias->colnames, alias->n_colnames, entry->alias);
}

/* ---- tables ---- */

static struct from_item *cte_item(
    struct pass *p, struct scope *s, const struct cte *cte, const PgQuery__RangeVar *rv)
{
	const char *alias = alias_name(rv->alias);
	struct from_item *item = item_new(p, FROM_TABLE);

	if (cte->columns == NULL)
		pass_fail(p, rv->location, "42P19",
		    "recursive reference to query \"%s\" must not appear within its non-recursive term",
		    cte->name);
	item->sqlite_name = cte->name;
	item->entry = entry_new(p, s, alias != NULL ? alias : cte->name, cte->ncolumns);
	memcpy(item->entry->columns, cte->columns, cte->ncolumns * sizeof *cte->columns);
	apply_alias(p, item->entry, rv->alias);
	return item;
}

const struct relation *qualify_relation(struct pass *p, const PgQuery__RangeVar *rv)
{
	const char *schema = rv->schemaname != NULL && *rv->schemaname != '\0' ? rv->schemaname : NULL;
	const struct relation *r = p->schema->find_relation(p->schema, schema, rv->relname);

	if (r != NULL)
		return r;
	if (schema != NULL)
		pass_fail(p, rv->location, SQLSTATE_NO_SUCH_TABLE, "relation \"%s.%s\" does not exist",
		    schema, rv->relname);
	pass_fail(p, rv->location, SQLSTATE_NO_SUCH_TABLE, "relation \"%s\" does not exist", rv->relname);
}

static struct from_item *table_item(struct pass *p, struct scope *s, const PgQuery__RangeVar *rv)
{
	bool has_schema = rv->schemaname != NULL && *rv->schemaname != '\0';
	const struct cte *cte = has_schema ? NULL : scope_find_cte(s, rv->relname);

	if (cte != NULL)
		return cte_item(p, s, cte, rv);

	const struct relation *r = qualify_relation(p, rv);
	struct from_item *item = item_new(p, FROM_TABLE);
	if (r->kind == 'i')
		pass_fail(
		    p, rv->location, SQLSTATE_WRONG_OBJECT_TYPE, "cannot open relation \"%s\"", r->name);
	if (r->kind == 'S')
		pass_refuse(p, rv->location, "a sequence in FROM");
	if (scope_find_cte(s, r->sqlite_name) != NULL)
		pass_refuse(p, rv->location, "a table that has the name of a WITH query");
	item->sqlite_name = r->sqlite_name;
	item->entry = entry_of_relation(p, s, r, alias_name(rv->alias));
	apply_alias(p, item->entry, rv->alias);
	return item;
}

/* ---- subqueries ---- */

struct range_column *columns_of_query(struct pass *p, const struct query_tree *q)
{
	struct range_column *columns = pass_alloc(p, (q->targets.n + 1) * sizeof *columns);

	for (size_t i = 0; i < q->targets.n; i++) {
		const struct result_column *c = &q->targets.columns[i];

		columns[i] = (struct range_column){ .name = c->name,
			.sqlite_name = pass_printf(p, "c%zu", i + 1),
			.type = c->type,
			.typmod = c->typmod,
			.is_nullable = query_column_is_nullable(q, i),
			.table_oid = c->table_oid,
			.attnum = c->attnum };
	}
	return columns;
}

/* Only expressions: no rows are made or lost, so each can stand where it is used. */
static bool can_inline(const struct query_tree *q)
{
	return q->kind == QUERY_SELECT && q->with == NULL && q->from.n == 0 && q->where == NULL &&
	       q->having == NULL && q->ngroup == 0 && !q->scope->has_aggregates && !q->scope->has_windows &&
	       q->limit == NULL && q->offset == NULL;
}

static struct from_item *subquery_item(
    struct pass *p, struct scope *s, const struct names *siblings, const PgQuery__RangeSubselect *node)
{
	const PgQuery__SelectStmt *stmt = node->subquery->select_stmt;
	const char *alias = alias_name(node->alias);
	struct scope *outer = s->outer, *view = NULL;

	if (alias == NULL)
		pass_fail_hint(p, -1, SQLSTATE_SYNTAX, NULL,
		    stmt->n_values_lists > 0 ? "For example, FROM (VALUES ...) [AS] foo."
					     : "For example, FROM (SELECT ...) [AS] foo.",
		    "%s in FROM must have an alias", stmt->n_values_lists > 0 ? "VALUES" : "subquery");
	view = scope_new(p, outer);
	view->ctes = s->ctes;
	view->nctes = s->nctes;
	if (node->lateral) {
		view->names = *siblings;
		view->is_siblings = true;
	}

	struct query_tree *q = qualify_select(p, view, stmt);
	query_resolve(p, q, NULL, NULL, 0, NULL);
	struct from_item *item = item_new(p, FROM_SUBQUERY);
	item->query = q;
	item->entry = entry_new(p, s, alias, q->targets.n);
	memcpy(item->entry->columns, columns_of_query(p, q), q->targets.n * sizeof(struct range_column));
	apply_alias(p, item->entry, node->alias);
	if (view->is_sibling_used) {
		if (!can_inline(q))
			pass_refuse(p, -1, "LATERAL with a subquery that has rows of its own");
		item->kind = FROM_INLINED;
		for (size_t i = 0; i < q->targets.n; i++)
			item->entry->columns[i].inlined = q->targets.exprs[i];
	}
	return item;
}

/* ---- functions ---- */

/* The table-valued functions are named in the form; their value is the column "value". */
static struct from_item *function_item_of(
    struct pass *p, struct scope *s, struct expr *function, const char *name, const char *sqlite_alias)
{
	struct from_item *item = item_new(p, FROM_FUNCTION);

	item->function = function;
	item->entry = entry_new(p, s, name, 1);
	item->entry->sqlite_alias = sqlite_alias;
	item->entry->columns[0] = (struct range_column){ .name = name,
		.sqlite_name = "value",
		.type = function->type,
		.typmod = -1,
		.is_nullable = function->is_nullable };
	return item;
}

/* A function of one row: a subquery without FROM. */
static struct from_item *scalar_item(struct pass *p, struct scope *s, struct expr *function, const char *name)
{
	struct from_item *item = function_item_of(p, s, coerce_unknown(p, function, OID_TEXT), name, name);

	item->kind = FROM_SUBQUERY;
	item->query = pass_alloc(p, sizeof *item->query);
	item->query->scope = scope_new(p, s->outer);
	item->query->targets.n = 1;
	item->query->targets.exprs = pass_alloc(p, sizeof(struct expr *));
	item->query->targets.exprs[0] = function;
	item->query->targets.columns = pass_alloc(p, sizeof(struct result_column));
	item->entry->columns[0].sqlite_name = "c1";
	return item;
}

static struct from_item *function_item(
    struct pass *p, struct scope *s, const struct names *siblings, const PgQuery__RangeFunction *node)
{
	const PgQuery__Node *first = node->functions[0]->list->items[0];
	struct scope *view = scope_new(p, s->outer);
	const struct expr_context c = { .scope = view, .place = PLACE_WHERE };
	const char *schema;

	if (node->ordinality)
		pass_refuse(p, -1, "WITH ORDINALITY");
	if (node->n_functions != 1 || node->is_rowsfrom)
		pass_refuse(p, -1, "ROWS FROM");
	if (node->n_coldeflist > 0)
		pass_refuse(p, -1, "a column definition list");
	if (first->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
		pass_refuse(p, -1, "this function in FROM");
	view->names = *siblings;
	view->ctes = s->ctes;
	view->nctes = s->nctes;

	const char *own_name = last_name(first->func_call->funcname, first->func_call->n_funcname, &schema);
	const char *name = alias_name(node->alias) != NULL ? alias_name(node->alias) : own_name;
	struct expr *function = qualify_row_function(p, &c, first->func_call);
	bool gives_rows =
	    strncmp(function->node->form != NULL ? function->node->form : "", "nq_generate_series", 18) ==
		0 ||
	    strncmp(function->node->form != NULL ? function->node->form : "", "json_each", 9) == 0;
	struct from_item *item =
	    gives_rows ? function_item_of(p, s, function, name, name) : scalar_item(p, s, function, name);
	apply_alias(p, item->entry, node->alias);
	return item;
}

struct expr *select_row_function(
    struct pass *p, const struct expr_context *c, struct expr *function, const char *name)
{
	struct scope *s = c->scope;

	if (c->place != PLACE_SELECT || c->in_aggregate)
		pass_fail(p, function->location, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "set-returning functions are not allowed here");
	if (s->nrow_functions > 0)
		pass_refuse(p, function->location, "several functions that give rows in a select list");

	struct from_item *item = function_item_of(p, s, function, NULL, pass_printf(p, "rows of %s", name));
	item->entry->columns[0].name = name;
	s->row_functions = pass_grow(
	    p, s->row_functions, s->nrow_functions, &s->row_functions_cap, sizeof(struct from_item *));
	s->row_functions[s->nrow_functions++] = item;
	return column_expr(p, item->entry, 0, function->location);
}

/* ---- joins ---- */

static struct from_item *qualify_item(struct pass *p, struct scope *s, const struct names *siblings,
    const PgQuery__Node *node, struct names *names);

static struct names both(struct pass *p, const struct names *a, const struct names *b)
{
	struct names sum = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct names *n = side == 0 ? a : b;

		for (size_t i = 0; i < n->nentries; i++) {
			struct range_entry *e = n->entries[i];
			size_t columns = sum.ncolumns;

			names_add_entry(p, &sum, e, -1);
			sum.ncolumns = columns; /* the visible columns differ from the entries' after USING */
		}
		for (size_t i = 0; i < n->ncolumns; i++)
			names_add_column(p, &sum, n->columns[i]);
	}
	return sum;
}

static struct expr *visible_expr(struct pass *p, const struct visible_column *v)
{
	return v->merged != NULL ? v->merged : column_expr(p, v->entry, v->column, -1);
}

static size_t find_visible(struct pass *p, const struct names *names, const char *name, const char *side)
{
	size_t found = names->ncolumns;

	for (size_t i = 0; i < names->ncolumns; i++) {
		if (strcmp(names->columns[i].name, name) != 0)
			continue;
		if (found < names->ncolumns)
			pass_fail(p, -1, SQLSTATE_AMBIGUOUS_COLUMN,
			    "common column name \"%s\" appears more than once in %s table", name, side);
		found = i;
	}
	return found;
}

static void pad(struct names *names)
{
	for (size_t i = 0; i < names->nentries; i++)
		names->entries[i]->is_null_padded = true;
	for (size_t i = 0; i < names->ncolumns; i++)
		if (names->columns[i].merged != NULL)
			names->columns[i].merged->is_nullable = true;
}

static struct expr *merge(struct pass *p, enum join_kind join, struct expr *left, struct expr *right)
{
	struct expr *pair[] = { left, right };

	coerce_common(p, pair, 2, "JOIN/USING");
	if (join == JOIN_RIGHT)
		return pair[1];
	if (join != JOIN_FULL)
		return pair[0];
	return expr_form(p, "coalesce(%1, %2)", pair[0]->type, pair, 2, -1);
}

static const char **common_names(struct pass *p, const PgQuery__JoinExpr *node, const struct names *left,
    const struct names *right, size_t *n)
{
	const char **common = pass_alloc(p, (left->ncolumns + node->n_using_clause + 1) * sizeof *common);

	*n = 0;
	for (size_t i = 0; i < node->n_using_clause; i++)
		common[(*n)++] = node_string(node->using_clause[i]);
	for (size_t i = 0; node->is_natural && i < left->ncolumns; i++)
		if (find_visible(p, right, left->columns[i].name, "right") < right->ncolumns)
			common[(*n)++] = left->columns[i].name;
	return common;
}

/* USING and NATURAL: the condition, and each common column once, first. */
static struct expr *join_using(struct pass *p, enum join_kind join, const PgQuery__JoinExpr *node,
    struct names *left, struct names *right, struct names *joined)
{
	size_t n;
	const char **common = common_names(p, node, left, right, &n);
	struct expr **conditions = pass_alloc(p, (n + 1) * sizeof *conditions);
	struct names all = both(p, left, right);

	joined->ncolumns = 0;
	for (size_t i = 0; i < n; i++) {
		size_t l = find_visible(p, left, common[i], "left"),
		       r = find_visible(p, right, common[i], "right");

		if (l == left->ncolumns || r == right->ncolumns)
			pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN,
			    "column \"%s\" specified in USING clause does not exist in %s table", common[i],
			    l == left->ncolumns ? "left" : "right");
		struct expr *a = visible_expr(p, &left->columns[l]), *b = visible_expr(p, &right->columns[r]);
		conditions[i] = apply_operator(p, "=", a, b, -1, NULL);
		names_add_column(
		    p, joined, (struct visible_column){ .name = common[i], .merged = merge(p, join, a, b) });
	}
	for (size_t i = 0; i < all.ncolumns; i++) {
		bool is_common = false;

		for (size_t k = 0; k < n; k++)
			is_common |= strcmp(common[k], all.columns[i].name) == 0;
		if (!is_common)
			names_add_column(p, joined, all.columns[i]);
	}
	if (n == 0)
		return NULL;
	struct expr *on = expr_form(p, " AND ", OID_BOOL, conditions, n, -1);
	on->node->kind = NODE_JOINED;
	return on;
}

static enum join_kind join_kind(struct pass *p, const PgQuery__JoinExpr *node)
{
	switch (node->jointype) {
	case PG_QUERY__JOIN_TYPE__JOIN_INNER: return JOIN_INNER;
	case PG_QUERY__JOIN_TYPE__JOIN_LEFT: return JOIN_LEFT;
	case PG_QUERY__JOIN_TYPE__JOIN_RIGHT: return JOIN_RIGHT;
	case PG_QUERY__JOIN_TYPE__JOIN_FULL: return JOIN_FULL;
	default: pass_refuse(p, -1, "this kind of join");
	}
}

static bool is_true(const struct expr *e)
{
	return e == NULL || (e->kind == EXPR_CONST && e->type == OID_BOOL && e->node->constant.text != NULL &&
				*e->node->constant.text == 't');
}

/* The condition sees the two sides alone (and what is outside of the query). */
static struct expr *join_on(
    struct pass *p, struct scope *s, const PgQuery__JoinExpr *node, const struct names *joined)
{
	struct names saved = s->names;

	s->names = *joined;
	struct expr *on = coerce_boolean(p, qualify_expr(p, s, PLACE_ON, node->quals), "JOIN/ON");
	s->names = saved;
	return on;
}

static struct from_item *join_item(struct pass *p, struct scope *s, const struct names *siblings,
    const PgQuery__JoinExpr *node, struct names *names)
{
	struct names left = { 0 }, right = { 0 };
	struct from_item *item = item_new(p, FROM_JOIN);

	if (alias_name(node->alias) != NULL || node->join_using_alias != NULL)
		pass_refuse(p, -1, "an alias of a join");
	item->join = join_kind(p, node);
	item->left = qualify_item(p, s, siblings, node->larg, &left);
	const struct names seen = both(p, siblings, &left);
	item->right = qualify_item(p, s, &seen, node->rarg, &right);
	*names = both(p, &left, &right);
	if (node->is_natural || node->n_using_clause > 0)
		item->on = join_using(p, item->join, node, &left, &right, names);
	else if (node->quals != NULL)
		item->on = join_on(p, s, node, names);
	if (item->right->kind == FROM_INLINED && (item->join > JOIN_LEFT || !is_true(item->on)))
		pass_refuse(p, -1, "LATERAL in this kind of join");
	if (item->left->kind == FROM_INLINED)
		pass_refuse(p, -1, "LATERAL on the left of a join");
	if (item->join == JOIN_LEFT || item->join == JOIN_FULL)
		pad(&right);
	if (item->join == JOIN_RIGHT || item->join == JOIN_FULL)
		pad(&left);
	if (item->join == JOIN_INNER && item->on == NULL)
		item->join = JOIN_CROSS;
	return item;
}

/* ---- all kinds ---- */

static struct from_item *qualify_item(struct pass *p, struct scope *s, const struct names *siblings,
    const PgQuery__Node *node, struct names *names)
{
	struct from_item *item;

	pass_enter(p, -1);
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_RANGE_VAR: item = table_item(p, s, node->range_var); break;
	case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
		item = subquery_item(p, s, siblings, node->range_subselect);
		break;
	case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
		item = function_item(p, s, siblings, node->range_function);
		break;
	case PG_QUERY__NODE__NODE_JOIN_EXPR:
		item = join_item(p, s, siblings, node->join_expr, names);
		pass_leave(p);
		return item;
	case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE: pass_refuse(p, -1, "TABLESAMPLE");
	default: pass_refuse(p, -1, "this kind of item in FROM");
	}
	names_add_entry(p, names, item->entry, -1);
	pass_leave(p);
	return item;
}

void qualify_from_items(
    struct pass *p, struct scope *s, PgQuery__Node *const *nodes, size_t n, struct from_tree *from)
{
	from->items = pass_alloc(p, (n + 2) * sizeof *from->items);
	for (size_t i = 0; i < n; i++) {
		struct names own = { 0 };

		from->items[from->n++] = qualify_item(p, s, &s->names, nodes[i], &own);
		s->names = both(p, &s->names, &own);
	}
}

struct from_tree *qualify_from(struct pass *p, struct scope *s, PgQuery__Node **items, size_t n)
{
	struct from_tree *from = pass_alloc(p, sizeof *from);

	qualify_from_items(p, s, items, n, from);
	return from;
}
