#include "sql/expr.h"

#include <errno.h>
#include <stdlib.h>

#include "sql/functions.h"

const char *node_string(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

const char *last_name(PgQuery__Node *const *names, size_t n, const char **schema)
{
	const char *name = n > 0 ? node_string(names[n - 1]) : NULL;

	*schema = n > 1 ? node_string(names[n - 2]) : NULL;
	return name != NULL ? name : "";
}

int node_location(const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_A_CONST: return node->a_const->location;
	case PG_QUERY__NODE__NODE_COLUMN_REF: return node->column_ref->location;
	case PG_QUERY__NODE__NODE_PARAM_REF: return node->param_ref->location;
	case PG_QUERY__NODE__NODE_FUNC_CALL: return node->func_call->location;
	case PG_QUERY__NODE__NODE_A_EXPR:
		return node->a_expr->lexpr != NULL ? node_location(node->a_expr->lexpr)
						   : node->a_expr->location;
	case PG_QUERY__NODE__NODE_TYPE_CAST: return node_location(node->type_cast->arg);
	case PG_QUERY__NODE__NODE_CASE_EXPR: return node->case_expr->location;
	case PG_QUERY__NODE__NODE_SUB_LINK: return node->sub_link->location;
	case PG_QUERY__NODE__NODE_COALESCE_EXPR: return node->coalesce_expr->location;
	default: return -1;
	}
}

struct expr *expr_new(struct pass *p, enum node_kind kind, oid_t type, int location)
{
	static const enum expr_kind public_kinds[] = {
		[NODE_COLUMN] = EXPR_COLUMN,
		[NODE_CONST] = EXPR_CONST,
		[NODE_PARAM] = EXPR_PARAM,
		[NODE_FORM] = EXPR_FUNCTION,
		[NODE_CALL] = EXPR_FUNCTION,
		[NODE_JOINED] = EXPR_OTHER,
		[NODE_CASE] = EXPR_OTHER,
		[NODE_SUBQUERY] = EXPR_OTHER,
		[NODE_SETTING] = EXPR_OTHER,
	};
	struct expr *e = pass_alloc(p, sizeof *e);

	e->kind = public_kinds[kind];
	e->type = type;
	e->typmod = -1;
	e->is_nullable = true;
	e->location = location;
	e->node = pass_alloc(p, sizeof *e->node);
	e->node->kind = kind;
	return e;
}

struct expr *expr_form(
    struct pass *p, const char *form, oid_t type, struct expr *const *args, size_t nargs, int location)
{
	struct expr *e = expr_new(p, NODE_FORM, type, location);

	e->node->form = form;
	e->node->nargs = nargs;
	e->node->args = pass_alloc(p, (nargs + 1) * sizeof *args);
	e->is_nullable = false;
	for (size_t i = 0; i < nargs; i++) {
		e->node->args[i] = args[i];
		e->is_nullable |= args[i]->is_nullable;
		/* An error about the whole points to where it begins. */
		if (args[i]->location >= 0 && args[i]->location < e->location)
			e->location = args[i]->location;
	}
	return e;
}

struct expr *expr_constant(struct pass *p, oid_t type, const char *text, int location)
{
	struct expr *e = expr_new(p, NODE_CONST, type, location);

	e->node->constant.text = text;
	e->is_nullable = text == NULL;
	return e;
}

struct expr *expr_null(struct pass *p, oid_t type, int location)
{
	return expr_constant(p, type, NULL, location);
}

struct expr *expr_bool(struct pass *p, bool value, int location)
{
	struct expr *e = expr_constant(p, OID_BOOL, value ? "true" : "false", location);

	e->node->constant.value = value_int(value);
	return e;
}

bool expr_is_constant(const struct expr *e)
{
	return e->kind == EXPR_CONST;
}

void expr_pin(struct expr *e)
{
	if (e->kind == EXPR_CONST && e->node->constant.literal != NULL)
		e->node->constant.literal->is_pinned = true;
}

