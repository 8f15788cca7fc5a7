#include "store/functions_pg_internal.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/utf8.h"

#define TEXT_MAX ((size_t)1000000000)

/* Characters, not bytes: where character n stands (from 0), or the end. */
static const char *at_char(struct pg_text t, int64_t n)
{
	const char *at = t.data, *end = t.data + t.len;

	while (n-- > 0 && at < end)
		at += pg_char_len(at, end);
	return at;
}

/* Letters of ASCII alone, as the collation "C" has it. */
void pg_initcap(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;
	bool in_word = false;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.data[i];

		buf_put_byte(&b, c >= 0x80 ? c : (uint8_t)(in_word ? tolower(c) : toupper(c)));
		in_word = c < 0x80 && isalnum(c);
	}
	pg_result_buf(ctx, &b);
}

static void result_part(sqlite3_context *ctx, sqlite3_value *of, const char *from, const char *to)
{
	if (sqlite3_value_type(of) == SQLITE_BLOB)
		sqlite3_result_blob64(ctx, from, (sqlite3_uint64)(to - from), SQLITE_TRANSIENT);
	else
		pg_result_text(ctx, from, (size_t)(to - from));
}

static struct pg_text bytes_arg(sqlite3_value *v)
{
	if (sqlite3_value_type(v) != SQLITE_BLOB)
		return pg_text_arg(v);
	const char *data = sqlite3_value_blob(v);
	return (struct pg_text){ data != NULL ? data : "", (size_t)sqlite3_value_bytes(v) };
}

/* substr(x, from [, count]): positions before the first count, but hold nothing. */
void pg_substr(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = bytes_arg(args[0]);
	bool is_blob = sqlite3_value_type(args[0]) == SQLITE_BLOB;
	int64_t from = sqlite3_value_int64(args[1]);
	int64_t end = nargs > 2 ? from + sqlite3_value_int64(args[2]) : INT64_MAX;

	if (nargs > 2 && sqlite3_value_int64(args[2]) < 0) {
		function_fail(ctx, "22011", "negative substring length not allowed");
		return;
	}
	from = from < 1 ? 1 : from;
	end = end < from ? from : end;
	if (is_blob) {
		int64_t len = (int64_t)t.len;

		from = from > len + 1 ? len + 1 : from;
		end = end > len + 1 ? len + 1 : end;
		result_part(ctx, args[0], t.data + from - 1, t.data + end - 1);
		return;
	}
	const char *start = at_char(t, from - 1);
	struct pg_text rest = { start, (size_t)(t.data + t.len - start) };
	pg_result_text(ctx, start, (size_t)(at_char(rest, end - from) - start));
}

/* A negative count is from the other end. */
static int64_t side_count(struct pg_text t, int64_t n)
{
	int64_t chars = (int64_t)utf8_chars(t.data, t.len);

	if (n < 0)
		n = chars + n;
	return n < 0 ? 0 : n > chars ? chars : n;
}

void pg_left(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	pg_result_text(
	    ctx, t.data, (size_t)(at_char(t, side_count(t, sqlite3_value_int64(args[1]))) - t.data));
}

void pg_right(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	int64_t keep = side_count(t, sqlite3_value_int64(args[1]));
	const char *from = at_char(t, (int64_t)utf8_chars(t.data, t.len) - keep);
	pg_result_text(ctx, from, (size_t)(t.data + t.len - from));
}

void pg_repeat(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	int64_t n = sqlite3_value_int64(args[1]);
	if (n > 0 && t.len > TEXT_MAX / (size_t)n) {
		function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED, "requested length too large");
		return;
	}
	buf_init(&b, TEXT_MAX);
	for (int64_t i = 0; i < n; i++)
		buf_put(&b, t.data, t.len);
	pg_result_buf(ctx, &b);
}

