#include "sql/literals.h"

#include <stdlib.h>
#include <string.h>

/* What a byte can begin or go on with (scan.l of PostgreSQL 15). */
enum { BLANK = 1, IDENT_START = 2, IDENT = 4, DIGIT = 8, OPERATOR = 16, MARK = 32 };

#define LETTER (IDENT_START | IDENT)

static const uint8_t classes[256] = {
	[' '] = BLANK,
	['\t'] = BLANK,
	['\n'] = BLANK,
	['\r'] = BLANK,
	['\f'] = BLANK,
	['0' ... '9'] = DIGIT | IDENT,
	['$'] = IDENT,
	['_'] = LETTER,
	['a' ... 'z'] = LETTER,
	['A' ... 'Z'] = LETTER,
	[0x80 ... 0xff] = LETTER,
	['+'] = OPERATOR,
	['-'] = OPERATOR,
	['*'] = OPERATOR,
	['/'] = OPERATOR,
	['<'] = OPERATOR,
	['>'] = OPERATOR,
	['='] = OPERATOR,
	['~'] = OPERATOR,
	['!'] = OPERATOR,
	['@'] = OPERATOR,
	['#'] = OPERATOR,
	['%'] = OPERATOR,
	['^'] = OPERATOR,
	['&'] = OPERATOR,
	['|'] = OPERATOR,
	['`'] = OPERATOR,
	['?'] = OPERATOR,
	['('] = MARK,
	[')'] = MARK,
	['['] = MARK,
	[']'] = MARK,
	[','] = MARK,
	[';'] = MARK,
	[':'] = MARK,
	['.'] = MARK,
};

static inline uint8_t class_of(char c)
{
	return classes[(uint8_t)c];
}

void literals_scanner_init(struct scanner *s, const char *text, size_t len)
{
	*s = (struct scanner){ text, text + len };
}

/* Comments nest. NULL: it doesn't end. */
static const char *skip_comment(const char *p, const char *end)
{
	unsigned depth = 0;

	while (p + 1 < end) {
		if (p[0] == '/' && p[1] == '*') {
			depth++;
			p += 2;
		} else if (p[0] == '*' && p[1] == '/') {
			p += 2;
			if (--depth == 0)
				return p;
		} else {
			p++;
		}
	}
	return NULL;
}

/* Past blanks and comments; NULL: a comment doesn't end. */
static const char *skip_blanks(const char *p, const char *end)
{
	for (;;) {
		while (p < end && (class_of(*p) & BLANK))
			p++;
		if (end - p < 2)
			return p;
		if (p[0] == '-' && p[1] == '-') {
			while (p < end && *p != '\n' && *p != '\r')
				p++;
		} else if (p[0] == '/' && p[1] == '*') {
			p = skip_comment(p, end);
			if (p == NULL)
				return NULL;
		} else {
			return p;
		}
	}
}

/* From the opening quote to behind the closing one, doubled quotes inside; NULL: unterminated. */
static const char *quoted_end(const char *p, const char *end, char quote)
{
	for (p++; p < end; p++) {
		if (*p == quote) {
			if (p + 1 >= end || p[1] != quote)
				return p + 1;
			p++;
		}
	}
	return NULL;
}

/* Likewise for E'..', where a backslash takes the next byte along. */
static const char *escaped_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\') {
			p++;
		} else if (*p == '\'') {
			if (p + 1 >= end || p[1] != '\'')
				return p + 1;
			p++;
		}
	}
	return NULL;
}

/* $tag$..$tag$; NULL: no dollar quote stands here. */
static const char *dollar_end(const char *p, const char *end)
{
	const char *tag_end = p + 1;

	if (tag_end < end && !(class_of(*tag_end) & IDENT_START) && *tag_end != '$')
		return NULL;
	while (tag_end < end && *tag_end != '$' && (class_of(*tag_end) & IDENT))
		tag_end++;
	if (tag_end >= end || *tag_end != '$')
		return NULL;
	tag_end++;

	size_t tag_len = (size_t)(tag_end - p);
	const char *found = memmem(tag_end, (size_t)(end - tag_end), p, tag_len);
	return found == NULL ? NULL : found + tag_len;
}

