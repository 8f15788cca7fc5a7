#include "store/functions_pg_internal.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)1000000000)

/* ---- LIKE ---- */

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_BAD_ESCAPE,
	MATCH_ABORT /* the text ended: no later start can match */
};

static bool same(const char *a, const char *b, bool fold)
{
	unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

	return fold && x < 0x80 && y < 0x80 ? tolower(x) == tolower(y) : x == y;
}

static enum match match(const char *t, const char *t_end, const char *p, const char *p_end, bool fold);

/* Behind a %: tries each place where the rest may begin. */
static enum match match_rest(const char *t, const char *t_end, const char *p, const char *p_end, bool fold)
{
	while (p < p_end && (*p == '%' || *p == '_')) {
		if (*p == '_') {
			if (t >= t_end)
				return MATCH_ABORT;
			t += pg_char_len(t, t_end);
		}
		p++;
	}
	if (p >= p_end)
		return MATCH_YES;
	const char *first = *p == '\\' ? p + 1 : p;
	if (first >= p_end)
		return MATCH_BAD_ESCAPE;
	for (; t < t_end; t += pg_char_len(t, t_end)) {
		if (!same(t, first, fold))
			continue;
		enum match m = match(t, t_end, p, p_end, fold);
		if (m != MATCH_NO)
			return m;
	}
	return MATCH_ABORT;
}

static enum match match(const char *t, const char *t_end, const char *p, const char *p_end, bool fold)
{
	while (p < p_end) {
		if (*p == '%')
			return match_rest(t, t_end, p + 1, p_end, fold);
		if (t >= t_end) {
			if (*p == '\\' && p + 1 >= p_end)
				return MATCH_BAD_ESCAPE;
			return MATCH_ABORT;
		}
		if (*p == '_') {
			t += pg_char_len(t, t_end);
			p++;
			continue;
		}
		if (*p == '\\' && ++p >= p_end)
			return MATCH_BAD_ESCAPE;
		if (!same(t, p, fold))
			return MATCH_NO;
		t++;
		p++;
	}
	return t >= t_end ? MATCH_YES : MATCH_NO;
}

/* nq_like, nq_ilike; arg: 1 folds ASCII letters, as the collation "C" has it */
void pg_like(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]), p = pg_text_arg(args[1]);
	enum match m = match(t.data, t.data + t.len, p.data, p.data + p.len, function_arg(ctx) != 0);
	if (m == MATCH_BAD_ESCAPE)
		function_fail(ctx, "22025", "LIKE pattern must not end with escape character");
	else
		sqlite3_result_int(ctx, m == MATCH_YES);
}

/* The pattern with `escape` in place of the backslash, as one with a backslash. */
void pg_like_escape(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text p = pg_text_arg(args[0]), escape = pg_text_arg(args[1]);
	if (escape.len > 0 && pg_char_len(escape.data, escape.data + escape.len) != escape.len) {
		err_hint(function_fail(ctx, "22025", "invalid escape string"),
		    "Escape string must be empty or one character.");
		return;
	}
	buf_init(&b, TEXT_MAX);
	for (const char *at = p.data, *end = p.data + p.len; at < end;) {
		size_t n = pg_char_len(at, end);

		if (escape.len == n && memcmp(at, escape.data, n) == 0) {
			buf_put_byte(&b, '\\');
			at += n;
			n = at < end ? pg_char_len(at, end) : 0;
		} else if (*at == '\\') {
			buf_put_byte(&b, '\\');
		}
		buf_put(&b, at, n);
		at += n;
	}
	pg_result_buf(ctx, &b);
}

/* ---- regular expressions ---- */

/* POSIX extended expressions are a part of PostgreSQL's advanced ones: those that mean the same in both. */
static const char *unsupported(struct pg_text p)
{
	for (size_t i = 0; i < p.len; i++) {
		if (p.data[i] == '\\' && i + 1 < p.len && isalnum((unsigned char)p.data[i + 1]))
			return "an escape of a letter or digit in a regular expression";
		if (p.data[i] == '\\')
			i++;
		else if (p.data[i] == '(' && i + 1 < p.len && p.data[i + 1] == '?')
			return "(?..) in a regular expression";
		else if (strchr("*+?}", p.data[i]) != NULL && i + 1 < p.len && p.data[i + 1] == '?')
			return "a non-greedy quantifier in a regular expression";
	}
	return p.len >= 3 && memcmp(p.data, "***", 3) == 0 ? "a director in a regular expression" : NULL;
}

static void free_regex(void *regex)
{
	regfree(regex);
	free(regex);
}

static regex_t *compile(sqlite3_context *ctx, struct pg_text p, bool fold)
{
	const char *construct = unsupported(p);
	char message[200];

	if (construct != NULL) {
		function_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", construct);
		return NULL;
	}
	regex_t *regex = malloc(sizeof *regex);
	if (regex == NULL) {
		sqlite3_result_error_nomem(ctx);
		return NULL;
	}
	int rc = regcomp(regex, p.data, REG_EXTENDED | REG_NOSUB | (fold ? REG_ICASE : 0));
	if (rc != 0) {
		regerror(rc, regex, message, sizeof message);
		function_fail(ctx, "2201B", "invalid regular expression: %s", message);
		free(regex);
		return NULL;
	}
	return regex;
}

/* nq_regex, nq_iregex(text, pattern); a constant pattern is compiled once. */
void pg_regex(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]), p = pg_text_arg(args[1]);
	regex_t *regex = sqlite3_get_auxdata(ctx, 1);
	bool is_new = regex == NULL;

	if (is_new)
		regex = compile(ctx, p, function_arg(ctx) != 0);
	if (regex == NULL)
		return;
	sqlite3_result_int(ctx, regexec(regex, t.data, 0, NULL, 0) == 0);
	if (is_new)
		sqlite3_set_auxdata(ctx, 1, regex, free_regex);
}
