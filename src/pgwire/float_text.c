#include "pgwire/float_text.h"

#include <stdbool.h>
#include <string.h>

/* The algorithm is Raffaello Giulietti's "The Schubfach way to render doubles". A float is c * 2^q; the numbers that round to it
 * lie between its neighbours' midpoints. With k chosen so that 10^k is just below the width of that interval, the interval holds
 * at most one multiple of 10^(k+1), and at least one of 10^k. All is compared as 4 v / 10^k, in integers that keep "and a bit
 * more" in their lowest bit (round to odd), so that no comparison is ever wrong. */

struct decimal {
	uint64_t digits;
	int exp10;
};

struct bits {
	uint64_t c;       /* significand */
	int q;            /* exponent of two */
	bool is_boundary; /* a power of two: the neighbour below is half as far away as the one above */
};

__extension__ typedef unsigned __int128 uint128_t;

/* g * cp / 2^128, rounded to odd. */
static uint64_t round_to_odd(const uint64_t g[2], uint64_t cp)
{
	uint64_t low_high = (uint64_t)((uint128_t)g[1] * cp >> 64);
	uint128_t sum = (uint128_t)g[0] * cp + low_high;

	return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}

static struct decimal shortest(struct bits b)
{
	/* floor(log10(2^q)), or of 3/4 of it at a boundary; and floor(log2(10^-k)). Exact for every q of a double. */
	int k = (b.q * 1262611 - (b.is_boundary ? 524031 : 0)) >> 22;
	int h = b.q + ((-k * 1741647) >> 19) + 1;
	const uint64_t *g = float_pow10[-k - FLOAT_POW10_MIN];
	uint64_t value = round_to_odd(g, (4 * b.c) << h);
	/* The bounds themselves are out: which way they round depends on the reader. */
	uint64_t lower = round_to_odd(g, (4 * b.c - (b.is_boundary ? 1 : 2)) << h) + 1;
	uint64_t upper = round_to_odd(g, (4 * b.c + 2) << h) - 1;
	uint64_t s = value / 4;

	if (s >= 10) {
		uint64_t tens = s / 10;
		bool below_fits = lower <= 40 * tens;
		bool above_fits = 40 * tens + 40 <= upper;
		if (below_fits != above_fits)
			return (struct decimal){ tens + above_fits, k + 1 };
	}
	bool below_fits = lower <= 4 * s;
	bool above_fits = 4 * s + 4 <= upper;
	if (below_fits != above_fits)
		return (struct decimal){ s + above_fits, k };

	uint64_t middle = 4 * s + 2;
	bool is_up = value > middle || (value == middle && (s & 1) != 0);
	return (struct decimal){ s + is_up, k };
}

static char *put_fixed(char *p, const char *digits, int ndigits, int exp10)
{
	int whole = ndigits + exp10; /* digits before the point; zero or below: 0.00ddd */

	if (whole <= 0) {
		*p++ = '0';
		*p++ = '.';
		memset(p, '0', (size_t)-whole);
		p += -whole;
		memcpy(p, digits, (size_t)ndigits);
		return p + ndigits;
	}
	if (exp10 >= 0) {
		memcpy(p, digits, (size_t)ndigits);
		memset(p + ndigits, '0', (size_t)exp10);
		return p + whole;
	}
	memcpy(p, digits, (size_t)whole);
	p[whole] = '.';
	memcpy(p + whole + 1, digits + whole, (size_t)(ndigits - whole));
	return p + ndigits + 1;
}

static char *put_scientific(char *p, const char *digits, int ndigits, int exponent)
{
	*p++ = digits[0];
	if (ndigits > 1) {
		*p++ = '.';
		memcpy(p, digits + 1, (size_t)ndigits - 1);
		p += ndigits - 1;
	}
	*p++ = 'e';
	*p++ = exponent < 0 ? '-' : '+';
	if (exponent < 0)
		exponent = -exponent;
	if (exponent >= 100)
		*p++ = (char)('0' + exponent / 100);
	*p++ = (char)('0' + exponent / 10 % 10);
	*p++ = (char)('0' + exponent % 10);
	return p;
}

