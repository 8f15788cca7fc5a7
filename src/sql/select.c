#include "sql/select.h"

#include "sql/translate.h"

size_t query_columns(const struct query_tree *q, const struct result_column **columns)
{
	*columns = q->targets.columns;
	return q->targets.n;
}

bool query_column_is_nullable(const struct query_tree *q, size_t i)
{
	bool is_nullable = false;

	switch (q->kind) {
	case QUERY_SELECT: return q->targets.exprs[i]->is_nullable;
	case QUERY_VALUES:
		for (size_t r = 0; r < q->nrows; r++)
			is_nullable |= q->rows[r][i]->is_nullable;
		return is_nullable;
	case QUERY_SET: return query_column_is_nullable(q->left, i) || query_column_is_nullable(q->right, i);
	}
	return true;
}

int query_column_location(const struct query_tree *q, size_t i)
{
	while (q->kind == QUERY_SET)
		q = q->left;
	if (i >= q->targets.n)
		return -1;
	return q->kind == QUERY_VALUES ? q->rows[0][i]->location : q->targets.exprs[i]->location;
}

static bool is_limited_to_one(const struct query_tree *q)
{
	const struct expr *e = q->limit;

	return e != NULL && e->kind == EXPR_CONST && e->node->constant.literal == NULL &&
	       e->node->constant.value.kind == VALUE_INT && e->node->constant.value.i <= 1;
}

bool query_gives_one_row(const struct query_tree *q)
{
	if (is_limited_to_one(q))
		return true;
	if (q->kind == QUERY_VALUES)
		return q->nrows == 1;
	if (q->kind == QUERY_SET || q->scope->nrow_functions > 0)
		return false;
	return q->ngroup == 0 && (q->scope->has_aggregates || q->having != NULL || q->from.n == 0);
}

/* ---- select lists ---- */

struct targets_builder {
	struct target_list list;
	size_t cap, columns_cap;
};

static void add_target(struct pass *p, struct targets_builder *b, struct expr *e, const char *name)
{
	size_t n = b->list.n;

	b->list.exprs = pass_grow(p, b->list.exprs, n, &b->cap, sizeof *b->list.exprs);
	b->list.columns = pass_grow(p, b->list.columns, n, &b->columns_cap, sizeof *b->list.columns);
	b->list.exprs[n] = e;
	b->list.columns[n] = (struct result_column){ .name = name,
		.type = e->type,
		.typmod = e->typmod,
		.table_oid = e->table_oid,
		.attnum = e->attnum };
	b->list.n++;
	if (b->list.n > 1664)
		pass_fail(p, -1, "54011", "target lists can have at most 1664 entries");
}

static void add_star(struct pass *p, struct targets_builder *b, struct scope *s, int location)
{
	if (s->names.nentries == 0)
		pass_fail(p, location, SQLSTATE_SYNTAX, "SELECT * with no tables specified is not valid");
	for (size_t i = 0; i < s->names.ncolumns; i++) {
		const struct visible_column *v = &s->names.columns[i];

		add_target(p, b,
		    v->merged != NULL ? v->merged : column_expr(p, v->entry, v->column, location), v->name);
	}
}

static void add_table_star(
    struct pass *p, struct targets_builder *b, struct scope *s, const PgQuery__ColumnRef *ref)
{
	size_t n = ref->n_fields;
	const char *schema = n > 2 ? node_string(ref->fields[n - 3]) : NULL;
	struct range_entry *entry =
	    scope_find_entry(p, s, schema, node_string(ref->fields[n - 2]), ref->location);

	for (size_t i = 0; i < entry->ncolumns; i++)
		add_target(p, b, column_expr(p, entry, i, ref->location), entry->columns[i].name);
}

static bool is_star(const PgQuery__Node *node)
{
	if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields == 0)
		return false;
	return node->column_ref->fields[node->column_ref->n_fields - 1]->node_case ==
	       PG_QUERY__NODE__NODE_A_STAR;
}

