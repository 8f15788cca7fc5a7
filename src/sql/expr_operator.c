#include "sql/expr.h"

/* ---- one operator ---- */

static noreturn void fail_operator(struct pass *p, enum resolve_result why, const char *name,
    const struct expr *left, const struct expr *right, int location)
{
	char l[TYPE_DISPLAY_MAX], r[TYPE_DISPLAY_MAX];
	const char *signature = left != NULL
				    ? pass_printf(p, "%s %s %s", type_display(left->type, -1, l), name,
					  type_display(right->type, -1, r))
				    : pass_printf(p, "%s %s", name, type_display(right->type, -1, r));

	if (why == RESOLVE_MANY)
		pass_fail_hint(p, location, SQLSTATE_AMBIGUOUS_FUNCTION, NULL,
		    "Could not choose a best candidate operator. You might need to add explicit type casts.",
		    "operator is not unique: %s", signature);
	pass_fail_hint(p, location, SQLSTATE_NO_SUCH_FUNCTION, NULL,
	    left != NULL ? "No operator matches the given name and argument types. You might need to add "
			   "explicit type casts."
			 : "No operator matches the given name and argument type. You might need to add an "
			   "explicit type cast.",
	    "operator does not exist: %s", signature);
}

/* What a declared operand type means for this expression: pseudo-types take it as it is. */
static struct expr *to_operand(struct pass *p, struct expr *e, oid_t declared)
{
	const struct type *t = type_find(declared);

	if (t != NULL && t->kind == 'p')
		return coerce_unknown(p, e, OID_TEXT);
	return coerce(p, e, declared, -1, CAST_IMPLICIT);
}

/* An unknown beside an array or its element gets the type that belongs there. */
static void settle_polymorphic(struct pass *p, const struct pg_operator *o, struct expr **args)
{
	for (int i = 0; i < 2; i++) {
		struct expr *known = args[1 - i];
		const struct type *t = type_find(known->type);

		if (args[i]->type != OID_UNKNOWN || !type_is_array(t))
			continue;
		if (o->args[i] == OID_ANYARRAY || o->args[i] == OID_ANYCOMPATIBLEARRAY)
			args[i] = coerce_unknown(p, args[i], t->oid);
		else if (o->args[i] == OID_ANYCOMPATIBLE)
			args[i] = coerce_unknown(p, args[i], t->element);
	}
}

static oid_t operator_result(const struct pg_operator *o, struct expr *const *args)
{
	if (o->result != OID_ANYCOMPATIBLEARRAY)
		return o->result;
	return args[0]->type;
}

static struct expr *build(struct pass *p, const struct pg_operator *o, struct expr **args, int location)
{
	if (o->form == NULL)
		pass_refuse(p, location, "arithmetic with intervals");
	if (o->nargs == 2)
		settle_polymorphic(p, o, args);
	for (size_t i = 0; i < o->nargs; i++)
		args[i] = to_operand(p, args[i], o->args[i]);

	struct expr *e = expr_form(p, o->form, operator_result(o, args), args, o->nargs, location);
	if (o->flags & OPERATOR_NULLABLE)
		e->is_nullable = true;
	return e;
}

struct expr *apply_operator(struct pass *p, const char *name, struct expr *left, struct expr *right,
    int location, const struct pg_operator **found)
{
	struct expr *args[] = { left != NULL ? left : right, right };
	const oid_t types[] = { args[0]->type, right->type };
	const struct pg_operator *o = NULL;
	enum resolve_result result = operator_find(name, types, left != NULL ? 2 : 1, &o);

	if (result != RESOLVE_ONE)
		fail_operator(p, result, name, left, right, location);
	if (found != NULL)
		*found = o;
	return build(p, o, args, location);
}

static const char *operator_name(struct pass *p, const PgQuery__AExpr *node)
{
	const char *schema, *name = last_name(node->name, node->n_name, &schema);

	if (schema != NULL && strcmp(schema, "pg_catalog") != 0)
		pass_fail(p, node->location, SQLSTATE_NO_SUCH_FUNCTION, "operator does not exist: %s.%s",
		    schema, name);
	return name;
}

/* ---- LIKE ---- */

/* A constant pattern without a backslash is a GLOB, which SQLite can serve from an index: % is *, _ is ?, and what GLOB takes for
 * special goes into brackets. NULL: it has a backslash. */
static const char *glob_of(struct pass *p, const char *pattern)
{
	char *glob = pass_alloc(p, 3 * strlen(pattern) + 1), *to = glob;

	for (; *pattern != '\0'; pattern++) {
		switch (*pattern) {
		case '\\': return NULL;
		case '%': *to++ = '*'; break;
		case '_': *to++ = '?'; break;
		case '*':
		case '?':
		case '[':
			*to++ = '[';
			*to++ = *pattern;
			*to++ = ']';
			break;
		default: *to++ = *pattern;
		}
	}
	return glob;
}

