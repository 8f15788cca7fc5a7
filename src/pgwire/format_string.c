#include "pgwire/format_type.h"

#include "base/utf8.h"
#include "pgwire/hex.h"
#include "pgwire/wire.h"

#define NAME_LEN_MAX  63 /* NAMEDATALEN - 1 */
#define TYPMOD_HEADER 4  /* char(n) and varchar(n) carry n + 4 */

/* The bytes of the first `chars` characters. */
static size_t prefix_len(const char *text, size_t len, size_t chars)
{
	size_t i = 0;

	while (i < len && chars > 0) {
		i++;
		while (i < len && ((uint8_t)text[i] & 0xc0) == 0x80)
			i++;
		chars--;
	}
	return i;
}

static size_t without_trailing_blanks(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
}

/* The bytes that the type's length lets through: "an attempt to store a longer string will result in an error, unless the excess
 * characters are all spaces, in which case the string will be truncated to the maximum length". */
static int fit(const struct format_in *in, const char *text, size_t *len)
{
	if (in->typmod < TYPMOD_HEADER)
		return 0;
	size_t max = (size_t)(in->typmod - TYPMOD_HEADER);
	if (*len <= max)
		return 0;
	size_t fits = prefix_len(text, *len, max);
	if (without_trailing_blanks(text, *len) > fits)
		return err_set(in->err, SQLSTATE_STRING_TRUNCATION, "value too long for type %s(%zu)",
		    in->type->name, max);
	*len = fits;
	return 0;
}

/* ---- text, varchar, char(n), name ---- */

int format_text_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (wire_check_utf8((const char *)data, len, in->err) != 0)
		return -1;
	*in->value = value_text((const char *)data, len);
	return 0;
}

int format_varchar_read_text(const struct format_in *in, const char *text, size_t len)
{
	if (fit(in, text, &len) != 0)
		return -1;
	*in->value = value_text(text, len);
	return 0;
}

int format_bpchar_read_text(const struct format_in *in, const char *text, size_t len)
{
	if (fit(in, text, &len) != 0)
		return -1;
	*in->value = value_text(text, without_trailing_blanks(text, len));
	return 0;
}

int format_name_read_text(const struct format_in *in, const char *text, size_t len)
{
	/* Cut between characters. */
	if (len > NAME_LEN_MAX) {
		len = NAME_LEN_MAX;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
	}
	*in->value = value_text(text, len);
	return 0;
}

int format_varchar_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (format_text_read_binary(in, data, len) != 0)
		return -1;
	return format_varchar_read_text(in, (const char *)data, len);
}

int format_bpchar_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (format_text_read_binary(in, data, len) != 0)
		return -1;
	return format_bpchar_read_text(in, (const char *)data, len);
}

int format_name_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (format_text_read_binary(in, data, len) != 0)
		return -1;
	if (len > NAME_LEN_MAX) {
		err_set(in->err, "42622", "identifier too long");
		err_detail(in->err, "Identifier must be less than %d characters.", NAME_LEN_MAX + 1);
		return -1;
	}
	return 0;
}

int format_bpchar_put_text(const struct format_out *out, const struct value *v)
{
	static const char blanks[64] = "                                                                ";
	size_t at = out->buf->len;

	if (format_put_stored(out, v) != 0)
		return -1;
	if (out->buf->failed || out->typmod <= TYPMOD_HEADER)
		return 0;
	size_t chars =
	    out->buf->len == at ? 0 : utf8_chars((const char *)out->buf->data + at, out->buf->len - at);
	size_t width = (size_t)(out->typmod - TYPMOD_HEADER);
	while (chars < width && !out->buf->failed) {
		size_t n = width - chars < sizeof(blanks) ? width - chars : sizeof(blanks);
		buf_put(out->buf, blanks, n);
		chars += n;
	}
	return 0;
}

/* ---- "char": one byte. One that isn't ASCII is stored, and shown, as \ooo ---- */