static bool constants_equal(const struct expr *a, const struct expr *b, bool pins)
{
	const char *x = a->node->constant.text, *y = b->node->constant.text;

	if (pins && a->node->constant.literal != NULL)
		a->node->constant.literal->is_pinned = true;
	if (pins && b->node->constant.literal != NULL)
		b->node->constant.literal->is_pinned = true;
	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static bool calls_equal(const struct call *a, const struct call *b)
{
	return strcmp(a->form, b->form) == 0 && a->is_distinct == b->is_distinct && a->filter == NULL &&
	       b->filter == NULL && a->nsort == 0 && b->nsort == 0 && a->window == NULL && b->window == NULL;
}

static bool nodes_equal(const struct expr *a, const struct expr *b, bool pins)
{
	const struct expr_node *x = a->node, *y = b->node;

	switch (x->kind) {
	case NODE_COLUMN: return x->column.entry == y->column.entry && x->column.index == y->column.index;
	case NODE_CONST: return constants_equal(a, b, pins);
	case NODE_PARAM: return x->param == y->param;
	case NODE_FORM:
	case NODE_JOINED: return strcmp(x->form, y->form) == 0;
	case NODE_CASE: return true;
	case NODE_CALL: return calls_equal(x->call, y->call);
	case NODE_SETTING: return strcmp(x->setting, y->setting) == 0;
	case NODE_SUBQUERY: return false;
	}
	return false;
}

bool expr_equals(const struct expr *a, const struct expr *b, bool pins)
{
	if (a == b)
		return true;
	if (a->node->kind != b->node->kind || a->type != b->type || a->node->nargs != b->node->nargs)
		return false;
	if (!nodes_equal(a, b, pins))
		return false;
	for (size_t i = 0; i < a->node->nargs; i++)
		if (!expr_equals(a->node->args[i], b->node->args[i], pins))
			return false;
	return true;
}

/* ---- constants, parameters ---- */

/* literals.c finds them in the order of the text. */
static struct literal *find_literal(const struct pass *p, int location)
{
	size_t low = 0, high = p->nliterals;

	while (location >= 0 && low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->literals[middle].offset == (size_t)location)
			return &p->literals[middle];
		if (p->literals[middle].offset < (size_t)location)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* A number with a point or an exponent, or an integer past 4 bytes without its sign, which the grammar calls a float too. */
static struct expr *qualify_float(struct pass *p, const char *text, int location)
{
	char *end;
	struct expr *e;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0) {
		e = expr_constant(p, n == INT32_MIN ? OID_INT4 : OID_INT8, text, location);
		e->node->constant.value = value_int(n);
		return e;
	}
	return coerce_unknown(p, expr_constant(p, OID_UNKNOWN, text, location), OID_NUMERIC);
}

static struct expr *qualify_const(struct pass *p, const struct expr_context *c, const PgQuery__AConst *node)
{
	struct expr *e;

	if (node->isnull)
		return expr_null(p, OID_UNKNOWN, node->location);
	switch (node->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL:
		e = expr_constant(p, OID_INT4, pass_printf(p, "%d", node->ival->ival), node->location);
		e->node->constant.value = value_int(node->ival->ival);
		break;
	case PG_QUERY__A__CONST__VAL_FVAL: e = qualify_float(p, node->fval->fval, node->location); break;
	case PG_QUERY__A__CONST__VAL_SVAL:
		e = expr_constant(p, OID_UNKNOWN, node->sval->sval, node->location);
		break;
	case PG_QUERY__A__CONST__VAL_BOOLVAL: return expr_bool(p, node->boolval->boolval, node->location);
	default: pass_refuse(p, node->location, "a bit string");
	}
	e->node->constant.literal = find_literal(p, node->location);
	if (c->scope != NULL && c->scope->pins_literals)
		expr_pin(e);
	return e;
}

static void make_room_for_params(struct pass *p, size_t n)
{
	if (n > p->params_cap) {
		size_t cap = n < 8 ? 8 : n * 2;
		oid_t *types = pass_alloc(p, cap * sizeof *types);

		memset(types, 0, cap * sizeof *types);
		if (p->nparams > 0)
			memcpy(types, p->param_types, p->nparams * sizeof *types);
		p->param_types = types;
		p->params_cap = cap;
	}
	p->nparams = n;
}

/* The parameter's type is the first that is asked of it. */
static struct expr *qualify_param(struct pass *p, const PgQuery__ParamRef *node)
{
	size_t n = (size_t)node->number;

	if (node->number < 1 || node->number > 65535 || (p->params_fixed && n > p->nparams))
		pass_fail(p, node->location, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%d",
		    node->number);
	if (n > p->nparams)
		make_room_for_params(p, n);
	if (p->param_types[n - 1] != OID_NONE && type_find(p->param_types[n - 1]) == NULL)
		pass_refuse(p, node->location, "this type of a parameter");

	struct expr *e = expr_new(p, NODE_PARAM,
	    p->param_types[n - 1] != OID_NONE ? p->param_types[n - 1] : OID_UNKNOWN, node->location);
	e->node->param = (unsigned)n;
	return e;
}

/* ---- AND, OR, NOT, tests ---- */

static struct expr *joined(
    struct pass *p, const char *separator, oid_t type, struct expr **args, size_t n, int location)
{
	struct expr *e = expr_form(p, separator, type, args, n, location);

	e->node->kind = NODE_JOINED;
	e->kind = EXPR_OTHER;
	return e;
}

static struct expr *qualify_bool(struct pass *p, const struct expr_context *c, const PgQuery__BoolExpr *node)
{
	static const char *const clauses[] = { [PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR] = "AND",
		[PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR] = "OR",
		[PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR] = "NOT" };
	const char *clause = clauses[node->boolop];
	struct expr **args = qualify_nodes(p, c, node->args, node->n_args);

	for (size_t i = 0; i < node->n_args; i++)
		args[i] = coerce_boolean(p, args[i], clause);
	if (node->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
		return expr_form(p, "(NOT %1)", OID_BOOL, args, 1, node->location);
	return joined(p, node->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR ? " AND " : " OR ", OID_BOOL,
	    args, node->n_args, node->location);
}

static struct expr *qualify_null_test(
    struct pass *p, const struct expr_context *c, const PgQuery__NullTest *node)
{
	bool is_null = node->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL;
	struct expr *arg = qualify_node(p, c, node->arg);

	if (arg->type == OID_RECORD)
		pass_refuse(p, node->location, "IS NULL of a row");
	arg = coerce_unknown(p, arg, OID_TEXT);

	struct expr *e =
	    expr_form(p, is_null ? "(%1 IS NULL)" : "(%1 IS NOT NULL)", OID_BOOL, &arg, 1, node->location);
	e->is_nullable = false;
	return e;
}

static struct expr *qualify_boolean_test(
    struct pass *p, const struct expr_context *c, const PgQuery__BooleanTest *node)
{
	static const struct {
		const char *form, *clause;
	} tests[] = {
		[PG_QUERY__BOOL_TEST_TYPE__IS_TRUE] = { "(%1 IS 1)", "IS TRUE" },
		[PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE] = { "(%1 IS NOT 1)", "IS NOT TRUE" },
		[PG_QUERY__BOOL_TEST_TYPE__IS_FALSE] = { "(%1 IS 0)", "IS FALSE" },
		[PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE] = { "(%1 IS NOT 0)", "IS NOT FALSE" },
		[PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN] = { "(%1 IS NULL)", "IS UNKNOWN" },
		[PG_QUERY__BOOL_TEST_TYPE__IS_NOT_UNKNOWN] = { "(%1 IS NOT NULL)", "IS NOT UNKNOWN" },
	};
	struct expr *arg = coerce_boolean(p, qualify_node(p, c, node->arg), tests[node->booltesttype].clause);
	struct expr *e = expr_form(p, tests[node->booltesttype].form, OID_BOOL, &arg, 1, node->location);

	e->is_nullable = false;
	return e;
}

/* ---- CASE, COALESCE, GREATEST .. ---- */

/* When each `then` and `else` is known, all get their common type. */
static void unify_case(struct pass *p, struct expr *e, size_t nwhens)
{
	struct expr **args = e->node->args;
	struct expr **results = pass_alloc(p, (nwhens + 1) * sizeof *results);

	for (size_t i = 0; i < nwhens; i++)
		results[i + 1] = args[2 * i + 1];
	results[0] = args[2 * nwhens]; /* as PostgreSQL: ELSE decides first */
	e->type = coerce_common(p, results, nwhens + 1, "CASE");
	for (size_t i = 0; i < nwhens; i++)
		args[2 * i + 1] = results[i + 1];
	args[2 * nwhens] = results[0];
	e->is_nullable = false;
	for (size_t i = 0; i <= nwhens; i++)
		e->is_nullable |= results[i]->is_nullable;
}

static struct expr *qualify_case(struct pass *p, const struct expr_context *c, const PgQuery__CaseExpr *node)
{
	struct expr *e = expr_new(p, NODE_CASE, OID_UNKNOWN, node->location);
	struct expr *operand = node->arg != NULL ? qualify_node(p, c, node->arg) : NULL;

	if (operand != NULL)
		operand = coerce_unknown(p, operand, OID_TEXT);
	e->node->nargs = 2 * node->n_args + 1;
	e->node->args = pass_alloc(p, e->node->nargs * sizeof(struct expr *));
	for (size_t i = 0; i < node->n_args; i++) {
		const PgQuery__CaseWhen *when = node->args[i]->case_when;
		struct expr *condition = qualify_node(p, c, when->expr);

		if (operand != NULL)
			condition = apply_operator(p, "=", operand, condition, when->location, NULL);
		e->node->args[2 * i] = coerce_boolean(p, condition, "CASE/WHEN");
		e->node->args[2 * i + 1] = qualify_node(p, c, when->result);
	}
	e->node->args[2 * node->n_args] =
	    node->defresult != NULL ? qualify_node(p, c, node->defresult) : expr_null(p, OID_UNKNOWN, -1);
	unify_case(p, e, node->n_args);
	return e;
}

static struct expr *qualify_coalesce(
    struct pass *p, const struct expr_context *c, const PgQuery__CoalesceExpr *node)
{
	struct expr **args = qualify_nodes(p, c, node->args, node->n_args);
	oid_t type = coerce_common(p, args, node->n_args, "COALESCE");
	struct expr *e =
	    expr_form(p, node->n_args > 1 ? "coalesce(%*)" : "%1", type, args, node->n_args, node->location);

	e->is_nullable = true;
	for (size_t i = 0; i < node->n_args; i++)
		e->is_nullable &= args[i]->is_nullable;
	return e;
}

static struct expr *qualify_min_max(
    struct pass *p, const struct expr_context *c, const PgQuery__MinMaxExpr *node)
{
	bool is_greatest = node->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
	struct expr **args = qualify_nodes(p, c, node->args, node->n_args);
	oid_t type = coerce_common(p, args, node->n_args, is_greatest ? "GREATEST" : "LEAST");
	const char *form = is_greatest ? "nq_greatest(%*)" : "nq_least(%*)";

	if (type == OID_NUMERIC)
		form = is_greatest ? "nq_numeric_greatest(%*)" : "nq_numeric_least(%*)";

	struct expr *e = expr_form(p, form, type, args, node->n_args, node->location);
	e->is_nullable = true;
	for (size_t i = 0; i < node->n_args; i++)
		e->is_nullable &= args[i]->is_nullable;
	return e;
}

/* CURRENT_DATE and its like. */
static struct expr *qualify_value_function(struct pass *p, const PgQuery__SQLValueFunction *node)
{
	static const struct {
		const char *form;
		oid_t type;
	} forms[] = {
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE] = { "nq_in(nq_out(now(), 1184), 1082)",
		    OID_DATE },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP] = { "now()", OID_TIMESTAMPTZ },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N] = { "%t", OID_TIMESTAMPTZ },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME] = { "nq_in(nq_out(now(), 1184), 1083)",
		    OID_TIME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP] = { "nq_in(nq_out(now(), 1184), 1114)",
		    OID_TIMESTAMP },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE] = { "%f0", OID_NAME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER] = { "%f0", OID_NAME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER] = { "%f0", OID_NAME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER] = { "%f0", OID_NAME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG] = { "%f1", OID_NAME },
		[PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA] = { "%f3", OID_NAME },
	};

	if ((size_t)node->op >= sizeof forms / sizeof forms[0] || forms[node->op].form == NULL)
		pass_refuse(p, node->location, "CURRENT_TIME");

	const char *form = forms[node->op].form;
	if (strcmp(form, "%t") == 0)
		form = pass_printf(p, "nq_in(now(), 1184, %d)", node->typmod);
	return expr_form(p, form, forms[node->op].type, NULL, 0, node->location);
}

