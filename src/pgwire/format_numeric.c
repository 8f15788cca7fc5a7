#include "pgwire/format_type.h"

#include <strings.h>

#include "pgwire/bytes.h"
#include "pgwire/float_text.h"

/* A number of any length is never held as anything but its digits. The binary form (numeric_send) is groups of four. */

#define WHOLE_DIGITS_MAX 131072 /* "up to 131072 digits before the decimal point; up to 16383 digits after" */
#define SCALE_MAX        16383
#define EXPONENT_MAX     (INT32_MAX / 2)

#define SIGN_NEGATIVE  0x4000
#define SIGN_NAN       0xc000
#define SIGN_INFINITY  0xd000
#define SIGN_MINUS_INF 0xf000
#define SPECIAL_SCALE  0x0020 /* what PostgreSQL sends as the scale of an infinity */

enum number_kind { NUMBER_FINITE, NUMBER_NAN, NUMBER_INFINITY };

/* A number as it lies in a text: its digits before and behind the point, leading zeros left out, and how many of them stand
 * before the point once the exponent has moved it (below zero: zeros follow the point first). */
struct number {
	enum number_kind kind;
	bool is_negative;
	const char *whole, *fraction;
	size_t nwhole, nfraction;
	int64_t point;
	int64_t scale; /* digits to show behind the point */
};

/* The i-th digit from the first that isn't zero; all others are. */
static int digit_at(const struct number *n, int64_t i)
{
	if (i < 0)
		return 0;
	if ((uint64_t)i < n->nwhole)
		return n->whole[i] - '0';
	i -= (int64_t)n->nwhole;
	return (uint64_t)i < n->nfraction ? n->fraction[i] - '0' : 0;
}

