#include "pgwire/copy.h"

#include <stdlib.h>
#include <string.h>

#include "pgwire/hex.h"

int copy_reader_init(struct copy_reader *r, const struct copy_options *options, size_t nfields_max,
    size_t row_max, struct err *err)
{
	*r = (struct copy_reader){ .options = *options, .nfields_max = nfields_max, .row_max = row_max };
	/* The row, what ends it, and the byte after a carriage return that tells how. */
	buf_init(&r->pending, row_max + 4);
	buf_init(&r->unescaped, row_max);
	r->fields = calloc(nfields_max > 0 ? nfields_max : 1, sizeof(r->fields[0]));
	if (r->fields == NULL)
		return err_set(
		    err, SQLSTATE_OUT_OF_MEMORY, "out of memory for a COPY of %zu columns", nfields_max);
	return 0;
}

void copy_reader_release(struct copy_reader *r)
{
	buf_release(&r->pending);
	buf_release(&r->unescaped);
	free(r->fields);
	r->fields = NULL;
}

/* ---- where a row ends ---- */

struct row_end {
	size_t row_len; /* of the row's own bytes */
	size_t total;   /* with its newline, and the marker */
	bool is_marked; /* the end marker stands behind it */
};

enum scan { SCAN_MORE, SCAN_FOUND, SCAN_BAD };

static int bad_newline(struct copy_reader *r, char c, struct err *err)
{
	r->line++;
	err_set(
	    err, SQLSTATE_BAD_COPY, "literal %s found in data", c == '\n' ? "newline" : "carriage return");
	err_hint(err, "Use \"%s\" to represent %s.", c == '\n' ? "\\n" : "\\r",
	    c == '\n' ? "newline" : "carriage return");
	return SCAN_BAD;
}

/* A newline at text[0], and its length. The first one decides what is a newline from then on. */
static int scan_newline(
    struct copy_reader *r, const char *text, size_t len, bool last, size_t *newline_len, struct err *err)
{
	if (text[0] == '\n') {
		if (r->newline != COPY_NEWLINE_UNKNOWN && r->newline != COPY_NEWLINE_LF)
			return bad_newline(r, '\n', err);
		r->newline = COPY_NEWLINE_LF;
		*newline_len = 1;
		return SCAN_FOUND;
	}
	if (r->newline == COPY_NEWLINE_LF)
		return bad_newline(r, '\r', err);
	if (r->newline != COPY_NEWLINE_CR) {
		if (len == 1 && !last)
			return SCAN_MORE;
		bool is_crlf = len > 1 && text[1] == '\n';
		if (!is_crlf && r->newline == COPY_NEWLINE_CRLF)
			return bad_newline(r, '\r', err);
		r->newline = is_crlf ? COPY_NEWLINE_CRLF : COPY_NEWLINE_CR;
	}
	*newline_len = r->newline == COPY_NEWLINE_CRLF ? 2 : 1;
	return SCAN_FOUND;
}

/* What follows `\.` must be a newline of the same kind, or the end of all. */
static int scan_marker(
    struct copy_reader *r, const char *text, size_t len, bool last, size_t *newline_len, struct err *err)
{
	*newline_len = 0;
	if (len == 0)
		return last ? SCAN_FOUND : SCAN_MORE;
	if (text[0] == '\n' || text[0] == '\r') {
		int rc = scan_newline(r, text, len, last, newline_len, err);
		if (rc == SCAN_BAD)
			err_set(err, SQLSTATE_BAD_COPY,
			    "end-of-copy marker does not match previous newline style");
		return rc;
	}
	r->line++;
	err_set(err, SQLSTATE_BAD_COPY, "end-of-copy marker corrupt");
	return SCAN_BAD;
}

/* Looks for the row's end from *scanned on; leaves *scanned where the next look may begin. A backslash takes the byte after it along,
 * newlines too. */
static int scan_row(struct copy_reader *r, const char *text, size_t len, bool last, size_t *scanned,
    struct row_end *end, struct err *err)
{
	size_t i = *scanned;
	size_t newline_len = 0;
	int rc = SCAN_MORE;