struct target_list qualify_targets(
    struct pass *p, struct scope *s, enum expr_place place, PgQuery__Node **items, size_t n)
{
	struct targets_builder b = { 0 };

	for (size_t i = 0; i < n; i++) {
		const PgQuery__ResTarget *target = items[i]->res_target;
		bool has_name = target->name != NULL && *target->name != '\0';

		if (is_star(target->val) && target->val->column_ref->n_fields == 1)
			add_star(p, &b, s, target->location);
		else if (is_star(target->val))
			add_table_star(p, &b, s, target->val->column_ref);
		else
			add_target(p, &b, qualify_expr(p, s, place, target->val),
			    has_name ? target->name : figure_column_name(target->val));
	}
	if (place == PLACE_RETURNING) {
		for (size_t i = 0; i < b.list.n; i++) {
			b.list.exprs[i] = coerce_unknown(p, b.list.exprs[i], OID_TEXT);
			b.list.columns[i].type = b.list.exprs[i]->type;
		}
	}
	return b.list;
}

/* ---- ORDER BY, GROUP BY, DISTINCT ON: items that may mean an output column ---- */

static bool plain_name(const PgQuery__Node *node, const char **name)
{
	if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
		return false;
	*name = node_string(node->column_ref->fields[0]);
	return *name != NULL;
}

static bool is_input_column(const struct scope *s, const char *name)
{
	for (size_t i = 0; i < s->names.ncolumns; i++)
		if (strcmp(s->names.columns[i].name, name) == 0)
			return true;
	return false;
}

static size_t output_by_name(
    struct pass *p, const struct query_tree *q, const char *name, const char *clause, int location)
{
	size_t found = 0;

	for (size_t i = 0; i < q->targets.n; i++) {
		if (strcmp(q->targets.columns[i].name, name) != 0)
			continue;
		if (found > 0 && (q->targets.exprs == NULL ||
				     !expr_equals(q->targets.exprs[found - 1], q->targets.exprs[i], true)))
			pass_fail(
			    p, location, SQLSTATE_AMBIGUOUS_COLUMN, "%s \"%s\" is ambiguous", clause, name);
		if (found == 0)
			found = i + 1;
	}
	return found;
}

/* The output column that a constant stands for; 0: it isn't a constant. The number decides, so that it is pinned. */
static size_t output_by_position(
    struct pass *p, const struct query_tree *q, const PgQuery__Node *node, const char *clause)
{
	if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
		return 0;

	const PgQuery__AConst *c = node->a_const;
	for (size_t i = 0; i < p->nliterals; i++)
		if (p->literals[i].offset == (size_t)c->location)
			p->literals[i].is_pinned = true;
	if (c->isnull || c->val_case != PG_QUERY__A__CONST__VAL_IVAL)
		pass_fail(p, c->location, SQLSTATE_SYNTAX, "non-integer constant in %s", clause);
	if (c->ival->ival < 1 || (size_t)c->ival->ival > q->targets.n)
		pass_fail(p, c->location, SQLSTATE_BAD_COLUMN_REFERENCE,
		    "%s position %d is not in select list", clause, c->ival->ival);
	return (size_t)c->ival->ival;
}

static size_t output_equal_to(const struct query_tree *q, const struct expr *e)
{
	for (size_t i = 0; i < q->targets.n; i++)
		if (expr_equals(q->targets.exprs[i], e, true))
			return i + 1;
	return 0;
}

static void settle_output(struct pass *p, struct query_tree *q, size_t i)
{
	struct expr *e = coerce_unknown(p, q->targets.exprs[i], OID_TEXT);

	q->targets.exprs[i] = e;
	q->targets.columns[i].type = e->type;
}

