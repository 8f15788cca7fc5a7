#include "catalog/ddl_scan.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* ---- tokens (sqlite.org/lang_keywords.html, lang_comment.html) ---- */

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_STRING, TOKEN_OTHER };

struct token {
	enum token_kind kind;
	const char *at;
	size_t len;
};

static const char *skip_blank(const char *p)
{
	for (;;) {
		if (isspace((unsigned char)*p)) {
			p++;
		} else if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");

			p = end == NULL ? p + strlen(p) : end + 2;
		} else {
			return p;
		}
	}
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Past the closing quote; a doubled quote stands for itself, except in [brackets]. */
static const char *skip_quoted(const char *p)
{
	char close = *p == '[' ? ']' : *p;

	for (p++; *p != '\0'; p++) {
		if (*p != close)
			continue;
		if (close == ']' || p[1] != close)
			return p + 1;
		p++;
	}
	return p;
}

static struct token token_next(const char **text)
{
	const char *p = skip_blank(*text), *start = p;
	enum token_kind kind = TOKEN_OTHER;

	if (*p == '\0') {
		kind = TOKEN_END;
	} else if (*p == '"' || *p == '`' || *p == '[' || *p == '\'') {
		kind = *p == '\'' ? TOKEN_STRING : TOKEN_QUOTED;
		p = skip_quoted(p);
	} else if (is_word_byte(*p)) {
		kind = isdigit((unsigned char)*p) ? TOKEN_OTHER : TOKEN_WORD;
		while (is_word_byte(*p))
			p++;
	} else {
		p++;
	}
	*text = p;
	return (struct token){ .kind = kind, .at = start, .len = (size_t)(p - start) };
}

static bool token_is(struct token t, const char *word)
{
	return t.kind == TOKEN_WORD && strlen(word) == t.len && strncasecmp(t.at, word, t.len) == 0;
}

static bool token_is_char(struct token t, char c)
{
	return t.kind == TOKEN_OTHER && t.len == 1 && *t.at == c;
}

static bool token_is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED || t.kind == TOKEN_STRING;
}

static const char *token_name(struct arena *arena, struct token t)
{
	if (t.kind == TOKEN_WORD || t.len < 2)
		return arena_strndup(arena, t.at, t.len);
	char *name = arena_alloc(arena, t.len);
	size_t n = 0;

	if (name == NULL)
		return NULL;
	for (size_t i = 1; i + 1 < t.len; i++) {
		name[n++] = t.at[i];
		if (t.at[0] != '[' && t.at[i] == t.at[0])
			i++;
	}
	name[n] = '\0';
	return name;
}

/* ---- one table ---- */

struct scan {
	struct arena *arena;
	const char *p;
	struct token now;
	bool failed;
	struct ddl_name *columns;
	size_t ncolumns;
	struct ddl_constraint *constraints;
	size_t nconstraints;
	size_t
	    room; /* of both arrays: no item is written with less than a comma, a parenthesis or two words */
};

static void advance(struct scan *s)
{
	s->now = token_next(&s->p);
}

static bool accept(struct scan *s, const char *word)
{
	if (!token_is(s->now, word))
		return false;
	advance(s);
	return true;
}

static const char *take_name(struct scan *s)
{
	const char *name = token_name(s->arena, s->now);

	s->failed |= name == NULL;
	advance(s);
	return name;
}

/* Past the parenthesis that closes the one at hand; *text is what stands between, if asked for. */
static void skip_parentheses(struct scan *s, const char **text)
{
	const char *start = s->p, *end = start;
	unsigned depth = 0;

	if (!token_is_char(s->now, '('))
		return;
	do {
		if (token_is_char(s->now, '('))
			depth++;
		else if (token_is_char(s->now, ')'))
			depth--;
		end = s->now.at;
		advance(s);
	} while (depth > 0 && s->now.kind != TOKEN_END);
	if (text == NULL)
		return;
	start = skip_blank(start);
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	*text = arena_strndup(s->arena, start, (size_t)(end - start));
	s->failed |= *text == NULL;
}

static struct ddl_constraint *add(struct scan *s, char kind, const char *name)
{
	if (s->nconstraints == s->room)
		return NULL;
	struct ddl_constraint *c = &s->constraints[s->nconstraints++];

	*c = (struct ddl_constraint){ .kind = kind, .name = name };
	return c;
}

static void set_columns(struct scan *s, struct ddl_constraint *c, const char **columns, size_t n)
{
	if (c == NULL)
		return;
	c->columns = arena_memdup(s->arena, columns, n * sizeof(*columns));
	c->ncolumns = n;
	s->failed |= c->columns == NULL;
}

