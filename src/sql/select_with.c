#include "sql/select.h"

static void add_cte(struct pass *p, struct scope *s, struct cte *cte)
{
	for (size_t i = 0; i < s->nctes; i++)
		if (strcmp(s->ctes[i]->name, cte->name) == 0)
			pass_fail(p, cte->location, "42712",
			    "WITH query name \"%s\" specified more than once", cte->name);
	s->ctes = pass_grow(p, s->ctes, s->nctes, &s->ctes_cap, sizeof *s->ctes);
	s->ctes[s->nctes++] = cte;
}

static void set_columns(
    struct pass *p, struct cte *cte, const struct query_tree *q, const PgQuery__CommonTableExpr *node)
{
	cte->columns = columns_of_query(p, q);
	cte->ncolumns = q->targets.n;
	if (node->n_aliascolnames > cte->ncolumns)
		pass_fail(p, node->location, SQLSTATE_BAD_COLUMN_REFERENCE,
		    "WITH query \"%s\" has %zu columns available but %zu columns specified", cte->name,
		    cte->ncolumns, node->n_aliascolnames);
	rename_columns(p, cte->columns, cte->ncolumns, node->aliascolnames, node->n_aliascolnames, cte->name);
}

/* The half of UNION that doesn't recurse says what the columns are; then the whole is looked at. */
static void qualify_recursive(
    struct pass *p, struct scope *s, struct cte *cte, const PgQuery__CommonTableExpr *node)
{
	const PgQuery__SelectStmt *stmt = node->ctequery->select_stmt;
	bool is_union = stmt->op == PG_QUERY__SET_OPERATION__SETOP_UNION && stmt->n_values_lists == 0;
	oid_t *types;

	if (!is_union) {
		cte->query = qualify_select(p, s, stmt);
		query_resolve(p, cte->query, NULL, NULL, 0, NULL);
		set_columns(p, cte, cte->query, node);
		return;
	}
	struct query_tree *first = qualify_select(p, s, stmt->larg);
	query_resolve(p, first, NULL, NULL, 0, NULL);
	set_columns(p, cte, first, node);
	types = pass_alloc(p, (cte->ncolumns + 1) * sizeof *types);
	for (size_t i = 0; i < cte->ncolumns; i++) {
		types[i] = cte->columns[i].type;
		cte->columns[i].is_nullable = true; /* what the recursion adds isn't known yet */
	}
	cte->query = qualify_select(p, s, stmt);
	query_resolve(p, cte->query, NULL, NULL, 0, NULL);
	for (size_t i = 0; i < cte->ncolumns; i++) {
		char a[TYPE_DISPLAY_MAX], b[TYPE_DISPLAY_MAX];

		if (cte->query->targets.columns[i].type != types[i])
			pass_fail_hint(p, query_column_location(first, i), SQLSTATE_TYPE_MISMATCH, NULL,
			    "Cast the output of the non-recursive term to the correct type.",
			    "recursive query \"%s\" column %zu has type %s in non-recursive term but type %s "
			    "overall",
			    cte->name, i + 1, type_display(types[i], -1, a),
			    type_display(cte->query->targets.columns[i].type, -1, b));
	}
}

static int materialized(PgQuery__CTEMaterialize m)
{
	switch (m) {
	case PG_QUERY__CTEMATERIALIZE__CTEMaterializeAlways: return 1;
	case PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever: return 0;
	default: return -1;
	}
}

static struct cte *qualify_cte(
    struct pass *p, struct scope *s, const PgQuery__CommonTableExpr *node, bool is_recursive)
{
	struct cte *cte = pass_alloc(p, sizeof *cte);

	cte->name = node->ctename;
	cte->location = node->location;
	cte->materialized = materialized(node->ctematerialized);
	if (node->ctequery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		pass_refuse(p, node->location, "a data-changing statement in WITH");
	if (node->search_clause != NULL || node->cycle_clause != NULL)
		pass_refuse(p, node->location, "SEARCH or CYCLE of a recursive query");
	if (is_recursive) {
		add_cte(p, s, cte);
		qualify_recursive(p, s, cte, node);
		return cte;
	}
	cte->query = qualify_select(p, s, node->ctequery->select_stmt);
	query_resolve(p, cte->query, NULL, NULL, 0, NULL);
	set_columns(p, cte, cte->query, node);
	add_cte(p, s, cte);
	return cte;
}

struct with_tree *qualify_ctes(struct pass *p, struct scope *s, const PgQuery__WithClause *with)
{
	struct with_tree *tree = pass_alloc(p, sizeof *tree);

	tree->ctes = pass_alloc(p, (with->n_ctes + 1) * sizeof *tree->ctes);
	tree->is_recursive = with->recursive;
	for (size_t i = 0; i < with->n_ctes; i++)
		tree->ctes[tree->n++] = qualify_cte(p, s, with->ctes[i]->common_table_expr, with->recursive);
	return tree;
}

struct with_tree *qualify_with(struct pass *p, struct scope *scope, const PgQuery__WithClause *with)
{
	return with != NULL ? qualify_ctes(p, scope, with) : NULL;
}

void emit_with(struct pass *p, struct buf *out, const struct with_tree *with)
{
	if (with == NULL || with->n == 0)
		return;
	buf_put_text(out, with->is_recursive ? "WITH RECURSIVE " : "WITH ");
	for (size_t i = 0; i < with->n; i++) {
		const struct cte *cte = with->ctes[i];

		if (i > 0)
			buf_put_text(out, ", ");
		emit_name(out, cte->name);
		buf_put_byte(out, '(');
		for (size_t c = 0; c < cte->ncolumns; c++)
			buf_printf(out, "%sc%zu", c > 0 ? ", " : "", c + 1);
		buf_put_text(out, cte->materialized == 1   ? ") AS MATERIALIZED ("
				  : cte->materialized == 0 ? ") AS NOT MATERIALIZED ("
							   : ") AS (");
		emit_query(p, out, cte->query, false);
		buf_put_byte(out, ')');
	}
	buf_put_byte(out, ' ');
}
