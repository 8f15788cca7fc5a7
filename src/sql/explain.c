#include <string.h>

#include "sql/statement.h"

/* Options that change nothing in what SQLite can say. */
static bool is_harmless(const char *name)
{
	static const char *const names[] = { "costs", "verbose", "summary", "settings", "timing" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void check_options(struct pass *p, const PgQuery__ExplainStmt *s)
{
	for (size_t i = 0; i < s->n_options; i++) {
		const PgQuery__DefElem *option = s->options[i]->def_elem;
		bool is_format = strcmp(option->defname, "format") == 0;

		if (is_harmless(option->defname))
			continue;
		if (is_format && option->arg != NULL && strcasecmp(option_text(p, option), "text") == 0)
			continue;
		if (!is_format && !option_boolean(p, option))
			continue;
		char *construct = pass_printf(p, "EXPLAIN (%s)", option->defname);
		for (char *c = construct; *c != '\0'; c++)
			*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 0x20) : *c;
		pass_refuse(p, option->location, construct);
	}
}

void translate_explain(struct pass *p, const PgQuery__ExplainStmt *s, struct translation *t)
{
	static const struct result_column plan = { "QUERY PLAN", OID_TEXT, -1, 0, 0 };
	struct translation inner = { .kind = STATEMENT_NOTHING };

	check_options(p, s);
	translate_statement(p, s->query, &inner);
	if ((inner.kind != STATEMENT_READ && inner.kind != STATEMENT_WRITE) || inner.is_ddl ||
	    inner.nsteps != 1)
		pass_refuse(p, -1, "EXPLAIN of this statement");

	struct step *step = pass_alloc(p, sizeof(*step));
	*step = inner.steps[0];
	step->sql = pass_printf(p, "EXPLAIN QUERY PLAN %s", inner.steps[0].sql);
	step->sql_len = strlen(step->sql);
	step->gives_result = true;
	t->kind = STATEMENT_READ;
	t->tag = "EXPLAIN";
	t->is_explain = true;
	t->steps = step;
	t->nsteps = 1;
	t->columns = &plan;
	t->ncolumns = 1;
}