/* As %g lays out: fixed from 1e-4 up to the type's guaranteed digits, else scientific with two digits of exponent at least. */
static char *put_decimal(char *p, struct decimal d, int fixed_digits)
{
	char text[20];
	int at = sizeof(text);

	while (d.digits % 10 == 0) {
		d.digits /= 10;
		d.exp10++;
	}
	for (; d.digits > 0; d.digits /= 10)
		text[--at] = (char)('0' + d.digits % 10);

	int ndigits = (int)sizeof(text) - at;
	int exponent = d.exp10 + ndigits - 1;
	if (exponent >= -4 && exponent < fixed_digits)
		return put_fixed(p, text + at, ndigits, d.exp10);
	return put_scientific(p, text + at, ndigits, exponent);
}

static size_t put_word(char *text, const char *word)
{
	size_t len = strlen(word);

	memcpy(text, word, len);
	return len;
}

/* Most numbers that people store have few digits: v = n / 10^k with a small k and n < 2^53 is found by trying. The division of two
 * exact numbers is rounded once, as reading the decimal would be; and decimals of up to 15 digits are all different doubles, so the
 * first that fits is the shortest. */
static bool find_short(double v, struct decimal *d)
{
	static const double pow10[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

	if (v >= 1e9 || v < 1e-5)
		return false;
	for (int k = 0; k < (int)(sizeof(pow10) / sizeof(pow10[0])); k++) {
		uint64_t n = (uint64_t)(v * pow10[k] + 0.5);
		if ((double)n / pow10[k] == v) {
			*d = (struct decimal){ n, -k };
			return true;
		}
	}
	return false;
}

size_t float8_text(double v, char *text)
{
	uint64_t raw;
	char *p = text;

	memcpy(&raw, &v, sizeof(raw));
	uint64_t fraction = raw & ((UINT64_C(1) << 52) - 1);
	int exponent = (int)(raw >> 52 & 0x7ff);
	if (exponent == 0x7ff)
		return put_word(text, fraction != 0 ? "NaN" : (raw >> 63) != 0 ? "-Infinity" : "Infinity");
	if ((raw >> 63) != 0)
		*p++ = '-';
	if (exponent == 0 && fraction == 0) {
		*p++ = '0';
		return (size_t)(p - text);
	}

	struct decimal d;
	if (!find_short(v < 0 ? -v : v, &d))
		d = shortest((struct bits){
		    .c = exponent == 0 ? fraction : fraction | UINT64_C(1) << 52,
		    .q = (exponent == 0 ? 1 : exponent) - 1075,
		    .is_boundary = fraction == 0 && exponent > 1,
		});
	return (size_t)(put_decimal(p, d, 15) - text);
}

size_t float4_text(float v, char *text)
{
	uint32_t raw;
	char *p = text;

	memcpy(&raw, &v, sizeof(raw));
	uint32_t fraction = raw & ((UINT32_C(1) << 23) - 1);
	int exponent = (int)(raw >> 23 & 0xff);
	if (exponent == 0xff)
		return put_word(text, fraction != 0 ? "NaN" : (raw >> 31) != 0 ? "-Infinity" : "Infinity");
	if ((raw >> 31) != 0)
		*p++ = '-';
	if (exponent == 0 && fraction == 0) {
		*p++ = '0';
		return (size_t)(p - text);
	}

	struct decimal d = shortest((struct bits){
	    .c = exponent == 0 ? fraction : fraction | UINT32_C(1) << 23,
	    .q = (exponent == 0 ? 1 : exponent) - 150,
	    .is_boundary = fraction == 0 && exponent > 1,
	});
	return (size_t)(put_decimal(p, d, 6) - text);
}
