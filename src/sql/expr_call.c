#include "sql/expr.h"
#include "sql/functions.h"
#include "sql/select.h"

/* ---- which function ---- */

static const char *signature(struct pass *p, const char *name, struct expr *const *args, size_t nargs)
{
	char display[TYPE_DISPLAY_MAX];
	const char *text = pass_printf(p, "%s(", name);

	for (size_t i = 0; i < nargs; i++)
		text = pass_printf(
		    p, "%s%s%s", text, i > 0 ? ", " : "", type_display(args[i]->type, -1, display));
	return pass_printf(p, "%s)", text);
}

static noreturn void fail_function(struct pass *p, enum resolve_result why, const char *name,
    struct expr *const *args, size_t nargs, int location)
{
	if (why == RESOLVE_MANY)
		pass_fail_hint(p, location, SQLSTATE_AMBIGUOUS_FUNCTION, NULL,
		    "Could not choose a best candidate function. You might need to add explicit type casts.",
		    "function %s is not unique", signature(p, name, args, nargs));
	pass_fail_hint(p, location, SQLSTATE_NO_SUCH_FUNCTION, NULL,
	    "No function matches the given name and argument types. You might need to add explicit type "
	    "casts.",
	    "function %s does not exist", signature(p, name, args, nargs));
}

/* What the polymorphic arguments of one call agree on. */
struct polymorphic {
	oid_t element; /* anyelement, and what anyarray is of */
	oid_t compatible;
};

static bool is_array_class(oid_t declared)
{
	return declared == OID_ANYARRAY || declared == OID_ANYCOMPATIBLEARRAY;
}

static bool is_any_class(oid_t declared)
{
	return declared == OID_ANYELEMENT || declared == OID_ANYNONARRAY || declared == OID_ANYARRAY;
}

static bool is_compatible_class(oid_t declared)
{
	return declared == OID_ANYCOMPATIBLE || declared == OID_ANYCOMPATIBLEARRAY ||
	       declared == OID_ANYCOMPATIBLENONARRAY;
}

static oid_t declared_at(const struct pg_function *f, size_t i)
{
	return f->args[i < f->nargs ? i : (size_t)f->nargs - 1];
}

static oid_t element_of(const struct expr *e, oid_t declared)
{
	const struct type *t = type_find(e->type);

	return is_array_class(declared) && t != NULL ? t->element : e->type;
}

static struct polymorphic settle(
    struct pass *p, const struct pg_function *f, struct expr *const *args, size_t nargs, bool *conflict)
{
	struct polymorphic s = { OID_NONE, OID_NONE };
	oid_t compatible[RESOLVE_ARGS_MAX];
	size_t ncompatible = 0;

	(void)p;
	*conflict = false;
	for (size_t i = 0; i < nargs; i++) {
		oid_t declared = declared_at(f, i);

		if (args[i]->type == OID_UNKNOWN)
			continue;
		if (is_compatible_class(declared))
			compatible[ncompatible++] = element_of(args[i], declared);
		if (!is_any_class(declared))
			continue;
		if (s.element != OID_NONE && s.element != element_of(args[i], declared))
			*conflict = true;
		s.element = element_of(args[i], declared);
	}
	s.element = s.element == OID_NONE ? OID_TEXT : s.element;
	s.compatible = resolve_common_type(compatible, ncompatible);
	*conflict |= s.compatible == OID_NONE;
	return s;
}

static oid_t concrete(oid_t declared, const struct polymorphic *s)
{
	oid_t base = is_compatible_class(declared) ? s->compatible : s->element;
	const struct type *t = type_find(base);

	if (is_array_class(declared))
		return t != NULL ? t->array : OID_NONE;
	return is_compatible_class(declared) || is_any_class(declared) ? base : declared;
}

static void coerce_args(struct pass *p, const struct pg_function *f, const struct polymorphic *s,
    struct expr **args, size_t nargs)
{
	for (size_t i = 0; i < nargs; i++) {
		oid_t want = concrete(declared_at(f, i), s);

		if (want == OID_ANY)
			args[i] = coerce_unknown(p, args[i], OID_TEXT);
		else
			args[i] = coerce(p, args[i], want, -1, CAST_IMPLICIT);
	}
}

