#include <string.h>

#include "sql/literals.h"
#include "sql/statement.h"

/* ---- settings ---- */

/* Names of settings are matched without regard to case. */
static const char *lower_case(struct pass *p, const char *name)
{
	char *lower = pass_strdup(p, name);

	for (char *c = lower; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
	return lower;
}

/* search_path is a list of names, shown as they would be written: "$user", public. */
static const char *shown_name(struct pass *p, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	char *quoted = pass_alloc(p, 2 * strlen(name) + 3), *to = quoted;

	if (name[0] != '\0' && name[strspn(name, plain)] == '\0' && (name[0] < '0' || name[0] > '9'))
		return name;
	*to++ = '"';
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '"')
			*to++ = '"';
		*to++ = *c;
	}
	*to++ = '"';
	*to = '\0';
	return quoted;
}

/* SET x TO a, b, c. */
static const char *set_value(struct pass *p, const PgQuery__VariableSetStmt *s)
{
	const char *value = NULL;

	for (size_t i = 0; i < s->n_args; i++) {
		bool is_null;
		const char *text = constant_text(p, s->args[i], &is_null);

		if (text == NULL)
			pass_refuse(p, -1, "SET TIME ZONE with an interval");
		if (strcasecmp(s->name, "search_path") == 0)
			text = shown_name(p, text);
		value = value == NULL ? text : pass_printf(p, "%s, %s", value, text);
	}
	return value;
}

void translate_set(struct pass *p, const PgQuery__VariableSetStmt *s, struct translation *t)
{
	switch (s->kind) {
	case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI: translate_set_transaction(p, s, t); return;
	case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_CURRENT: pass_refuse(p, -1, "SET .. FROM CURRENT");
	case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET:
	case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL:
		t->kind = STATEMENT_RESET;
		t->tag = "RESET";
		break;
	default:
		t->kind = STATEMENT_SET;
		t->tag = "SET";
		t->setting.value = set_value(p, s);
	}
	if (s->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
		t->setting.name = lower_case(p, s->name);
	t->setting.is_local = s->is_local;
}

/* The few that PostgreSQL shows in mixed case. */
static const char *canonical_name(const char *name)
{
	static const char *const names[] = { "DateStyle", "IntervalStyle", "TimeZone" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i]) == 0)
			return names[i];
	}
	return name;
}

void translate_show(struct pass *p, const PgQuery__VariableShowStmt *s, struct translation *t)
{
	static const struct result_column all[] = { { "name", OID_TEXT, -1, 0, 0 },
		{ "setting", OID_TEXT, -1, 0, 0 }, { "description", OID_TEXT, -1, 0, 0 } };

	t->kind = STATEMENT_SHOW;
	t->tag = "SHOW";
	if (strcasecmp(s->name, "all") == 0) {
		t->columns = all;
		t->ncolumns = 3;
		return;
	}
	t->setting.name = lower_case(p, s->name);

	struct result_column *column = pass_alloc(p, sizeof(*column));
	*column =
	    (struct result_column){ .name = canonical_name(t->setting.name), .type = OID_TEXT, .typmod = -1 };
	t->columns = column;
	t->ncolumns = 1;
}

/* ---- prepared statements ---- */

/* What stands behind AS, as it was written: PREPARE name (types) AS .. */
static const char *prepared_text(struct pass *p)
{
	struct scanner s;
	struct token token;
	int depth = 0;

	literals_scanner_init(&s, p->text, strlen(p->text));
	for (scanner_next(&s, &token); token.kind != TOKEN_END && token.kind != TOKEN_UNSURE;
	     scanner_next(&s, &token)) {
		if (token.kind == TOKEN_MARK && *token.start == '(')
			depth++;
		else if (token.kind == TOKEN_MARK && *token.start == ')')
			depth--;
		else if (depth == 0 && token_is_word(&token, "as"))
			break;
	}
	const char *text = token.kind == TOKEN_WORD ? token.end : "";
	size_t len = strlen(text);
	while (len > 0 && strchr("; \t\r\n\f", text[len - 1]) != NULL)
		len--;
	return pass_printf(p, "%.*s", (int)len, text);
}