static struct expr *qualify_like(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	const char *name = operator_name(p, node);
	struct expr *left = qualify_node(p, c, node->lexpr), *right = qualify_node(p, c, node->rexpr);
	const struct pg_operator *o;
	struct expr *e = apply_operator(p, name, left, right, node->location, &o);
	struct expr *pattern = e->node->args[1];

	if (!(o->flags & OPERATOR_LIKE) || !expr_is_constant(pattern) || pattern->node->constant.text == NULL)
		return e;

	const char *glob = glob_of(p, pattern->node->constant.text);
	expr_pin(pattern);
	if (glob == NULL)
		return e;
	struct expr *args[] = { e->node->args[0], expr_constant(p, OID_TEXT, glob, pattern->location) };
	args[1]->node->constant.value = value_str(glob);
	return expr_form(
	    p, *name == '!' ? "(%1 NOT GLOB %2)" : "(%1 GLOB %2)", OID_BOOL, args, 2, node->location);
}

/* ---- rows ---- */

static struct expr *join_pairs(
    struct pass *p, struct expr **pairs, size_t n, const char *separator, int location)
{
	struct expr *e = expr_form(p, separator, OID_BOOL, pairs, n, location);

	e->node->kind = NODE_JOINED;
	e->kind = EXPR_OTHER;
	return e;
}

/* (a, b) < (c, d): SQLite's row values do it when each pair is compared natively. */
static struct expr *order_rows(struct pass *p, const char *name, struct expr **pairs, size_t n, int location)
{
	struct expr *rows[2];

	for (size_t side = 0; side < 2; side++) {
		struct expr **args = pass_alloc(p, n * sizeof *args);

		for (size_t i = 0; i < n; i++)
			args[i] = pairs[i]->node->args[side];
		rows[side] = join_pairs(p, args, n, ", ", location);
		rows[side]->type = OID_RECORD;
	}
	return expr_form(p, pass_printf(p, "(%%1 %s %%2)", name), OID_BOOL, rows, 2, location);
}

static struct expr *compare_rows(
    struct pass *p, const char *name, struct expr *left, struct expr *right, int location)
{
	size_t n = left->node->nargs;
	struct expr **pairs = pass_alloc(p, (n + 1) * sizeof *pairs);
	bool is_native = true;

	if (left->node->kind != NODE_JOINED || right->node->kind != NODE_JOINED || right->type != OID_RECORD)
		pass_refuse(p, location, "this comparison of a row");
	if (right->node->nargs != n)
		pass_fail(p, location, SQLSTATE_SYNTAX, "unequal number of entries in row expressions");
	if (n == 0)
		pass_refuse(p, location, "a comparison of empty rows");
	for (size_t i = 0; i < n; i++) {
		const struct pg_operator *o;

		pairs[i] = apply_operator(p, name, left->node->args[i], right->node->args[i], location, &o);
		is_native &= (o->flags & OPERATOR_NATIVE) && strstr(o->form, "COLLATE") == NULL;
	}
	if (strcmp(name, "=") == 0)
		return join_pairs(p, pairs, n, " AND ", location);
	if (strcmp(name, "<>") == 0 || strcmp(name, "!=") == 0)
		return join_pairs(p, pairs, n, " OR ", location);
	if (!is_native)
		pass_refuse(p, location, "this comparison of rows");
	return order_rows(p, name, pairs, n, location);
}

static struct expr *compare(
    struct pass *p, const char *name, struct expr *left, struct expr *right, int location)
{
	if (left != NULL && left->type == OID_RECORD && right->type == OID_RECORD)
		return compare_rows(p, name, left, right, location);
	return apply_operator(p, name, left, right, location, NULL);
}

/* ---- IN, ANY, BETWEEN, DISTINCT, NULLIF ---- */

/* All of IN's list and its left side take their common type when there is one, and the operator is asked for once. */
static struct expr *in_one_type(
    struct pass *p, struct expr *left, struct expr **items, size_t n, bool is_not, int location)
{
	struct expr **args = pass_alloc(p, (n + 1) * sizeof *args);
	oid_t *types = pass_alloc(p, (n + 1) * sizeof *types);
	const struct pg_operator *o;

	for (size_t i = 0; i <= n; i++) {
		args[i] = i == 0 ? left : items[i - 1];
		types[i] = args[i]->type;
		if (types[i] == OID_RECORD)
			return NULL;
	}

