#include "sql/select.h"

#include "sql/functions.h"

/* Is the table's primary key grouped? Then every other column of it has one value in a group. */
static bool depends_on_key(const struct query_tree *q, const struct range_entry *entry)
{
	const struct relation *r = entry->relation;

	for (size_t c = 0; r != NULL && c < r->nconstraints; c++) {
		const struct constraint *key = &r->constraints[c];
		size_t grouped = 0;

		if (key->kind != 'p')
			continue;
		for (size_t k = 0; k < key->nattnums; k++) {
			for (size_t g = 0; g < q->ngroup; g++) {
				const struct expr *e = q->group[g];

				if (e->node->kind == NODE_COLUMN && e->node->column.entry == entry &&
				    e->attnum == key->attnums[k]) {
					grouped++;
					break;
				}
			}
		}
		return grouped == key->nattnums;
	}
	return false;
}

static bool is_grouped(const struct query_tree *q, const struct expr *e)
{
	for (size_t g = 0; g < q->ngroup; g++)
		if (expr_equals(q->group[g], e, true))
			return true;
	return false;
}

static void check(struct pass *p, const struct query_tree *q, const struct expr *e);

static void check_column(struct pass *p, const struct query_tree *q, const struct expr *e)
{
	const struct range_entry *entry = e->node->column.entry;
	const char *name = entry->columns[e->node->column.index].name;

	if (entry->scope != q->scope || depends_on_key(q, entry))
		return;
	if (entry->alias == NULL)
		return; /* a row of a function in the select list */
	pass_fail(p, e->location, SQLSTATE_GROUPING,
	    "column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate function",
	    entry->alias, name);
}

static void check(struct pass *p, const struct query_tree *q, const struct expr *e)
{
	const struct expr_node *node = e->node;

	if (is_grouped(q, e))
		return;
	if (node->kind == NODE_COLUMN)
		check_column(p, q, e);
	if (node->kind == NODE_CALL && node->call->window == NULL && node->call->scope == q->scope)
		return;
	for (size_t i = 0; i < node->nargs; i++)
		check(p, q, node->args[i]);
}

void check_grouping(struct pass *p, const struct query_tree *q)
{
	if (q->ngroup == 0 && q->having == NULL && !q->scope->has_aggregates)
		return;
	for (size_t i = 0; i < q->ngroup; i++)
		if (q->group[i]->node->kind == NODE_CALL)
			pass_fail(p, q->group[i]->location, SQLSTATE_GROUPING,
			    "aggregate functions are not allowed in GROUP BY");
	for (size_t i = 0; i < q->targets.n; i++)
		check(p, q, q->targets.exprs[i]);
	if (q->having != NULL)
		check(p, q, q->having);
	for (size_t i = 0; i < q->nsort; i++)
		check(p, q, q->sort[i].expr);
}
