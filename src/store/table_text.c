#include "store/table_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A token of SQLite's SQL; len 0 at the end. A pair of parentheses is one token with all that is in it. */
struct span {
	const char *at;
	size_t len;
};

static const char *skip_blank(const char *p)
{
	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (p[0] == '-' && p[1] == '-') {
			while (*p != '\0' && *p != '\n')
				p++;
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");

			p = end == NULL ? p + strlen(p) : end + 2;
		} else {
			return p;
		}
	}
}

static const char *quoted_end(const char *p, char close)
{
	for (p++; *p != '\0'; p++) {
		if (*p != close)
			continue;
		if (p[1] != close || close == ']')
			return p + 1;
		p++;
	}
	return p;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static const char *token_end(const char *p)
{
	if (*p == '\'' || *p == '"' || *p == '`')
		return quoted_end(p, *p);
	if (*p == '[')
		return quoted_end(p, ']');
	if (!is_word_byte(*p))
		return *p == '\0' ? p : p + 1;
	while (is_word_byte(*p))
		p++;
	return p;
}

/* Behind `p`, not past `end`. */
static struct span next_span(const char *p, const char *end)
{
	struct span s = { skip_blank(p), 0 };

	if (s.at >= end)
		return (struct span){ end, 0 };
	const char *behind = token_end(s.at);
	if (*s.at == '(') {
		int depth = 0;

		for (const char *q = s.at; *q != '\0'; q = skip_blank(behind)) {
			behind = token_end(q);
			depth += *q == '(' ? 1 : *q == ')' ? -1 : 0;
			if (depth == 0)
				break;
		}
	}
	s.len = (size_t)((behind < end ? behind : end) - s.at);
	return s;
}

static const char *behind(struct span s)
{
	return s.at + s.len;
}

static bool is_word(struct span s, const char *word)
{
	return strlen(word) == s.len && strncasecmp(s.at, word, s.len) == 0;
}

/* Is it this name, quoted or not? SQLite's names are equal in any case of letters. */
static bool is_name(struct span s, const char *name)
{
	const char *p = s.at, *end = behind(s);

	if (s.len >= 2 && strchr("\"'`[", *p) != NULL) {
		char close = *p == '[' ? ']' : *p;

		for (p++, end--; p < end; p++, name++) {
			if (tolower((unsigned char)*p) != tolower((unsigned char)*name))
				return false;
			if (*p == close)
				p++;
		}
		return *name == '\0';
	}
	return strlen(name) == s.len && strncasecmp(p, name, s.len) == 0;
}

/* ---- the parts of a CREATE TABLE ---- */

struct table_text {
	const char *sql, *end;
	struct span name, body; /* body: the parentheses */
};

static bool find_parts(struct table_text *t, const char *sql)
{
	*t = (struct table_text){ .sql = sql, .end = sql + strlen(sql) };
	struct span s = next_span(sql, t->end);

	if (!is_word(s, "CREATE"))
		return false;
	s = next_span(behind(s), t->end);
	if (!is_word(s, "TABLE"))
		return false;
	t->name = next_span(behind(s), t->end);
	t->body = next_span(behind(t->name), t->end);
	return t->body.len >= 2 && *t->body.at == '(' && behind(t->body)[-1] == ')';
}

/* The item that begins at `p`: up to its comma or the end of the body. */
static struct span item_at(const struct table_text *t, const char *p)
{
	const char *end = behind(t->body) - 1, *last = p;

	for (struct span s = next_span(p, end); s.len > 0; s = next_span(behind(s), end)) {
		if (*s.at == ',')
			break;
		last = behind(s);
	}
	return (struct span){ skip_blank(p), (size_t)(last - skip_blank(p)) };
}

static bool is_constraint(struct span item)
{
	static const char *const words[] = { "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN" };
	struct span first = next_span(item.at, behind(item));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_word(first, words[i]))
			return true;
	}
	return false;
}

/* The item of a column, or of a named constraint. */
static bool find_item(const struct table_text *t, const char *name, bool wants_constraint, struct span *item)
{
	const char *end = behind(t->body) - 1;

	for (const char *p = t->body.at + 1; p < end;) {
		*item = item_at(t, p);
		struct span first = next_span(item->at, behind(*item));
		bool is_one = is_constraint(*item);

		if (wants_constraint && is_word(first, "CONSTRAINT") &&
		    is_name(next_span(behind(first), end), name))
			return true;
		if (!wants_constraint && !is_one && is_name(first, name))
			return true;
		struct span comma = next_span(behind(*item), end);
		if (comma.len == 0)
			return false;
		p = behind(comma);
	}
	return false;
}

/* ---- replacing a part ---- */