	for (; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r') {
			rc = scan_newline(r, text + i, len - i, last, &newline_len, err);
			*end = (struct row_end){ .row_len = i, .total = i + newline_len };
			break;
		}
		if (text[i] != '\\')
			continue;
		if (i + 1 == len)
			break;
		if (text[i + 1] == '.') {
			rc = scan_marker(r, text + i + 2, len - i - 2, last, &newline_len, err);
			*end =
			    (struct row_end){ .row_len = i, .total = i + 2 + newline_len, .is_marked = true };
			break;
		}
		i++;
	}
	*scanned = i;
	if (rc != SCAN_MORE || !last || len == 0)
		return rc;
	*end = (struct row_end){ .row_len = len, .total = len };
	return SCAN_FOUND;
}

/* ---- what a row holds ---- */

static bool is_octal_digit(char c)
{
	return c >= '0' && c <= '7';
}

/* The byte that the escape after a backslash at `p` stands for; returns where the text goes on. */
static const char *unescape(const char *p, const char *end, uint8_t *byte)
{
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	char c = *p++;
	const char *letter = c == '\0' ? NULL : strchr(letters, c);

	*byte = (uint8_t)(letter != NULL ? bytes[letter - letters] : c);
	if (is_octal_digit(c)) {
		unsigned v = (unsigned)(c - '0');
		for (int i = 0; i < 2 && p < end && is_octal_digit(*p); i++)
			v = v << 3 | (unsigned)(*p++ - '0');
		*byte = (uint8_t)v;
	} else if (c == 'x' && p < end && hex_digit(*p) >= 0) {
		unsigned v = (unsigned)hex_digit(*p++);
		if (p < end && hex_digit(*p) >= 0)
			v = v << 4 | (unsigned)hex_digit(*p++);
		*byte = (uint8_t)v;
	}
	return p;
}

/* The field that begins at `p`, up to a delimiter without a backslash; `nescapes` counts those with one. */
static const char *field_end(const char *p, const char *end, char delimiter, size_t *nescapes)
{
	*nescapes = 0;
	for (; p < end && *p != delimiter; p++) {
		if (*p == '\\') {
			++*nescapes;
			if (++p == end)
				break;
		}
	}
	return p;
}

/* `unescaped` has room for the whole row, so that what is lent doesn't move. */
static struct copy_field read_field(struct copy_reader *r, const char *p, const char *end, size_t nescapes)
{
	size_t len = (size_t)(end - p);

	if (len == strlen(r->options.null_text) && memcmp(p, r->options.null_text, len) == 0)
		return (struct copy_field){ .text = NULL };
	if (nescapes == 0)
		return (struct copy_field){ .text = p, .len = len };

	size_t at = r->unescaped.len;
	while (p < end) {
		uint8_t byte = (uint8_t)*p++;
		if (byte == '\\') {
			if (p == end)
				break;
			p = unescape(p, end, &byte);
		}
		buf_put_byte(&r->unescaped, byte);
	}
	const char *text = r->unescaped.data == NULL ? "" : (const char *)r->unescaped.data + at;
	return (struct copy_field){ .text = text, .len = r->unescaped.len - at };
}

static int read_fields(struct copy_reader *r, const char *row, size_t len, size_t *nfields, struct err *err)
{
	const char *end = row + len;
	const char *p = row;

	r->line++;
	buf_clear(&r->unescaped);
	if (len > r->row_max)
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED,
		    "row of %zu bytes is longer than the limit of %zu bytes", len, r->row_max);
	if (memchr(row, '\\', len) != NULL && !buf_reserve(&r->unescaped, len))
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for a row of %zu bytes", len);
	for (*nfields = 0; *nfields <= r->nfields_max; p++) {
		size_t nescapes;
		const char *stop = field_end(p, end, r->options.delimiter, &nescapes);
		if (*nfields < r->nfields_max)
			r->fields[*nfields] = read_field(r, p, stop, nescapes);
		++*nfields;
		if (stop == end)
			break;
		p = stop;
	}
	return 0;
}