/* ---- casts ---- */

static struct expr *cast_to(
    struct pass *p, struct expr *arg, const struct type *type, int32_t typmod, int location)
{
	char from[TYPE_DISPLAY_MAX], to[TYPE_DISPLAY_MAX];

	if (!can_coerce(arg, type->oid, CAST_EXPLICIT))
		pass_fail(p, location, SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s",
		    type_display(arg->type, -1, from), type_display(type->oid, -1, to));

	struct expr *e = coerce(p, arg, type->oid, typmod, CAST_EXPLICIT);
	if (e == arg) { /* a name of its own in the result: "int4", not a column's */
		e = expr_form(p, "%1", type->oid, &arg, 1, location);
		e->typmod = arg->typmod;
	}
	return e;
}

static struct expr *qualify_array(
    struct pass *p, const struct expr_context *c, const PgQuery__AArrayExpr *node, const struct type *wanted);

static struct expr *qualify_cast(struct pass *p, const struct expr_context *c, const PgQuery__TypeCast *node)
{
	int32_t typmod;
	const struct type *type = qualify_type(p, node->type_name, &typmod);

	if (node->arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR && type_is_array(type))
		return qualify_array(p, c, node->arg->a_array_expr, type);
	return cast_to(p, qualify_node(p, c, node->arg), type, typmod, node->location);
}

