#include "sql/select.h"

/* ---- FROM ---- */

static void emit_table(struct buf *out, const struct from_item *item)
{
	emit_name(out, item->sqlite_name);
	if (item->entry->sqlite_alias != NULL && strcmp(item->entry->sqlite_alias, item->sqlite_name) != 0) {
		buf_put_text(out, " AS ");
		emit_name(out, item->entry->sqlite_alias);
	}
}

static bool has_outer_right(const struct from_item *item)
{
	return item->kind == FROM_JOIN && (item->join == JOIN_RIGHT || item->join == JOIN_FULL ||
					      has_outer_right(item->left) || has_outer_right(item->right));
}

static void emit_side(struct pass *p, struct buf *out, const struct from_item *item, bool in_parentheses)
{
	if (in_parentheses)
		buf_put_byte(out, '(');
	emit_from_item(p, out, item);
	if (in_parentheses)
		buf_put_byte(out, ')');
}

/* "CROSS JOIN" would fix SQLite's order of loops: a plain JOIN doesn't. */
static void emit_join(struct pass *p, struct buf *out, const struct from_item *item)
{
	static const char *const words[] = { [JOIN_CROSS] = " JOIN ",
		[JOIN_INNER] = " JOIN ",
		[JOIN_LEFT] = " LEFT JOIN ",
		[JOIN_RIGHT] = " RIGHT JOIN ",
		[JOIN_FULL] = " FULL JOIN " };

	emit_side(p, out, item->left, false);
	if (item->right->kind == FROM_INLINED)
		return;
	buf_put_text(out, words[item->join]);
	emit_side(p, out, item->right, item->right->kind == FROM_JOIN);
	if (item->on != NULL) {
		buf_put_text(out, " ON ");
		emit_expr(p, out, item->on);
	} else if (item->join != JOIN_CROSS) {
		buf_put_text(out, " ON 1");
	}
}

void emit_from_item(struct pass *p, struct buf *out, const struct from_item *item)
{
	switch (item->kind) {
	case FROM_TABLE: emit_table(out, item); break;
	case FROM_SUBQUERY:
		buf_put_byte(out, '(');
		emit_query(p, out, item->query, true);
		buf_put_text(out, ") AS ");
		emit_name(out, item->entry->sqlite_alias);
		break;
	case FROM_FUNCTION:
		emit_expr(p, out, item->function);
		buf_put_text(out, " AS ");
		emit_name(out, item->entry->sqlite_alias);
		break;
	case FROM_INLINED: break;
	case FROM_JOIN: emit_join(p, out, item); break;
	}
}

static void emit_items(struct pass *p, struct buf *out, const struct from_tree *from, const char *before)
{
	bool is_first = true;

	for (size_t i = 0; i < from->n; i++) {
		if (from->items[i]->kind == FROM_INLINED)
			continue;
		buf_put_text(out, is_first ? before : ", ");
		emit_side(p, out, from->items[i], from->n > 1 && has_outer_right(from->items[i]));
		is_first = false;
	}
}

void emit_from(struct pass *p, struct buf *out, const struct from_tree *from)
{
	emit_items(p, out, from, "");
}

/* ---- clauses ---- */

/* A constant key orders and groups nothing; printed, its number would be a position. */
static bool is_constant_key(const struct expr *e)
{
	while (e->node->kind == NODE_FORM && strcmp(e->node->form, "%1") == 0)
		e = e->node->args[0];
	return e->node->kind == NODE_CONST;
}

static void emit_key(struct pass *p, struct buf *out, const struct expr *e)
{
	if (is_constant_key(e))
		buf_put_text(out, "NULL");
	else
		emit_compared(p, out, e);
}

static void emit_keys(struct pass *p, struct buf *out, struct expr *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_text(out, ", ");
		emit_key(p, out, keys[i]);
	}
}

void emit_targets(struct pass *p, struct buf *out, const struct target_list *targets)
{
	emit_exprs(p, out, targets->exprs, targets->n);
}

static void emit_named_targets(
    struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	if (q->targets.n == 0)
		buf_put_text(out, "1");
	for (size_t i = 0; i < q->targets.n; i++) {
		if (i > 0)
			buf_put_text(out, ", ");
		if (q->is_distinct)
			emit_compared(p, out, q->targets.exprs[i]);
		else
			emit_expr(p, out, q->targets.exprs[i]);
		if (names_columns)
			buf_printf(out, " AS c%zu", i + 1);
	}
}

