#include "pgwire/format_type.h"

#include <strings.h>

#include "pgwire/bytes.h"
#include "pgwire/hex.h"

/* An array is stored as a JSON array, of arrays when it has more dimensions. Its elements are the numbers, true, false and null of
 * JSON, or strings with the text form of any other value. */

#define DIMENSIONS_MAX 6 /* PostgreSQL's MAXDIM */

/* ---- JSON, one token after the other ---- */

enum token_kind {
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_NULL,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_END,
	TOKEN_BAD
};

struct token {
	enum token_kind kind;
	const char *text; /* of a word: a number, true, false; of a string between its quotes */
	size_t len;
};

struct json {
	const char *at, *end;
};

static struct token string_token(struct json *j)
{
	const char *from = ++j->at;

	for (; j->at < j->end && *j->at != '"'; j->at++)
		if (*j->at == '\\' && j->at + 1 < j->end)
			j->at++;
	if (j->at == j->end)
		return (struct token){ .kind = TOKEN_BAD };
	size_t len = (size_t)(j->at++ - from);
	return (struct token){ .kind = TOKEN_STRING, .text = from, .len = len };
}

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
	       c == '-' || c == '.';
}

static struct token next_token(struct json *j)
{
	struct token t = { .kind = TOKEN_BAD };

	while (j->at < j->end && format_is_space(*j->at))
		j->at++;
	if (j->at == j->end)
		return (struct token){ .kind = TOKEN_END };
	switch (*j->at) {
	case '[': t.kind = TOKEN_OPEN; break;
	case ']': t.kind = TOKEN_CLOSE; break;
	case ',': t.kind = TOKEN_COMMA; break;
	case '"': return string_token(j);
	default:
		t.text = j->at;
		while (j->at < j->end && is_word_char(*j->at))
			j->at++;
		t.len = (size_t)(j->at - t.text);
		if (t.len > 0)
			t.kind = t.len == 4 && memcmp(t.text, "null", 4) == 0 ? TOKEN_NULL : TOKEN_WORD;
		return t;
	}
	j->at++;
	return t;
}

/* What an array looks like: its size in each dimension. */
struct shape {
	int ndims;
	int32_t sizes[DIMENSIONS_MAX];
	bool has_null;
};

/* The array as a whole is well-formed, rectangular, and of at most six dimensions. Elements lie all at one depth. */
struct measure {
	struct shape shape;
	int depth;
	int leaf_depth; /* 0: no element has been seen */
	int32_t counts[DIMENSIONS_MAX];
	bool may_close, may_begin, is_done;
};

static void measure_init(struct measure *m)
{
	*m = (struct measure){ .may_begin = true };
}

static bool measure_open(struct measure *m)
{
	if (!m->may_begin || m->depth == DIMENSIONS_MAX || (m->leaf_depth != 0 && m->depth >= m->leaf_depth))
		return false;
	m->counts[m->depth++] = 0;
	m->may_close = true;
	return true;
}

static bool measure_element(struct measure *m, bool is_null)
{
	if (!m->may_begin || m->depth == 0 || (m->leaf_depth != 0 && m->leaf_depth != m->depth))
		return false;
	/* A dimension that was closed without elements can't hold some now. */
	if (m->leaf_depth == 0 && m->shape.ndims > 0)
		return false;
	m->leaf_depth = m->depth;
	m->counts[m->depth - 1]++;
	m->shape.has_null |= is_null;
	m->may_begin = false;
	m->may_close = true;
	return true;
}

static bool measure_comma(struct measure *m)
{
	if (m->depth == 0 || m->may_begin)
		return false;
	m->may_begin = true;
	m->may_close = false;
	return true;
}

static bool measure_close(struct measure *m)
{
	if (m->depth == 0 || !m->may_close)
		return false;
	int at = --m->depth;
	int32_t count = m->counts[at];
	/* Only the whole array may be empty. */
	if (count == 0 && at > 0)
		return false;
	if (m->shape.sizes[at] != 0 && m->shape.sizes[at] != count)
		return false;
	m->shape.sizes[at] = count;
	if (count > 0 && m->shape.ndims <= at)
		m->shape.ndims = at + 1;
	m->may_begin = false;
	m->may_close = true;
	if (at > 0)
		m->counts[at - 1]++;
	m->is_done = at == 0;
	return true;
}