static bool replace(struct buf *out, const struct table_text *t, struct span part, const char *text)
{
	buf_put(out, t->sql, (size_t)(part.at - t->sql));
	buf_put_text(out, text);
	buf_put_text(out, behind(part));
	return !out->failed;
}

/* The item with the comma before it, or behind it when it is the first. */
static bool drop_item(struct buf *out, const struct table_text *t, struct span item)
{
	const char *end = behind(t->body) - 1;
	const char *from = t->body.at + 1;
	struct span whole = item;

	for (struct span s = next_span(from, end); s.len > 0 && s.at < item.at;
	     s = next_span(behind(s), end)) {
		if (*s.at == ',')
			whole = (struct span){ s.at, (size_t)(behind(item) - s.at) };
	}
	if (whole.at == item.at) {
		struct span comma = next_span(behind(item), end);

		if (comma.len == 0)
			return false;
		whole.len = (size_t)(skip_blank(behind(comma)) - item.at);
	}
	return replace(out, t, whole, "");
}

bool table_text_add(struct buf *out, const char *sql, const char *item)
{
	struct table_text t;

	if (!find_parts(&t, sql))
		return false;
	const char *close = behind(t.body) - 1;
	buf_put(out, sql, (size_t)(close - sql));
	buf_put_text(out, ", ");
	buf_put_text(out, item);
	buf_put_text(out, close);
	return !out->failed;
}

bool table_text_drop_constraint(struct buf *out, const char *sql, const char *name)
{
	struct table_text t;
	struct span item;

	return find_parts(&t, sql) && find_item(&t, name, true, &item) && drop_item(out, &t, item);
}

bool table_text_drop_column(struct buf *out, const char *sql, const char *column)
{
	struct table_text t;
	struct span item;

	return find_parts(&t, sql) && find_item(&t, column, false, &item) && drop_item(out, &t, item);
}

bool table_text_rename(struct buf *out, const char *sql, const char *name)
{
	struct table_text t;

	if (!find_parts(&t, sql))
		return false;
	buf_put(out, sql, (size_t)(t.name.at - sql));
	buf_put_byte(out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_put_byte(out, '"');
		buf_put_byte(out, (uint8_t)*name);
	}
	buf_put_byte(out, '"');
	buf_put_text(out, behind(t.name));
	return !out->failed;
}

/* ---- the clauses of a column ---- */

/* What a column's definition says, in the order of its text. */
enum clause_kind {
	CLAUSE_TYPE,
	CLAUSE_NOT_NULL,
	CLAUSE_DEFAULT,
	CLAUSE_COLLATE,
	CLAUSE_PRIMARY,
	CLAUSE_REFERENCES,
	CLAUSE_OTHER
};

static enum clause_kind clause_kind(struct span first)
{
	static const struct {
		const char *word;
		enum clause_kind kind;
	} words[] = { { "NOT", CLAUSE_NOT_NULL }, { "DEFAULT", CLAUSE_DEFAULT },
		{ "COLLATE", CLAUSE_COLLATE }, { "PRIMARY", CLAUSE_PRIMARY }, { "NULL", CLAUSE_OTHER },
		{ "UNIQUE", CLAUSE_OTHER }, { "CHECK", CLAUSE_OTHER }, { "REFERENCES", CLAUSE_REFERENCES },
		{ "GENERATED", CLAUSE_OTHER }, { "AS", CLAUSE_OTHER } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_word(first, words[i].word))
			return words[i].kind;
	}
	return CLAUSE_TYPE;
}

/* The clause that begins with `first` (which may be CONSTRAINT with its name): up to where the next one begins. */
static struct span clause_at(struct span first, const char *end, enum clause_kind *kind)
{
	struct span s = first, word = first;

	if (is_word(s, "CONSTRAINT"))
		word = next_span(behind(next_span(behind(s), end)), end);
	*kind = clause_kind(word);
	s = word;
	/* NOT NULL; DEFAULT and the value's first token, which may look like a clause (DEFAULT NULL). */
	if (*kind == CLAUSE_NOT_NULL || *kind == CLAUSE_DEFAULT)
		s = next_span(behind(s), end);
	if (*kind == CLAUSE_DEFAULT && (*s.at == '-' || *s.at == '+'))
		s = next_span(behind(s), end);

	const char *last = behind(s);
	bool after_set = false; /* REFERENCES .. ON DELETE SET NULL, SET DEFAULT; [NOT] DEFERRABLE */
	for (s = next_span(last, end); s.len > 0; s = next_span(last, end)) {
		bool is_deferrable = is_word(s, "NOT") && is_word(next_span(behind(s), end), "DEFERRABLE");

		if (!after_set && !is_deferrable &&
		    (is_word(s, "CONSTRAINT") || clause_kind(s) != CLAUSE_TYPE))
			break;
		after_set = is_word(s, "SET");
		last = behind(s);
	}
	return (struct span){ first.at, (size_t)(last - first.at) };
}