/* Finds the function and makes the arguments fit. */
static const struct pg_function *select_function(
    struct pass *p, const char *name, struct expr **args, size_t nargs, int location, oid_t *result)
{
	oid_t types[RESOLVE_ARGS_MAX] = { 0 };
	const struct pg_function *f = NULL;
	bool conflict;

	if (nargs > RESOLVE_ARGS_MAX)
		pass_fail(p, location, "54023", "cannot pass more than %d arguments to a function",
		    RESOLVE_ARGS_MAX);
	for (size_t i = 0; i < nargs; i++)
		types[i] = args[i]->type;

	enum resolve_result found = function_find(name, types, nargs, &f);
	if (found != RESOLVE_ONE)
		fail_function(p, found, name, args, nargs, location);
	struct polymorphic s = settle(p, f, args, nargs, &conflict);
	if (conflict)
		fail_function(p, RESOLVE_NONE, name, args, nargs, location);
	coerce_args(p, f, &s, args, nargs);
	*result = concrete(f->result, &s);
	if (*result == OID_NONE)
		pass_refuse(p, location, "an array of this type");
	return f;
}

static void note_effects(struct pass *p, const struct pg_function *f)
{
	p->is_slow |= (f->flags & FUNCTION_SLOW) != 0;
	p->is_volatile |= (f->flags & FUNCTION_VOLATILE) != 0;
}

static void set_nullable(struct expr *e, const struct pg_function *f)
{
	if (f->flags & FUNCTION_NULLABLE)
		e->is_nullable = true;
	if (f->flags & FUNCTION_NOT_NULL)
		e->is_nullable = false;
}

/* current_setting('x'): the session sends the value along. */
static struct expr *setting(struct pass *p, struct expr *const *args, int location)
{
	if (!expr_is_constant(args[0]) || args[0]->node->constant.text == NULL)
		pass_refuse(p, location, "current_setting of a name that isn't constant");
	expr_pin(args[0]);

	struct expr *e = expr_new(p, NODE_SETTING, OID_TEXT, location);
	e->node->setting = args[0]->node->constant.text;
	return e;
}

static struct expr *plain_call(
    struct pass *p, const struct pg_function *f, oid_t result, struct expr **args, size_t nargs, int location)
{
	note_effects(p, f);
	if (f->flags & FUNCTION_SETTING)
		return setting(p, args, location);

	struct expr *e = expr_form(p, f->form, result, args, nargs, location);
	set_nullable(e, f);
	return e;
}

struct expr *apply_function(struct pass *p, const char *name, struct expr **args, size_t nargs, int location)
{
	oid_t result;
	const struct pg_function *f = select_function(p, name, args, nargs, location, &result);

	return plain_call(p, f, result, args, nargs, location);
}

/* ---- where calls may stand ---- */

static const char *place_name(enum expr_place place)
{
	static const char *const names[] = { [PLACE_SELECT] = "SELECT",
		[PLACE_WHERE] = "WHERE",
		[PLACE_GROUP] = "GROUP BY",
		[PLACE_HAVING] = "HAVING",
		[PLACE_ORDER] = "ORDER BY",
		[PLACE_LIMIT] = "LIMIT",
		[PLACE_VALUES] = "VALUES",
		[PLACE_SET] = "UPDATE",
		[PLACE_RETURNING] = "RETURNING",
		[PLACE_DEFAULT] = "DEFAULT expressions",
		[PLACE_CHECK] = "check constraints",
		[PLACE_INDEX] = "index expressions",
		[PLACE_ON] = "JOIN conditions" };

	return names[place];
}

