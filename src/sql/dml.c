#include "sql/dml.h"

#include <string.h>

/* SET of UPDATE and of ON CONFLICT DO UPDATE: single columns, or (a, b) = (SELECT ..). */
struct set_item {
	struct assignment assignment;
	const struct column **columns; /* with a source */
	struct source *source;
};

struct set_list {
	struct set_item *items;
	size_t n;
};

static const struct column *set_column(
    struct pass *p, const struct relation *r, const PgQuery__ResTarget *item, const struct set_list *before)
{
	const struct column *column = target_column(p, r, item->name, item->location);

	if (item->n_indirection > 0)
		pass_refuse(p, item->location, "assignment to a part of a column");
	for (size_t i = 0; i < before->n; i++) {
		const struct set_item *other = &before->items[i];
		size_t n = other->source != NULL ? other->source->n : 1;

		for (size_t j = 0; j < n; j++) {
			if ((other->source != NULL ? other->columns[j] : other->assignment.column) == column)
				pass_fail(p, item->location, SQLSTATE_SYNTAX,
				    "multiple assignments to same column \"%s\"", column->name);
		}
	}
	return column;
}

/* (a, b) = (SELECT ..): `items` are the columns of it, `ref` the first one's. */
static void qualify_multi_set(struct pass *p, struct scope *scope, const struct relation *r,
    PgQuery__Node **items, const PgQuery__MultiAssignRef *ref, struct set_list *list)
{
	size_t n = (size_t)ref->ncolumns;
	struct set_item item = { .columns = pass_alloc(p, n * sizeof(struct column *)) };
	const PgQuery__SubLink *link = ref->source->sub_link;

	for (size_t i = 0; i < n; i++)
		item.columns[i] = set_column(p, r, items[i]->res_target, list);
	item.source = qualify_source(p, scope, link->subselect->select_stmt, item.columns, n);
	if (item.source->ncolumns != n)
		pass_fail(
		    p, link->location, SQLSTATE_SYNTAX, "number of columns does not match number of values");
	list->items[list->n++] = item;
}

/* The value of one column of (a, b) = (1, 2). */
static const PgQuery__Node *row_value(struct pass *p, const PgQuery__MultiAssignRef *ref, int location)
{
	const PgQuery__Node *source = ref->source;

	if (source->node_case != PG_QUERY__NODE__NODE_ROW_EXPR)
		pass_fail(p, location, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression");
	if (source->row_expr->n_args != (size_t)ref->ncolumns)
		pass_fail(p, location, SQLSTATE_SYNTAX, "number of columns does not match number of values");
	return source->row_expr->args[ref->colno - 1];
}

static struct set_list qualify_set(
    struct pass *p, struct scope *scope, const struct relation *r, PgQuery__Node **items, size_t n)
{
	struct set_list list = { pass_alloc(p, (n + 1) * sizeof(struct set_item)), 0 };

	for (size_t i = 0; i < n; i++) {
		const PgQuery__ResTarget *item = items[i]->res_target;
		const PgQuery__Node *value = item->val;

		if (value->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF) {
			const PgQuery__MultiAssignRef *ref = value->multi_assign_ref;

			if (ref->source->node_case == PG_QUERY__NODE__NODE_SUB_LINK) {
				qualify_multi_set(p, scope, r, items + i, ref, &list);
				i += (size_t)ref->ncolumns - 1;
				continue;
			}
			value = row_value(p, ref, item->location);
		}
		const struct column *column = set_column(p, r, item, &list);
		list.items[list.n++].assignment = qualify_assignment(p, scope, PLACE_SET, column, value);
	}
	return list;
}

static void emit_multi_set(
    struct pass *p, struct buf *out, const struct relation *r, const struct set_item *item)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < item->source->n; i++) {
		buf_put_text(out, i > 0 ? ", " : "");
		emit_name(out, item->columns[i]->name);
	}
	buf_put_text(out, ") = (");
	emit_source(p, out, r, item->source);
	buf_put_byte(out, ')');
}