/* Feeds a token; false when it can't stand there. */
static bool measure_token(struct measure *m, enum token_kind kind)
{
	if (m->is_done)
		return false;
	switch (kind) {
	case TOKEN_OPEN: return measure_open(m);
	case TOKEN_CLOSE: return measure_close(m);
	case TOKEN_COMMA: return measure_comma(m);
	case TOKEN_NULL:
	case TOKEN_WORD:
	case TOKEN_STRING: return measure_element(m, kind == TOKEN_NULL);
	default: return false;
	}
}

static bool measure_json(const char *text, size_t len, struct shape *shape)
{
	struct json j = { text, text + len };
	struct measure m;
	struct token t;

	measure_init(&m);
	while ((t = next_token(&j)).kind != TOKEN_END)
		if (!measure_token(&m, t.kind))
			return false;
	*shape = m.shape;
	return m.is_done;
}

/* ---- strings of JSON ---- */

static bool hex4(const char *p, const char *end, uint32_t *v)
{
	*v = 0;
	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);
		if (digit < 0)
			return false;
		*v = *v << 4 | (uint32_t)digit;
	}
	return true;
}

static void put_utf8(struct buf *o, uint32_t c)
{
	if (c < 0x80) {
		buf_put_byte(o, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put_byte(o, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_byte(o, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_byte(o, (uint8_t)(0xf0 | c >> 18));
			buf_put_byte(o, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_byte(o, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_byte(o, (uint8_t)(0x80 | (c & 0x3f)));
}

/* After "\u": one unit, or the two of a pair. Returns where the text goes on. A lone surrogate becomes U+FFFD. */
static const char *put_unicode(struct buf *o, const char *p, const char *end)
{
	uint32_t c, low;

	if (!hex4(p, end, &c)) {
		buf_put_byte(o, 'u');
		return p;
	}
	p += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	    hex4(p + 2, end, &low) && low >= 0xdc00 && low < 0xe000) {
		put_utf8(o, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return p + 6;
	}
	put_utf8(o, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return p;
}

static void put_unescaped(struct buf *o, const char *p, size_t len)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *end = p + len;

	while (p < end) {
		char c = *p++;
		if (c != '\\' || p == end) {
			buf_put_byte(o, (uint8_t)c);
			continue;
		}
		c = *p++;
		const char *letter = c == '\0' ? NULL : strchr(letters, c);
		if (c == 'u')
			p = put_unicode(o, p, end);
		else
			buf_put_byte(o, (uint8_t)(letter != NULL ? bytes[letter - letters] : c));
	}
}

static void put_json_string(struct buf *o, const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	buf_put_byte(o, '"');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];
		if (c == '"' || c == '\\') {
			buf_put_byte(o, '\\');
			buf_put_byte(o, c);
		} else if (c < 0x20) {
			buf_put(o, "\\u00", 4);
			buf_put_byte(o, (uint8_t)digits[c >> 4]);
			buf_put_byte(o, (uint8_t)digits[c & 15]);
		} else {
			buf_put_byte(o, c);
		}
	}
	buf_put_byte(o, '"');
}

/* ---- elements ---- */

/* Memory for one element at a time: its text, and what its type makes of it. */
struct element {
	const struct format_type *type;
	oid_t oid;
	struct buf text, made;
};

static void element_init(struct element *e, const struct format_type *array, size_t max)
{
	e->oid = array->element;
	e->type = format_type_find(array->element);
	buf_init(&e->text, max);
	buf_init(&e->made, max);
}

static void element_release(struct element *e)
{
	buf_release(&e->text);
	buf_release(&e->made);
}

static const char *buf_bytes(const struct buf *b)
{
	return b->data == NULL ? "" : (const char *)b->data;
}

static void element_take(struct element *e, const struct token *t)
{
	buf_clear(&e->text);
	buf_clear(&e->made);
	if (t->kind == TOKEN_STRING)
		put_unescaped(&e->text, t->text, t->len);
	else
		buf_put(&e->text, t->text, t->len);
}

/* The element's text as a value of its type. */
static int element_read(struct element *e, int32_t typmod, struct value *v, struct err *err)
{
	if (e->text.failed)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for an array element");
	return format_read_text(e->oid, typmod, buf_bytes(&e->text), e->text.len, &e->made, v, err);
}

/* ---- text out ---- */

static bool needs_quotes(const char *text, size_t len)
{
	if (len == 0 || (len == 4 && strncasecmp(text, "null", 4) == 0))
		return true;
	for (size_t i = 0; i < len; i++)
		if (format_is_space(text[i]) || (text[i] != '\0' && strchr("{},\"\\", text[i]) != NULL))
			return true;
	return false;
}

static void put_quoted(struct buf *o, const char *text, size_t len)
{
	if (!needs_quotes(text, len)) {
		buf_put(o, text, len);
		return;
	}
	buf_put_byte(o, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buf_put_byte(o, '\\');
		buf_put_byte(o, (uint8_t)text[i]);
	}
	buf_put_byte(o, '"');
}

/* JSON's numbers and booleans are brought to the form of the type: true is t, 1.0 is 1. What isn't of the type stays as it is. */
static void put_element_text(const struct format_out *out, struct element *e)
{
	struct format_out own = { .type = e->type, .typmod = -1, .settings = out->settings, .buf = &e->text };
	struct err err;
	struct value v;

	if (e->type->put_text != NULL && element_read(e, -1, &v, &err) == 0) {
		/* The value may lie in the text that its new form replaces: only a NaN does, and it has no new form. */
		if (v.kind != VALUE_TEXT) {
			buf_clear(&e->text);
			e->type->put_text(&own, &v);
		}
	}
	put_quoted(out->buf, buf_bytes(&e->text), e->text.len);
}

static void put_elements_text(const struct format_out *out, const struct value *v)
{
	struct json j = { v->text, v->text + v->len };
	struct element e;
	struct token t;

	element_init(&e, out->type, out->buf->max);
	while ((t = next_token(&j)).kind != TOKEN_END) {
		switch (t.kind) {
		case TOKEN_OPEN: buf_put_byte(out->buf, '{'); break;
		case TOKEN_CLOSE: buf_put_byte(out->buf, '}'); break;
		case TOKEN_COMMA: buf_put_byte(out->buf, ','); break;
		case TOKEN_NULL: buf_put_text(out->buf, "NULL"); break;
		default:
			element_take(&e, &t);
			put_element_text(out, &e);
			out->buf->failed |= e.text.failed;
		}
	}
	element_release(&e);
}

/* A text that is no array of JSON goes out as it is. */
int format_array_put_text(const struct format_out *out, const struct value *v)
{
	struct shape shape;

	if (v->kind != VALUE_TEXT || !measure_json(v->text, v->len, &shape))
		return format_put_stored(out, v);
	put_elements_text(out, v);
	return 0;
}

/* ---- binary out (array_send) ---- */

static void put32(struct buf *o, uint32_t v)
{
	uint8_t *p = buf_extend(o, 4);

	if (p != NULL)
		store32(p, v);
}

static void put_shape(const struct format_out *out, const struct shape *s, uint32_t lower_bound)
{
	put32(out->buf, (uint32_t)s->ndims);
	put32(out->buf, s->has_null);
	put32(out->buf, out->type->element);
	for (int i = 0; i < s->ndims; i++) {
		put32(out->buf, (uint32_t)s->sizes[i]);
		put32(out->buf, lower_bound);
	}
}

static int put_element_binary(const struct format_out *out, struct element *e)
{
	struct format_out own = *out;
	size_t at = out->buf->len;
	struct value v;

	own.type = e->type;
	own.typmod = -1;
	if (element_read(e, -1, &v, out->err) != 0)
		return -1;
	put32(out->buf, 0);
	if (e->type->put_binary(&own, &v) != 0)
		return -1;
	if (!out->buf->failed)
		store32(out->buf->data + at, (uint32_t)(out->buf->len - at - 4));
	return 0;
}

int format_array_put_binary(const struct format_out *out, const struct value *v)
{
	struct json j;
	struct shape shape;
	struct element e;
	struct token t;
	int rc = 0;

	if (v->kind != VALUE_TEXT || !measure_json(v->text, v->len, &shape))
		return format_no_binary_value(out, v);
	put_shape(out, &shape, 1);
	element_init(&e, out->type, out->buf->max);
	j = (struct json){ v->text, v->text + v->len };
	while (rc == 0 && (t = next_token(&j)).kind != TOKEN_END) {
		if (t.kind == TOKEN_NULL) {
			put32(out->buf, UINT32_MAX);
		} else if (t.kind == TOKEN_WORD || t.kind == TOKEN_STRING) {
			element_take(&e, &t);
			rc = put_element_binary(out, &e);
		}
	}
	element_release(&e);
	return rc;
}

/* ---- text in ---- */

static int malformed(const struct format_in *in, const char *text, size_t len)
{
	return err_set(
	    in->err, SQLSTATE_BAD_TEXT, "malformed array literal: \"%.*s\"", format_shown_len(len), text);
}

static bool is_finite_number(const char *text, size_t len)
{
	return len > 0 && (text[len - 1] >= '0' && text[len - 1] <= '9');
}

/* Appends the value to the JSON array. */
static int put_json_element(const struct format_in *in, struct element *e, const struct value *v)
{
	struct format_settings settings = { 0 };
	struct format_out own = { .type = e->type, .typmod = -1, .settings = &settings, .err = in->err };
	struct buf text;

	if (v->kind == VALUE_TEXT) {
		put_json_string(in->scratch, v->text, v->len);
		return 0;
	}
	if (v->kind == VALUE_INT && e->oid == OID_BOOL) {
		buf_put_text(in->scratch, v->i != 0 ? "true" : "false");
		return 0;
	}
	buf_init(&text, in->scratch->max);
	own.buf = &text;
	int rc = e->type->put_text != NULL ? e->type->put_text(&own, v) : format_put_stored(&own, v);
	if (v->kind != VALUE_BLOB && is_finite_number(buf_bytes(&text), text.len))
		buf_put(in->scratch, text.data, text.len);
	else
		put_json_string(in->scratch, buf_bytes(&text), text.len);
	in->scratch->failed |= text.failed;
	buf_release(&text);
	return rc;
}

/* The element that begins at *p, into e->text; leaves *p behind it. */
static bool take_quoted(const char **p, const char *end, struct buf *text)
{
	for (++*p; *p < end && **p != '"'; ++*p) {
		if (**p == '\\' && ++*p == end)
			return false;
		buf_put_byte(text, (uint8_t) * *p);
	}
	if (*p == end)
		return false;
	++*p;
	return true;
}

static bool take_bare(const char **p, const char *end, struct buf *text, bool *is_null)
{
	const char *from = *p;
	size_t keep = 0; /* blanks at the end are dropped, unless they were escaped */
	bool is_escaped = false;

	for (; *p < end && **p != ',' && **p != '}'; ++*p) {
		bool is_blank = format_is_space(**p);
		if (**p == '"' || **p == '{')
			return false;
		if (**p == '\\') {
			if (++*p == end)
				return false;
			is_escaped = true;
			is_blank = false;
		}
		buf_put_byte(text, (uint8_t) * *p);
		if (!is_blank)
			keep = text->len;
	}
	text->len = keep;
	*is_null = !is_escaped && keep == 4 && strncasecmp(from, "null", 4) == 0;
	return keep > 0;
}

static int read_element(const struct format_in *in, const char **p, const char *end, struct element *e,
    struct measure *m, bool *is_good)
{
	bool is_null = false;
	struct value v;

	buf_clear(&e->text);
	buf_clear(&e->made);
	*is_good = (**p == '"' ? take_quoted(p, end, &e->text) : take_bare(p, end, &e->text, &is_null)) &&
		   measure_element(m, is_null);
	if (!*is_good)
		return 0;
	if (is_null) {
		buf_put_text(in->scratch, "null");
		return 0;
	}
	if (element_read(e, in->typmod, &v, in->err) != 0)
		return -1;
	return put_json_element(in, e, &v);
}

static int read_elements(const struct format_in *in, const char *text, size_t len, struct element *e)
{
	const char *p = text, *end = text + len;
	struct measure m;
	bool is_good = true;

	measure_init(&m);
	while (is_good && p < end) {
		char c = *p;
		if (format_is_space(c)) {
			p++;
		} else if (m.is_done) {
			is_good = false;
		} else if (c == '{' || c == '}' || c == ',') {
			p++;
			is_good = c == '{'   ? measure_open(&m)
				  : c == '}' ? measure_close(&m)
					     : measure_comma(&m);
			buf_put_byte(in->scratch, c == '{' ? '[' : c == '}' ? ']' : ',');
		} else if (read_element(in, &p, end, e, &m, &is_good) != 0) {
			return -1;
		}
	}
	return is_good && m.is_done ? 0 : malformed(in, text, len);
}

int format_array_read_text(const struct format_in *in, const char *text, size_t len)
{
	size_t at = in->scratch->len;
	struct element e;

	if (len > 0 && text[0] == '[')
		return err_set(in->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "array bounds are not supported");
	element_init(&e, in->type, in->scratch->max);
	int rc = read_elements(in, text, len, &e);
	element_release(&e);
	return rc != 0 ? -1 : format_take_text(in, at);
}

/* ---- binary in (array_recv) ---- */

struct array_data {
	const uint8_t *at;
	size_t left;
	struct shape shape;
};

static int take_shape(const struct format_in *in, struct array_data *d)
{
	if (d->left < 12)
		return format_short_data(in->err);
	uint32_t ndims = load32(d->at), flags = load32(d->at + 4), element = load32(d->at + 8);
	if (ndims > DIMENSIONS_MAX)
		return err_set(in->err, SQLSTATE_LIMIT_EXCEEDED,
		    "number of array dimensions (%u) exceeds the maximum allowed (%d)", ndims,
		    DIMENSIONS_MAX);
	if (flags > 1)
		return err_set(in->err, SQLSTATE_BAD_BINARY, "invalid array flags");
	if (element != in->type->element)
		return err_set(in->err, SQLSTATE_TYPE_MISMATCH, "wrong element type");
	d->at += 12;
	d->left -= 12;
	if (d->left < (size_t)ndims * 8)
		return format_short_data(in->err);
	d->shape.ndims = (int)ndims;
	/* No dimension can have more elements than their lengths have room for; so the product stays small too. */
	uint64_t total = 1;
	for (uint32_t i = 0; i < ndims; i++) {
		uint32_t size = load32(d->at + (size_t)i * 8);
		total *= size;
		if (size > INT32_MAX || total > d->left / 4)
			return format_short_data(in->err);
		d->shape.sizes[i] = (int32_t)size;
	}
	d->at += (size_t)ndims * 8;
	d->left -= (size_t)ndims * 8;
	if (ndims > 0 && total == 0)
		d->shape.ndims = 0;
	return 0;
}

static int take_element(const struct format_in *in, struct array_data *d, struct element *e)
{
	struct value v;

	if (d->left < 4)
		return format_short_data(in->err);
	uint32_t len = load32(d->at);
	d->at += 4;
	d->left -= 4;
	if (len == UINT32_MAX) {
		buf_put_text(in->scratch, "null");
		return 0;
	}
	if (len > d->left)
		return format_short_data(in->err);
	buf_clear(&e->made);
	if (format_read_binary(e->oid, in->typmod, d->at, len, &e->made, &v, in->err) != 0)
		return -1;
	d->at += len;
	d->left -= len;
	return put_json_element(in, e, &v);
}

/* As an odometer: brackets open and close where the index of a dimension begins and ends. */
static int take_elements(const struct format_in *in, struct array_data *d, struct element *e)
{
	int32_t index[DIMENSIONS_MAX] = { 0 };
	int ndims = d->shape.ndims;
	int depth = 0;

	do {
		while (depth < ndims) {
			index[depth++] = 0;
			buf_put_byte(in->scratch, '[');
		}
		if (take_element(in, d, e) != 0)
			return -1;
		while (depth > 0 && ++index[depth - 1] == d->shape.sizes[depth - 1]) {
			depth--;
			buf_put_byte(in->scratch, ']');
		}
		if (depth > 0)
			buf_put_byte(in->scratch, ',');
	} while (depth > 0);
	return 0;
}

int format_array_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	struct array_data d = { .at = data, .left = len };
	size_t at = in->scratch->len;
	struct element e;
	int rc = 0;

	if (take_shape(in, &d) != 0)
		return -1;
	element_init(&e, in->type, in->scratch->max);
	if (d.shape.ndims == 0)
		buf_put_text(in->scratch, "[]");
	else
		rc = take_elements(in, &d, &e);
	element_release(&e);
	if (rc == 0 && d.left > 0)
		rc = format_long_data(in->err);
	return rc != 0 ? -1 : format_take_text(in, at);
}

/* ---- int2vector and oidvector: numbers set apart by blanks, in text as it is stored ---- */

static const char *next_number(const char *p, const char *end, size_t *len)
{
	while (p < end && format_is_space(*p))
		p++;
	const char *from = p;
	while (p < end && !format_is_space(*p))
		p++;
	*len = (size_t)(p - from);
	return from;
}

int format_vector_read_text(const struct format_in *in, const char *text, size_t len)
{
	const char *end = text + len;
	size_t at = in->scratch->len;
	size_t n;

	for (const char *p = next_number(text, end, &n); n > 0; p = next_number(p + n, end, &n)) {
		struct value v;
		if (format_read_text(in->type->element, -1, p, n, in->scratch, &v, in->err) != 0)
			return -1;
		if (in->scratch->len > at)
			buf_put_byte(in->scratch, ' ');
		format_put_digits(in->scratch, v.i);
	}
	return format_take_text(in, at);
}

int format_vector_put_binary(const struct format_out *out, const struct value *v)
{
	struct format_out own = *out;
	struct shape shape = { .ndims = 1 };
	size_t at = out->buf->len;
	size_t n;

	if (v->kind != VALUE_TEXT)
		return format_no_binary_value(out, v);
	own.type = format_type_find(out->type->element);
	put_shape(out, &shape, 0);
	const char *end = v->text + v->len;
	for (const char *p = next_number(v->text, end, &n); n > 0; p = next_number(p + n, end, &n)) {
		struct value number = value_text(p, n);
		put32(out->buf, own.type->size);
		if (own.type->put_binary(&own, &number) != 0)
			return -1;
		shape.sizes[0]++;
	}
	if (!out->buf->failed)
		store32(out->buf->data + at + 12, (uint32_t)shape.sizes[0]);
	return 0;
}

int format_vector_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	struct array_data d = { .at = data, .left = len };
	size_t at = in->scratch->len;

	if (take_shape(in, &d) != 0)
		return -1;
	for (int32_t i = 0; d.shape.ndims == 1 && i < d.shape.sizes[0]; i++) {
		uint32_t n = d.left < 4 ? 0 : load32(d.at);
		struct value v;
		if (d.left < 4 || n > d.left - 4)
			return format_short_data(in->err);
		if (format_read_binary(in->type->element, -1, d.at + 4, n, in->scratch, &v, in->err) != 0)
			return -1;
		d.at += 4 + n;
		d.left -= 4 + n;
		if (i > 0)
			buf_put_byte(in->scratch, ' ');
		format_put_digits(in->scratch, v.i);
	}
	if (d.shape.ndims > 1 || d.left > 0)
		return format_long_data(in->err);
	return format_take_text(in, at);
}
