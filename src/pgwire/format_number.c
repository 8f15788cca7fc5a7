#include "pgwire/format_type.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "pgwire/bytes.h"
#include "pgwire/float_text.h"

/* A value that lies in another storage class than the type's is read as its text would be. The text of a REAL, for instance 3.0 in
 * a column of integers, has at most FLOAT_TEXT_MAX bytes. */
static int value_as(const struct format_out *out, const struct value *v, struct value *as)
{
	char text[FLOAT_TEXT_MAX];
	struct buf no_scratch = { .max = 0 };
	struct format_in in = {
		.type = out->type, .typmod = -1, .scratch = &no_scratch, .value = as, .err = out->err
	};

	switch (v->kind) {
	case VALUE_FLOAT: return out->type->read_text(&in, text, float8_text(v->f, text));
	case VALUE_TEXT: return out->type->read_text(&in, v->text, v->len);
	default: return format_no_binary_value(out, v);
	}
}

/* ---- bool ---- */

int format_bool_put_text(const struct format_out *out, const struct value *v)
{
	if (v->kind != VALUE_INT)
		return format_put_stored(out, v);
	buf_put_byte(out->buf, v->i != 0 ? 't' : 'f');
	return 0;
}

int format_bool_put_binary(const struct format_out *out, const struct value *v)
{
	struct value as = *v;

	if (v->kind != VALUE_INT && value_as(out, v, &as) != 0)
		return -1;
	buf_put_byte(out->buf, as.i != 0);
	return 0;
}

/* "Unique prefixes of these strings are also accepted": so o is nothing, of is off. */
int format_bool_read_text(const struct format_in *in, const char *text, size_t len)
{
	static const struct {
		const char *word;
		size_t len_min;
		bool value;
	} words[] = { { "true", 1, true }, { "false", 1, false }, { "yes", 1, true }, { "no", 1, false },
		{ "on", 2, true }, { "off", 2, false }, { "1", 1, true }, { "0", 1, false } };
	const char *word = text;
	size_t word_len = len;

	format_trim(&word, &word_len);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (word_len >= words[i].len_min && word_len <= strlen(words[i].word) &&
		    strncasecmp(word, words[i].word, word_len) == 0) {
			*in->value = value_int(words[i].value);
			return 0;
		}
	}
	return format_bad_text(in, text, len);
}

int format_bool_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len < 1)
		return format_short_data(in->err);
	*in->value = value_int(data[0] != 0);
	return len > 1 ? format_long_data(in->err) : 0;
}

/* ---- int2, int4, int8 ---- */

static int64_t int_max(size_t size)
{
	return size == 2 ? INT16_MAX : size == 4 ? INT32_MAX : INT64_MAX;
}

/* Stores `size` bytes, big end first. */
static void put_int(struct buf *o, uint64_t v, size_t size)
{
	uint8_t *p = buf_extend(o, size);

	if (p == NULL)
		return;
	switch (size) {
	case 2: store16(p, (uint16_t)v); break;
	case 4: store32(p, (uint32_t)v); break;
	default: store64(p, v); break;
	}
}

int format_int_put_binary(const struct format_out *out, const struct value *v)
{
	struct value as = *v;
	int64_t max = int_max(out->type->size);

	if (v->kind != VALUE_INT && value_as(out, v, &as) != 0)
		return -1;
	if (as.i > max || as.i < -max - 1)
		return err_set(out->err, SQLSTATE_OUT_OF_RANGE, "%s out of range", out->type->name);
	put_int(out->buf, (uint64_t)as.i, out->type->size);
	return 0;
}

enum digits { DIGITS_OK, DIGITS_BAD, DIGITS_TOO_BIG };

/* Blanks, a sign, digits, blanks. As PostgreSQL it reports a number that is too big before it sees what comes behind it. */
static enum digits read_digits(const char *text, size_t len, uint64_t max, bool *is_negative, uint64_t *out)
{
	const char *end = text + len;
	uint64_t v = 0;

	while (text < end && format_is_space(*text))
		text++;
	*is_negative = text < end && *text == '-';
	if (text < end && (*text == '-' || *text == '+'))
		text++;
	if (text == end || *text < '0' || *text > '9')
		return DIGITS_BAD;
	for (; text < end && *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return DIGITS_TOO_BIG;
		v = v * 10 + digit;
		if (v > max + *is_negative)
			return DIGITS_TOO_BIG;
	}
	while (text < end && format_is_space(*text))
		text++;
	*out = v;
	return text == end ? DIGITS_OK : DIGITS_BAD;
}