static void check_place(struct pass *p, const struct expr_context *c, bool is_window, int location)
{
	bool in_order = c->place == PLACE_SELECT || c->place == PLACE_ORDER;
	const char *what = is_window ? "window functions" : "aggregate functions";
	const char *sqlstate = is_window ? "42P20" : SQLSTATE_GROUPING;

	if (c->in_aggregate)
		pass_fail(p, location, SQLSTATE_GROUPING,
		    is_window ? "aggregate function calls cannot contain window function calls"
			      : "aggregate function calls cannot be nested");
	if (is_window && c->in_window)
		pass_fail(p, location, sqlstate, "window function calls cannot be nested");
	if (!in_order && (is_window || c->place != PLACE_HAVING))
		pass_fail(p, location, sqlstate, "%s are not allowed in %s", what, place_name(c->place));
}

/* ---- OVER ---- */

static const PgQuery__WindowDef *named_window(
    struct pass *p, const struct expr_context *c, const char *name, int location)
{
	for (size_t i = 0; i < c->scope->nwindows; i++)
		if (strcmp(c->scope->windows[i]->window_def->name, name) == 0)
			return c->scope->windows[i]->window_def;
	pass_fail(p, location, SQLSTATE_NO_SUCH_OBJECT, "window \"%s\" does not exist", name);
}

/* ORDER BY x USING <, or >. */
static bool uses_greater(struct pass *p, const PgQuery__SortBy *by)
{
	const char *schema, *name;

	if (by->sortby_dir != PG_QUERY__SORT_BY_DIR__SORTBY_USING)
		return false;
	name = last_name(by->use_op, by->n_use_op, &schema);
	if (strcmp(name, "<") != 0 && strcmp(name, ">") != 0)
		pass_fail_hint(p, by->location, SQLSTATE_WRONG_OBJECT_TYPE, NULL,
		    "Ordering operators must be \"<\" or \">\" members of btree operator families.",
		    "operator %s is not a valid ordering operator", name);
	return *name == '>';
}

struct sort_item *qualify_sort(
    struct pass *p, const struct expr_context *c, PgQuery__Node *const *items, size_t n)
{
	struct sort_item *sort = pass_alloc(p, (n + 1) * sizeof *sort);

	for (size_t i = 0; i < n; i++) {
		const PgQuery__SortBy *by = items[i]->sort_by;

		sort[i].is_descending =
		    by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC || uses_greater(p, by);
		sort[i].nulls_first = by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
				      (by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT &&
					  sort[i].is_descending);
		if (c != NULL)
			sort[i].expr = coerce_unknown(p, qualify_node(p, c, by->node), OID_TEXT);
	}
	return sort;
}

static void add_window(
    struct pass *p, const struct expr_context *c, struct window *w, const PgQuery__WindowDef *def, int level)
{
	struct expr_context inside = *c;

	inside.in_window = true;
	if (level > 16)
		pass_fail(p, def->location, "42P20", "window definitions nest too deep");
	if (def->name != NULL && *def->name != '\0' && level == 0) { /* OVER w: as it stands in WINDOW */
		add_window(p, c, w, named_window(p, c, def->name, def->location), level + 1);
		return;
	}
	if (def->refname != NULL && *def->refname != '\0')
		add_window(p, c, w, named_window(p, c, def->refname, def->location), level + 1);
	if (def->n_partition_clause > 0) {
		w->partition = qualify_nodes(p, &inside, def->partition_clause, def->n_partition_clause);
		w->npartition = def->n_partition_clause;
	}
	if (def->n_order_clause > 0) {
		w->sort = qualify_sort(p, &inside, def->order_clause, def->n_order_clause);
		w->nsort = def->n_order_clause;
	}
	if (def->frame_options != 0)
		w->frame = def->frame_options;
	if (def->start_offset != NULL)
		w->start = coerce_implicit(p, qualify_node(p, &inside, def->start_offset), OID_INT8, -1);
	if (def->end_offset != NULL)
		w->end = coerce_implicit(p, qualify_node(p, &inside, def->end_offset), OID_INT8, -1);
}

/* The window's expressions are children of the call, so that a walk meets them. */
static void adopt(struct pass *p, struct expr *e, struct expr *child)
{
	struct expr **args = pass_alloc(p, (e->node->nargs + 1) * sizeof *args);

	if (child == NULL)
		return;
	if (e->node->nargs > 0)
		memcpy(args, e->node->args, e->node->nargs * sizeof *args);
	args[e->node->nargs++] = child;
	e->node->args = args;
}

