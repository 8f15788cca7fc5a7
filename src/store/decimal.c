#include "store/decimal.h"

#include <stdlib.h>
#include <string.h>

#define SCALE_MAX          16383  /* NUMERIC_MAX_RESULT_SCALE is twice 1000; storage takes this */
#define DIGITS_MAX         131072 /* before the point */
#define SIGNIFICANT_MIN    16     /* NUMERIC_MIN_SIG_DIGITS */
#define QUOTIENT_SCALE_MAX 1000   /* NUMERIC_MAX_DISPLAY_SCALE */

void decimal_init(struct decimal *d)
{
	d->kind = DECIMAL_FINITE;
	d->scale = 0;
	mpz_init(d->digits);
}

void decimal_release(struct decimal *d)
{
	mpz_clear(d->digits);
}

void decimal_set_int(struct decimal *d, int64_t i)
{
	d->kind = DECIMAL_FINITE;
	d->scale = 0;
	mpz_set_si(d->digits, i);
}

static enum decimal_kind special_kind(const char *text, size_t len)
{
	if (len == 0)
		return DECIMAL_FINITE;
	if (*text == 'N')
		return DECIMAL_NAN;
	if (*text == 'I')
		return DECIMAL_INFINITY;
	return len > 1 && text[0] == '-' && text[1] == 'I' ? DECIMAL_MINUS_INFINITY : DECIMAL_FINITE;
}

void decimal_parse(struct decimal *d, const char *text, size_t len)
{
	char space[128], *digits = len < sizeof space ? space : malloc(len + 1), *to = digits;
	const char *point = memchr(text, '.', len);

	d->kind = special_kind(text, len);
	d->scale = point != NULL ? (uint32_t)(len - (size_t)(point - text) - 1) : 0;
	mpz_set_si(d->digits, 0);
	if (d->kind != DECIMAL_FINITE || digits == NULL) {
		d->scale = 0;
	} else {
		for (size_t i = 0; i < len; i++)
			if (text[i] != '.')
				*to++ = text[i];
		*to = '\0';
		mpz_set_str(d->digits, digits, 10);
	}
	if (digits != space)
		free(digits);
}

static char *copy_text(const char *text, size_t *len)
{
	*len = strlen(text);
	return strdup(text);
}

char *decimal_format(const struct decimal *d, size_t *len)
{
	switch (d->kind) {
	case DECIMAL_NAN: return copy_text("NaN", len);
	case DECIMAL_INFINITY: return copy_text("Infinity", len);
	case DECIMAL_MINUS_INFINITY: return copy_text("-Infinity", len);
	case DECIMAL_FINITE: break;
	}

	size_t size = mpz_sizeinbase(d->digits, 10) + d->scale + 8;
	char *text = malloc(size);
	if (text == NULL)
		return NULL;
	/* Digits first, then zeros before them until one stands before the point. */
	mpz_get_str(text, 10, d->digits);
	size_t sign = *text == '-', n = strlen(text) - sign;
	if (n <= d->scale) {
		size_t zeros = d->scale + 1 - n;

		memmove(text + sign + zeros, text + sign, n + 1);
		memset(text + sign, '0', zeros);
		n += zeros;
	}
	if (d->scale > 0) {
		size_t whole = sign + n - d->scale;

		memmove(text + whole + 1, text + whole, d->scale + 1);
		text[whole] = '.';
		n++;
	}
	*len = sign + n;
	return text;
}

/* ---- arithmetic ---- */

static void power_of_ten(mpz_t out, uint32_t n)
{
	mpz_ui_pow_ui(out, 10, n);
}

/* Both at the larger scale. */
static uint32_t align(mpz_t x, mpz_t y, const struct decimal *a, const struct decimal *b)
{
	uint32_t scale = a->scale > b->scale ? a->scale : b->scale;
	mpz_t factor;

	mpz_init(factor);
	power_of_ten(factor, scale - a->scale);
	mpz_mul(x, a->digits, factor);
	power_of_ten(factor, scale - b->scale);
	mpz_mul(y, b->digits, factor);
	mpz_clear(factor);
	return scale;
}

