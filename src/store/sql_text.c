#include "store/sql_text.h"

#include <string.h>
#include <strings.h>

/* Bytes of one blank, comment or semicolon; 0 when something else comes. */
static size_t blank_token(const char *sql, size_t len)
{
	if (memchr(" \t\n\f\r;", sql[0], 6) != NULL)
		return 1;
	if (len >= 3 && memcmp(sql, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
		return 3;
	if (len < 2)
		return 0;
	if (memcmp(sql, "--", 2) == 0) {
		const char *end = memchr(sql, '\n', len);

		return end != NULL ? (size_t)(end - sql) + 1 : len;
	}
	if (memcmp(sql, "/*", 2) == 0) {
		const char *end = len > 2 ? memmem(sql + 2, len - 2, "*/", 2) : NULL;

		return end != NULL ? (size_t)(end - sql) + 2 : len;
	}
	return 0;
}

size_t sql_text_blank(const char *sql, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = blank_token(sql + at, len - at);

		if (n == 0)
			break;
		at += n;
	}
	return at;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

bool sql_text_begins_with(const char *sql, size_t len, const char *word)
{
	size_t at = sql_text_blank(sql, len);
	size_t n = strlen(word);

	return len - at >= n && strncasecmp(sql + at, word, n) == 0 &&
	       (len - at == n || !is_word_byte(sql[at + n]));
}