	oid_t common = resolve_common_type(types, n + 1);
	if (common == OID_NONE)
		return NULL;
	for (size_t i = 0; i <= n; i++)
		args[i] = coerce(p, args[i], common, -1, CAST_IMPLICIT);
	struct expr *sample = apply_operator(p, "=", args[0], args[1], location, &o);
	if (!(o->flags & OPERATOR_NATIVE))
		return NULL;
	args[0] = sample->node->args[0];
	bool is_numeric = strstr(o->form, "COLLATE") != NULL;
	const char *form = is_not ? "(%1 NOT IN (%+))" : "(%1 IN (%+))";
	if (is_numeric)
		form = is_not ? "(%1 COLLATE " COLLATION_NUMERIC " NOT IN (%+))"
			      : "(%1 COLLATE " COLLATION_NUMERIC " IN (%+))";
	return expr_form(p, form, OID_BOOL, args, n + 1, location);
}

static struct expr *qualify_in(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	bool is_not = strcmp(operator_name(p, node), "<>") == 0;
	const PgQuery__List *list = node->rexpr->list;
	struct expr *left = qualify_node(p, c, node->lexpr);
	struct expr **items = qualify_nodes(p, c, list->items, list->n_items);
	struct expr *e = in_one_type(p, left, items, list->n_items, is_not, node->location);

	if (e != NULL)
		return e;
	for (size_t i = 0; i < list->n_items; i++)
		items[i] = compare(p, is_not ? "<>" : "=", left, items[i], node->location);
	return join_pairs(p, items, list->n_items, is_not ? " AND " : " OR ", node->location);
}

/* Any of the values that `v` has in rows of a FROM: true if one is, else NULL if one is, else false; ALL the other way round. */
#define ANY_OF \
	"(SELECT CASE WHEN max(v) = 1 THEN 1 WHEN count(v) < count(*) THEN NULL ELSE 0 END FROM (SELECT "
#define ALL_OF \
	"(SELECT CASE WHEN min(v) = 0 THEN 0 WHEN count(v) < count(*) THEN NULL ELSE 1 END FROM (SELECT "

static struct expr *literal_array(
    struct pass *p, bool is_any, const char *name, struct expr *left, struct expr *array, int location)
{
	size_t n = array->node->nargs;
	struct expr **items = pass_alloc(p, (n + 1) * sizeof *items), *e = NULL;

	for (size_t i = 0; i < n; i++) { /* booleans were made JSON's */
		items[i] = array->node->args[i];
		if (items[i]->type == OID_BOOL)
			items[i] = items[i]->node->args[0];
	}
	if (n > 0 && ((is_any && strcmp(name, "=") == 0) || (!is_any && strcmp(name, "<>") == 0)))
		e = in_one_type(p, left, items, n, !is_any, location);
	return e;
}

/* left op ANY (array), left op ALL (array) */
static struct expr *qualify_any(
    struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node, bool is_any)
{
	const char *name = operator_name(p, node);
	struct expr *left = qualify_node(p, c, node->lexpr), *array = qualify_node(p, c, node->rexpr);
	const struct type *t = type_find(array->type);
	const struct pg_operator *o;

	if (array->type == OID_UNKNOWN) {
		left = coerce_unknown(p, left, OID_TEXT);
		t = type_find(left->type);
		array = coerce_unknown(p, array, t->array != OID_NONE ? t->array : OID_TEXT_ARRAY);
		t = type_find(array->type);
	}
	if (!type_is_array(t))
		pass_fail(p, node->location, SQLSTATE_WRONG_OBJECT_TYPE,
		    "op ANY/ALL (array) requires array on right side");
	if (array->node->kind == NODE_FORM && strcmp(array->node->form, "json_array(%*)") == 0) {
		struct expr *e = literal_array(p, is_any, name, left, array, node->location);

		if (e != NULL)
			return e;
	}

	/* The element stands for itself in the operator; emission reads it from json_each. */
	struct expr *element = expr_form(p, "value", t->element, NULL, 0, array->location);
	element->is_nullable = true;
	struct expr *comparison = apply_operator(p, name, left, element, node->location, &o);
	struct expr *args[] = { comparison->node->args[0], array, comparison };
	bool is_plain = comparison->node->args[1] == element && (o->flags & OPERATOR_NATIVE) &&
			strstr(o->form, "COLLATE") == NULL;
	const char *form =
	    is_any ? ANY_OF "%3 AS v FROM json_each(%2)))" : ALL_OF "%3 AS v FROM json_each(%2)))";

	if (is_plain && is_any && strcmp(o->name, "=") == 0)
		form = "(%1 IN (SELECT value FROM json_each(%2)))";
	else if (is_plain && !is_any && strcmp(o->name, "<>") == 0)
		form = "(%1 NOT IN (SELECT value FROM json_each(%2)))";

	struct expr *e = expr_form(p, form, OID_BOOL, args, 3, node->location);
	e->is_nullable = true;
	return e;
}