static enum decimal_result check_size(const struct decimal *d)
{
	size_t digits = mpz_sizeinbase(d->digits, 10);

	return digits > (size_t)DIGITS_MAX + 1 + d->scale ? DECIMAL_TOO_BIG : DECIMAL_OK;
}

static void set_special(struct decimal *d, enum decimal_kind kind)
{
	d->kind = kind;
	d->scale = 0;
	mpz_set_si(d->digits, 0);
}

int decimal_sign(const struct decimal *d)
{
	switch (d->kind) {
	case DECIMAL_INFINITY: return 1;
	case DECIMAL_MINUS_INFINITY: return -1;
	case DECIMAL_NAN: return 0;
	case DECIMAL_FINITE: break;
	}
	return mpz_sgn(d->digits);
}

static bool both_finite(const struct decimal *a, const struct decimal *b)
{
	return a->kind == DECIMAL_FINITE && b->kind == DECIMAL_FINITE;
}

static enum decimal_kind infinity(int sign)
{
	return sign > 0 ? DECIMAL_INFINITY : DECIMAL_MINUS_INFINITY;
}

static enum decimal_result sum(
    struct decimal *to, const struct decimal *a, const struct decimal *b, bool subtract)
{
	enum decimal_kind other = b->kind;

	if (subtract && other >= DECIMAL_INFINITY)
		other = infinity(-decimal_sign(b));
	if (!both_finite(a, b)) {
		if (a->kind == DECIMAL_NAN || other == DECIMAL_NAN ||
		    (a->kind != DECIMAL_FINITE && other != DECIMAL_FINITE && a->kind != other))
			set_special(to, DECIMAL_NAN);
		else
			set_special(to, a->kind != DECIMAL_FINITE ? a->kind : other);
		return DECIMAL_OK;
	}

	mpz_t x, y;
	mpz_inits(x, y, NULL);
	to->scale = align(x, y, a, b);
	to->kind = DECIMAL_FINITE;
	if (subtract)
		mpz_sub(to->digits, x, y);
	else
		mpz_add(to->digits, x, y);
	mpz_clears(x, y, NULL);
	return check_size(to);
}

enum decimal_result decimal_add(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	return sum(to, a, b, false);
}

enum decimal_result decimal_sub(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	return sum(to, a, b, true);
}

enum decimal_result decimal_mul(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	if (!both_finite(a, b)) {
		int sign = decimal_sign(a) * decimal_sign(b);

		set_special(to, sign == 0 ? DECIMAL_NAN : infinity(sign));
		return DECIMAL_OK;
	}
	mpz_mul(to->digits, a->digits, b->digits);
	to->scale = a->scale + b->scale;
	to->kind = DECIMAL_FINITE;
	if (to->scale > SCALE_MAX)
		decimal_round(to, SCALE_MAX, DECIMAL_NEAREST);
	return check_size(to);
}

/* PostgreSQL counts in groups of four digits: the exponent of the first group, and what stands in it (select_div_scale). */
static void first_group(const struct decimal *d, int *weight, int *group)
{
	char *text;
	int exponent;

	*weight = *group = 0;
	if (mpz_sgn(d->digits) == 0)
		return;
	text = mpz_get_str(NULL, 10, d->digits);
	const char *digits = text + (*text == '-');
	exponent = (int)strlen(digits) - (int)d->scale - 1; /* of the first digit */
	*weight = exponent >= 0 ? exponent / 4 : -((-exponent + 3) / 4);
	for (int i = 0, n = exponent - 4 * *weight + 1; i < n; i++)
		*group = *group * 10 + (i < (int)strlen(digits) ? digits[i] - '0' : 0);
	void (*free_digits)(void *, size_t);
	mp_get_memory_functions(NULL, NULL, &free_digits);
	free_digits(text, strlen(text) + 1);
}

