#include "sql/select.h"

/* How good a name is, as PostgreSQL's FigureColnameInternal: a cast's type name is weaker than its argument's name. */
enum strength { NAME_NONE, NAME_WEAK, NAME_GOOD };

static enum strength figure(const PgQuery__Node *node, const char **name);

static enum strength last_field(PgQuery__Node *const *fields, size_t n, const char **name)
{
	for (size_t i = n; i > 0; i--) {
		const char *text = node_string(fields[i - 1]);

		if (text != NULL) {
			*name = text;
			return NAME_GOOD;
		}
	}
	return NAME_NONE;
}

static enum strength figure_cast(const PgQuery__TypeCast *cast, const char **name)
{
	enum strength strength = figure(cast->arg, name);

	if (strength > NAME_WEAK)
		return strength;
	if (cast->type_name != NULL &&
	    last_field(cast->type_name->names, cast->type_name->n_names, name) != NAME_NONE)
		return NAME_WEAK;
	return strength;
}

static enum strength figure_case(const PgQuery__CaseExpr *node, const char **name)
{
	enum strength strength = node->defresult != NULL ? figure(node->defresult, name) : NAME_NONE;

	if (strength > NAME_WEAK)
		return strength;
	*name = "case";
	return NAME_WEAK;
}

static const PgQuery__SelectStmt *leftmost(const PgQuery__SelectStmt *s)
{
	while (s->larg != NULL)
		s = s->larg;
	return s;
}

static enum strength figure_sublink(const PgQuery__SubLink *node, const char **name)
{
	const PgQuery__SelectStmt *s;

	switch (node->sub_link_type) {
	case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK: *name = "exists"; return NAME_GOOD;
	case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK: *name = "array"; return NAME_GOOD;
	case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: break;
	default: return NAME_NONE;
	}
	s = leftmost(node->subselect->select_stmt);
	if (s->n_values_lists > 0) {
		*name = "column1";
		return NAME_GOOD;
	}
	if (s->n_target_list == 0)
		return NAME_NONE;

	const PgQuery__ResTarget *target = s->target_list[0]->res_target;
	if (target->name != NULL && *target->name != '\0')
		*name = target->name;
	else
		return figure(target->val, name) != NAME_NONE ? NAME_GOOD : NAME_NONE;
	return NAME_GOOD;
}

static enum strength figure_value_function(const PgQuery__SQLValueFunction *node, const char **name)
{
	static const char *const names[] = { NULL, "current_date", "current_time", "current_time",
		"current_timestamp", "current_timestamp", "localtime", "localtime", "localtimestamp",
		"localtimestamp", "current_role", "current_user", "user", "session_user", "current_catalog",
		"current_schema" };
	size_t op = (size_t)node->op - 1; /* libpg_query counts from 1, after "undefined" */

	*name = op + 1 < sizeof names / sizeof names[0] ? names[op + 1] : "?column?";
	return NAME_GOOD;
}

static enum strength figure_fixed(const char *text, const char **name)
{
	*name = text;
	return NAME_GOOD;
}

static enum strength figure(const PgQuery__Node *node, const char **name)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		return last_field(node->column_ref->fields, node->column_ref->n_fields, name);
	case PG_QUERY__NODE__NODE_A_INDIRECTION: return figure(node->a_indirection->arg, name);
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		return last_field(node->func_call->funcname, node->func_call->n_funcname, name);
	case PG_QUERY__NODE__NODE_A_EXPR:
		if (node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF)
			return figure_fixed("nullif", name);
		return NAME_NONE;
	case PG_QUERY__NODE__NODE_TYPE_CAST: return figure_cast(node->type_cast, name);
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return figure(node->collate_clause->arg, name);
	case PG_QUERY__NODE__NODE_GROUPING_FUNC: return figure_fixed("grouping", name);
	case PG_QUERY__NODE__NODE_SUB_LINK: return figure_sublink(node->sub_link, name);
	case PG_QUERY__NODE__NODE_CASE_EXPR: return figure_case(node->case_expr, name);
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return figure_fixed("array", name);
	case PG_QUERY__NODE__NODE_ROW_EXPR: return figure_fixed("row", name);
	case PG_QUERY__NODE__NODE_COALESCE_EXPR: return figure_fixed("coalesce", name);
	case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
		return figure_fixed(
		    node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST ? "greatest" : "least", name);
	case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
		return figure_value_function(node->sqlvalue_function, name);
	default: return NAME_NONE;
	}
}

const char *figure_column_name(const PgQuery__Node *node)
{
	const char *name = "?column?";

	if (figure(node, &name) == NAME_NONE)
		return "?column?";
	return name;
}