enum { KEY_COLUMNS_MAX = 64 };

/* "(a, b COLLATE NOCASE DESC)" */
static void scan_key_columns(struct scan *s, struct ddl_constraint *c)
{
	const char *columns[KEY_COLUMNS_MAX];
	size_t n = 0;

	if (!token_is_char(s->now, '('))
		return;
	do {
		advance(s);
		if (!token_is_name(s->now) || n == KEY_COLUMNS_MAX)
			return;
		columns[n++] = take_name(s);
		while (s->now.kind == TOKEN_WORD || s->now.kind == TOKEN_QUOTED)
			advance(s);
	} while (token_is_char(s->now, ','));
	if (token_is_char(s->now, ')'))
		advance(s);
	set_columns(s, c, columns, n);
}

/* Column names in the expression. A name before '(' is a function's, and it isn't a column's by then. */
static void find_check_columns(struct scan *s, struct ddl_constraint *check)
{
	const char *columns[KEY_COLUMNS_MAX], *p = check->expression;
	size_t n = 0;

	for (struct token t = token_next(&p); t.kind != TOKEN_END && n < KEY_COLUMNS_MAX;
	     t = token_next(&p)) {
		if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
			continue;
		const char *name = token_name(s->arena, t);
		bool is_new = name != NULL, is_column = false;

		for (size_t i = 0; is_new && i < n; i++)
			is_new = strcasecmp(columns[i], name) != 0;
		for (size_t i = 0; is_new && i < s->ncolumns; i++)
			is_column |= strcasecmp(s->columns[i].text, name) == 0;
		if (is_column)
			columns[n++] = name;
	}
	set_columns(s, check, columns, n);
}

static void scan_check(struct scan *s, const char *name)
{
	const char *expression = NULL;

	skip_parentheses(s, &expression);
	if (expression == NULL)
		return;
	struct ddl_constraint *check = add(s, 'c', name);

	if (check != NULL)
		check->expression = expression;
}

/* CONSTRAINT name; the name counts for what follows it. */
static const char *scan_constraint_name(struct scan *s)
{
	if (!accept(s, "CONSTRAINT") || !token_is_name(s->now))
		return NULL;
	return take_name(s);
}

/* Up to the comma or parenthesis that ends the item, a column's type and constraints. */
static void scan_column(struct scan *s)
{
	bool is_quoted = s->now.kind != TOKEN_WORD;
	const char *column = take_name(s), *name = NULL;

	if (s->ncolumns < s->room)
		s->columns[s->ncolumns++] = (struct ddl_name){ .text = column, .is_quoted = is_quoted };
	while (s->now.kind != TOKEN_END && !token_is_char(s->now, ',') && !token_is_char(s->now, ')')) {
		struct token keyword = s->now;

		if (token_is(keyword, "CONSTRAINT")) {
			name = scan_constraint_name(s);
			continue;
		}
		if (token_is_char(keyword, '(')) {
			skip_parentheses(s, NULL);
			continue;
		}
		advance(s);
		if (token_is(keyword, "CHECK"))
			scan_check(s, name);
		else if (token_is(keyword, "PRIMARY"))
			set_columns(s, add(s, 'p', name), &column, 1);
		else if (token_is(keyword, "UNIQUE"))
			set_columns(s, add(s, 'u', name), &column, 1);
		else if (token_is(keyword, "REFERENCES"))
			set_columns(s, add(s, 'f', name), &column, 1);
		name = NULL;
	}
}

static void scan_table_constraint(struct scan *s)
{
	const char *name = scan_constraint_name(s);

	if (accept(s, "PRIMARY") && accept(s, "KEY"))
		scan_key_columns(s, add(s, 'p', name));
	else if (accept(s, "UNIQUE"))
		scan_key_columns(s, add(s, 'u', name));
	else if (accept(s, "CHECK"))
		scan_check(s, name);
	else if (accept(s, "FOREIGN") && accept(s, "KEY"))
		scan_key_columns(s, add(s, 'f', name));
	while (s->now.kind != TOKEN_END && !token_is_char(s->now, ',') && !token_is_char(s->now, ')')) {
		if (token_is_char(s->now, '('))
			skip_parentheses(s, NULL);
		else if (token_is(s->now, "CONSTRAINT")) /* SQLite doesn't ask for a comma between them */
			return;
		else
			advance(s);
	}
}

static bool begins_constraint(struct token t)
{
	return token_is(t, "CONSTRAINT") || token_is(t, "PRIMARY") || token_is(t, "UNIQUE") ||
	       token_is(t, "CHECK") || token_is(t, "FOREIGN");
}