void pg_reverse(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	char *out = sqlite3_malloc64(t.len + 1);
	if (out == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	char *to = out + t.len;
	for (const char *at = t.data, *end = t.data + t.len; at < end;) {
		size_t n = pg_char_len(at, end);

		to -= n;
		memcpy(to, at, n);
		at += n;
	}
	sqlite3_result_text64(ctx, out, t.len, sqlite3_free, SQLITE_UTF8);
}

/* lpad, rpad(text, length, fill); arg: 1 on the left */
void pg_pad(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]), fill = pg_text_arg(args[2]);
	int64_t want = sqlite3_value_int64(args[1]), have = (int64_t)utf8_chars(t.data, t.len);
	int64_t missing = fill.len > 0 && want > have ? want - have : 0;
	size_t kept = (size_t)(at_char(t, want < 0 ? 0 : want) - t.data);

	if (missing > (int64_t)TEXT_MAX / 4) {
		function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED, "requested length too large");
		return;
	}
	buf_init(&b, TEXT_MAX);
	if (function_arg(ctx) == 0)
		buf_put(&b, t.data, kept);
	for (const char *at = fill.data, *end = fill.data + fill.len; missing > 0; missing--) {
		size_t n = pg_char_len(at, end);

		buf_put(&b, at, n);
		at = at + n < end ? at + n : fill.data;
	}
	if (function_arg(ctx) != 0)
		buf_put(&b, t.data, kept);
	pg_result_buf(ctx, &b);
}

static const char *find(const char *from, const char *end, struct pg_text what)
{
	return memmem(from, (size_t)(end - from), what.data, what.len);
}

static int64_t count_fields(struct pg_text t, struct pg_text separator)
{
	const char *end = t.data + t.len;
	int64_t n = 1;

	for (const char *at = find(t.data, end, separator); at != NULL;
	     at = find(at + separator.len, end, separator))
		n++;
	return n;
}

void pg_split_part(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]), separator = pg_text_arg(args[1]);
	int64_t n = sqlite3_value_int64(args[2]);
	if (n == 0) {
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER, "field position must not be zero");
		return;
	}
	if (separator.len == 0) {
		pg_result_text(ctx, t.data, n == 1 || n == -1 ? t.len : 0);
		return;
	}
	if (n < 0)
		n += count_fields(t, separator) + 1;

	const char *at = t.data, *end = t.data + t.len, *next = find(at, end, separator);
	for (; n > 1 && next != NULL; n--) {
		at = next + separator.len;
		next = find(at, end, separator);
	}
	pg_result_text(ctx, at, n != 1 ? 0 : (size_t)((next != NULL ? next : end) - at));
}

/* Each character of `from` becomes the one at its place in `to`, or goes. */
void pg_translate(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]), from = pg_text_arg(args[1]), to = pg_text_arg(args[2]);
	const char *end = t.data + t.len, *from_end = from.data + from.len, *to_end = to.data + to.len;

	buf_init(&b, TEXT_MAX);
	for (const char *at = t.data; at < end;) {
		size_t n = pg_char_len(at, end);
		const char *f = from.data, *r = to.data;

		while (f < from_end && !(pg_char_len(f, from_end) == n && memcmp(f, at, n) == 0)) {
			f += pg_char_len(f, from_end);
			r += r < to_end ? pg_char_len(r, to_end) : 0;
		}
		if (f >= from_end)
			buf_put(&b, at, n);
		else if (r < to_end)
			buf_put(&b, r, pg_char_len(r, to_end));
		at += n;
	}
	pg_result_buf(ctx, &b);
}

void pg_ascii(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	size_t n = t.len > 0 ? pg_char_len(t.data, t.data + t.len) : 0;
	uint32_t code = n > 0 ? (unsigned char)t.data[0] : 0;
	if (n > 1) {
		code &= 0x7fu >> n;
		for (size_t i = 1; i < n; i++)
			code = code << 6 | ((unsigned char)t.data[i] & 0x3f);
	}
	sqlite3_result_int64(ctx, code);
}