static struct expr *between(
    struct pass *p, struct expr *x, struct expr *low, struct expr *high, bool is_not, int location)
{
	const struct pg_operator *above, *below;
	struct expr *lower = apply_operator(p, is_not ? "<" : ">=", x, low, location, &above);
	struct expr *upper = apply_operator(p, is_not ? ">" : "<=", x, high, location, &below);
	bool is_native = (above->flags & below->flags & OPERATOR_NATIVE) &&
			 strstr(above->form, "COLLATE") == NULL && strstr(below->form, "COLLATE") == NULL;

	if (is_native && lower->node->args[0] == upper->node->args[0]) {
		struct expr *args[] = { lower->node->args[0], lower->node->args[1], upper->node->args[1] };

		return expr_form(p, is_not ? "(%1 NOT BETWEEN %2 AND %3)" : "(%1 BETWEEN %2 AND %3)",
		    OID_BOOL, args, 3, location);
	}

	struct expr *pairs[] = { lower, upper };
	return join_pairs(p, pairs, 2, is_not ? " OR " : " AND ", location);
}

static struct expr *qualify_between(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	const PgQuery__List *bounds = node->rexpr->list;
	struct expr *x = qualify_node(p, c, node->lexpr);
	struct expr *low = qualify_node(p, c, bounds->items[0]), *high = qualify_node(p, c, bounds->items[1]);
	bool is_not = node->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
		      node->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
	struct expr *e = between(p, x, low, high, is_not, node->location);

	if (node->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN ||
	    node->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN)
		return e;
	struct expr *both[] = { e, between(p, x, high, low, is_not, node->location) };
	return join_pairs(p, both, 2, is_not ? " AND " : " OR ", node->location);
}

/* a IS DISTINCT FROM b: the equality's operands, compared by IS. */
static struct expr *qualify_distinct(
    struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node, bool is_not)
{
	struct expr *left = qualify_node(p, c, node->lexpr), *right = qualify_node(p, c, node->rexpr);
	const struct pg_operator *o;

	if (left->type == OID_RECORD || right->type == OID_RECORD)
		pass_refuse(p, node->location, "IS DISTINCT FROM of rows");
	struct expr *e = apply_operator(p, "=", left, right, node->location, &o);
	bool is_collated = strstr(o->form, "COLLATE") != NULL;
	if (is_collated)
		e->node->form = is_not ? "(%1 COLLATE " COLLATION_NUMERIC " IS %2)"
				       : "(%1 COLLATE " COLLATION_NUMERIC " IS NOT %2)";
	else
		e->node->form = is_not ? "(%1 IS %2)" : "(%1 IS NOT %2)";
	e->is_nullable = false;
	return e;
}

static struct expr *qualify_nullif(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	struct expr *left = qualify_node(p, c, node->lexpr);
	const struct pg_operator *o;
	struct expr *e = apply_operator(p, "=", left, qualify_node(p, c, node->rexpr), node->location, &o);

	/* The result has the type in which they were compared. */
	struct expr *args[] = { e, e->node->args[0] };
	struct expr *result =
	    expr_form(p, "(CASE WHEN %1 THEN NULL ELSE %2 END)", args[1]->type, args, 2, node->location);
	result->is_nullable = true;
	return result;
}

static struct expr *qualify_op(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	const char *name = operator_name(p, node);
	struct expr *left = node->lexpr != NULL ? qualify_node(p, c, node->lexpr) : NULL;

	if (node->rexpr == NULL)
		pass_refuse(p, node->location, "a postfix operator");
	return compare(p, name, left, qualify_node(p, c, node->rexpr), node->location);
}

struct expr *qualify_a_expr(struct pass *p, const struct expr_context *c, const PgQuery__AExpr *node)
{
	switch (node->kind) {
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP: return qualify_op(p, c, node);
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY: return qualify_any(p, c, node, true);
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL: return qualify_any(p, c, node, false);
	case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT: return qualify_distinct(p, c, node, false);
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT: return qualify_distinct(p, c, node, true);
	case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: return qualify_nullif(p, c, node);
	case PG_QUERY__A__EXPR__KIND__AEXPR_IN: return qualify_in(p, c, node);
	case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
	case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE: return qualify_like(p, c, node);
	case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
	case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM: return qualify_between(p, c, node);
	default: pass_refuse(p, node->location, "SIMILAR TO");
	}
}