/* A generated column set to DEFAULT is computed anyway. When nothing else is set, a column is set to itself. */
static void emit_set(struct pass *p, struct buf *out, const struct relation *r, const struct set_list *list)
{
	const char *separator = " SET ";

	for (size_t i = 0; i < list->n; i++) {
		const struct set_item *item = &list->items[i];

		if (item->source == NULL && item->assignment.column->is_generated)
			continue;
		buf_put_text(out, separator);
		separator = ", ";
		if (item->source != NULL) {
			emit_multi_set(p, out, r, item);
			continue;
		}
		emit_name(out, item->assignment.column->name);
		buf_put_text(out, " = ");
		emit_assignment(p, out, r, &item->assignment);
	}
	if (separator[1] == 'S')
		buf_put_text(out, " SET _rowid_ = _rowid_");
}

static void emit_target(struct buf *out, const struct target *target)
{
	emit_name(out, target->relation->sqlite_name);
	if (target->alias != NULL) {
		buf_put_text(out, " AS ");
		emit_name(out, target->alias);
	}
}

static void finish_write(struct pass *p, struct translation *t, struct buf *sql, const char *tag)
{
	t->kind = STATEMENT_WRITE;
	t->tag = tag;
	t->tag_has_count = true;
	pass_add_step(p, t, sql, false, true);
	buf_release(sql);
}

static struct expr *qualify_where(struct pass *p, struct scope *scope, const PgQuery__Node *node)
{
	if (node == NULL)
		return NULL;
	return coerce_boolean(p, qualify_expr(p, scope, PLACE_WHERE, node), "WHERE");
}

static void emit_where(struct pass *p, struct buf *out, const struct expr *where)
{
	if (where != NULL) {
		buf_put_text(out, " WHERE ");
		emit_expr(p, out, where);
	}
}

/* ---- INSERT ---- */

struct conflict {
	const PgQuery__OnConflictClause *clause;
	const struct constraint *arbiter; /* NULL: any */
	struct set_list set;
	struct expr *where;
};

struct insert {
	const PgQuery__InsertStmt *stmt;
	struct target target;
	struct scope *scope; /* with the queries of WITH */
	struct with_tree *with;
	const struct column **columns; /* named, or all */
	size_t ncolumns;
	bool has_list;            /* of columns in the text */
	struct assignment **rows; /* VALUES, each nvalues long */
	size_t nrows, nvalues;
	struct source *source; /* SELECT */
	struct conflict conflict;
	struct target_list returning;
};

static void qualify_columns(struct pass *p, struct insert *in)
{
	const struct relation *r = in->target.relation;
	const PgQuery__InsertStmt *s = in->stmt;

	in->columns = pass_alloc(p, (r->ncolumns + s->n_cols + 1) * sizeof(*in->columns));
	in->has_list = s->n_cols > 0;
	for (size_t i = 0; !in->has_list && i < r->ncolumns; i++)
		in->columns[in->ncolumns++] = &r->columns[i];
	for (size_t i = 0; i < s->n_cols; i++) {
		const PgQuery__ResTarget *item = s->cols[i]->res_target;
		const struct column *column = target_column(p, r, item->name, item->location);

		if (item->n_indirection > 0)
			pass_refuse(p, item->location, "assignment to a part of a column");
		for (size_t j = 0; j < in->ncolumns; j++) {
			if (in->columns[j] == column)
				pass_fail(p, item->location, SQLSTATE_DUPLICATE_COLUMN,
				    "column \"%s\" specified more than once", column->name);
		}
		in->columns[in->ncolumns++] = column;
	}
}