/* SQL-92: an output column's name comes first; else it is an expression over the input (SQL-99). */
static size_t sort_output(struct pass *p, struct query_tree *q, const PgQuery__Node *node, const char *clause)
{
	const char *name;
	size_t position = output_by_position(p, q, node, clause);

	if (position == 0 && plain_name(node, &name))
		position = output_by_name(p, q, name, clause, node->column_ref->location);
	return position;
}

static struct expr *sort_expr(
    struct pass *p, struct query_tree *q, const PgQuery__Node *node, const char *clause, size_t *position)
{
	*position = sort_output(p, q, node, clause);
	if (*position > 0) {
		settle_output(p, q, *position - 1);
		return q->targets.exprs[*position - 1];
	}
	struct expr *e = coerce_unknown(p, qualify_expr(p, q->scope, PLACE_ORDER, node), OID_TEXT);
	*position = output_equal_to(q, e);
	return e;
}

static void qualify_order(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	q->nsort = stmt->n_sort_clause;
	q->sort = qualify_sort(p, NULL, stmt->sort_clause, stmt->n_sort_clause);
	for (size_t i = 0; i < q->nsort; i++) {
		struct sort_item *item = &q->sort[i];

		item->expr =
		    sort_expr(p, q, stmt->sort_clause[i]->sort_by->node, "ORDER BY", &item->position);
		if (q->is_distinct && item->position == 0)
			pass_fail(p, item->expr->location, SQLSTATE_BAD_COLUMN_REFERENCE,
			    "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
		/* A column says more by its name, and an index is found by it. */
		if (item->expr->kind == EXPR_COLUMN && !q->is_distinct)
			item->position = 0;
	}
}

/* In GROUP BY a column of the input comes before a name of the output. */
static void qualify_group(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	q->ngroup = stmt->n_group_clause;
	q->group = pass_alloc(p, (q->ngroup + 1) * sizeof *q->group);
	for (size_t i = 0; i < q->ngroup; i++) {
		const PgQuery__Node *node = stmt->group_clause[i];
		const char *name;
		size_t position = 0;

		if (node->node_case == PG_QUERY__NODE__NODE_GROUPING_SET)
			pass_refuse(p, node->grouping_set->location, "GROUPING SETS, ROLLUP or CUBE");
		position = output_by_position(p, q, node, "GROUP BY");
		if (position == 0 && plain_name(node, &name) && !is_input_column(q->scope, name))
			position = output_by_name(p, q, name, "GROUP BY", node->column_ref->location);
		if (position > 0) {
			settle_output(p, q, position - 1);
			q->group[i] = q->targets.exprs[position - 1];
		} else {
			q->group[i] =
			    coerce_unknown(p, qualify_expr(p, q->scope, PLACE_GROUP, node), OID_TEXT);
		}
	}
}

static void qualify_distinct(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	size_t position;

	if (!q->is_distinct && stmt->n_distinct_clause == 0)
		return;
	if (q->is_distinct)
		return;
	q->ndistinct_on = stmt->n_distinct_clause;
	q->distinct_on = pass_alloc(p, q->ndistinct_on * sizeof *q->distinct_on);
	for (size_t i = 0; i < q->ndistinct_on; i++)
		q->distinct_on[i] = sort_expr(p, q, stmt->distinct_clause[i], "DISTINCT ON", &position);
	for (size_t i = 0; i < q->nsort && i < q->ndistinct_on; i++) {
		bool is_first = false;

		for (size_t k = 0; k < q->ndistinct_on; k++)
			is_first |= expr_equals(q->sort[i].expr, q->distinct_on[k], true);
		if (!is_first)
			pass_fail(p, node_location(stmt->distinct_clause[0]), SQLSTATE_BAD_COLUMN_REFERENCE,
			    "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
	}
}

/* ---- LIMIT ---- */

static bool uses_columns_of(const struct scope *s, const struct expr *e)
{
	if (e->node->kind == NODE_COLUMN && e->node->column.entry->scope == s)
		return true;
	for (size_t i = 0; i < e->node->nargs; i++)
		if (uses_columns_of(s, e->node->args[i]))
			return true;
	return false;
}

static struct expr *qualify_count(
    struct pass *p, struct query_tree *q, const PgQuery__Node *node, const char *clause)
{
	char display[TYPE_DISPLAY_MAX];

	if (node == NULL || (node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull))
		return NULL;

	struct expr *e = coerce_unknown(p, qualify_expr(p, q->scope, PLACE_LIMIT, node), OID_INT8);
	if (uses_columns_of(q->scope, e))
		pass_fail(p, e->location, SQLSTATE_BAD_COLUMN_REFERENCE,
		    "argument of %s must not contain variables", clause);
	if (!can_coerce(e, OID_INT8, CAST_ASSIGNMENT))
		pass_fail(p, e->location, SQLSTATE_TYPE_MISMATCH,
		    "argument of %s must be type bigint, not type %s", clause,
		    type_display(e->type, -1, display));
	e = coerce(p, e, OID_INT8, -1, CAST_ASSIGNMENT);
	if (e->kind == EXPR_CONST && e->node->constant.literal == NULL && e->node->constant.value.i >= 0)
		return e;
	return expr_form(p, pass_printf(p, "nq_limit(%%1, '%s')", clause), OID_INT8, &e, 1, e->location);
}

static void qualify_limits(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	if (stmt->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
		pass_refuse(p, -1, "WITH TIES");
	q->limit = qualify_count(p, q, stmt->limit_count, "LIMIT");
	q->offset = qualify_count(p, q, stmt->limit_offset, "OFFSET");
}

static const char *lock_clause(const PgQuery__LockingClause *lock)
{
	switch (lock->strength) {
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORKEYSHARE: return "FOR KEY SHARE";
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORSHARE: return "FOR SHARE";
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORNOKEYUPDATE: return "FOR NO KEY UPDATE";
	default: return "FOR UPDATE";
	}
}

static void check_locked(
    struct pass *p, const struct query_tree *q, const PgQuery__RangeVar *rv, const char *clause)
{
	for (size_t i = 0; i < q->scope->names.nentries; i++) {
		const char *alias = q->scope->names.entries[i]->alias;

		if (alias != NULL && strcmp(alias, rv->relname) == 0)
			return;
	}
	pass_fail(p, rv->location, SQLSTATE_NO_SUCH_TABLE,
	    "relation \"%s\" in %s clause not found in FROM clause", rv->relname, clause);
}

/* What has no rows of a table can't lock them. */
static const char *unlockable(const struct query_tree *q)
{
	if (q->kind == QUERY_VALUES)
		return "VALUES";
	if (q->kind == QUERY_SET)
		return "UNION/INTERSECT/EXCEPT";
	if (q->is_distinct || q->ndistinct_on > 0)
		return "DISTINCT clause";
	if (q->ngroup > 0)
		return "GROUP BY clause";
	if (q->having != NULL)
		return "HAVING clause";
	if (q->scope->has_aggregates)
		return "aggregate functions";
	return q->scope->has_windows ? "window functions" : NULL;
}

static void qualify_locking(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_locking_clause; i++) {
		const PgQuery__LockingClause *lock = stmt->locking_clause[i]->locking_clause;
		const char *clause = lock_clause(lock), *what = unlockable(q);

		if (what != NULL)
			pass_fail(
			    p, -1, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not allowed with %s", clause, what);
		for (size_t k = 0; k < lock->n_locked_rels; k++)
			check_locked(p, q, lock->locked_rels[k]->range_var, clause);
		q->is_locking = true;
	}
}

/* ---- SELECT, VALUES, set operations ---- */

static void add_row_functions(struct pass *p, struct query_tree *q)
{
	size_t n = q->from.n;
	struct from_item **items = pass_alloc(p, (n + q->scope->nrow_functions + 1) * sizeof *items);

	if (q->scope->nrow_functions == 0)
		return;
	if (n > 0)
		memcpy(items, q->from.items, n * sizeof *items);
	memcpy(items + n, q->scope->row_functions, q->scope->nrow_functions * sizeof *items);
	q->from.items = items;
	q->from.n += q->scope->nrow_functions;
}

static void qualify_plain(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	struct scope *s = q->scope;

	if (stmt->into_clause != NULL)
		pass_refuse(p, -1, "SELECT INTO");
	qualify_from_items(p, s, stmt->from_clause, stmt->n_from_clause, &q->from);
	s->windows = stmt->window_clause;
	s->nwindows = stmt->n_window_clause;
	q->is_distinct = stmt->n_distinct_clause == 1 &&
			 stmt->distinct_clause[0]->node_case == PG_QUERY__NODE__NODE__NOT_SET;
	/* What stands in a group or order is compared with the output. */
	bool is_compared = stmt->n_group_clause > 0 || stmt->n_distinct_clause > 0;
	s->pins_literals = is_compared;
	q->targets = qualify_targets(p, s, PLACE_SELECT, stmt->target_list, stmt->n_target_list);
	s->pins_literals = false;
	if (stmt->where_clause != NULL)
		q->where = coerce_boolean(p, qualify_expr(p, s, PLACE_WHERE, stmt->where_clause), "WHERE");
	s->pins_literals = is_compared;
	add_row_functions(p, q);
	qualify_group(p, q, stmt);
	if (stmt->having_clause != NULL)
		q->having =
		    coerce_boolean(p, qualify_expr(p, s, PLACE_HAVING, stmt->having_clause), "HAVING");
	qualify_order(p, q, stmt);
	qualify_distinct(p, q, stmt);
	s->pins_literals = false;
	check_grouping(p, q);
}

static void qualify_values(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	size_t n = stmt->values_lists[0]->list->n_items;
	const struct expr_context c = { .scope = q->scope, .place = PLACE_VALUES };

	q->kind = QUERY_VALUES;
	q->nrows = stmt->n_values_lists;
	q->rows = pass_alloc(p, q->nrows * sizeof *q->rows);
	for (size_t r = 0; r < q->nrows; r++) {
		const PgQuery__List *list = stmt->values_lists[r]->list;

		if (list->n_items != n)
			pass_fail(p, list->n_items > 0 ? node_location(list->items[0]) : -1, SQLSTATE_SYNTAX,
			    "VALUES lists must all be the same length");
		q->rows[r] = qualify_nodes(p, &c, list->items, n);
	}
	q->targets.n = n;
	q->targets.columns = pass_alloc(p, (n + 1) * sizeof *q->targets.columns);
	for (size_t i = 0; i < n; i++)
		q->targets.columns[i] = (struct result_column){
			.name = pass_printf(p, "column%zu", i + 1), .type = OID_UNKNOWN, .typmod = -1
		};
}

/* ORDER BY over VALUES or a set operation: output columns only. */
static void qualify_outer_order(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	q->nsort = stmt->n_sort_clause;
	q->sort = qualify_sort(p, NULL, stmt->sort_clause, stmt->n_sort_clause);
	for (size_t i = 0; i < q->nsort; i++) {
		struct sort_item *item = &q->sort[i];

		item->position = sort_output(p, q, stmt->sort_clause[i]->sort_by->node, "ORDER BY");
		if (item->position == 0)
			pass_fail_hint(p, node_location(stmt->sort_clause[i]->sort_by->node),
			    SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "Only result column names can be used, not expressions or functions.",
			    "Add the expression/function to every SELECT, or move the UNION into a FROM "
			    "clause.",
			    "invalid UNION/INTERSECT/EXCEPT ORDER BY clause");
		item->expr = expr_new(p, NODE_CONST, q->targets.columns[item->position - 1].type, -1);
		item->expr->is_nullable = query_column_is_nullable(q, item->position - 1);
	}
}

static enum set_operation set_operation(const PgQuery__SelectStmt *stmt)
{
	switch (stmt->op) {
	case PG_QUERY__SET_OPERATION__SETOP_INTERSECT: return stmt->all ? SET_INTERSECT_ALL : SET_INTERSECT;
	case PG_QUERY__SET_OPERATION__SETOP_EXCEPT: return stmt->all ? SET_EXCEPT_ALL : SET_EXCEPT;
	default: return stmt->all ? SET_UNION_ALL : SET_UNION;
	}
}

/* Makes column i of the query one of `type`, as an implicit cast does. */
static void coerce_column(struct pass *p, struct query_tree *q, size_t i, oid_t type)
{
	switch (q->kind) {
	case QUERY_SELECT:
		q->targets.exprs[i] = coerce(p, q->targets.exprs[i], type, -1, CAST_IMPLICIT);
		break;
	case QUERY_VALUES:
		for (size_t r = 0; r < q->nrows; r++)
			q->rows[r][i] = coerce(p, q->rows[r][i], type, -1, CAST_IMPLICIT);
		break;
	case QUERY_SET:
		coerce_column(p, q->left, i, type);
		coerce_column(p, q->right, i, type);
		break;
	}
	q->targets.columns[i].type = type;
	q->targets.columns[i].typmod = -1;
}

static void settle_values(struct pass *p, struct query_tree *q, size_t i)
{
	struct expr **column = pass_alloc(p, (q->nrows + 1) * sizeof *column);

	if (q->targets.columns[i].type != OID_UNKNOWN)
		return;
	for (size_t r = 0; r < q->nrows; r++)
		column[r] = q->rows[r][i];
	q->targets.columns[i].type = coerce_common(p, column, q->nrows, "VALUES");
	for (size_t r = 0; r < q->nrows; r++)
		q->rows[r][i] = column[r];
}

/* The column's type as its own query has it: VALUES agree with themselves first, but for nothing but unknowns. */
static oid_t leaf_type(struct pass *p, struct query_tree *q, size_t i)
{
	bool all_unknown = q->kind == QUERY_VALUES;

	for (size_t r = 0; all_unknown && r < q->nrows; r++)
		all_unknown = q->rows[r][i]->type == OID_UNKNOWN;
	if (q->kind == QUERY_VALUES && !all_unknown)
		settle_values(p, q, i);
	return q->targets.columns[i].type;
}

static void unify(struct pass *p, struct query_tree *q, const char *name)
{
	char a[TYPE_DISPLAY_MAX], b[TYPE_DISPLAY_MAX];

	for (size_t i = 0; i < q->targets.n; i++) {
		const struct result_column l = q->left->targets.columns[i], r = q->right->targets.columns[i];
		const oid_t types[] = { leaf_type(p, q->left, i), leaf_type(p, q->right, i) };
		oid_t common = resolve_common_type(types, 2);

		if (common == OID_NONE)
			pass_fail(p, query_column_location(q->right, i), SQLSTATE_TYPE_MISMATCH,
			    "%s types %s and %s cannot be matched", name, type_display(types[0], -1, a),
			    type_display(types[1], -1, b));
		if (types[0] != common)
			coerce_column(p, q->left, i, common);
		if (types[1] != common)
			coerce_column(p, q->right, i, common);
		q->targets.columns[i] = (struct result_column){ .name = l.name,
			.type = common,
			.typmod = l.typmod == r.typmod && l.type == r.type ? l.typmod : -1 };
	}
}

static void check_set_operation(struct pass *p, const struct query_tree *q, const char *name)
{
	if (q->left->targets.n != q->right->targets.n)
		pass_fail(p, query_column_location(q->right, 0), SQLSTATE_SYNTAX,
		    "each %s query must have the same number of columns", name);
}

static void qualify_set(struct pass *p, struct query_tree *q, const PgQuery__SelectStmt *stmt)
{
	static const char *const names[] = { "UNION", "UNION", "INTERSECT", "EXCEPT", "INTERSECT", "EXCEPT" };

	q->kind = QUERY_SET;
	q->operation = set_operation(stmt);
	q->left = qualify_select(p, q->scope, stmt->larg);
	q->right = qualify_select(p, q->scope, stmt->rarg);
	check_set_operation(p, q, names[q->operation]);
	q->targets.n = q->left->targets.n;
	q->targets.columns = pass_alloc(p, (q->targets.n + 1) * sizeof *q->targets.columns);
	unify(p, q, names[q->operation]);
}

struct query_tree *qualify_select(struct pass *p, struct scope *outer, const PgQuery__SelectStmt *stmt)
{
	struct query_tree *q = pass_alloc(p, sizeof *q);

	pass_enter(p, -1);
	q->scope = scope_new(p, outer);
	if (stmt->with_clause != NULL)
		q->with = qualify_ctes(p, q->scope, stmt->with_clause);
	if (stmt->n_values_lists > 0)
		qualify_values(p, q, stmt);
	else if (stmt->op > PG_QUERY__SET_OPERATION__SETOP_NONE)
		qualify_set(p, q, stmt);
	else
		qualify_plain(p, q, stmt);
	if (q->kind != QUERY_SELECT && stmt->n_sort_clause > 0) {
		query_resolve(p, q, NULL, NULL, 0, NULL);
		qualify_outer_order(p, q, stmt);
	}
	qualify_limits(p, q, stmt);
	qualify_locking(p, q, stmt);
	pass_leave(p);
	return q;
}

/* Of VALUES: all rows to the given type, when the column holds nothing but unknowns; else they agree among themselves. */
static void resolve_values(struct pass *p, struct query_tree *q, size_t i, oid_t type, int32_t typmod)
{
	bool all_unknown = true;

	for (size_t r = 0; r < q->nrows; r++)
		all_unknown &= q->rows[r][i]->type == OID_UNKNOWN;
	if (!all_unknown) {
		settle_values(p, q, i);
		return;
	}
	for (size_t r = 0; r < q->nrows; r++)
		q->rows[r][i] = coerce(p, q->rows[r][i], type, typmod, CAST_ASSIGNMENT);
	q->targets.columns[i].type = type;
	q->targets.columns[i].typmod = typmod;
}

void query_resolve(struct pass *p, struct query_tree *q, const oid_t *types, const int32_t *typmods,
    size_t ntypes, const char *const *names)
{
	(void)names;
	for (size_t i = 0; i < q->targets.n; i++) {
		oid_t type = i < ntypes ? types[i] : OID_TEXT;
		int32_t typmod = i < ntypes ? typmods[i] : -1;

		if (q->targets.columns[i].type != OID_UNKNOWN)
			continue;
		if (q->kind == QUERY_VALUES) {
			resolve_values(p, q, i, type, typmod);
		} else if (q->kind == QUERY_SELECT) {
			q->targets.exprs[i] = coerce(p, q->targets.exprs[i], type, typmod, CAST_ASSIGNMENT);
			q->targets.columns[i].type = type;
			q->targets.columns[i].typmod = typmod;
		}
	}
}

void translate_select(struct pass *p, const PgQuery__SelectStmt *s, struct translation *t)
{
	struct query_tree *q = qualify_select(p, NULL, s);
	struct buf sql;

	query_resolve(p, q, NULL, NULL, 0, NULL);
	if (q->targets.n == 0)
		pass_refuse(p, -1, "a select list without columns");
	buf_init(&sql, SIZE_MAX / 2);
	emit_select(p, &sql, q);
	pass_add_step(p, t, &sql, false, true);
	buf_release(&sql);
	t->kind = STATEMENT_READ;
	t->tag = "SELECT";
	t->tag_has_count = true;
	t->columns = q->targets.columns;
	t->ncolumns = q->targets.n;
	t->is_for_update = q->is_locking;
}
