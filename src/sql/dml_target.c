#include "sql/dml.h"

#include <string.h>

#include "sql/ddl.h"

static noreturn void fail_view(struct pass *p, const struct relation *r, enum target_verb verb, int location)
{
	static const struct {
		const char *sentence, *action;
	} verbs[] = {
		[TARGET_INSERT] = { "cannot insert into view", "inserting into the view" },
		[TARGET_UPDATE] = { "cannot update view", "updating the view" },
		[TARGET_DELETE] = { "cannot delete from view", "deleting from the view" },
		[TARGET_COPY] = { "cannot copy to view", "copying to the view" },
	};

	pass_fail_hint(p, location, verb == TARGET_COPY ? SQLSTATE_WRONG_OBJECT_TYPE : "55000",
	    "Views are not updatable.",
	    pass_printf(p, "To enable %s, write to the tables that it reads.", verbs[verb].action),
	    "%s \"%s\"", verbs[verb].sentence, r->name);
}

struct target qualify_target(struct pass *p, const PgQuery__RangeVar *rv, enum target_verb verb)
{
	const struct relation *r = qualify_relation(p, rv);

	if (r->is_system)
		pass_fail(p, rv->location, "42501", "permission denied: \"%s\" is a system catalog", r->name);
	if (r->kind == 'v')
		fail_view(p, r, verb, rv->location);
	if (r->kind == 'S')
		pass_fail(
		    p, rv->location, SQLSTATE_WRONG_OBJECT_TYPE, "cannot change sequence \"%s\"", r->name);
	if (r->kind != 'r')
		pass_fail(p, rv->location, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a table", r->name);
	return (struct target){ r, rv->alias != NULL ? rv->alias->aliasname : NULL };
}

const struct column *target_column(struct pass *p, const struct relation *r, const char *name, int location)
{
	const struct column *column = relation_column(r, name);

	if (column == NULL)
		pass_fail(p, location, SQLSTATE_NO_SUCH_COLUMN,
		    "column \"%s\" of relation \"%s\" does not exist", name, r->name);
	return column;
}

/* Columns that the user has no say in. */
static void check_assignable(struct pass *p, enum expr_place place, const struct column *column, int location)
{
	const char *detail = pass_printf(p,
	    column->is_generated ? "Column \"%s\" is a generated column."
				 : "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
	    column->name);

	if (!column->is_generated && column->identity != 'a')
		return;
	if (place == PLACE_SET)
		pass_fail_hint(p, location, "428C9", detail, NULL,
		    "column \"%s\" can only be updated to DEFAULT", column->name);
	pass_fail_hint(p, location, "428C9", detail,
	    column->is_generated ? NULL : "Use OVERRIDING SYSTEM VALUE to override.",
	    "cannot insert a non-DEFAULT value into column \"%s\"", column->name);
}

struct assignment qualify_assignment(struct pass *p, struct scope *scope, enum expr_place place,
    const struct column *column, const PgQuery__Node *node)
{
	struct assignment a = { .column = column };

	if (node->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT)
		return a;
	struct expr *e = qualify_expr(p, scope, place, node);
	check_assignable(p, place, column, e->location);
	a.value = coerce_assign(p, e, column->type, column->typmod, column->name);
	return a;
}

bool needs_default(const struct column *column)
{
	return column->is_rowid;
}

/* A rowid may have been given out by SQLite too, to a client of the HTTP API that left it out; nextval passes over those when it is told
 * the table. The default of the column doesn't name it, since tables are renamed. */
static void emit_default(
    struct pass *p, struct buf *out, const struct relation *r, const struct column *column)
{
	const char *sequence = column->is_rowid ? ddl_sequence_of(p, column->default_sql) : NULL;