/* As many values as columns; fewer only when the text names no columns. */
static void check_count(struct pass *p, const struct insert *in, size_t nvalues, int location)
{
	if (nvalues > in->ncolumns)
		pass_fail(p, location, SQLSTATE_SYNTAX, "INSERT has more expressions than target columns");
	if (in->has_list && nvalues < in->ncolumns)
		pass_fail(p, in->stmt->cols[nvalues]->res_target->location, SQLSTATE_SYNTAX,
		    "INSERT has more target columns than expressions");
}

static bool overrides(const struct insert *in, const struct column *column)
{
	return column->identity == 'a' &&
	       in->stmt->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE;
}

static struct assignment qualify_value(
    struct pass *p, const struct insert *in, const struct column *column, const PgQuery__Node *node)
{
	/* OVERRIDING USER VALUE: what is given for an identity column is not used. */
	if (column->identity != 0 && in->stmt->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_USER_VALUE)
		return (struct assignment){ .column = column };
	if (!overrides(in, column))
		return qualify_assignment(p, in->scope, PLACE_VALUES, column, node);

	struct column *plain = pass_alloc(p, sizeof(*plain));
	*plain = *column;
	plain->identity = 'd';
	return qualify_assignment(p, in->scope, PLACE_VALUES, plain, node);
}

/* The value that SQLite wouldn't find by itself is given for the columns that the text leaves out. */
static size_t add_defaults(const struct insert *in, struct assignment *values, size_t n)
{
	const struct relation *r = in->target.relation;

	for (size_t i = 0; i < r->ncolumns; i++) {
		bool is_given = false;

		for (size_t j = 0; j < n; j++)
			is_given |= values[j].column->attnum == r->columns[i].attnum;
		if (!is_given && needs_default(&r->columns[i]))
			values[n++] = (struct assignment){ .column = &r->columns[i] };
	}
	return n;
}

static int location_of(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_A_CONST      ? node->a_const->location
	       : node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ? node->column_ref->location
	       : node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL  ? node->func_call->location
	       : node->node_case == PG_QUERY__NODE__NODE_A_EXPR     ? node->a_expr->location
	       : node->node_case == PG_QUERY__NODE__NODE_PARAM_REF  ? node->param_ref->location
								    : -1;
}

static void qualify_rows(struct pass *p, struct insert *in, const PgQuery__SelectStmt *values)
{
	in->nrows = values->n_values_lists;
	in->rows = pass_alloc(p, in->nrows * sizeof(*in->rows));
	for (size_t i = 0; i < in->nrows; i++) {
		const PgQuery__List *list = values->values_lists[i]->list;
		size_t n = list->n_items;

		if (n != values->values_lists[0]->list->n_items)
			pass_fail(p, n > 0 ? location_of(list->items[0]) : -1, SQLSTATE_SYNTAX,
			    "VALUES lists must all be the same length");
		check_count(p, in, n, n > in->ncolumns ? location_of(list->items[in->ncolumns]) : -1);
		in->rows[i] = pass_alloc(p, (in->target.relation->ncolumns + 1) * sizeof(**in->rows));
		for (size_t j = 0; j < n; j++)
			in->rows[i][j] = qualify_value(p, in, in->columns[j], list->items[j]);
		in->nvalues = add_defaults(in, in->rows[i], n);
	}
}

/* DEFAULT VALUES: one row, in which some column is given its default, since that form takes no ON CONFLICT in SQLite. */
static void qualify_default_row(struct pass *p, struct insert *in)
{
	const struct relation *r = in->target.relation;

	in->nrows = 1;
	in->rows = pass_alloc(p, sizeof(*in->rows));
	in->rows[0] = pass_alloc(p, (r->ncolumns + 1) * sizeof(**in->rows));
	in->nvalues = add_defaults(in, in->rows[0], 0);
	for (size_t i = 0; in->nvalues == 0 && i < r->ncolumns; i++) {
		if (!r->columns[i].is_generated)
			in->rows[0][in->nvalues++] = (struct assignment){ .column = &r->columns[i] };
	}
}