static void finish(struct scanner *s, struct token *token, enum token_kind kind, const char *end)
{
	token->kind = end == NULL ? TOKEN_UNSURE : kind;
	token->end = end == NULL ? token->start : end;
	s->at = token->end;
}

static void scan_dollar(struct scanner *s, struct token *token)
{
	const char *p = s->at + 1;

	if (p < s->end && (class_of(*p) & DIGIT)) {
		while (p < s->end && (class_of(*p) & DIGIT))
			p++;
		bool is_junk = p < s->end && (class_of(*p) & IDENT_START);
		finish(s, token, TOKEN_PARAM, is_junk ? NULL : p);
		return;
	}
	finish(s, token, TOKEN_DOLLAR, dollar_end(s->at, s->end));
}

/* `quote` is the opening one. A string goes on in the next after a newline (where no newline stands between them, that is an
 * error, which the parser will find). Rare: such a token is of the kind that nobody takes apart. */
static void scan_string(struct scanner *s, struct token *token, enum token_kind kind, const char *quote)
{
	for (;;) {
		const char *end = kind == TOKEN_ESCAPED || token->kind == TOKEN_ESCAPED
				      ? escaped_end(quote, s->end)
				      : quoted_end(quote, s->end, '\'');
		const char *next = end == NULL ? NULL : skip_blanks(end, s->end);

		if (next == NULL || next >= s->end || *next != '\'') {
			finish(s, token, kind, end);
			return;
		}
		token->kind = kind == TOKEN_ESCAPED ? TOKEN_ESCAPED : token->kind;
		kind = TOKEN_OTHER;
		quote = next;
	}
}

static void scan_word(struct scanner *s, struct token *token)
{
	const char *p = s->at + 1;

	while (p < s->end && (class_of(*p) & IDENT))
		p++;
	if (p - s->at == 1 && p < s->end && (*p == '\'' || *p == '&')) {
		char c = (char)(*s->at | 0x20);
		const char *quote = *p == '&' ? p + 1 : p;

		if (c == 'e' && *p == '\'') {
			scan_string(s, token, TOKEN_ESCAPED, p);
			return;
		}
		bool is_prefix = *p == '\'' ? c == 'b' || c == 'x' || c == 'n' : c == 'u' && quote < s->end;
		if (is_prefix && *quote == '\'') {
			scan_string(s, token, TOKEN_OTHER, quote);
			return;
		}
		if (is_prefix && *quote == '"') {
			finish(s, token, TOKEN_OTHER, quoted_end(quote, s->end, '"'));
			return;
		}
	}
	finish(s, token, TOKEN_WORD, p);
}

static void scan_number(struct scanner *s, struct token *token)
{
	const char *p = s->at, *end = s->end;
	enum token_kind kind = TOKEN_INTEGER;

	while (p < end && (class_of(*p) & DIGIT))
		p++;
	if (p < end && *p == '.') {
		kind = TOKEN_DECIMAL;
		p++;
		while (p < end && (class_of(*p) & DIGIT))
			p++;
	}
	if (p < end && (*p | 0x20) == 'e') {
		const char *exponent = p + 1;

		if (exponent < end && (*exponent == '+' || *exponent == '-'))
			exponent++;
		if (exponent < end && (class_of(*exponent) & DIGIT)) {
			kind = TOKEN_DECIMAL;
			for (p = exponent; p < end && (class_of(*p) & DIGIT);)
				p++;
		}
	}
	bool is_junk = p < end && ((class_of(*p) & IDENT_START) || *p == '.');
	finish(s, token, kind, is_junk ? NULL : p);
}

/* An operator of several characters ends in + or - only if it has one of these in it (PostgreSQL, section 4.1.3). */
static bool may_end_in_sign(const char *start, const char *end)
{
	for (const char *p = start; p < end; p++) {
		if (strchr("~!@#^&|`?%", *p) != NULL)
			return true;
	}
	return false;
}