static uint32_t quotient_scale(const struct decimal *a, const struct decimal *b)
{
	int weight1, weight2, group1, group2;

	first_group(a, &weight1, &group1);
	first_group(b, &weight2, &group2);
	int weight = weight1 - weight2 - (group1 <= group2);
	int scale = SIGNIFICANT_MIN - weight * 4;
	scale = scale < (int)a->scale ? (int)a->scale : scale;
	scale = scale < (int)b->scale ? (int)b->scale : scale;
	scale = scale < 0 ? 0 : scale;
	return (uint32_t)(scale > QUOTIENT_SCALE_MAX ? QUOTIENT_SCALE_MAX : scale);
}

/* n / d to the nearest, half away from zero. */
static void divide_nearest(mpz_t out, const mpz_t n, const mpz_t d)
{
	mpz_t twice, magnitude;
	int sign = mpz_sgn(n) * mpz_sgn(d);

	mpz_inits(twice, magnitude, NULL);
	mpz_abs(twice, n);
	mpz_mul_2exp(twice, twice, 1);
	mpz_abs(magnitude, d);
	mpz_add(twice, twice, magnitude);
	mpz_mul_2exp(magnitude, magnitude, 1);
	mpz_tdiv_q(out, twice, magnitude);
	if (sign < 0)
		mpz_neg(out, out);
	mpz_clears(twice, magnitude, NULL);
}

static enum decimal_result divide_special(
    struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	if (a->kind == DECIMAL_NAN || b->kind == DECIMAL_NAN ||
	    (a->kind != DECIMAL_FINITE && b->kind != DECIMAL_FINITE)) {
		set_special(to, DECIMAL_NAN);
	} else if (a->kind != DECIMAL_FINITE) {
		int sign = decimal_sign(b);

		if (sign == 0)
			return DECIMAL_DIVISION_BY_ZERO;
		set_special(to, infinity(decimal_sign(a) * sign));
	} else {
		set_special(to, DECIMAL_FINITE);
	}
	return DECIMAL_OK;
}

enum decimal_result decimal_div(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	if (!both_finite(a, b))
		return divide_special(to, a, b);
	if (mpz_sgn(b->digits) == 0)
		return DECIMAL_DIVISION_BY_ZERO;

	uint32_t scale = quotient_scale(a, b);
	mpz_t numerator, denominator, factor;
	mpz_inits(numerator, denominator, factor, NULL);
	power_of_ten(factor, scale + b->scale);
	mpz_mul(numerator, a->digits, factor);
	power_of_ten(factor, a->scale);
	mpz_mul(denominator, b->digits, factor);
	divide_nearest(to->digits, numerator, denominator);
	to->scale = scale;
	to->kind = DECIMAL_FINITE;
	mpz_clears(numerator, denominator, factor, NULL);
	return check_size(to);
}

static enum decimal_result divide_whole(
    struct decimal *to, const struct decimal *a, const struct decimal *b, bool wants_remainder)
{
	mpz_t x, y;

	mpz_inits(x, y, NULL);
	uint32_t scale = align(x, y, a, b);
	if (wants_remainder)
		mpz_tdiv_r(to->digits, x, y);
	else
		mpz_tdiv_q(to->digits, x, y);
	to->scale = wants_remainder ? scale : 0;
	to->kind = DECIMAL_FINITE;
	mpz_clears(x, y, NULL);
	return DECIMAL_OK;
}

enum decimal_result decimal_quotient(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	if (!both_finite(a, b))
		return divide_special(to, a, b);
	return mpz_sgn(b->digits) == 0 ? DECIMAL_DIVISION_BY_ZERO : divide_whole(to, a, b, false);
}

enum decimal_result decimal_mod(struct decimal *to, const struct decimal *a, const struct decimal *b)
{
	if (a->kind == DECIMAL_NAN || b->kind == DECIMAL_NAN) {
		set_special(to, DECIMAL_NAN);
		return DECIMAL_OK;
	}
	if (b->kind == DECIMAL_FINITE && mpz_sgn(b->digits) == 0)
		return DECIMAL_DIVISION_BY_ZERO;
	if (a->kind != DECIMAL_FINITE) {
		set_special(to, DECIMAL_NAN);
		return DECIMAL_OK;
	}
	if (b->kind != DECIMAL_FINITE) {
		mpz_set(to->digits, a->digits);
		to->scale = a->scale;
		to->kind = DECIMAL_FINITE;
		return DECIMAL_OK;
	}
	return divide_whole(to, a, b, true);
}

