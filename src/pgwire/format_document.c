#include "pgwire/format_type.h"

#include "pgwire/hex.h"

#define UUID_LEN      16
#define JSONB_VERSION 1

/* ---- uuid: stored in its canonical text form ---- */

/* "The use of upper-case digits, surrounding braces, omitting some or all hyphens, adding a hyphen after any group of four
 * digits." */
static bool read_uuid(const char *text, size_t len, uint8_t uuid[UUID_LEN])
{
	if (len > 0 && text[0] == '{') {
		if (text[len - 1] != '}')
			return false;
		text++;
		len -= 2;
	}
	for (size_t i = 0; i < UUID_LEN; i++) {
		int high = len < 2 ? -1 : hex_digit(text[0]);
		int low = len < 2 ? -1 : hex_digit(text[1]);
		if (high < 0 || low < 0)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
		len -= 2;
		if (len > 0 && text[0] == '-' && i % 2 == 1 && i < UUID_LEN - 1) {
			text++;
			len--;
		}
	}
	return len == 0;
}

static int take_uuid(const struct format_in *in, const uint8_t uuid[UUID_LEN])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = in->scratch->len;

	for (size_t i = 0; i < UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_put_byte(in->scratch, '-');
		buf_put_byte(in->scratch, (uint8_t)digits[uuid[i] >> 4]);
		buf_put_byte(in->scratch, (uint8_t)digits[uuid[i] & 15]);
	}
	return format_take_text(in, at);
}

int format_uuid_read_text(const struct format_in *in, const char *text, size_t len)
{
	uint8_t uuid[UUID_LEN];

	return read_uuid(text, len, uuid) ? take_uuid(in, uuid) : format_bad_text(in, text, len);
}

int format_uuid_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len != UUID_LEN)
		return len < UUID_LEN ? format_short_data(in->err) : format_long_data(in->err);
	return take_uuid(in, data);
}

int format_uuid_put_binary(const struct format_out *out, const struct value *v)
{
	uint8_t uuid[UUID_LEN];

	if (v->kind != VALUE_TEXT || !read_uuid(v->text, v->len, uuid))
		return format_no_binary_value(out, v);
	buf_put(out->buf, uuid, UUID_LEN);
	return 0;
}

/* ---- jsonb: its binary form is a version and the text ---- */

int format_jsonb_put_binary(const struct format_out *out, const struct value *v)
{
	buf_put_byte(out->buf, JSONB_VERSION);
	return format_put_stored(out, v);
}

int format_jsonb_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len < 1)
		return format_short_data(in->err);
	if (data[0] != JSONB_VERSION)
		return err_set(in->err, SQLSTATE_INTERNAL, "unsupported jsonb version number %d", data[0]);
	return format_text_read_binary(in, data + 1, len - 1);
}