static void scan_operator(struct scanner *s, struct token *token)
{
	const char *start = s->at, *p = start + 1;

	while (p < s->end && (class_of(*p) & OPERATOR)) {
		if (p + 1 < s->end && ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')))
			break;
		p++;
	}
	if (p - start > 1 && (p[-1] == '+' || p[-1] == '-') && !may_end_in_sign(start, p)) {
		while (p - start > 1 && (p[-1] == '+' || p[-1] == '-'))
			p--;
	}
	finish(s, token, TOKEN_OPERATOR, p);
}

void scanner_next(struct scanner *s, struct token *token)
{
	const char *p = skip_blanks(s->at, s->end);

	token->kind = TOKEN_UNSURE;
	token->after_blank = p != s->at;
	token->start = p != NULL ? p : s->at;
	if (p == NULL) {
		finish(s, token, TOKEN_UNSURE, NULL);
		return;
	}
	s->at = p;
	if (p >= s->end) {
		finish(s, token, TOKEN_END, p);
		return;
	}

	uint8_t class = class_of(*p);
	if (class & IDENT_START)
		scan_word(s, token);
	else if ((class & DIGIT) || (*p == '.' && p + 1 < s->end && (class_of(p[1]) & DIGIT)))
		scan_number(s, token);
	else if (class & MARK)
		finish(s, token, TOKEN_MARK, p + 1);
	else if (class & OPERATOR)
		scan_operator(s, token);
	else if (*p == '\'')
		scan_string(s, token, TOKEN_STRING, p);
	else if (*p == '"')
		finish(s, token, TOKEN_QUOTED, quoted_end(p, s->end, '"'));
	else if (*p == '$')
		scan_dollar(s, token);
	else
		finish(s, token, TOKEN_UNSURE, NULL);
}

bool token_is_word(const struct token *token, const char *word)
{
	if (token->kind != TOKEN_WORD)
		return false;

	const char *p = token->start;
	for (; p < token->end && *word != '\0'; p++, word++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		if (c != *word)
			return false;
	}
	return p == token->end && *word == '\0';
}

/* ---- shapes ---- */

struct shaper {
	struct arena *arena;
	const char *text;
	char *out; /* as long as the text: a class byte is never longer than its literal */
	size_t len;
	struct shape_literal *literals;
	size_t nliterals, cap;
};

static bool begins_query(const struct token *first)
{
	static const char *const words[] = { "select", "insert", "update", "delete", "with", "values" };

	if (first->kind == TOKEN_MARK)
		return *first->start == '(';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (token_is_word(first, words[i]))
			return true;
	}
	return false;
}

/* Does the number, without its sign, fit? The bounds have 10 and 19 digits. */
static enum literal_class number_class(const char *digits, size_t len, bool is_negative)
{
	while (len > 1 && *digits == '0') {
		digits++;
		len--;
	}
	if (len > 19)
		return LITERAL_NUMERIC;

	uint64_t n = 0;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (uint64_t)(digits[i] - '0');
	if (n <= (uint64_t)INT32_MAX + is_negative)
		return LITERAL_INT4;
	return n <= (uint64_t)INT64_MAX + is_negative ? LITERAL_INT8 : LITERAL_NUMERIC;
}

static bool add_literal(
    struct shaper *s, const char *start, enum literal_class class, const char *text, size_t len)
{
	if (text == NULL || s->nliterals == SHAPE_LITERALS_MAX)
		return false;
	if (s->nliterals == s->cap) {
		size_t cap = s->cap == 0 ? 16 : s->cap * 4;
		struct shape_literal *more = arena_alloc(s->arena, cap * sizeof(*more));

		if (more == NULL)
			return false;
		if (s->nliterals > 0)
			memcpy(more, s->literals, s->nliterals * sizeof(*more));
		s->literals = more;
		s->cap = cap;
	}
	s->literals[s->nliterals++] =
	    (struct shape_literal){ (uint32_t)(start - s->text), (uint32_t)len, text, class };
	s->out[s->len++] = (char)class;
	return true;
}

static bool add_number(struct shaper *s, const char *start, const struct token *number)
{
	size_t len = (size_t)(number->end - start);
	enum literal_class class = LITERAL_NUMERIC;

	if (number->kind == TOKEN_INTEGER)
		class = number_class(number->start, (size_t)(number->end - number->start), *start == '-');
	return add_literal(s, start, class, arena_strndup(s->arena, start, len), len);
}