static void emit_limits(struct pass *p, struct buf *out, const struct query_tree *q)
{
	if (q->limit != NULL) {
		buf_put_text(out, " LIMIT ");
		emit_expr(p, out, q->limit);
	} else if (q->offset != NULL) {
		buf_put_text(out, " LIMIT -1");
	}
	if (q->offset != NULL) {
		buf_put_text(out, " OFFSET ");
		emit_expr(p, out, q->offset);
	}
}

static void emit_order(struct pass *p, struct buf *out, const struct query_tree *q)
{
	struct sort_item item;
	bool is_first = true;

	for (size_t i = 0; i < q->nsort; i++) {
		item = q->sort[i];
		if (item.position == 0 && is_constant_key(item.expr))
			continue;
		buf_put_text(out, is_first ? " ORDER BY " : ", ");
		emit_sort(p, out, &item, 1);
		is_first = false;
	}
}

/* From FROM to HAVING. */
static void emit_body(struct pass *p, struct buf *out, const struct query_tree *q)
{
	emit_items(p, out, &q->from, " FROM ");
	if (q->where != NULL) {
		buf_put_text(out, " WHERE ");
		emit_expr(p, out, q->where);
	}
	if (q->ngroup > 0) {
		buf_put_text(out, " GROUP BY ");
		emit_keys(p, out, q->group, q->ngroup);
	}
	if (q->having != NULL) {
		buf_put_text(out, " HAVING ");
		emit_expr(p, out, q->having);
	}
}

/* DISTINCT ON: the first row of each partition. The keys of the order travel along as o1, o2 .. */
static void emit_distinct_on(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	buf_put_text(out, "SELECT ");
	for (size_t i = 0; i < q->targets.n; i++)
		buf_printf(out, names_columns ? "%sc%zu AS c%zu" : "%sc%zu", i > 0 ? ", " : "", i + 1, i + 1);
	buf_put_text(out, " FROM (SELECT ");
	emit_named_targets(p, out, q, true);
	for (size_t i = 0; i < q->nsort; i++) {
		buf_put_text(out, ", ");
		emit_expr(p, out, q->sort[i].expr);
		buf_printf(out, " AS o%zu", i + 1);
	}
	buf_put_text(out, ", row_number() OVER (PARTITION BY ");
	emit_keys(p, out, q->distinct_on, q->ndistinct_on);
	for (size_t i = 0; i < q->nsort; i++) {
		struct sort_item item = q->sort[i];

		buf_put_text(out, i == 0 ? " ORDER BY " : ", ");
		item.position = 0;
		emit_sort(p, out, &item, 1);
	}
	buf_put_text(out, ") AS n");
	emit_body(p, out, q);
	buf_put_text(out, ") WHERE n = 1");
	for (size_t i = 0; i < q->nsort; i++) {
		struct expr key = *q->sort[i].expr;
		struct expr_node node = { .kind = NODE_FORM, .form = "" };
		struct sort_item item = q->sort[i];

		buf_printf(out, i == 0 ? " ORDER BY o%zu" : ", o%zu", i + 1);
		key.node = &node;
		item.position = 0;
		item.expr = &key;
		emit_sort(p, out, &item, 1);
	}
	emit_limits(p, out, q);
}

static void emit_plain(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	if (q->ndistinct_on > 0) {
		emit_distinct_on(p, out, q, names_columns);
		return;
	}
	buf_put_text(out, q->is_distinct ? "SELECT DISTINCT " : "SELECT ");
	emit_named_targets(p, out, q, names_columns);
	emit_body(p, out, q);
	emit_order(p, out, q);
	emit_limits(p, out, q);
}

/* ---- VALUES ---- */

static void emit_rows(struct pass *p, struct buf *out, const struct query_tree *q)
{
	buf_put_text(out, "VALUES ");
	for (size_t r = 0; r < q->nrows; r++) {
		buf_put_text(out, r > 0 ? ", (" : "(");
		emit_exprs(p, out, q->rows[r], q->targets.n);
		buf_put_byte(out, ')');
	}
}