int format_int_read_text(const struct format_in *in, const char *text, size_t len)
{
	bool is_negative;
	uint64_t v;

	switch (read_digits(text, len, (uint64_t)int_max(in->type->size), &is_negative, &v)) {
	case DIGITS_BAD: return format_bad_text(in, text, len);
	case DIGITS_TOO_BIG: return format_out_of_range(in, text, len);
	case DIGITS_OK: break;
	}
	*in->value = value_int((int64_t)(is_negative ? -v : v));
	return 0;
}

int format_int_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len < in->type->size)
		return format_short_data(in->err);
	switch (in->type->size) {
	case 2: *in->value = value_int((int16_t)load16(data)); break;
	case 4: *in->value = value_int((int32_t)load32(data)); break;
	default: *in->value = value_int((int64_t)load64(data)); break;
	}
	return len > in->type->size ? format_long_data(in->err) : 0;
}

/* ---- oid and its kin ---- */

int format_oid_put_binary(const struct format_out *out, const struct value *v)
{
	struct value as = *v;

	if (v->kind != VALUE_INT && value_as(out, v, &as) != 0)
		return -1;
	/* A name as a regclass and the like was kept: without the catalog it has no number. */
	if (as.kind != VALUE_INT)
		return format_no_binary_value(out, v);
	if (as.i < 0 || as.i > UINT32_MAX)
		return err_set(out->err, SQLSTATE_OUT_OF_RANGE, "%s out of range", out->type->name);
	put_int(out->buf, (uint64_t)as.i, 4);
	return 0;
}

/* As strtoul() and a cast: what fits as a negative int4 is taken too. */
int format_oid_read_text(const struct format_in *in, const char *text, size_t len)
{
	bool is_negative;
	uint64_t v;

	switch (read_digits(text, len, UINT32_MAX, &is_negative, &v)) {
	case DIGITS_BAD: return format_bad_text(in, text, len);
	case DIGITS_TOO_BIG: return format_out_of_range(in, text, len);
	case DIGITS_OK: break;
	}
	if (is_negative && v > (uint64_t)INT32_MAX + 1)
		return format_out_of_range(in, text, len);
	*in->value = value_int((uint32_t)(is_negative ? -v : v));
	return 0;
}

int format_oid_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len < 4)
		return format_short_data(in->err);
	*in->value = value_int(load32(data));
	return len > 4 ? format_long_data(in->err) : 0;
}

/* A name stays a text: who knows the catalog looks it up. "-" is zero. */
int format_reg_read_text(const struct format_in *in, const char *text, size_t len)
{
	bool is_negative;
	uint64_t v;

	if (len == 1 && text[0] == '-')
		*in->value = value_int(0);
	else if (read_digits(text, len, UINT32_MAX, &is_negative, &v) == DIGITS_OK && !is_negative)
		*in->value = value_int((int64_t)v);
	else
		*in->value = value_text(text, len);
	return 0;
}

/* ---- float4, float8 ---- */