static void scan_items(struct scan *s)
{
	do {
		if (!token_is(s->now, "CONSTRAINT"))
			advance(s); /* '(' or ',' */
		if (begins_constraint(s->now))
			scan_table_constraint(s);
		else if (token_is_name(s->now))
			scan_column(s);
		else
			return;
	} while (!s->failed && (token_is_char(s->now, ',') || token_is(s->now, "CONSTRAINT")));
}

static size_t count_items(const char *sql)
{
	size_t n = 1;

	for (const char *p = sql; *p != '\0'; p++)
		n += isspace((unsigned char)*p) || *p == ',' || *p == '(' || *p == '/';
	return n;
}

/* CREATE [TEMP] TABLE|VIEW [IF NOT EXISTS] [schema.]name; true: a table's columns follow. */
static bool scan_head(struct scan *s, struct ddl_name *name)
{
	advance(s);
	if (!accept(s, "CREATE"))
		return false;
	if (!accept(s, "TEMP"))
		accept(s, "TEMPORARY");
	bool is_table = accept(s, "TABLE");

	if (!is_table && !accept(s, "VIEW"))
		return false;
	if (accept(s, "IF")) {
		accept(s, "NOT");
		accept(s, "EXISTS");
	}
	for (;;) {
		if (!token_is_name(s->now))
			return false;
		name->is_quoted = s->now.kind != TOKEN_WORD;
		name->text = take_name(s);
		if (!token_is_char(s->now, '.'))
			break;
		advance(s);
	}
	return is_table && token_is_char(s->now, '(');
}

int ddl_scan_table(struct ddl_table *t, struct arena *arena, const char *sql)
{
	struct scan s = { .arena = arena, .p = sql };

	memset(t, 0, sizeof(*t));
	if (sql == NULL || !scan_head(&s, &t->name))
		return s.failed ? -1 : 0;
	s.room = count_items(sql);
	s.columns = arena_alloc(arena, s.room * sizeof(*s.columns));
	s.constraints = arena_alloc(arena, s.room * sizeof(*s.constraints));
	if (s.columns == NULL || s.constraints == NULL)
		return -1;
	scan_items(&s);
	for (size_t i = 0; i < s.nconstraints && !s.failed; i++) {
		if (s.constraints[i].kind == 'c')
			find_check_columns(&s, &s.constraints[i]);
	}
	t->columns = s.columns;
	t->ncolumns = s.ncolumns;
	t->constraints = s.constraints;
	t->nconstraints = s.nconstraints;
	return s.failed ? -1 : 0;
}

const char *ddl_key_name(const struct ddl_table *t, char kind, const char *const *columns, size_t n)
{
	for (size_t i = 0; i < t->nconstraints; i++) {
		const struct ddl_constraint *c = &t->constraints[i];
		bool fits = c->kind == kind && (n == 0 || c->ncolumns == n);

		for (size_t j = 0; fits && j < n; j++)
			fits = strcasecmp(c->columns[j], columns[j]) == 0;
		if (fits)
			return c->name;
	}
	return NULL;
}

const char *ddl_foreign_key_name(const struct ddl_table *t, size_t nth)
{
	for (size_t i = 0; i < t->nconstraints; i++) {
		if (t->constraints[i].kind == 'f' && nth-- == 0)
			return t->constraints[i].name;
	}
	return NULL;
}

const char *ddl_predicate(struct arena *arena, const char *sql)
{
	unsigned depth = 0;

	for (struct token t = token_next(&sql); t.kind != TOKEN_END; t = token_next(&sql)) {
		if (token_is_char(t, '('))
			depth++;
		else if (token_is_char(t, ')'))
			depth--;
		else if (depth == 0 && token_is(t, "WHERE"))
			return arena_strdup(arena, skip_blank(sql));
	}
	return NULL;
}

const char *ddl_view_query(const char *sql)
{
	unsigned depth = 0;

	for (struct token t = token_next(&sql); t.kind != TOKEN_END; t = token_next(&sql)) {
		if (token_is_char(t, '('))
			depth++;
		else if (token_is_char(t, ')'))
			depth--;
		else if (depth == 0 && token_is(t, "AS"))
			return skip_blank(sql);
	}
	return NULL;
}

const char *ddl_index_columns(const char *sql, size_t *len)
{
	const char *start = NULL;
	unsigned depth = 0;

	for (struct token t = token_next(&sql); t.kind != TOKEN_END; t = token_next(&sql)) {
		if (token_is_char(t, '(') && depth++ == 0)
			start = sql;
		if (token_is_char(t, ')') && --depth == 0) {
			*len = (size_t)(t.at - start);
			return start;
		}
	}
	return NULL;
}