	if (sequence != NULL) {
		buf_put_text(out, "nq_nextval(");
		emit_string(out, sequence);
		buf_put_text(out, ", ");
		emit_string(out, r->sqlite_name);
		buf_put_byte(out, ')');
	} else if (column->default_sql == NULL) {
		buf_put_text(out, "NULL");
	} else {
		buf_printf(out, "(%s)", column->default_sql);
	}
}

/* A table that was made in SQLite's dialect numbers its own rows: no class is recorded for it, and its oid is made from its name. */
static bool numbers_itself(const struct relation *r, const struct assignment *a)
{
	return a->value == NULL && a->column->default_sql == NULL && r->oid >= SCHEMA_SYNTHETIC_OID_MIN;
}

void emit_assignment(struct pass *p, struct buf *out, const struct relation *r, const struct assignment *a)
{
	bool may_be_null = a->value != NULL ? a->value->is_nullable : a->column->default_sql == NULL;
	bool is_guarded = a->column->is_rowid && may_be_null && !numbers_itself(r, a);

	if (is_guarded)
		buf_put_text(out, "nq_notnull(");
	if (a->value != NULL)
		emit_expr(p, out, a->value);
	else
		emit_default(p, out, r, a->column);
	if (is_guarded) {
		buf_put_text(out, ", ");
		emit_string(out, r->name);
		buf_put_text(out, ", ");
		emit_string(out, a->column->name);
		buf_put_byte(out, ')');
	}
}

/* ---- RETURNING ---- */

static bool has_subquery(const struct expr *e)
{
	if (e->node->kind == NODE_SUBQUERY)
		return true;
	for (size_t i = 0; i < e->node->nargs; i++) {
		if (e->node->args[i] != NULL && has_subquery(e->node->args[i]))
			return true;
	}
	return false;
}

/* A column of another table than the target. */
static bool is_foreign(const struct expr *e, const struct range_entry *target)
{
	if (e->node->kind == NODE_COLUMN && e->node->column.entry != target)
		return true;
	for (size_t i = 0; i < e->node->nargs; i++) {
		if (e->node->args[i] != NULL && is_foreign(e->node->args[i], target))
			return true;
	}
	return false;
}

/* RETURNING * means the columns of FROM, too. */
static void check_star(struct pass *p, const PgQuery__Node *item)
{
	const PgQuery__Node *value = item->res_target->val;

	if (value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && value->column_ref->n_fields == 1 &&
	    value->column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_A_STAR)
		pass_refuse(p, value->column_ref->location, "RETURNING * with FROM or USING");
}

static void check_returned(
    struct pass *p, const struct target *target, const struct range_entry *entry, const struct expr *e)
{
	if (target->alias != NULL && has_subquery(e))
		pass_refuse(p, e->location, "a subquery in RETURNING of a table with an alias");
	if (is_foreign(e, entry))
		pass_refuse(p, e->location, "a column of FROM or USING in RETURNING");
}

struct target_list qualify_returning(struct pass *p, const struct target *target, struct scope *outer,
    bool has_from, PgQuery__Node **items, size_t n, struct translation *t)
{
	struct scope *scope = scope_new(p, outer);
	struct target_list list = { NULL, NULL, 0 };

	if (n == 0)
		return list;
	struct range_entry *entry = entry_of_relation(p, scope, target->relation, target->alias);
	entry->sqlite_alias = target->relation->sqlite_name;
	names_add_entry(p, &scope->names, entry, -1);
	for (size_t i = 0; i < n && has_from; i++)
		check_star(p, items[i]);
	list = qualify_targets(p, scope, PLACE_RETURNING, items, n);
	for (size_t i = 0; i < list.n; i++)
		check_returned(p, target, entry, list.exprs[i]);
	t->columns = list.columns;
	t->ncolumns = list.n;
	return list;
}

void emit_returning(struct pass *p, struct buf *out, const struct target_list *list)
{
	if (list->n == 0)
		return;
	buf_put_text(out, " RETURNING ");
	emit_targets(p, out, list);
}

/* ---- queries as sources ---- */

/* The query's columns as those of a table. */
static const struct relation *source_relation(struct pass *p, const struct query_tree *query, size_t n)
{
	const struct result_column *from;
	struct column *columns = pass_alloc(p, (n + 1) * sizeof(*columns));
	struct relation *r = pass_alloc(p, sizeof(*r));

	query_columns(query, &from);
	for (size_t i = 0; i < n; i++)
		columns[i] = (struct column){ .name = pass_printf(p, "c%zu", i + 1),
			.type = from[i].type,
			.typmod = from[i].typmod,
			.attnum = (int16_t)(i + 1) };
	*r = (struct relation){
		.name = "_s", .sqlite_name = "_s", .kind = 'r', .columns = columns, .ncolumns = n
	};
	return r;
}

struct source *qualify_source(struct pass *p, struct scope *outer, const PgQuery__SelectStmt *select,
    const struct column *const *columns, size_t ncolumns)
{
	struct source *s = pass_alloc(p, sizeof(*s));
	oid_t *types = pass_alloc(p, (ncolumns + 1) * sizeof(*types));
	int32_t *typmods = pass_alloc(p, (ncolumns + 1) * sizeof(*typmods));
	const char **names = pass_alloc(p, (ncolumns + 1) * sizeof(*names));
	const struct result_column *from;

	for (size_t i = 0; i < ncolumns; i++) {
		types[i] = columns[i]->type;
		typmods[i] = columns[i]->typmod;
		names[i] = columns[i]->name;
	}
	s->query = qualify_select(p, outer, select);
	s->ncolumns = query_columns(s->query, &from);
	if (s->ncolumns > ncolumns)
		return s; /* the caller's to complain of */
	query_resolve(p, s->query, types, typmods, s->ncolumns, names);

	struct scope *scope = scope_new(p, NULL);
	struct range_entry *entry =
	    entry_of_relation(p, scope, source_relation(p, s->query, s->ncolumns), NULL);
	s->n = s->ncolumns;
	s->values = pass_alloc(p, (ncolumns + 1) * sizeof(*s->values));
	for (size_t i = 0; i < s->n; i++) {
		struct expr *e = column_expr(p, entry, i, -1);

		check_assignable(p, PLACE_VALUES, columns[i], -1);
		s->values[i].column = columns[i];
		s->values[i].value = coerce_assign(p, e, types[i], typmods[i], names[i]);
	}
	return s;
}

void emit_source(struct pass *p, struct buf *out, const struct relation *r, const struct source *source)
{
	buf_put_text(out, "WITH \"_s\"(");
	for (size_t i = 0; i < source->ncolumns; i++)
		buf_printf(out, "%s\"c%zu\"", i > 0 ? ", " : "", i + 1);
	buf_put_text(out, ") AS (");
	emit_select(p, out, source->query);
	buf_put_text(out, ") SELECT ");
	for (size_t i = 0; i < source->n; i++) {
		if (i > 0)
			buf_put_text(out, ", ");
		emit_assignment(p, out, r, &source->values[i]);
	}
	buf_put_text(out, " FROM \"_s\" WHERE true");
}