void translate_prepare(struct pass *p, const PgQuery__PrepareStmt *s, struct translation *t)
{
	oid_t *types = pass_alloc(p, (s->n_argtypes + 1) * sizeof(*types));

	for (size_t i = 0; i < s->n_argtypes; i++) {
		int32_t typmod;

		types[i] = qualify_type(p, s->argtypes[i]->type_name, &typmod)->oid;
	}
	t->kind = STATEMENT_PREPARE;
	t->tag = "PREPARE";
	t->prepare.name = s->name;
	t->prepare.text = prepared_text(p);
	t->prepare.types = types;
	t->prepare.ntypes = s->n_argtypes;
}

void translate_execute(struct pass *p, const PgQuery__ExecuteStmt *s, struct translation *t)
{
	struct value *args = pass_alloc(p, (s->n_params + 1) * sizeof(*args));

	for (size_t i = 0; i < s->n_params; i++) {
		const PgQuery__Node *node = s->params[i];
		bool is_null;

		/* '1'::int is the constant '1': the parameter's type reads it. */
		while (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
			node = node->type_cast->arg;
		const char *text = constant_text(p, node, &is_null);
		if (text == NULL)
			pass_refuse(p, -1, "EXECUTE with an argument that is not a constant");
		args[i] = is_null ? value_null() : value_str(text);
	}
	t->kind = STATEMENT_EXECUTE;
	t->tag = "EXECUTE";
	t->prepare.name = s->name;
	t->prepare.args = args;
	t->prepare.nargs = s->n_params;
}

void translate_deallocate(struct pass *p, const PgQuery__DeallocateStmt *s, struct translation *t)
{
	(void)p;
	t->kind = STATEMENT_DEALLOCATE;
	t->name = s->name[0] != '\0' ? s->name : NULL;
	t->tag = t->name != NULL ? "DEALLOCATE" : "DEALLOCATE ALL";
}

void translate_discard(struct pass *p, const PgQuery__DiscardStmt *s, struct translation *t)
{
	static const struct {
		const char *name, *tag;
	} modes[] = {
		[PG_QUERY__DISCARD_MODE__DISCARD_ALL] = { "all", "DISCARD ALL" },
		[PG_QUERY__DISCARD_MODE__DISCARD_PLANS] = { "plans", "DISCARD PLANS" },
		[PG_QUERY__DISCARD_MODE__DISCARD_SEQUENCES] = { "sequences", "DISCARD SEQUENCES" },
		[PG_QUERY__DISCARD_MODE__DISCARD_TEMP] = { "temp", "DISCARD TEMP" },
	};

	if ((size_t)s->target >= sizeof(modes) / sizeof(modes[0]) || modes[s->target].name == NULL)
		pass_refuse(p, -1, "DISCARD of this");
	t->kind = STATEMENT_DISCARD;
	t->name = modes[s->target].name;
	t->tag = modes[s->target].tag;
}

/* ---- maintenance ---- */

static void add_analyze(struct pass *p, const struct relation *r, struct translation *t)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "ANALYZE");
	if (r != NULL) {
		buf_put_byte(&sql, ' ');
		emit_name(&sql, r->sqlite_name);
	}
	pass_add_step(p, t, &sql, true, false);
	buf_release(&sql);
}

/* The space that deleted rows leave is used again by SQLite itself: VACUUM has nothing to do. */
void translate_vacuum(struct pass *p, const PgQuery__VacuumStmt *s, struct translation *t)
{
	bool analyzes = !s->is_vacuumcmd;

	for (size_t i = 0; i < s->n_options; i++) {
		const PgQuery__DefElem *option = s->options[i]->def_elem;

		if (strcmp(option->defname, "analyze") == 0)
			analyzes = option_boolean(p, option);
	}
	t->kind = analyzes ? STATEMENT_WRITE : STATEMENT_NOTHING;
	t->tag = s->is_vacuumcmd ? "VACUUM" : "ANALYZE";
	if (analyzes && s->n_rels == 0)
		add_analyze(p, NULL, t);
	for (size_t i = 0; i < s->n_rels; i++) {
		const struct relation *r = qualify_relation(p, s->rels[i]->vacuum_relation->relation);

		if (analyzes && r->kind == 'r' && !r->is_system)
			add_analyze(p, r, t);
	}
	if (t->nsteps == 0)
		t->kind = STATEMENT_NOTHING;
}

/* Writes are ordered by the log, and an open transaction works on a view of its own: there is nothing to wait for. */
void translate_lock(struct pass *p, const PgQuery__LockStmt *s, struct translation *t)
{
	for (size_t i = 0; i < s->n_relations; i++)
		qualify_relation(p, s->relations[i]->range_var);
	t->kind = STATEMENT_NOTHING;
	t->tag = "LOCK TABLE";
}