void decimal_negate(struct decimal *d)
{
	if (d->kind >= DECIMAL_INFINITY)
		d->kind = infinity(-decimal_sign(d));
	mpz_neg(d->digits, d->digits);
}

void decimal_abs(struct decimal *d)
{
	if (decimal_sign(d) < 0)
		decimal_negate(d);
}

void decimal_round(struct decimal *d, int32_t scale, enum decimal_rounding rounding)
{
	mpz_t factor;

	if (d->kind != DECIMAL_FINITE)
		return;
	mpz_init(factor);
	if (scale >= (int32_t)d->scale) {
		power_of_ten(factor, (uint32_t)scale - d->scale);
		mpz_mul(d->digits, d->digits, factor);
	} else {
		power_of_ten(factor, (uint32_t)((int32_t)d->scale - scale));
		switch (rounding) {
		case DECIMAL_NEAREST: divide_nearest(d->digits, d->digits, factor); break;
		case DECIMAL_TRUNCATE: mpz_tdiv_q(d->digits, d->digits, factor); break;
		case DECIMAL_FLOOR: mpz_fdiv_q(d->digits, d->digits, factor); break;
		case DECIMAL_CEIL: mpz_cdiv_q(d->digits, d->digits, factor); break;
		}
		if (scale < 0) {
			power_of_ten(factor, (uint32_t)-scale);
			mpz_mul(d->digits, d->digits, factor);
		}
	}
	d->scale = scale < 0 ? 0 : (uint32_t)scale;
	mpz_clear(factor);
}

bool decimal_to_int(const struct decimal *d, int64_t *out)
{
	struct decimal rounded;

	decimal_init(&rounded);
	mpz_set(rounded.digits, d->digits);
	rounded.scale = d->scale;
	decimal_round(&rounded, 0, DECIMAL_NEAREST);
	bool fits = mpz_fits_slong_p(rounded.digits) != 0;
	*out = mpz_get_si(rounded.digits);
	decimal_release(&rounded);
	return fits;
}

/* ---- comparison of texts ---- */

/* -2 -Infinity, -1 .. 1 a number by its sign, 2 Infinity, 3 NaN */
static int rank(const char *text, size_t len)
{
	if (len == 0)
		return 0;
	if (*text == 'N')
		return 3;
	if (*text == 'I')
		return 2;
	if (*text == '-')
		return len > 1 && text[1] == 'I' ? -2 : -1;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '0' && text[i] != '.')
			return 1;
	return 0;
}

/* Magnitudes of canonical texts: no zeros before the whole part but a single one. */
static int compare_magnitudes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_point = memchr(a, '.', a_len), *b_point = memchr(b, '.', b_len);
	size_t a_whole = a_point != NULL ? (size_t)(a_point - a) : a_len,
	       b_whole = b_point != NULL ? (size_t)(b_point - b) : b_len;

	if (a_whole != b_whole)
		return a_whole < b_whole ? -1 : 1;
	int order = memcmp(a, b, a_whole);
	if (order != 0)
		return order;
	for (size_t i = a_whole + 1; i < a_len || i < b_len; i++) {
		char x = i < a_len ? a[i] : '0', y = i < b_len ? b[i] : '0';

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

int decimal_compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int a_rank = rank(a, a_len), b_rank = rank(b, b_len);

	if (a_rank != b_rank)
		return a_rank < b_rank ? -1 : 1;
	switch (a_rank) {
	case 1: return compare_magnitudes(a, a_len, b, b_len);
	case -1: return compare_magnitudes(b + 1, b_len - 1, a + 1, a_len - 1);
	default: return 0;
	}
}