static void qualify_query(struct pass *p, struct insert *in, const PgQuery__SelectStmt *select)
{
	for (size_t i = 0; i < in->ncolumns; i++) {
		if (in->columns[i]->identity == 'a' &&
		    in->stmt->override != PG_QUERY__OVERRIDING_KIND__OVERRIDING_NOT_SET)
			pass_refuse(p, -1, "INSERT .. OVERRIDING .. SELECT");
	}
	in->source = qualify_source(p, in->scope, select, in->columns, in->ncolumns);
	check_count(p, in, in->source->ncolumns, -1);

	struct assignment *values = pass_alloc(p, (in->target.relation->ncolumns + 1) * sizeof(*values));
	memcpy(values, in->source->values, in->source->n * sizeof(*values));
	in->source->values = values;
	in->source->n = in->nvalues = add_defaults(in, values, in->source->n);
}

/* VALUES by itself, not as part of a query. */
static bool is_plain_values(const PgQuery__SelectStmt *s)
{
	return s->n_values_lists > 0 && s->n_sort_clause == 0 && s->limit_count == NULL &&
	       s->limit_offset == NULL && s->with_clause == NULL && s->n_locking_clause == 0;
}

/* ---- ON CONFLICT ---- */

static bool covers(const struct relation *r, const struct constraint *c, const PgQuery__InferClause *infer)
{
	if (c->nattnums != infer->n_index_elems)
		return false;
	for (size_t i = 0; i < c->nattnums; i++) {
		bool found = false;

		for (size_t j = 0; j < infer->n_index_elems; j++)
			found |= relation_column(r, infer->index_elems[j]->index_elem->name)->attnum ==
				 c->attnums[i];
		if (!found)
			return false;
	}
	return true;
}

static const struct constraint *infer_arbiter(
    struct pass *p, const struct relation *r, const PgQuery__InferClause *infer)
{
	for (size_t i = 0; i < infer->n_index_elems; i++) {
		const PgQuery__IndexElem *elem = infer->index_elems[i]->index_elem;

		if (elem->expr != NULL || elem->n_collation > 0 || elem->n_opclass > 0)
			pass_refuse(p, infer->location, "ON CONFLICT on an expression");
		if (relation_column(r, elem->name) == NULL)
			pass_fail(p, infer->location, SQLSTATE_NO_SUCH_COLUMN, "column \"%s\" does not exist",
			    elem->name);
	}
	for (size_t i = 0; i < r->nconstraints; i++) {
		const struct constraint *c = &r->constraints[i];
		bool is_unique = c->kind == 'p' || c->kind == 'u' || c->kind == 'x';

		if (is_unique && (c->predicate_sql == NULL || infer->where_clause != NULL) &&
		    covers(r, c, infer))
			return c;
	}
	pass_fail(p, -1, SQLSTATE_BAD_COLUMN_REFERENCE,
	    "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

static const struct constraint *named_arbiter(
    struct pass *p, const struct relation *r, const PgQuery__InferClause *infer)
{
	for (size_t i = 0; i < r->nconstraints; i++) {
		const struct constraint *c = &r->constraints[i];

		if (strcmp(c->name, infer->conname) != 0 || c->kind == 'x')
			continue;
		if (c->kind != 'p' && c->kind != 'u')
			pass_fail(p, infer->location, SQLSTATE_WRONG_OBJECT_TYPE,
			    "constraint in ON CONFLICT clause has no associated index");
		return c;
	}
	pass_fail(p, infer->location, SQLSTATE_NO_SUCH_OBJECT,
	    "constraint \"%s\" for table \"%s\" does not exist", infer->conname, r->name);
}

static void qualify_conflict(struct pass *p, struct insert *in)
{
	const PgQuery__OnConflictClause *clause = in->stmt->on_conflict_clause;
	const struct relation *r = in->target.relation;
	struct conflict *c = &in->conflict;

	if (clause == NULL)
		return;
	c->clause = clause;
	if (clause->infer != NULL && clause->infer->conname[0] != '\0')
		c->arbiter = named_arbiter(p, r, clause->infer);
	else if (clause->infer != NULL)
		c->arbiter = infer_arbiter(p, r, clause->infer);
	if (clause->action != PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE)
		return;
	if (c->arbiter == NULL)
		pass_fail_hint(p, clause->location, SQLSTATE_SYNTAX, NULL,
		    "For example, ON CONFLICT (column_name).",
		    "ON CONFLICT DO UPDATE requires inference specification or constraint name");

	struct scope *scope = scope_new(p, in->scope);
	scope_add_relation(p, scope, r, in->target.alias);
	scope_add_relation(p, scope, r, "excluded");
	c->set = qualify_set(p, scope, r, clause->target_list, clause->n_target_list);
	c->where = qualify_where(p, scope, clause->where_clause);
}

static const char *column_name(const struct relation *r, int16_t attnum)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (r->columns[i].attnum == attnum)
			return r->columns[i].name;
	}
	return "";
}