/* As PostgreSQL at extra_float_digits <= 0: %g with the type's digits, less what was asked for. */
static void put_rounded(struct buf *o, double v, int digits)
{
	char text[FLOAT_TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%.*g", digits < 1 ? 1 : digits, v);

	buf_put(o, text, (size_t)len);
}

static bool is_shortest(const struct format_out *out, double v)
{
	return out->settings->extra_float_digits >= 0 || !isfinite(v);
}

int format_float8_put_text(const struct format_out *out, const struct value *v)
{
	char text[FLOAT_TEXT_MAX];

	if (v->kind != VALUE_FLOAT && v->kind != VALUE_INT)
		return format_put_stored(out, v);
	double f = v->kind == VALUE_INT ? (double)v->i : v->f;
	if (is_shortest(out, f))
		buf_put(out->buf, text, float8_text(f, text));
	else
		put_rounded(out->buf, f, 16 + out->settings->extra_float_digits);
	return 0;
}

int format_float4_put_text(const struct format_out *out, const struct value *v)
{
	char text[FLOAT_TEXT_MAX];

	if (v->kind != VALUE_FLOAT && v->kind != VALUE_INT)
		return format_put_stored(out, v);
	float f = v->kind == VALUE_INT ? (float)v->i : (float)v->f;
	if (is_shortest(out, f))
		buf_put(out->buf, text, float4_text(f, text));
	else
		put_rounded(out->buf, f, 7 + out->settings->extra_float_digits);
	return 0;
}

enum float_read { FLOAT_OK, FLOAT_BAD, FLOAT_TOO_BIG };

/* Digits, perhaps with a point, few enough that the double is exact: n / 10^k with both exact is rounded once. */
static bool read_short_decimal(const char *text, size_t len, double *out)
{
	static const double pow10[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
		1e13, 1e14, 1e15 };
	uint64_t n = 0;
	size_t ndigits = 0, nfraction = 0;
	bool has_point = false;
	size_t i = len > 0 && text[0] == '-';
	bool is_negative = i == 1;

	for (; i < len && ndigits < sizeof(pow10) / sizeof(pow10[0]); i++) {
		if (text[i] == '.' && !has_point) {
			has_point = true;
		} else if (text[i] >= '0' && text[i] <= '9') {
			n = n * 10 + (uint64_t)(text[i] - '0');
			ndigits++;
			nfraction += has_point;
		} else {
			return false;
		}
	}
	if (i < len || ndigits == 0 || ndigits == sizeof(pow10) / sizeof(pow10[0]))
		return false;
	*out = (double)n / pow10[nfraction];
	if (is_negative)
		*out = -*out;
	return true;
}

/* Reads with the C library's own parser, which wants a NUL. What it refuses may still be one of PostgreSQL's own words. */
static enum float_read read_float(const char *text, size_t len, bool is_float4, double *out, size_t *used)
{
	char near[64];
	char *copy = len < sizeof(near) ? near : malloc(len + 1);
	char *end;

	if (copy == NULL)
		return FLOAT_BAD;
	memcpy(copy, text, len);
	copy[len] = '\0';
	errno = 0;
	*out = is_float4 ? (double)strtof(copy, &end) : strtod(copy, &end);
	/* A result below the smallest normal number sets ERANGE too, and is good. */
	bool is_too_big = errno == ERANGE && (*out == 0 || isinf(*out));
	*used = (size_t)(end - copy);
	enum float_read rc = is_too_big ? FLOAT_TOO_BIG : *used == 0 ? FLOAT_BAD : FLOAT_OK;
	if (copy != near)
		free(copy);
	return rc;
}

static int float_read_text(const struct format_in *in, const char *text, size_t len, bool is_float4)
{
	const char *number = text;
	size_t number_len = len;
	double v;
	size_t used;

	format_trim(&number, &number_len);
	if (!is_float4 && read_short_decimal(number, number_len, &v)) {
		*in->value = value_float(v);
		return 0;
	}
	switch (read_float(number, number_len, is_float4, &v, &used)) {
	case FLOAT_BAD: return format_bad_text(in, text, len);
	case FLOAT_TOO_BIG:
		return err_set(in->err, SQLSTATE_OUT_OF_RANGE, "\"%.*s\" is out of range for type %s",
		    format_shown_len(used), number, in->type->name);
	case FLOAT_OK: break;
	}
	if (used != number_len)
		return format_bad_text(in, text, len);
	/* SQLite has no NaN among its numbers. */
	*in->value = isnan(v) ? value_str("NaN") : value_float(v);
	return 0;
}

int format_float4_read_text(const struct format_in *in, const char *text, size_t len)
{
	return float_read_text(in, text, len, true);
}

int format_float8_read_text(const struct format_in *in, const char *text, size_t len)
{
	return float_read_text(in, text, len, false);
}

static int float_of(const struct format_out *out, const struct value *v, double *f)
{
	struct value as = *v;

	if (v->kind != VALUE_FLOAT && v->kind != VALUE_INT && value_as(out, v, &as) != 0)
		return -1;
	*f = as.kind == VALUE_INT ? (double)as.i : as.kind == VALUE_FLOAT ? as.f : (double)NAN;
	return 0;
}

int format_float4_put_binary(const struct format_out *out, const struct value *v)
{
	double f;
	uint32_t raw;

	if (float_of(out, v, &f) != 0)
		return -1;
	float narrow = (float)f;
	memcpy(&raw, &narrow, sizeof(raw));
	put_int(out->buf, raw, 4);
	return 0;
}

int format_float8_put_binary(const struct format_out *out, const struct value *v)
{
	double f;
	uint64_t raw;

	if (float_of(out, v, &f) != 0)
		return -1;
	memcpy(&raw, &f, sizeof(raw));
	put_int(out->buf, raw, 8);
	return 0;
}

int format_float4_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	float f;

	if (len < 4)
		return format_short_data(in->err);
	uint32_t raw = load32(data);
	memcpy(&f, &raw, sizeof(f));
	*in->value = isnan(f) ? value_str("NaN") : value_float((double)f);
	return len > 4 ? format_long_data(in->err) : 0;
}

int format_float8_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	double f;

	if (len < 8)
		return format_short_data(in->err);
	uint64_t raw = load64(data);
	memcpy(&f, &raw, sizeof(f));
	*in->value = isnan(f) ? value_str("NaN") : value_float(f);
	return len > 8 ? format_long_data(in->err) : 0;
}
