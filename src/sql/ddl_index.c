#include <string.h>

#include "sql/ddl.h"

struct index_key {
	const char *name; /* a column, or NULL */
	const char *expression;
	const char *collation;
	bool is_descending;
};

/* The name that an expression lends to its index, as PostgreSQL's FigureIndexColname. */
static const char *figure_name(const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		return node_string(node->column_ref->fields[node->column_ref->n_fields - 1]);
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		return node_string(node->func_call->funcname[node->func_call->n_funcname - 1]);
	case PG_QUERY__NODE__NODE_TYPE_CAST: return figure_name(node->type_cast->arg);
	case PG_QUERY__NODE__NODE_COALESCE_EXPR: return "coalesce";
	case PG_QUERY__NODE__NODE_CASE_EXPR: return "case";
	default: return "expr";
	}
}

static void check_element(struct pass *p, const PgQuery__IndexElem *elem)
{
	const char *opclass = elem->n_opclass == 0 ? NULL : node_string(elem->opclass[elem->n_opclass - 1]);
	size_t len = opclass == NULL ? 0 : strlen(opclass);

	if (elem->n_collation > 0) {
		const char *name = node_string(elem->collation[elem->n_collation - 1]);

		if (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0 && strcmp(name, "default") != 0)
			pass_refuse(p, -1, pass_printf(p, "the collation \"%s\"", name));
	}
	/* All operator classes order as the type does: by bytes for text, which is what text_pattern_ops is for. */
	if (opclass != NULL && (len < 4 || strcmp(opclass + len - 4, "_ops") != 0))
		pass_fail(p, -1, SQLSTATE_NO_SUCH_OBJECT,
		    "operator class \"%s\" does not exist for access method \"btree\"", opclass);
}

static struct index_key read_key(
    struct pass *p, struct scope *scope, const struct relation *r, const PgQuery__IndexElem *elem)
{
	struct index_key key = { .is_descending = elem->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC };

	check_element(p, elem);
	if (elem->expr == NULL) {
		if (relation_column(r, elem->name) == NULL)
			pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN, "column \"%s\" does not exist", elem->name);
		key.name = elem->name;
		return key;
	}
	const struct expr *e = qualify_expr(p, scope, PLACE_INDEX, elem->expr);
	const struct type *type = type_find(e->type);

	key.expression = ddl_expr_sql(p, e);
	key.collation = type == NULL ? NULL : type->collation;
	return key;
}

static const char *index_name(struct pass *p, struct table_def *def, const PgQuery__IndexStmt *s)
{
	const char **names = pass_alloc(p, (s->n_index_params + 1) * sizeof(*names));

	for (size_t i = 0; i < s->n_index_params; i++) {
		const PgQuery__IndexElem *elem = s->index_params[i]->index_elem;

		names[i] = elem->expr == NULL ? elem->name : figure_name(elem->expr);
	}
	return ddl_choose_name(p, def, ddl_join(p, names, s->n_index_params), "idx");
}

static void check_index(struct pass *p, const PgQuery__IndexStmt *s, struct translation *t)
{
	if (s->nulls_not_distinct)
		pass_refuse(p, -1, "UNIQUE NULLS NOT DISTINCT");
	if (s->n_exclude_op_names > 0)
		pass_refuse(p, -1, "an exclusion constraint");
	if (s->access_method[0] != '\0' && strcmp(s->access_method, "btree") != 0)
		add_notice(p, t,
		    pass_printf(p, "access method \"%s\" is not supported, using btree", s->access_method));
}

/* NULLS FIRST and LAST are for queries to say: SQLite's index keeps NULLs first, and is read from either end. */
static const char *key_list(
    struct pass *p, struct scope *scope, const struct relation *r, const PgQuery__IndexStmt *s)
{
	const char *list = "";

	for (size_t i = 0; i < s->n_index_params; i++) {
		struct index_key key = read_key(p, scope, r, s->index_params[i]->index_elem);

		list = pass_printf(p, "%s%s%s%s%s%s", list, i > 0 ? ", " : "",
		    key.name != NULL ? ddl_name(p, key.name) : pass_printf(p, "(%s)", key.expression),
		    key.collation != NULL ? " COLLATE " : "", key.collation != NULL ? key.collation : "",
		    key.is_descending ? " DESC" : "");
	}
	return list;
}

void translate_create_index(struct pass *p, const PgQuery__IndexStmt *s, struct translation *t)
{
	const struct relation *r = ddl_table(p, s->relation, "CREATE INDEX");
	struct table_def *def = ddl_of_relation(p, r);
	const char *name = s->idxname, *where = "";

	t->kind = STATEMENT_WRITE;
	t->tag = "CREATE INDEX";
	if (name[0] != '\0') {
		PgQuery__RangeVar rv = *s->relation;

		rv.relname = s->idxname;
		if (ddl_name_exists(p, &rv, s->if_not_exists, t)) {
			t->kind = STATEMENT_NOTHING;
			return;
		}
	} else {
		name = index_name(p, def, s);
	}
	check_index(p, s, t);

	struct scope *scope = ddl_scope(p, def);
	const char *keys = key_list(p, scope, r, s);
	if (s->where_clause != NULL) {
		struct expr *e = qualify_expr(p, scope, PLACE_INDEX, s->where_clause);

		where = pass_printf(p, " WHERE %s", ddl_expr_sql(p, coerce_boolean(p, e, "WHERE")));
	}
	t->is_ddl = true;
	ddl_step(p, t, "CREATE %sINDEX %s ON %s (%s)%s", s->unique ? "UNIQUE " : "", ddl_name(p, name),
	    ddl_name(p, r->sqlite_name), keys, where);
	ddl_step_class(p, t, r->schema, name, 'i');
}