static void adopt_window(struct pass *p, struct expr *e, const struct window *w)
{
	for (size_t i = 0; i < w->npartition; i++)
		adopt(p, e, w->partition[i]);
	for (size_t i = 0; i < w->nsort; i++)
		adopt(p, e, w->sort[i].expr);
	adopt(p, e, w->start);
	adopt(p, e, w->end);
}

/* ---- aggregates ---- */

static void check_aggregate(
    struct pass *p, const PgQuery__FuncCall *node, const struct pg_function *f, const char *name)
{
	bool is_aggregate = (f->flags & FUNCTION_AGGREGATE) != 0,
	     is_window = (f->flags & FUNCTION_WINDOW) != 0;

	if (is_window && node->over == NULL)
		pass_fail(p, node->location, SQLSTATE_WRONG_OBJECT_TYPE,
		    "window function %s requires an OVER clause", name);
	if (is_aggregate || is_window) {
		if (node->agg_distinct && node->over != NULL)
			pass_refuse(p, node->location, "DISTINCT for window functions");
		if ((f->flags & FUNCTION_ORDERED) && node->over != NULL)
			pass_refuse(p, node->location, pass_printf(p, "%s as a window function", name));
		if (node->agg_distinct && node->n_args != 1 && !(f->flags & FUNCTION_ORDERED))
			pass_refuse(p, node->location, "DISTINCT of several arguments");
		if (node->n_agg_order > 0 && node->over != NULL)
			pass_refuse(p, node->location, "ORDER BY inside a window function");
		if (is_window && node->agg_filter != NULL)
			pass_fail(p, node->location, SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "FILTER is not implemented for non-aggregate window functions");
		return;
	}
	if (node->over != NULL)
		pass_fail(p, node->location, SQLSTATE_WRONG_OBJECT_TYPE,
		    "OVER specified, but %s is not a window function nor an aggregate function", name);
	if (node->agg_distinct || node->n_agg_order > 0 || node->agg_filter != NULL || node->agg_star)
		pass_fail(p, node->location, SQLSTATE_WRONG_OBJECT_TYPE,
		    "%s specified, but %s is not an aggregate function",
		    node->agg_distinct ? "DISTINCT"
		    : node->agg_star   ? "(*)"
		    : node->agg_filter ? "FILTER"
				       : "ORDER BY",
		    name);
}

/* Of DISTINCT's values only their own order can be asked for. */
static void check_distinct_order(struct pass *p, const struct call *call, struct expr *const *args)
{
	if (call->is_distinct && (call->nsort > 1 || !expr_equals(call->sort[0].expr, args[0], true)))
		pass_fail(p, call->sort[0].expr->location, SQLSTATE_BAD_COLUMN_REFERENCE,
		    "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list");
}

static struct expr *aggregate_call(struct pass *p, const struct expr_context *c,
    const PgQuery__FuncCall *node, const struct pg_function *f, oid_t result, struct expr **args)
{
	struct expr_context inside = *c;
	struct expr *e = expr_form(p, f->form, result, args, node->n_args, node->location);
	struct call *call = pass_alloc(p, sizeof *call);

	inside.in_aggregate = true;
	e->node->kind = NODE_CALL;
	e->node->call = call;
	call->form = f->form;
	call->flags = f->flags;
	call->is_distinct = node->agg_distinct;
	call->scope = c->scope;
	set_nullable(e, f);
	if (node->agg_filter != NULL) {
		call->filter = coerce_boolean(p, qualify_node(p, &inside, node->agg_filter), "FILTER");
		adopt(p, e, call->filter);
	}
	if (node->n_agg_order > 0) {
		call->sort = qualify_sort(p, &inside, node->agg_order, node->n_agg_order);
		call->nsort = node->n_agg_order;
		check_distinct_order(p, call, args);
	}
	if (node->over != NULL) {
		call->window = pass_alloc(p, sizeof *call->window);
		add_window(p, c, call->window, node->over, 0);
		adopt_window(p, e, call->window);
		c->scope->has_windows = true;
	} else {
		c->scope->has_aggregates = true;
	}
	return e;
}