void pg_chr(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	char text[4];
	size_t n = 1;

	if (pg_any_null(ctx, nargs, args))
		return;
	int64_t code = sqlite3_value_int64(args[0]);
	if (code == 0) {
		function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED, "null character not permitted");
		return;
	}
	if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
		function_fail(ctx, SQLSTATE_LIMIT_EXCEEDED,
		    code < 0 || code > 0x10ffff ? "requested character too large for encoding: %lld"
						: "requested character not valid for encoding: %lld",
		    (long long)code);
		return;
	}
	if (code < 0x80) {
		text[0] = (char)code;
	} else {
		n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		for (size_t i = n; i > 1; i--, code >>= 6)
			text[i - 1] = (char)(0x80 | (code & 0x3f));
		text[0] = (char)((0xf0 << (4 - n)) | code);
	}
	pg_result_text(ctx, text, n);
}

void pg_concat(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (int i = 0; i < nargs; i++) {
		struct pg_text t = pg_text_arg(args[i]);

		buf_put(&b, t.data, t.len);
	}
	pg_result_buf(ctx, &b);
}

void pg_concat_ws(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;
	bool is_first = true;

	if (pg_any_null(ctx, 1, args))
		return;
	struct pg_text separator = pg_text_arg(args[0]);
	buf_init(&b, TEXT_MAX);
	for (int i = 1; i < nargs; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			continue;
		struct pg_text t = pg_text_arg(args[i]);
		if (!is_first)
			buf_put(&b, separator.data, separator.len);
		buf_put(&b, t.data, t.len);
		is_first = false;
	}
	pg_result_buf(ctx, &b);
}

/* ---- quoting ---- */

/* Key words that can't be names as they are (PostgreSQL 15, appendix C: reserved, and column names or types or functions). */
static bool is_keyword(const char *word, size_t len)
{
	static const char words[] = " all analyse analyze and any array as asc asymmetric authorization "
				    "between bigint binary bit boolean both case cast char "
				    "character check coalesce collate collation column concurrently "
				    "constraint create cross current_catalog current_date "
				    "current_role current_schema current_time current_timestamp current_user "
				    "dec decimal default deferrable desc distinct do "
				    "else end except exists extract false fetch float for foreign freeze "
				    "from full grant greatest group grouping having ilike "
				    "in initially inner inout int integer intersect interval into is isnull "
				    "join json lateral leading least left like limit "
				    "localtime localtimestamp national natural nchar none normalize not "
				    "notnull null nullif numeric offset on only or order out "
				    "outer overlaps overlay placing position precision primary real "
				    "references returning right row select session_user setof "
				    "similar smallint some substring symmetric table tablesample then time "
				    "timestamp to trailing treat trim true union unique "
				    "user using values varchar variadic verbose when where window with "
				    "xmlattributes xmlconcat xmlelement xmlexists xmlforest "
				    "xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";
	char key[32];

	if (len + 3 > sizeof key)
		return false;
	key[0] = ' ';
	memcpy(key + 1, word, len);
	key[len + 1] = ' ';
	key[len + 2] = '\0';
	return strstr(words, key) != NULL;
}

static bool is_plain_name(struct pg_text t)
{
	if (t.len == 0 || !(islower((unsigned char)t.data[0]) || t.data[0] == '_'))
		return false;
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.data[i];

		if (!(islower(c) || isdigit(c) || c == '_'))
			return false;
	}
	return !is_keyword(t.data, t.len);
}

static void put_quoted(struct buf *b, struct pg_text t, char quote)
{
	buf_put_byte(b, (uint8_t)quote);
	for (size_t i = 0; i < t.len; i++) {
		if (t.data[i] == quote || (quote == '\'' && t.data[i] == '\\'))
			buf_put_byte(b, (uint8_t)t.data[i]);
		buf_put_byte(b, (uint8_t)t.data[i]);
	}
	buf_put_byte(b, (uint8_t)quote);
}