static void emit_conflict(struct pass *p, struct buf *out, const struct insert *in)
{
	const struct conflict *c = &in->conflict;
	const struct relation *r = in->target.relation;

	if (c->clause == NULL)
		return;
	buf_put_text(out, " ON CONFLICT");
	for (size_t i = 0; c->arbiter != NULL && i < c->arbiter->nattnums; i++) {
		buf_put_text(out, i == 0 ? " (" : ", ");
		emit_name(out, column_name(r, c->arbiter->attnums[i]));
	}
	buf_put_text(out, c->arbiter != NULL ? ")" : "");
	if (c->arbiter != NULL && c->arbiter->predicate_sql != NULL)
		buf_printf(out, " WHERE %s", c->arbiter->predicate_sql);
	if (c->clause->action != PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE) {
		buf_put_text(out, " DO NOTHING");
		return;
	}
	buf_put_text(out, " DO UPDATE");
	emit_set(p, out, r, &c->set);
	emit_where(p, out, c->where);
}

/* ---- INSERT as a whole ---- */

static void emit_rows(struct pass *p, struct buf *out, const struct insert *in)
{
	buf_put_text(out, "VALUES ");
	for (size_t i = 0; i < in->nrows; i++) {
		const char *separator = i > 0 ? ", (" : "(";

		for (size_t j = 0; j < in->nvalues; j++) {
			if (in->rows[i][j].column->is_generated)
				continue;
			buf_put_text(out, separator);
			emit_assignment(p, out, in->target.relation, &in->rows[i][j]);
			separator = ", ";
		}
		buf_put_byte(out, ')');
	}
}

static void emit_insert(struct pass *p, struct buf *out, const struct insert *in)
{
	const struct assignment *values = in->source != NULL ? in->source->values : in->rows[0];
	const char *separator = " (";

	emit_with(p, out, in->with);
	buf_put_text(out, "INSERT INTO ");
	emit_target(out, &in->target);
	for (size_t i = 0; i < in->nvalues; i++) {
		if (values[i].column->is_generated)
			continue;
		buf_put_text(out, separator);
		emit_name(out, values[i].column->name);
		separator = ", ";
	}
	buf_put_text(out, ") ");
	if (in->source != NULL)
		emit_source(p, out, in->target.relation, in->source);
	else
		emit_rows(p, out, in);
	emit_conflict(p, out, in);
	emit_returning(p, out, &in->returning);
}

void translate_insert(struct pass *p, const PgQuery__InsertStmt *s, struct translation *t)
{
	struct insert in = { .stmt = s, .scope = scope_new(p, NULL) };
	struct buf sql;

	in.with = qualify_with(p, in.scope, s->with_clause);
	in.target = qualify_target(p, s->relation, TARGET_INSERT);
	qualify_columns(p, &in);
	if (s->select_stmt == NULL)
		qualify_default_row(p, &in);
	else if (is_plain_values(s->select_stmt->select_stmt))
		qualify_rows(p, &in, s->select_stmt->select_stmt);
	else
		qualify_query(p, &in, s->select_stmt->select_stmt);
	qualify_conflict(p, &in);
	in.returning =
	    qualify_returning(p, &in.target, in.scope, false, s->returning_list, s->n_returning_list, t);

	buf_init(&sql, SQL_MAX);
	emit_insert(p, &sql, &in);
	finish_write(p, t, &sql, "INSERT 0");
}

