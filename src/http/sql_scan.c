#include "http/sql_scan.h"

#include <string.h>
#include <strings.h>

#include "store/sql_text.h"

#define NAMES_MAX 1024 /* different names that are told apart in one statement */

enum token_kind { TOKEN_BLANK, TOKEN_WORD, TOKEN_PARAM, TOKEN_SEMICOLON, TOKEN_OTHER };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

static size_t word_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_letter(s[n]))
		n++;
	return n;
}

/* '..', "..", `..` with the quote doubled inside, [..]. An open end takes the rest. */
static size_t quoted_len(const char *s, size_t len, char end)
{
	for (size_t i = 1; i < len; i++) {
		if (s[i] != end)
			continue;
		if (end == ']' || i + 1 == len || s[i + 1] != end)
			return i + 1;
		i++;
	}
	return len;
}

static size_t comment_len(const char *s, size_t len)
{
	const char *end = s[0] == '-' ? memchr(s, '\n', len)
			  : len > 3   ? memmem(s + 2, len - 2, "*/", 2)
				      : NULL;

	return end == NULL ? len : (size_t)(end - s) + (s[0] == '-' ? 1 : 2);
}

/* ?, ?NNN, :name, @name, $name, $a::b(c). 0: it is none. */
static size_t param_len(const char *s, size_t len)
{
	size_t n = 1;

	if (s[0] == '?') {
		while (n < len && s[n] >= '0' && s[n] <= '9')
			n++;
		return n;
	}
	for (;;) {
		size_t letters = word_len(s + n, len - n);

		n += letters;
		if (letters > 0 && s[0] == '$' && len - n > 2 && s[n] == ':' && s[n + 1] == ':')
			n += 2;
		else
			break;
	}
	if (n > 1 && s[0] == '$' && n < len && s[n] == '(') {
		const char *end = memchr(s + n, ')', len - n);
		if (end != NULL)
			n = (size_t)(end - s) + 1;
	}
	return n > 1 ? n : 0;
}

static enum token_kind next_token(const char *s, size_t len, size_t *n)
{
	*n = 1;
	switch (s[0]) {
	case ' ':
	case '\t':
	case '\n':
	case '\f':
	case '\r': return TOKEN_BLANK;
	case ';': return TOKEN_SEMICOLON;
	case '\'':
	case '"':
	case '`': *n = quoted_len(s, len, s[0]); return TOKEN_OTHER;
	case '[': *n = quoted_len(s, len, ']'); return TOKEN_OTHER;
	case '-':
	case '/':
		if (len < 2 || s[1] != (s[0] == '-' ? '-' : '*'))
			return TOKEN_OTHER;
		*n = comment_len(s, len);
		return TOKEN_BLANK;
	case '?':
	case ':':
	case '@':
	case '$': {
		size_t param = param_len(s, len);
		*n = param > 0 ? param : 1;
		return param > 0 ? TOKEN_PARAM : TOKEN_OTHER;
	}
	default: break;
	}
	*n = word_len(s, len);
	if (*n > 0)
		return TOKEN_WORD;
	*n = 1;
	return TOKEN_OTHER;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(s, word, len) == 0;
}

/* What a statement's first words make of it. */
struct head {
	size_t nwords; /* seen, without EXPLAIN, TEMP and their like */
	bool is_create, is_trigger, is_ddl;
};

static void note_word(struct head *h, const char *s, size_t len)
{
	static const char *const passed[] = { "EXPLAIN", "QUERY", "PLAN", "TEMP", "TEMPORARY" };
	static const char *const ddl[] = { "CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE" };

	if (h->nwords >= 2)
		return;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		if (is_word(s, len, passed[i]))
			return;
	}
	if (h->nwords++ == 0) {
		h->is_create = is_word(s, len, "CREATE");
		for (size_t i = 0; i < sizeof(ddl) / sizeof(ddl[0]); i++)
			h->is_ddl |= is_word(s, len, ddl[i]);
	} else {
		h->is_trigger = h->is_create && is_word(s, len, "TRIGGER");
	}
}

/* A trigger ends with "; END ;": each of its own statements ends with a semicolon as well. */
enum trigger_end { TRIGGER_BODY, TRIGGER_SEMICOLON, TRIGGER_END };

void sql_scan_statement(const char *sql, size_t len, struct sql_scan *scan)
{
	struct head head = { 0 };
	enum trigger_end end = TRIGGER_BODY;
	size_t at = sql_text_blank(sql, len), n;

	*scan = (struct sql_scan){ .is_empty = at == len };
	for (; at < len; at += n) {
		enum token_kind kind = next_token(sql + at, len - at, &n);

		if (kind == TOKEN_BLANK)
			continue;
		if (kind == TOKEN_WORD)
			note_word(&head, sql + at, n);
		if (kind == TOKEN_SEMICOLON && (!head.is_trigger || end == TRIGGER_END)) {
			at += n;
			break;
		}
		if (kind == TOKEN_SEMICOLON)
			end = TRIGGER_SEMICOLON;
		else
			end = end == TRIGGER_SEMICOLON && kind == TOKEN_WORD && is_word(sql + at, n, "END")
				  ? TRIGGER_END
				  : TRIGGER_BODY;
	}
	scan->is_ddl = head.is_ddl;
	scan->used = at + sql_text_blank(sql + at, len - at);
}

struct names {
	struct sql_param list[NAMES_MAX];
	size_t n;
};

static size_t number_of_name(struct names *names, const struct sql_param *p, size_t largest)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->list[i].name_len == p->name_len &&
		    memcmp(names->list[i].name, p->name, p->name_len) == 0)
			return names->list[i].number;
	}
	if (names->n < NAMES_MAX) {
		names->list[names->n] = *p;
		names->list[names->n++].number = largest + 1;
	}
	return largest + 1;
}

static size_t number_of_digits(const char *digits, size_t len)
{
	size_t number = 0;

	for (size_t i = 0; i < len && number < 100000; i++)
		number = number * 10 + (size_t)(digits[i] - '0');
	return number;
}

size_t sql_scan_params(
    const char *sql, size_t len, void (*on_param)(void *arg, const struct sql_param *param), void *arg)
{
	struct names names = { .n = 0 };
	size_t largest = 0, n;

	for (size_t at = 0; at < len; at += n) {
		if (next_token(sql + at, len - at, &n) != TOKEN_PARAM)
			continue;
		struct sql_param p = { .name = n > 1 ? sql + at : NULL, .name_len = n > 1 ? n : 0 };
		if (n == 1)
			p.number = largest + 1;
		else if (sql[at] == '?')
			p.number = number_of_digits(sql + at + 1, n - 1);
		else
			p.number = number_of_name(&names, &p, largest);
		if (p.number > largest)
			largest = p.number;
		on_param(arg, &p);
	}
	return largest;
}