/* The bytes between the quotes, each doubled quote as one. */
static bool add_string(struct shaper *s, const struct token *token)
{
	char *text = arena_alloc(s->arena, (size_t)(token->end - token->start));
	size_t len = 0;

	if (text == NULL)
		return false;
	for (const char *p = token->start + 1; p < token->end - 1; p++) {
		text[len++] = *p;
		if (*p == '\'')
			p++;
	}
	text[len] = '\0';
	return add_literal(s, token->start, LITERAL_STRING, text, len);
}

/* The plain escapes only; numbers of characters are the parser's to check. */
static bool add_escaped(struct shaper *s, const struct token *token)
{
	static const char letters[] = "bfnrt\\'\"", meanings[] = "\b\f\n\r\t\\'\"";
	char *text = arena_alloc(s->arena, (size_t)(token->end - token->start));
	size_t len = 0;

	if (text == NULL)
		return false;
	for (const char *p = token->start + 2; p < token->end - 1; p++) {
		if (*p == '\\') {
			const char *letter = strchr(letters, *++p);

			if (letter == NULL || *letter == '\0')
				return false;
			text[len++] = meanings[letter - letters];
		} else {
			text[len++] = *p;
			if (*p == '\'')
				p++;
		}
	}
	text[len] = '\0';
	return add_literal(s, token->start, LITERAL_STRING, text, len);
}

static bool add_dollar(struct shaper *s, const struct token *token)
{
	const char *tag_end = memchr(token->start + 1, '$', (size_t)(token->end - token->start - 1));
	size_t tag_len = (size_t)(tag_end + 1 - token->start);
	size_t len = (size_t)(token->end - token->start) - 2 * tag_len;

	return add_literal(
	    s, token->start, LITERAL_STRING, arena_strndup(s->arena, token->start + tag_len, len), len);
}

static void add_verbatim(struct shaper *s, const struct token *token)
{
	size_t len = (size_t)(token->end - token->start);

	memcpy(s->out + s->len, token->start, len);
	s->len += len;
}

/* A name may hold any byte, also those that stand for the classes in a shape. */
static bool add_quoted(struct shaper *s, const struct token *token)
{
	for (const char *p = token->start; p < token->end; p++) {
		if ((uint8_t)*p <= LITERAL_STRING)
			return false;
	}
	add_verbatim(s, token);
	return true;
}

/* A minus sign right before a number belongs to it where nothing stands that it could be subtracted from, and where nothing
 * follows that binds closer (::): PostgreSQL's grammar then negates the constant, whose location is the sign's. */
static bool takes_sign(const struct token *sign, const struct token *before, const char *end)
{
	bool is_unary = before->kind == TOKEN_OPERATOR ||
			(before->kind == TOKEN_MARK && strchr("(,[", *before->start) != NULL);

	if (!is_unary || sign->end - sign->start != 1 || *sign->start != '-' || sign->end >= end)
		return false;
	if (!(class_of(*sign->end) & DIGIT))
		return false;

	struct scanner s = { sign->end, end };
	struct token number, after;
	scanner_next(&s, &number);
	scanner_next(&s, &after);
	return (number.kind == TOKEN_INTEGER || number.kind == TOKEN_DECIMAL) &&
	       !(after.kind == TOKEN_MARK && *after.start == ':');
}

static bool add_token(
    struct shaper *s, struct scanner *scanner, struct token *token, const struct token *before)
{
	if (token->after_blank && s->len > 0)
		s->out[s->len++] = ' ';
	switch (token->kind) {
	case TOKEN_STRING: return add_string(s, token);
	case TOKEN_ESCAPED: return add_escaped(s, token);
	case TOKEN_DOLLAR: return add_dollar(s, token);
	case TOKEN_OTHER: return false;
	case TOKEN_QUOTED: return add_quoted(s, token);
	case TOKEN_INTEGER:
	case TOKEN_DECIMAL: return add_number(s, token->start, token);
	case TOKEN_OPERATOR:
		if (takes_sign(token, before, scanner->end)) {
			const char *sign = token->start;

			scanner_next(scanner, token);
			return add_number(s, sign, token);
		}
		break;
	default: break;
	}
	add_verbatim(s, token);
	return true;
}

