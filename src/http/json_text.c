#include "http/json_text.h"

#include <inttypes.h>
#include <math.h>

#include "base/utf8.h"
#include "pgwire/float_text.h"

static void put_escape(struct buf *o, unsigned char c)
{
	switch (c) {
	case '"': buf_put(o, "\\\"", 2); break;
	case '\\': buf_put(o, "\\\\", 2); break;
	case '\n': buf_put(o, "\\n", 2); break;
	case '\r': buf_put(o, "\\r", 2); break;
	case '\t': buf_put(o, "\\t", 2); break;
	default: buf_printf(o, "\\u%04x", c); break;
	}
}

static void put_escaped(struct buf *o, const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_put(o, text + from, i - from);
		put_escape(o, c);
		from = i + 1;
	}
	buf_put(o, text + from, len - from);
}

void json_put_string(struct buf *o, const char *text, size_t len)
{
	buf_put_byte(o, '"');
	while (len > 0) {
		size_t valid = utf8_valid_len(text, len);

		put_escaped(o, text, valid);
		if (valid == len)
			break;
		buf_put(o, "\xEF\xBF\xBD", 3);
		text += valid + 1;
		len -= valid + 1;
	}
	buf_put_byte(o, '"');
}

void json_put_int(struct buf *o, int64_t i)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;

	do {
		digits[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (i < 0)
		digits[--at] = '-';
	buf_put(o, digits + at, sizeof(digits) - at);
}

void json_put_time(struct buf *o, int64_t us, int digits)
{
	if (us < 0)
		us = 0;
	if (digits == 3)
		buf_printf(o, "%" PRId64 ".%03d", us / 1000, (int)(us % 1000));
	else
		buf_printf(o, "%" PRId64 ".%06d", us / 1000000, (int)(us % 1000000));
}

static void put_float(struct buf *o, double f)
{
	char text[FLOAT_TEXT_MAX];

	if (isnan(f)) {
		buf_put(o, "null", 4);
		return;
	}
	if (isinf(f)) {
		buf_put_text(o, f > 0 ? "9e999" : "-9e999");
		return;
	}
	size_t n = float8_text(f, text);
	buf_put(o, text, n);
	if (memchr(text, '.', n) == NULL && memchr(text, 'e', n) == NULL)
		buf_put(o, ".0", 2);
}

static void put_base64(struct buf *o, const uint8_t *bytes, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *to = buf_extend(o, (len + 2) / 3 * 4 + 2);

	if (to == NULL)
		return;
	*to++ = '"';
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)bytes[i] << 16;
		if (n > 1)
			bits |= (uint32_t)bytes[i + 1] << 8;
		if (n > 2)
			bits |= bytes[i + 2];
		*to++ = (uint8_t)letters[bits >> 18];
		*to++ = (uint8_t)letters[bits >> 12 & 63];
		*to++ = n > 1 ? (uint8_t)letters[bits >> 6 & 63] : '=';
		*to++ = n > 2 ? (uint8_t)letters[bits & 63] : '=';
	}
	*to = '"';
}

static void put_array(struct buf *o, const uint8_t *bytes, size_t len)
{
	buf_put_byte(o, '[');
	for (size_t i = 0; i < len && !o->failed; i++) {
		if (i > 0)
			buf_put_byte(o, ',');
		json_put_int(o, bytes[i]);
	}
	buf_put_byte(o, ']');
}

void json_put_value(struct buf *o, const struct value *v, enum json_blob blob)
{
	switch (v->kind) {
	case VALUE_NULL: buf_put(o, "null", 4); break;
	case VALUE_INT: json_put_int(o, v->i); break;
	case VALUE_FLOAT: put_float(o, v->f); break;
	case VALUE_TEXT: json_put_string(o, v->text, v->len); break;
	case VALUE_BLOB:
		if (blob == JSON_BLOB_ARRAY)
			put_array(o, v->blob, v->len);
		else
			put_base64(o, v->blob, v->len);
		break;
	}
}

static void put_line(struct buf *o, size_t depth)
{
	buf_put_byte(o, '\n');
	for (size_t i = 0; i < depth; i++)
		buf_put(o, "    ", 4);
}

static size_t string_len(const char *json, size_t len)
{
	size_t i = 1;

	while (i < len && json[i] != '"')
		i += json[i] == '\\' ? 2 : 1;
	return i < len ? i + 1 : len;
}

void json_indent(struct buf *o, const char *json, size_t len)
{
	size_t depth = 0, n;

	for (size_t i = 0; i < len; i += n) {
		n = json[i] == '"' ? string_len(json + i, len - i) : 1;
		bool opens = json[i] == '[' || json[i] == '{';
		bool is_hollow = opens && i + 1 < len && (json[i + 1] == ']' || json[i + 1] == '}');

		if (is_hollow)
			n = 2;
		else if (json[i] == ']' || json[i] == '}')
			put_line(o, --depth);
		buf_put(o, json + i, n);
		if (opens && !is_hollow)
			put_line(o, ++depth);
		else if (json[i] == ',')
			put_line(o, depth);
		else if (json[i] == ':')
			buf_put_byte(o, ' ');
	}
}