/* ARRAY[..]: a JSON array. */
static struct expr *qualify_array(
    struct pass *p, const struct expr_context *c, const PgQuery__AArrayExpr *node, const struct type *wanted)
{
	struct expr **args = qualify_nodes(p, c, node->elements, node->n_elements);
	const struct type *element;

	for (size_t i = 0; i < node->n_elements; i++)
		if (type_is_array(type_find(args[i]->type)))
			pass_refuse(p, node->location, "an array of arrays");
	if (wanted != NULL) {
		element = type_find(wanted->element);
		for (size_t i = 0; i < node->n_elements; i++)
			args[i] = cast_to(p, args[i], element, -1, node->location);
	} else {
		if (node->n_elements == 0)
			pass_fail_hint(p, node->location, SQLSTATE_INDETERMINATE_TYPE, NULL,
			    "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
			    "cannot determine type of empty array");
		element = type_find(coerce_common(p, args, node->n_elements, "ARRAY"));
	}
	if (element->array == OID_NONE || element->oid == OID_BYTEA)
		pass_refuse(p, node->location, "an array of this type");

	/* A JSON array holds true and false, which SQLite's values don't. */
	for (size_t i = 0; element->oid == OID_BOOL && i < node->n_elements; i++)
		args[i] = expr_form(p, "json(CASE %1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)",
		    OID_BOOL, &args[i], 1, node->location);
	struct expr *e =
	    expr_form(p, "json_array(%*)", element->array, args, node->n_elements, node->location);
	e->is_nullable = false;
	return e;
}