/* ---- rows from pieces ---- */

static enum copy_read lend_row(struct copy_reader *r, const char *row, const struct row_end *end,
    const struct copy_field **fields, size_t *nfields, struct err *err)
{
	r->scanned = 0;
	r->ended = end->is_marked;
	if (end->is_marked && end->row_len == 0)
		return COPY_END;
	if (read_fields(r, row, end->row_len, nfields, err) != 0)
		return COPY_FAILED;
	*fields = r->fields;
	return COPY_ROW;
}

/* Moves bytes to the pending row, through the next that could end it; a single one while the bytes that it ends in mean nothing
 * without the next, for that may belong to another row. */
static int take_piece(struct copy_reader *r, const char **bytes, size_t *len, struct err *err)
{
	size_t n = 0;

	if (r->scanned >= r->pending.len)
		while (n < *len && (*bytes)[n] != '\n' && (*bytes)[n] != '\r')
			n++;
	if (n < *len)
		n++;
	buf_put(&r->pending, *bytes, n);
	if (r->pending.failed) {
		r->line++;
		return err_set(
		    err, SQLSTATE_LIMIT_EXCEEDED, "row is longer than the limit of %zu bytes", r->row_max);
	}
	*bytes += n;
	*len -= n;
	return 0;
}

/* The row began in earlier bytes. */
static enum copy_read read_pending(struct copy_reader *r, const char **bytes, size_t *len, bool last,
    const struct copy_field **fields, size_t *nfields, struct err *err)
{
	for (;;) {
		struct row_end end;
		const char *text = (const char *)r->pending.data;
		int rc = scan_row(r, text, r->pending.len, last && *len == 0, &r->scanned, &end, err);
		if (rc == SCAN_BAD)
			return COPY_FAILED;
		if (rc == SCAN_FOUND) {
			r->pending_read = end.total;
			return lend_row(r, text, &end, fields, nfields, err);
		}
		if (*len == 0)
			return COPY_MORE;
		if (take_piece(r, bytes, len, err) != 0)
			return COPY_FAILED;
	}
}

enum copy_read copy_read_row(struct copy_reader *r, const char **bytes, size_t *len, bool last,
    const struct copy_field **fields, size_t *nfields, struct err *err)
{
	struct row_end end;

	if (r->ended) {
		*bytes += *len;
		*len = 0;
		return COPY_END;
	}
	buf_consume(&r->pending, r->pending_read);
	r->pending_read = 0;
	if (r->pending.len > 0)
		return read_pending(r, bytes, len, last, fields, nfields, err);
	if (*len == 0)
		return last ? COPY_END : COPY_MORE;

	int rc = scan_row(r, *bytes, *len, last, &r->scanned, &end, err);
	if (rc == SCAN_BAD)
		return COPY_FAILED;
	if (rc == SCAN_FOUND) {
		const char *row = *bytes;
		*bytes += end.total;
		*len -= end.total;
		return lend_row(r, row, &end, fields, nfields, err);
	}
	/* No end in here: all of it is the start of a row. */
	while (*len > 0)
		if (take_piece(r, bytes, len, err) != 0)
			return COPY_FAILED;
	return COPY_MORE;
}

/* ---- out ---- */

/* The letter of the escape that a byte needs; 0: none. */
static char escape_of(char c, char delimiter)
{
	switch (c) {
	case '\b': return 'b';
	case '\f': return 'f';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	case '\v': return 'v';
	case '\\': return '\\';
	default: return c == delimiter ? c : '\0';
	}
}

void copy_put_field(struct buf *o, const struct copy_options *options, const char *text, size_t len)
{
	size_t from = 0;

	if (text == NULL) {
		buf_put_text(o, options->null_text);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		char escape = escape_of(text[i], options->delimiter);
		if (escape == '\0')
			continue;
		buf_put(o, text + from, i - from);
		buf_put_byte(o, '\\');
		buf_put_byte(o, (uint8_t)escape);
		from = i + 1;
	}
	buf_put(o, text + from, len - from);
}