/* SQLite calls the columns of VALUES column1, column2 .., and takes no ORDER BY or LIMIT after it. */
static void emit_values(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	bool is_wrapped = names_columns || q->nsort > 0 || q->limit != NULL || q->offset != NULL;

	if (!is_wrapped) {
		emit_rows(p, out, q);
		return;
	}
	buf_put_text(out, "SELECT ");
	for (size_t i = 0; i < q->targets.n; i++)
		buf_printf(out, "%scolumn%zu AS c%zu", i > 0 ? ", " : "", i + 1, i + 1);
	buf_put_text(out, " FROM (");
	emit_rows(p, out, q);
	buf_put_byte(out, ')');
	emit_order(p, out, q);
	emit_limits(p, out, q);
}

/* ---- set operations ---- */

static bool is_bare(const struct query_tree *q)
{
	return q->with == NULL && q->nsort == 0 && q->limit == NULL && q->offset == NULL &&
	       q->ndistinct_on == 0;
}

static bool has_numeric(const struct query_tree *q)
{
	for (size_t i = 0; i < q->targets.n; i++)
		if (q->targets.columns[i].type == OID_NUMERIC)
			return true;
	return false;
}

/* SQLite's compounds are a plain row of SELECTs, from left to right: all else becomes a subquery. Duplicates are told apart by
 * the collation of the leftmost SELECT's columns. */
static void emit_operand(
    struct pass *p, struct buf *out, const struct query_tree *q, bool may_be_set, bool names_columns)
{
	bool collates = names_columns && has_numeric(q);

	if (is_bare(q) && !collates && (q->kind != QUERY_SET || may_be_set) &&
	    (q->kind != QUERY_VALUES || !names_columns)) {
		emit_query(p, out, q, names_columns);
		return;
	}
	buf_put_text(out, "SELECT ");
	for (size_t i = 0; i < q->targets.n; i++)
		buf_printf(out, "%sc%zu%s AS c%zu", i > 0 ? ", " : "", i + 1,
		    q->targets.columns[i].type == OID_NUMERIC ? " COLLATE " COLLATION_NUMERIC : "", i + 1);
	buf_put_text(out, " FROM (");
	emit_query(p, out, q, true);
	buf_put_byte(out, ')');
}

/* INTERSECT ALL and EXCEPT ALL count: each row gets its number among its equals. */
static void emit_counted(struct pass *p, struct buf *out, const struct query_tree *q)
{
	buf_put_text(out, "SELECT ");
	for (size_t i = 0; i < q->targets.n; i++)
		buf_printf(out, "c%zu%s AS c%zu, ", i + 1,
		    q->targets.columns[i].type == OID_NUMERIC ? " COLLATE " COLLATION_NUMERIC : "", i + 1);
	buf_put_text(out, "row_number() OVER (PARTITION BY ");
	for (size_t i = 0; i < q->targets.n; i++)
		buf_printf(out, "%sc%zu", i > 0 ? ", " : "", i + 1);
	buf_put_text(out, ") AS n FROM (");
	emit_query(p, out, q, true);
	buf_put_byte(out, ')');
}

static void emit_set(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	static const char *const words[] = { " UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT ",
		" INTERSECT ", " EXCEPT " };
	bool is_counted = q->operation >= SET_INTERSECT_ALL;

	if (is_counted) {
		buf_put_text(out, "SELECT ");
		for (size_t i = 0; i < q->targets.n; i++)
			buf_printf(out, "%sc%zu AS c%zu", i > 0 ? ", " : "", i + 1, i + 1);
		buf_put_text(out, " FROM (");
		emit_counted(p, out, q->left);
		buf_put_text(out, words[q->operation]);
		emit_counted(p, out, q->right);
		buf_put_byte(out, ')');
	} else {
		bool may_be_set = q->left->kind != QUERY_SET || q->left->operation < SET_INTERSECT_ALL;

		emit_operand(p, out, q->left, may_be_set, names_columns || has_numeric(q));
		buf_put_text(out, words[q->operation]);
		emit_operand(p, out, q->right, false, false);
	}
	emit_order(p, out, q);
	emit_limits(p, out, q);
}

void emit_query(struct pass *p, struct buf *out, const struct query_tree *q, bool names_columns)
{
	emit_with(p, out, q->with);
	switch (q->kind) {
	case QUERY_SELECT: emit_plain(p, out, q, names_columns); break;
	case QUERY_VALUES: emit_values(p, out, q, names_columns); break;
	case QUERY_SET: emit_set(p, out, q, names_columns); break;
	}
}

void emit_select(struct pass *p, struct buf *out, const struct query_tree *q)
{
	emit_query(p, out, q, false);
}