static int take_char(const struct format_in *in, uint8_t c)
{
	size_t at = in->scratch->len;

	if (c >= 0x80) {
		buf_put_byte(in->scratch, '\\');
		buf_put_byte(in->scratch, (uint8_t)('0' + (c >> 6)));
		buf_put_byte(in->scratch, (uint8_t)('0' + (c >> 3 & 7)));
		buf_put_byte(in->scratch, (uint8_t)('0' + (c & 7)));
	} else if (c != 0) {
		buf_put_byte(in->scratch, c);
	}
	return format_take_text(in, at);
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

static uint8_t octal(const char *s)
{
	return (uint8_t)((s[0] - '0') << 6 | (s[1] - '0') << 3 | (s[2] - '0'));
}

static uint8_t char_of(const char *text, size_t len)
{
	if (len == 4 && text[0] == '\\' && is_octal(text + 1))
		return octal(text + 1);
	return len > 0 ? (uint8_t)text[0] : 0;
}

int format_char_read_text(const struct format_in *in, const char *text, size_t len)
{
	return take_char(in, char_of(text, len));
}

int format_char_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len < 1)
		return format_short_data(in->err);
	if (len > 1)
		return format_long_data(in->err);
	return take_char(in, data[0]);
}

int format_char_put_binary(const struct format_out *out, const struct value *v)
{
	if (v->kind == VALUE_TEXT)
		buf_put_byte(out->buf, char_of(v->text, v->len));
	else if (v->kind == VALUE_INT && v->i >= 0 && v->i <= 9)
		buf_put_byte(out->buf, (uint8_t)('0' + v->i));
	else
		return format_no_binary_value(out, v);
	return 0;
}

/* ---- bytea ---- */

static void put_hex(struct buf *o, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p = buf_extend(o, 2 + len * 2);

	if (p == NULL)
		return;
	*p++ = '\\';
	*p++ = 'x';
	for (size_t i = 0; i < len; i++) {
		*p++ = (uint8_t)digits[bytes[i] >> 4];
		*p++ = (uint8_t)digits[bytes[i] & 15];
	}
}

static void put_escaped(struct buf *o, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];
		if (c == '\\') {
			buf_put(o, "\\\\", 2);
		} else if (c < 0x20 || c > 0x7e) {
			uint8_t escape[4] = { '\\', (uint8_t)('0' + (c >> 6)), (uint8_t)('0' + (c >> 3 & 7)),
				(uint8_t)('0' + (c & 7)) };
			buf_put(o, escape, sizeof(escape));
		} else {
			buf_put_byte(o, c);
		}
	}
}

/* A TEXT in a column of bytes stands for its own bytes. */
int format_bytea_put_text(const struct format_out *out, const struct value *v)
{
	if (v->kind != VALUE_BLOB && v->kind != VALUE_TEXT)
		return format_put_stored(out, v);
	if (out->settings->bytea_escape)
		put_escaped(out->buf, v->blob, v->len);
	else
		put_hex(out->buf, v->blob, v->len);
	return 0;
}

int format_bytea_put_binary(const struct format_out *out, const struct value *v)
{
	if (v->kind != VALUE_BLOB && v->kind != VALUE_TEXT)
		return format_put_stored(out, v);
	buf_put(out->buf, v->blob, v->len);
	return 0;
}

/* "The whitespace is only allowed between digit pairs." */
static int read_hex(const struct format_in *in, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r')
			continue;
		int high = hex_digit(text[i]);
		if (high >= 0 && i + 1 == len)
			return err_set(in->err, SQLSTATE_INVALID_PARAMETER,
			    "invalid hexadecimal data: odd number of digits");
		int low = high < 0 ? -1 : hex_digit(text[++i]);
		if (low < 0)
			return err_set(in->err, SQLSTATE_INVALID_PARAMETER,
			    "invalid hexadecimal digit: \"%.*s\"", (int)prefix_len(text + i, len - i, 1),
			    text + i);
		buf_put_byte(in->scratch, (uint8_t)(high << 4 | low));
	}
	return 0;
}

static int read_escaped(const struct format_in *in, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\') {
			buf_put_byte(in->scratch, (uint8_t)text[i]);
		} else if (len - i >= 4 && is_octal(text + i + 1)) {
			buf_put_byte(in->scratch, octal(text + i + 1));
			i += 3;
		} else if (len - i >= 2 && text[i + 1] == '\\') {
			buf_put_byte(in->scratch, '\\');
			i++;
		} else {
			return err_set(in->err, SQLSTATE_BAD_TEXT, "invalid input syntax for type bytea");
		}
	}
	return 0;
}

int format_bytea_read_text(const struct format_in *in, const char *text, size_t len)
{
	size_t at = in->scratch->len;
	bool is_hex = len >= 2 && text[0] == '\\' && text[1] == 'x';

	if ((is_hex ? read_hex(in, text + 2, len - 2) : read_escaped(in, text, len)) != 0)
		return -1;
	return format_take_blob(in, at);
}

int format_bytea_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	*in->value = value_blob(data, len);
	return 0;
}
