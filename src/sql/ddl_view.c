#include <string.h>

#include "sql/ddl.h"

/* The view's columns, as the catalog keeps them: SQLite knows no types of a view's. */
static void define_columns(struct pass *p, struct table_def *def, const PgQuery__ViewStmt *s,
    const struct result_column *columns, size_t n)
{
	if (s->n_aliases > n)
		pass_fail(p, -1, SQLSTATE_SYNTAX, "CREATE VIEW specifies more column names than columns");
	def->columns = pass_alloc(p, (n + 1) * sizeof(*def->columns));
	for (size_t i = 0; i < n; i++) {
		const char *name = i < s->n_aliases ? node_string(s->aliases[i]) : columns[i].name;

		if (ddl_find_column(def, name) != NULL)
			pass_fail(
			    p, -1, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", name);
		def->columns[def->ncolumns++] = (struct column_def){ .name = name,
			.type = columns[i].type == OID_UNKNOWN ? OID_TEXT : columns[i].type,
			.typmod = columns[i].typmod,
			.attnum = (int16_t)(i + 1),
			.location = -1 };
	}
}

/* CREATE OR REPLACE may add columns, and change nothing about those that are there. */
static void check_replaced(struct pass *p, const struct relation *old, const struct table_def *def)
{
	char from[TYPE_DISPLAY_MAX], to[TYPE_DISPLAY_MAX];

	if (old->kind != 'v')
		pass_fail(p, -1, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view", old->name);
	if (def->ncolumns < old->ncolumns)
		pass_fail(p, -1, "42P16", "cannot drop columns from view");
	for (size_t i = 0; i < old->ncolumns; i++) {
		const struct column *was = &old->columns[i];
		const struct column_def *is = &def->columns[i];

		if (strcmp(was->name, is->name) != 0)
			pass_fail_hint(p, -1, "42P16", NULL,
			    "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
			    "cannot change name of view column \"%s\" to \"%s\"", was->name, is->name);
		if (was->type != is->type || was->typmod != is->typmod)
			pass_fail(p, -1, "42P16",
			    "cannot change data type of view column \"%s\" from %s to %s", was->name,
			    type_display(was->type, was->typmod, from),
			    type_display(is->type, is->typmod, to));
	}
}

static const struct relation *find_replaced(
    struct pass *p, const PgQuery__ViewStmt *s, const char *schema, struct translation *t)
{
	const struct relation *old = p->schema->find_relation(p->schema, schema, s->view->relname);

	if (old != NULL && s->replace)
		return old;
	ddl_name_exists(p, s->view, false, t);
	return NULL;
}

static void check_view(struct pass *p, const PgQuery__ViewStmt *s)
{
	if (s->view->relpersistence[0] == 't')
		pass_refuse(p, -1, "CREATE TEMPORARY VIEW");
	if (s->with_check_option > PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
		pass_refuse(p, -1, "WITH CHECK OPTION");
	if (s->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		pass_refuse(p, -1, "a view of this statement");
}

static const char *column_names(struct pass *p, const struct table_def *def)
{
	const char *list = "";

	for (size_t i = 0; i < def->ncolumns; i++)
		list = pass_printf(p, "%s%s%s", list, i > 0 ? ", " : "", ddl_name(p, def->columns[i].name));
	return list;
}

void translate_create_view(struct pass *p, const PgQuery__ViewStmt *s, struct translation *t)
{
	struct table_def def = { .name = s->view->relname };
	const struct result_column *columns;

	t->kind = STATEMENT_WRITE;
	t->tag = "CREATE VIEW";
	t->is_ddl = true;
	check_view(p, s);
	def.schema = ddl_schema(p, s->view);
	const struct relation *old = find_replaced(p, s, def.schema, t);
	struct query_tree *query = qualify_select(p, NULL, s->query->select_stmt);
	query_resolve(p, query, NULL, NULL, 0, NULL);
	size_t n = query_columns(query, &columns);
	define_columns(p, &def, s, columns, n);
	if (old != NULL)
		check_replaced(p, old, &def);

	const char *oid = ddl_class_oid(p, def.schema, def.name), *name = ddl_name(p, def.name);
	if (old != NULL)
		ddl_step(p, t, "DROP VIEW %s", name);
	ddl_step(p, t, "CREATE VIEW %s (%s) AS %s", name, column_names(p, &def), ddl_query_sql(p, query));
	ddl_step(p, t, "DELETE FROM _nqlite_attribute WHERE class = %s", oid);
	if (old != NULL)
		ddl_step_adopt(p, t, old);
	else
		ddl_step_class(p, t, def.schema, def.name, 'v');
	for (size_t i = 0; i < def.ncolumns; i++)
		ddl_step_column(p, t, &def, &def.columns[i]);
}