static bool is_aggregate_name(const char *name)
{
	for (size_t i = 0; i < sql_nfunctions; i++)
		if (strcmp(sql_functions[i].name, name) == 0)
			return (sql_functions[i].flags & FUNCTION_AGGREGATE) != 0;
	return false;
}

/* The schema says where to look: ours are all in pg_catalog. */
static const char *function_name(struct pass *p, const PgQuery__FuncCall *node, struct expr *const *args)
{
	const char *schema, *name = last_name(node->funcname, node->n_funcname, &schema);

	if (schema != NULL && strcmp(schema, "pg_catalog") != 0) {
		if (p->schema->has_schema != NULL && !p->schema->has_schema(p->schema, schema))
			pass_fail(p, node->location, SQLSTATE_NO_SUCH_SCHEMA, "schema \"%s\" does not exist",
			    schema);
		fail_function(p, RESOLVE_NONE, pass_printf(p, "%s.%s", schema, name), args, node->n_args,
		    node->location);
	}
	return name;
}

/* A type's name used as a function is a cast: int4(x), text(x). NULL: it isn't one. */
static struct expr *cast_call(
    struct pass *p, const char *name, struct expr **args, const PgQuery__FuncCall *node)
{
	const struct type *t = node->n_args == 1 ? type_find_name(name) : NULL;

	if (t == NULL || function_exists(name) || !can_coerce(args[0], t->oid, CAST_EXPLICIT))
		return NULL;
	return coerce(p, args[0], t->oid, -1, CAST_EXPLICIT);
}

struct expr *qualify_call(struct pass *p, const struct expr_context *c, const PgQuery__FuncCall *node)
{
	const char *schema;
	struct expr_context inside = *c;
	bool is_over = node->over != NULL;
	oid_t result;

	if (is_aggregate_name(last_name(node->funcname, node->n_funcname, &schema))) {
		check_place(p, c, is_over, node->location);
		inside.in_aggregate = !is_over;
	}
	if (is_over)
		inside.in_window = true;
	if (node->agg_within_group)
		pass_refuse(p, node->location, "WITHIN GROUP");
	if (node->func_variadic)
		pass_refuse(p, node->location, "VARIADIC");

	struct expr **args = qualify_nodes(p, &inside, node->args, node->n_args);
	const char *name = function_name(p, node, args);
	for (size_t i = 0; i < node->n_args; i++)
		if (node->args[i]->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR)
			pass_refuse(p, node->location, "a named argument");
	struct expr *cast = cast_call(p, name, args, node);
	if (cast != NULL)
		return cast;

	const struct pg_function *f = select_function(p, name, args, node->n_args, node->location, &result);
	check_aggregate(p, node, f, name);
	if (f->flags & FUNCTION_SET)
		return select_row_function(
		    p, c, plain_call(p, f, result, args, node->n_args, node->location), name);
	if (!(f->flags & (FUNCTION_AGGREGATE | FUNCTION_WINDOW)))
		return plain_call(p, f, result, args, node->n_args, node->location);
	if (f->flags & FUNCTION_WINDOW)
		check_place(p, c, true, node->location);
	if ((f->flags & FUNCTION_AGGREGATE) && node->n_args == 0 && !node->agg_star)
		pass_fail(p, node->location, SQLSTATE_WRONG_OBJECT_TYPE,
		    "%s(*) must be used to call a parameterless aggregate function", name);
	return aggregate_call(p, c, node, f, result, args);
}

struct expr *qualify_row_function(struct pass *p, const struct expr_context *c, const PgQuery__FuncCall *node)
{
	struct expr **args = qualify_nodes(p, c, node->args, node->n_args);
	const char *name = function_name(p, node, args);
	oid_t result;
	const struct pg_function *f = select_function(p, name, args, node->n_args, node->location, &result);

	if (f->flags & (FUNCTION_AGGREGATE | FUNCTION_WINDOW))
		pass_fail(p, node->location, SQLSTATE_GROUPING,
		    "aggregate functions are not allowed in functions in FROM");
	return plain_call(p, f, result, args, node->n_args, node->location);
}