static bool is_zero(const struct number *n)
{
	return n->nwhole == 0 && n->nfraction == 0;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static size_t count_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

enum number_read { NUMBER_OK, NUMBER_BAD, NUMBER_TOO_BIG };

/* e[+-]digits, up to the end. */
static enum number_read read_exponent(const char *text, size_t len, int64_t *exponent)
{
	bool is_negative = len > 1 && text[1] == '-';
	size_t i = len > 1 && (text[1] == '-' || text[1] == '+') ? 2 : 1;
	size_t n = count_digits(text + i, len - i);

	if (n == 0 || i + n != len)
		return NUMBER_BAD;
	*exponent = 0;
	for (; i < len; i++) {
		*exponent = *exponent * 10 + (text[i] - '0');
		if (*exponent >= EXPONENT_MAX)
			return NUMBER_TOO_BIG;
	}
	if (is_negative)
		*exponent = -*exponent;
	return NUMBER_OK;
}

/* The digits of a finite number, where nothing precedes them. */
static enum number_read read_digits(const char *text, size_t len, struct number *n)
{
	int64_t exponent = 0;
	size_t i;

	n->whole = text;
	n->nwhole = count_digits(text, len);
	i = n->nwhole;
	if (i < len && text[i] == '.') {
		n->fraction = text + i + 1;
		n->nfraction = count_digits(text + i + 1, len - i - 1);
		i += 1 + n->nfraction;
	}
	if (n->nwhole + n->nfraction == 0)
		return NUMBER_BAD;
	if (i < len) {
		if (text[i] != 'e' && text[i] != 'E')
			return NUMBER_BAD;
		enum number_read rc = read_exponent(text + i, len - i, &exponent);
		if (rc != NUMBER_OK)
			return rc;
	}
	n->scale = (int64_t)n->nfraction - exponent;
	if (n->scale < 0)
		n->scale = 0;
	while (n->nwhole > 0 && n->whole[0] == '0') {
		n->whole++;
		n->nwhole--;
	}
	n->point = (int64_t)n->nwhole + exponent;
	while (n->nwhole == 0 && n->nfraction > 0 && n->fraction[0] == '0') {
		n->fraction++;
		n->nfraction--;
		n->point--;
	}
	if (is_zero(n))
		n->point = 0;
	return NUMBER_OK;
}

static enum number_read read_number(const char *text, size_t len, struct number *n)
{
	*n = (struct number){ .kind = NUMBER_NAN };
	format_trim(&text, &len);
	if (is_word(text, len, "nan"))
		return NUMBER_OK;
	if (len > 0 && (text[0] == '-' || text[0] == '+')) {
		n->is_negative = text[0] == '-';
		text++;
		len--;
	}
	n->kind = NUMBER_INFINITY;
	if (is_word(text, len, "inf") || is_word(text, len, "infinity"))
		return NUMBER_OK;
	n->kind = NUMBER_FINITE;
	return read_digits(text, len, n);
}

/* ---- numeric(precision, scale) ---- */

struct limits {
	bool is_set;
	int precision, scale;
};

/* (precision << 16 | scale) + 4, with a scale of 11 bits that may be negative. */
static struct limits limits_of(int32_t typmod)
{
	if (typmod < 4)
		return (struct limits){ .is_set = false };
	int32_t bits = typmod - 4;
	return (struct limits){
		.is_set = true,
		.precision = bits >> 16 & 0xffff,
		.scale = ((bits & 0x7ff) ^ 1024) - 1024,
	};
}

static int field_overflow(const struct format_in *in, struct limits l, bool is_infinite)
{
	int whole = l.precision - l.scale;

	err_set(in->err, SQLSTATE_OUT_OF_RANGE, "numeric field overflow");
	if (is_infinite)
		err_detail(in->err, "A field with precision %d, scale %d cannot hold an infinite value.",
		    l.precision, l.scale);
	else
		err_detail(in->err,
		    "A field with precision %d, scale %d must round to an absolute value less than %s%d.",
		    l.precision, l.scale, whole != 0 ? "10^" : "", whole != 0 ? whole : 1);
	return -1;
}

static int too_big(const struct format_in *in)
{
	return err_set(in->err, SQLSTATE_OUT_OF_RANGE, "value overflows numeric format");
}

/* ---- the canonical text ---- */

/* Appends two zeros, which a carry and a sign may need, and the number's digits down to 10^-scale; those below 10^-round_scale
 * are zeros. Returns the index in `o` of the digit at 10^-round_scale. */
static size_t put_digits(struct buf *o, const struct number *n, int64_t scale, int64_t round_scale)
{
	int64_t width = n->point > 0 ? n->point : 0;
	size_t round_at;

	if (width < -round_scale)
		width = -round_scale;
	buf_put(o, "00", 2);
	round_at = o->len - 1 + (size_t)(width + round_scale) + (round_scale > 0);
	for (int64_t at = width - 1; at >= -scale; at--) {
		if (at == -1)
			buf_put_byte(o, '.');
		buf_put_byte(o, (uint8_t)('0' + (at >= -round_scale ? digit_at(n, n->point - 1 - at) : 0)));
	}
	return round_at;
}

static void carry(char *text, size_t at)
{
	for (;; at--) {
		if (text[at] == '.')
			continue;
		if (text[at] != '9') {
			text[at]++;
			return;
		}
		text[at] = '0';
	}
}

/* The digits before the point of a canonical text; for 0.00d as many below zero as zeros follow the point. */
static int64_t whole_digits(const char *text, size_t len)
{
	const char *point = memchr(text, '.', len);
	size_t nwhole = point == NULL ? len : (size_t)(point - text);
	int64_t zeros = 0;

	if (nwhole > 1 || text[0] != '0')
		return (int64_t)nwhole;
	if (point == NULL)
		return INT64_MIN;
	for (const char *p = point + 1; p < text + len; p++, zeros++)
		if (*p != '0')
			return -zeros;
	return INT64_MIN;
}

static int take_finite(const struct format_in *in, const struct number *n, struct limits l)
{
	int64_t scale = !l.is_set ? n->scale : l.scale > 0 ? l.scale : 0;
	int64_t round_scale = l.is_set ? l.scale : n->scale;

	/* Also keeps what is written here short. */
	if (l.is_set && !is_zero(n) && n->point > l.precision - l.scale)
		return field_overflow(in, l, false);
	if (n->point > WHOLE_DIGITS_MAX || scale > SCALE_MAX)
		return too_big(in);

	size_t at = in->scratch->len;
	size_t round_at = put_digits(in->scratch, n, scale, round_scale);
	if (in->scratch->failed)
		return format_take_text(in, at);
	char *text = (char *)in->scratch->data;
	if (digit_at(n, n->point + round_scale) >= 5)
		carry(text, round_at);

	while (at + 1 < in->scratch->len && text[at] == '0' && text[at + 1] != '.')
		at++;
	int64_t nwhole = whole_digits(text + at, in->scratch->len - at);
	if (l.is_set && nwhole > l.precision - l.scale)
		return field_overflow(in, l, false);
	if (nwhole > WHOLE_DIGITS_MAX)
		return too_big(in);
	/* Zero has no sign. Of the two zeros in front at least one is free. */
	if (n->is_negative && nwhole != INT64_MIN)
		text[--at] = '-';
	return format_take_text(in, at);
}

static int take_number(const struct format_in *in, const struct number *n)
{
	struct limits l = limits_of(in->typmod);

	switch (n->kind) {
	case NUMBER_NAN: *in->value = value_str("NaN"); return 0;
	case NUMBER_INFINITY:
		if (l.is_set)
			return field_overflow(in, l, true);
		*in->value = value_str(n->is_negative ? "-Infinity" : "Infinity");
		return 0;
	default: return take_finite(in, n, l);
	}
}

int format_numeric_read_text(const struct format_in *in, const char *text, size_t len)
{
	struct number n;

	switch (read_number(text, len, &n)) {
	case NUMBER_BAD: return format_bad_text(in, text, len);
	case NUMBER_TOO_BIG: return too_big(in);
	default: return take_number(in, &n);
	}
}

/* ---- binary ---- */

static void put_header(struct buf *o, uint16_t ngroups, int16_t weight, uint16_t sign, uint16_t scale)
{
	uint8_t *p = buf_extend(o, 8);

	if (p != NULL)
		store16(store16(store16(store16(p, ngroups), (uint16_t)weight), sign), scale);
}

/* The four digits whose last stands at 10^(4 * weight). */
static uint16_t group_at(const struct number *n, int64_t weight)
{
	int64_t first = n->point - 4 * (weight + 1);
	int group = 0;

	for (int i = 0; i < 4; i++)
		group = group * 10 + digit_at(n, first + i);
	return (uint16_t)group;
}

static int64_t floor_div4(int64_t v)
{
	return v >= 0 ? v / 4 : -((3 - v) / 4);
}

static void put_number(struct buf *o, const struct number *n)
{
	/* The groups of the first digit and of the last that isn't zero. */
	int64_t ndigits = (int64_t)(n->nwhole + n->nfraction);
	while (ndigits > 0 && digit_at(n, ndigits - 1) == 0)
		ndigits--;
	uint16_t sign = n->is_negative && ndigits > 0 ? SIGN_NEGATIVE : 0;
	if (ndigits == 0) {
		put_header(o, 0, 0, 0, (uint16_t)n->scale);
		return;
	}
	int64_t weight = floor_div4(n->point - 1);
	int64_t last = floor_div4(n->point - ndigits);
	put_header(o, (uint16_t)(weight - last + 1), (int16_t)weight, sign, (uint16_t)n->scale);
	for (int64_t w = weight; w >= last; w--) {
		uint8_t *p = buf_extend(o, 2);
		if (p != NULL)
			store16(p, group_at(n, w));
	}
}

int format_numeric_put_binary(const struct format_out *out, const struct value *v)
{
	char own[FLOAT_TEXT_MAX];
	struct buf digits = { .data = (uint8_t *)own, .cap = sizeof(own), .max = sizeof(own) };
	struct number n;
	const char *text = v->text;
	size_t len = v->len;

	/* Neither an integer's digits nor a float's outgrow `own`. */
	if (v->kind == VALUE_INT)
		format_put_digits(&digits, v->i);
	else if (v->kind == VALUE_FLOAT)
		digits.len = float8_text(v->f, own);
	if (v->kind == VALUE_INT || v->kind == VALUE_FLOAT) {
		text = own;
		len = digits.len;
	} else if (v->kind != VALUE_TEXT) {
		return format_no_binary_value(out, v);
	}
	if (read_number(text, len, &n) != NUMBER_OK || n.point > WHOLE_DIGITS_MAX || n.scale > SCALE_MAX)
		return format_no_binary_value(out, v);
	if (n.kind == NUMBER_NAN)
		put_header(out->buf, 0, 0, SIGN_NAN, 0);
	else if (n.kind == NUMBER_INFINITY)
		put_header(out->buf, 0, 0, n.is_negative ? SIGN_MINUS_INF : SIGN_INFINITY, SPECIAL_SCALE);
	else
		put_number(out->buf, &n);
	return 0;
}

static int bad_binary(const struct format_in *in, const char *what)
{
	return err_set(in->err, SQLSTATE_BAD_BINARY, "invalid %s in external \"numeric\" value", what);
}

/* Writes the groups as digits into scratch, where the number then lies, cut to its scale. */
static int number_of_groups(
    const struct format_in *in, const uint8_t *groups, uint16_t ngroups, int16_t weight, struct number *n)
{
	size_t at = in->scratch->len;
	int64_t point = 4 * ((int64_t)weight + 1);

	for (uint16_t i = 0; i < ngroups; i++) {
		uint16_t group = load16(groups + (size_t)i * 2);
		if (group > 9999)
			return bad_binary(in, "digit");
		uint8_t *p = buf_extend(in->scratch, 4);
		if (p == NULL)
			return format_take_text(in, at);
		for (int digit = 3; digit >= 0; digit--, group /= 10)
			p[digit] = (uint8_t)('0' + group % 10);
	}
	int64_t ndigits = (int64_t)ngroups * 4;
	if (ndigits > point + n->scale)
		ndigits = point + n->scale > 0 ? point + n->scale : 0;
	if (in->scratch->data != NULL)
		n->whole = (const char *)in->scratch->data + at;
	n->nwhole = (size_t)ndigits;
	while (n->nwhole > 0 && n->whole[0] == '0') {
		n->whole++;
		n->nwhole--;
		point--;
	}
	n->point = is_zero(n) ? 0 : point;
	return 0;
}

int format_numeric_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	struct number n = { .kind = NUMBER_FINITE };

	if (len < 8)
		return format_short_data(in->err);
	uint16_t ngroups = load16(data), sign = load16(data + 4), scale = load16(data + 6);
	if (len - 8 < (size_t)ngroups * 2)
		return format_short_data(in->err);
	if (sign != 0 && sign != SIGN_NEGATIVE && sign != SIGN_NAN && sign != SIGN_INFINITY &&
	    sign != SIGN_MINUS_INF)
		return bad_binary(in, "sign");
	if (scale > SCALE_MAX)
		return bad_binary(in, "scale");
	if (len - 8 > (size_t)ngroups * 2)
		return format_long_data(in->err);

	n.is_negative = sign == SIGN_NEGATIVE || sign == SIGN_MINUS_INF;
	n.scale = scale;
	if (sign == SIGN_NAN)
		n.kind = NUMBER_NAN;
	else if (sign == SIGN_INFINITY || sign == SIGN_MINUS_INF)
		n.kind = NUMBER_INFINITY;
	else if (number_of_groups(in, data + 8, ngroups, (int16_t)load16(data + 2), &n) != 0)
		return -1;

	/* The digits lie in scratch, which moves when it grows: make the room for their text now. */
	size_t room = (size_t)(n.point > 0 ? n.point : 0) + SCALE_MAX + 8;
	size_t digits_at = n.whole == NULL ? 0 : (size_t)((const uint8_t *)n.whole - in->scratch->data);
	if (n.kind == NUMBER_FINITE && n.whole != NULL && room <= WHOLE_DIGITS_MAX + SCALE_MAX + 8) {
		if (!buf_reserve(in->scratch, room))
			return format_take_text(in, 0);
		n.whole = (const char *)in->scratch->data + digits_at;
	}
	return take_number(in, &n);
}