static bool is_dropped(enum clause_kind kind, const enum clause_kind *dropped, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (dropped[i] == kind)
			return true;
	}
	return false;
}

/* The column without clauses of some kinds, with a type (NULL: the one it has) and something at its end. */
static bool edit_column(struct buf *out, const char *sql, const char *column, const enum clause_kind *dropped,
    size_t ndropped, const char *type, const char *suffix)
{
	struct table_text t;
	struct span item;
	bool has_type = type == NULL;

	if (!find_parts(&t, sql) || !find_item(&t, column, false, &item))
		return false;
	const char *end = behind(item);
	struct span name = next_span(item.at, end);

	buf_put(out, sql, (size_t)(behind(name) - sql));
	if (!has_type)
		buf_printf(out, " %s", type);
	for (struct span s = next_span(behind(name), end); s.len > 0;) {
		enum clause_kind kind;
		struct span clause = clause_at(s, end, &kind);

		if (!is_dropped(kind, dropped, ndropped) && (kind != CLAUSE_TYPE || has_type)) {
			buf_put_byte(out, ' ');
			buf_put(out, clause.at, clause.len);
		}
		s = next_span(behind(clause), end);
	}
	buf_put_text(out, suffix);
	buf_put_text(out, end);
	return !out->failed;
}

bool table_text_set_not_null(struct buf *out, const char *sql, const char *column, bool not_null)
{
	static const enum clause_kind dropped[] = { CLAUSE_NOT_NULL };

	return edit_column(out, sql, column, dropped, 1, NULL, not_null ? " NOT NULL" : "");
}

bool table_text_set_default(struct buf *out, const char *sql, const char *column, const char *expression)
{
	static const enum clause_kind dropped[] = { CLAUSE_DEFAULT };
	struct buf suffix;

	if (expression == NULL)
		return edit_column(out, sql, column, dropped, 1, NULL, "");
	buf_init(&suffix, out->max);
	buf_printf(&suffix, " DEFAULT (%s)", expression);
	const char *text = buf_text(&suffix);
	bool done = text != NULL && edit_column(out, sql, column, dropped, 1, NULL, text);
	buf_release(&suffix);
	return done;
}

bool table_text_set_type(struct buf *out, const char *sql, const char *column, const char *type)
{
	static const enum clause_kind dropped[] = { CLAUSE_COLLATE };

	return edit_column(out, sql, column, dropped, 1, type, "");
}

bool table_text_set_rowid(struct buf *out, const char *sql, const char *column, bool is_rowid)
{
	static const enum clause_kind dropped[] = { CLAUSE_PRIMARY, CLAUSE_NOT_NULL };

	return edit_column(out, sql, column, dropped, 2, "INTEGER", is_rowid ? " PRIMARY KEY" : " NOT NULL");
}

/* ---- foreign keys ---- */

/* Does it hold REFERENCES and the name? */
static bool refers_to(struct span part, const char *target)
{
	const char *end = behind(part);

	for (struct span s = next_span(part.at, end); s.len > 0; s = next_span(behind(s), end)) {
		if (is_word(s, "REFERENCES"))
			return is_name(next_span(behind(s), end), target);
	}
	return false;
}

/* The column without its references to the table. */
static void put_unreferring(struct buf *out, struct span item, const char *target)
{
	const char *end = behind(item);
	struct span name = next_span(item.at, end);

	buf_put(out, item.at, name.len);
	for (struct span s = next_span(behind(name), end); s.len > 0;) {
		enum clause_kind kind;
		struct span clause = clause_at(s, end, &kind);

		if (kind != CLAUSE_REFERENCES || !refers_to(clause, target)) {
			buf_put_byte(out, ' ');
			buf_put(out, clause.at, clause.len);
		}
		s = next_span(behind(clause), end);
	}
}

bool table_text_drop_references(struct buf *out, const char *sql, const char *target)
{
	struct table_text t;

	if (!find_parts(&t, sql))
		return false;
	const char *end = behind(t.body) - 1, *separator = "";
	buf_put(out, sql, (size_t)(t.body.at + 1 - sql));
	for (const char *p = t.body.at + 1; p < end;) {
		struct span item = item_at(&t, p);
		struct span comma = next_span(behind(item), end);
		bool refers = refers_to(item, target);

		if (!refers || !is_constraint(item)) {
			buf_put_text(out, separator);
			separator = ", ";
		}
		if (!refers)
			buf_put(out, item.at, item.len);
		else if (!is_constraint(item))
			put_unreferring(out, item, target);
		p = comma.len > 0 ? behind(comma) : end;
	}
	buf_put_text(out, end);
	return !out->failed;
}