/* ---- UPDATE ---- */

void translate_update(struct pass *p, const PgQuery__UpdateStmt *s, struct translation *t)
{
	struct scope *outer = scope_new(p, NULL);
	struct with_tree *with = qualify_with(p, outer, s->with_clause);
	struct target target = qualify_target(p, s->relation, TARGET_UPDATE);
	struct scope *scope = scope_new(p, outer);
	struct from_tree *from = NULL;
	struct buf sql;

	scope_add_relation(p, scope, target.relation, target.alias);
	if (s->n_from_clause > 0)
		from = qualify_from(p, scope, s->from_clause, s->n_from_clause);
	struct set_list set = qualify_set(p, scope, target.relation, s->target_list, s->n_target_list);
	struct expr *where = qualify_where(p, scope, s->where_clause);
	struct target_list returning = qualify_returning(p, &target, from != NULL ? scope : outer,
	    from != NULL, s->returning_list, s->n_returning_list, t);

	buf_init(&sql, SQL_MAX);
	emit_with(p, &sql, with);
	buf_put_text(&sql, "UPDATE ");
	emit_target(&sql, &target);
	emit_set(p, &sql, target.relation, &set);
	if (from != NULL) {
		buf_put_text(&sql, " FROM ");
		emit_from(p, &sql, from);
	}
	emit_where(p, &sql, where);
	emit_returning(p, &sql, &returning);
	finish_write(p, t, &sql, "UPDATE");
}

/* ---- DELETE ---- */

/* SQLite has no USING: the rows that the join finds are deleted by their rowids. */
static void emit_delete_using(struct pass *p, struct buf *out, const struct target *target,
    const struct from_tree *from, const struct expr *where)
{
	const char *name = target->alias != NULL ? target->alias : target->relation->sqlite_name;

	buf_put_text(out, " WHERE ");
	emit_name(out, name);
	buf_put_text(out, "._rowid_ IN (SELECT ");
	emit_name(out, name);
	buf_put_text(out, "._rowid_ FROM ");
	emit_target(out, target);
	buf_put_text(out, ", ");
	emit_from(p, out, from);
	emit_where(p, out, where);
	buf_put_byte(out, ')');
}

void translate_delete(struct pass *p, const PgQuery__DeleteStmt *s, struct translation *t)
{
	struct scope *outer = scope_new(p, NULL);
	struct with_tree *with = qualify_with(p, outer, s->with_clause);
	struct target target = qualify_target(p, s->relation, TARGET_DELETE);
	struct scope *scope = scope_new(p, outer);
	struct from_tree *from = NULL;
	struct buf sql;

	scope_add_relation(p, scope, target.relation, target.alias);
	if (s->n_using_clause > 0)
		from = qualify_from(p, scope, s->using_clause, s->n_using_clause);
	struct expr *where = qualify_where(p, scope, s->where_clause);
	struct target_list returning = qualify_returning(p, &target, from != NULL ? scope : outer,
	    from != NULL, s->returning_list, s->n_returning_list, t);

	buf_init(&sql, SQL_MAX);
	emit_with(p, &sql, with);
	buf_put_text(&sql, "DELETE FROM ");
	emit_target(&sql, &target);
	if (from != NULL)
		emit_delete_using(p, &sql, &target, from, where);
	else
		emit_where(p, &sql, where);
	emit_returning(p, &sql, &returning);
	finish_write(p, t, &sql, "DELETE");
}