bool shape_scan(const char *text, size_t len, struct arena *arena, struct shape *out)
{
	struct shaper s = { .arena = arena, .text = text };
	struct scanner scanner;
	struct token token, before;

	if (len > INT32_MAX)
		return false;
	literals_scanner_init(&scanner, text, len);
	scanner_next(&scanner, &token);
	if (!begins_query(&token) || (s.out = arena_alloc(arena, len)) == NULL)
		return false;
	for (before = (struct token){ .kind = TOKEN_WORD }; token.kind != TOKEN_END;
	     scanner_next(&scanner, &token)) {
		if (token.kind == TOKEN_UNSURE || !add_token(&s, &scanner, &token, &before))
			return false;
		before = token;
	}
	*out = (struct shape){ s.out, s.len, s.literals, s.nliterals };
	return true;
}

/* ---- depth ---- */

#define OPEN_MAX 512

/* Levels of the tree that one open parenthesis can hold. */
struct open {
	size_t
	    chain; /* operators and words since the last comma, AND or OR: each may nest the next (a + b + c ..) */
	size_t nests; /* set operations and joins: these nest over commas, too */
	bool is_case; /* a CASE, which END closes: its WHENs are a list */
};

static void count_word(struct open *o, const struct token *token)
{
	static const char *const nesting[] = { "join", "union", "intersect", "except" };

	/* Lists of AND and OR are flat in the tree, however long. */
	if (token_is_word(token, "and") || token_is_word(token, "or") ||
	    (o->is_case && token_is_word(token, "when"))) {
		o->chain = 0;
		return;
	}
	for (size_t i = 0; i < sizeof(nesting) / sizeof(nesting[0]); i++)
		o->nests += token_is_word(token, nesting[i]);
	o->chain++;
}

static void count_token(struct open *o, const struct token *token)
{
	if (token->kind == TOKEN_WORD)
		count_word(o, token);
	else if (token->kind == TOKEN_OPERATOR)
		o->chain++;
	else if (token->kind == TOKEN_MARK && *token->start == ',')
		o->chain = 0;
	else if (token->kind == TOKEN_MARK && *token->start == ';')
		*o = (struct open){ 0 };
	else if (token->kind == TOKEN_MARK && (*token->start == ':' || *token->start == '.'))
		o->chain++;
}

static bool is_mark(const struct token *token, char a, char b)
{
	return token->kind == TOKEN_MARK && (*token->start == a || *token->start == b);
}

static bool is_word_case(const struct token *token)
{
	return token->kind == TOKEN_WORD && token_is_word(token, "case");
}

static bool closes(const struct open *o, const struct token *token)
{
	if (o->is_case)
		return token->kind == TOKEN_WORD && token_is_word(token, "end");
	return is_mark(token, ')', ']');
}

size_t shape_depth(const char *text, size_t len)
{
	struct open opens[OPEN_MAX];
	size_t n = 1, below = 0, deepest = 0; /* below: levels of the parentheses around the innermost */
	struct scanner scanner;
	struct token token;

	opens[0] = (struct open){ 0 };
	literals_scanner_init(&scanner, text, len);
	/* What is unsure is an error in libpg_query's scanner: no tree is made then. */
	for (scanner_next(&scanner, &token); token.kind != TOKEN_END && token.kind != TOKEN_UNSURE;
	     scanner_next(&scanner, &token)) {
		count_token(&opens[n - 1], &token);
		bool is_case = is_word_case(&token);
		if (is_case || is_mark(&token, '(', '[')) {
			if (n == OPEN_MAX)
				return SIZE_MAX;
			below += opens[n - 1].chain + opens[n - 1].nests + 1;
			opens[n++] = (struct open){ .is_case = is_case };
		} else if (n > 1 && closes(&opens[n - 1], &token)) {
			n--;
			below -= opens[n - 1].chain + opens[n - 1].nests + 1;
		}

		size_t depth = below + opens[n - 1].chain + opens[n - 1].nests;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}