void pg_quote_ident(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	if (is_plain_name(t)) {
		pg_result_text(ctx, t.data, t.len);
		return;
	}
	buf_init(&b, TEXT_MAX);
	put_quoted(&b, t, '"');
	pg_result_buf(ctx, &b);
}

/* With a backslash in it, it is E'..'. */
void pg_quote_literal(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	buf_init(&b, TEXT_MAX);
	if (memchr(t.data, '\\', t.len) != NULL)
		buf_put_byte(&b, 'E');
	put_quoted(&b, t, '\'');
	pg_result_buf(ctx, &b);
}

/* ---- bytes ---- */

static void put_hex(struct buf *b, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		buf_put_byte(b, (uint8_t)digits[bytes[i] >> 4]);
		buf_put_byte(b, (uint8_t)digits[bytes[i] & 15]);
	}
}

void pg_md5(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = bytes_arg(args[0]);
	if (EVP_Digest(t.data, t.len, digest, &n, EVP_md5(), NULL) != 1) {
		function_fail(ctx, SQLSTATE_INTERNAL, "could not compute MD5 hash");
		return;
	}
	buf_init(&b, TEXT_MAX);
	put_hex(&b, digest, n);
	pg_result_buf(ctx, &b);
}

static bool is_format(sqlite3_value *v, const char *name)
{
	return sqlite3_stricmp((const char *)sqlite3_value_text(v), name) == 0;
}

static void put_base64(struct buf *b, const uint8_t *bytes, size_t n)
{
	unsigned char line[80];

	for (size_t at = 0; at < n; at += 57) { /* lines of 76, as PostgreSQL and MIME break them */
		int part = (int)(n - at < 57 ? n - at : 57);

		if (at > 0)
			buf_put_byte(b, '\n');
		buf_put(b, line, (size_t)EVP_EncodeBlock(line, bytes + at, part));
	}
}

void pg_encode(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = bytes_arg(args[0]);
	buf_init(&b, TEXT_MAX);
	if (is_format(args[1], "hex")) {
		put_hex(&b, (const uint8_t *)t.data, t.len);
	} else if (is_format(args[1], "base64")) {
		put_base64(&b, (const uint8_t *)t.data, t.len);
	} else {
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER, "unrecognized encoding: \"%s\"",
		    sqlite3_value_text(args[1]));
		buf_release(&b);
		return;
	}
	pg_result_buf(ctx, &b);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Digits of `bits` bits each, put together; blanks are skipped. false: another character, or a rest that isn't a byte. */
static bool decode(struct buf *b, struct pg_text t, unsigned bits, int (*digit)(char))
{
	uint32_t window = 0;
	unsigned have = 0;

	for (size_t i = 0; i < t.len; i++) {
		char c = t.data[i];

		if (isspace((unsigned char)c))
			continue;
		if (bits == 6 && c == '=')
			break;
		if (digit(c) < 0)
			return false;
		window = window << bits | (uint32_t)digit(c);
		have += bits;
		if (have >= 8) {
			have -= 8;
			buf_put_byte(b, (uint8_t)(window >> have));
		}
	}
	return have < bits;
}

void pg_decode(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct buf b;
	bool is_good = true;

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[0]);
	buf_init(&b, TEXT_MAX);
	if (is_format(args[1], "hex")) {
		is_good = decode(&b, t, 4, hex_digit);
	} else if (is_format(args[1], "base64")) {
		is_good = decode(&b, t, 6, base64_digit);
	} else {
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER, "unrecognized encoding: \"%s\"",
		    sqlite3_value_text(args[1]));
		buf_release(&b);
		return;
	}
	if (!is_good)
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER, "invalid %s data",
		    (const char *)sqlite3_value_text(args[1]));
	else
		sqlite3_result_blob64(
		    ctx, b.data != NULL ? (const void *)b.data : "", b.len, SQLITE_TRANSIENT);
	buf_release(&b);
}