static struct expr *qualify_collate(
    struct pass *p, const struct expr_context *c, const PgQuery__CollateClause *node)
{
	const char *schema, *name = last_name(node->collname, node->n_collname, &schema);
	struct expr *arg = coerce_unknown(p, qualify_node(p, c, node->arg), OID_TEXT);
	const struct type *type = type_find(arg->type);
	char display[TYPE_DISPLAY_MAX];

	if (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0 && strcmp(name, "default") != 0 &&
	    strcmp(name, "ucs_basic") != 0)
		pass_fail(p, node->location, SQLSTATE_NO_SUCH_OBJECT,
		    "collation \"%s\" for encoding \"UTF8\" does not exist", name);
	if (type->category != 'S')
		pass_fail(p, node->location, SQLSTATE_TYPE_MISMATCH,
		    "collations are not supported by type %s", type_display(arg->type, -1, display));
	return arg;
}

static struct expr *qualify_row(struct pass *p, const struct expr_context *c, const PgQuery__RowExpr *node)
{
	struct expr **args = qualify_nodes(p, c, node->args, node->n_args);

	return joined(p, ", ", OID_RECORD, args, node->n_args, node->location);
}

/* ---- all kinds ---- */

static struct expr *qualify_kind(struct pass *p, const struct expr_context *c, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_A_CONST: return qualify_const(p, c, node->a_const);
	case PG_QUERY__NODE__NODE_PARAM_REF: return qualify_param(p, node->param_ref);
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		if (c->scope == NULL)
			pass_refuse(p, node->column_ref->location, "a column here");
		return qualify_column(p, c->scope, node->column_ref);
	case PG_QUERY__NODE__NODE_A_EXPR: return qualify_a_expr(p, c, node->a_expr);
	case PG_QUERY__NODE__NODE_BOOL_EXPR: return qualify_bool(p, c, node->bool_expr);
	case PG_QUERY__NODE__NODE_NULL_TEST: return qualify_null_test(p, c, node->null_test);
	case PG_QUERY__NODE__NODE_BOOLEAN_TEST: return qualify_boolean_test(p, c, node->boolean_test);
	case PG_QUERY__NODE__NODE_CASE_EXPR: return qualify_case(p, c, node->case_expr);
	case PG_QUERY__NODE__NODE_COALESCE_EXPR: return qualify_coalesce(p, c, node->coalesce_expr);
	case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: return qualify_min_max(p, c, node->min_max_expr);
	case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
		return qualify_value_function(p, node->sqlvalue_function);
	case PG_QUERY__NODE__NODE_TYPE_CAST: return qualify_cast(p, c, node->type_cast);
	case PG_QUERY__NODE__NODE_FUNC_CALL: return qualify_call(p, c, node->func_call);
	case PG_QUERY__NODE__NODE_SUB_LINK: return qualify_sublink(p, c, node->sub_link);
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return qualify_array(p, c, node->a_array_expr, NULL);
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return qualify_collate(p, c, node->collate_clause);
	case PG_QUERY__NODE__NODE_ROW_EXPR: return qualify_row(p, c, node->row_expr);
	case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
		pass_fail(p, node->set_to_default->location, SQLSTATE_SYNTAX,
		    "DEFAULT is not allowed in this context");
	case PG_QUERY__NODE__NODE_A_INDIRECTION: pass_refuse(p, -1, "a subscript or a field of a value");
	case PG_QUERY__NODE__NODE_GROUPING_FUNC: pass_refuse(p, node->grouping_func->location, "GROUPING()");
	case PG_QUERY__NODE__NODE_XML_EXPR: pass_refuse(p, node->xml_expr->location, "XML");
	default: pass_refuse(p, -1, "this kind of expression");
	}
}

struct expr *qualify_node(struct pass *p, const struct expr_context *c, const PgQuery__Node *node)
{
	pass_enter(p, -1);
	struct expr *e = qualify_kind(p, c, node);
	pass_leave(p);
	return e;
}

struct expr **qualify_nodes(
    struct pass *p, const struct expr_context *c, PgQuery__Node *const *nodes, size_t n)
{
	struct expr **exprs = pass_alloc(p, (n + 1) * sizeof *exprs);

	for (size_t i = 0; i < n; i++)
		exprs[i] = qualify_node(p, c, nodes[i]);
	return exprs;
}

struct expr *qualify_expr(
    struct pass *p, struct scope *scope, enum expr_place place, const PgQuery__Node *node)
{
	const struct expr_context c = { .scope = scope, .place = place };

	return qualify_node(p, &c, node);
}
