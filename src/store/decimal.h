/* decimal.h - exact decimal numbers of any length: PostgreSQL's numeric, computed with GMP.
 *
 * Owns:     the digits of a struct decimal, between decimal_init and decimal_release.
 * Runs on:  any thread; no shared state.
 * Promises: what PostgreSQL 15 gives, digits and scale: + - * are exact, a quotient has at least 16 significant digits by its
 *           rule, rounding is half away from zero. Never through a double.
 * Fails by: DECIMAL_DIVISION_BY_ZERO; DECIMAL_TOO_BIG past 131072 digits before the point. */
#ifndef NQLITE_STORE_DECIMAL_H
#define NQLITE_STORE_DECIMAL_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum decimal_kind { DECIMAL_FINITE, DECIMAL_NAN, DECIMAL_INFINITY, DECIMAL_MINUS_INFINITY };
enum decimal_result { DECIMAL_OK, DECIMAL_DIVISION_BY_ZERO, DECIMAL_TOO_BIG };

struct decimal {
	enum decimal_kind kind;
	mpz_t digits;   /* the value times 10^scale */
	uint32_t scale; /* digits after the point that it shows */
};

void decimal_init(struct decimal *d);
void decimal_release(struct decimal *d);
void decimal_set_int(struct decimal *d, int64_t i);
/* From canonical text (as it is stored: digits, a point, NaN, Infinity). */
void decimal_parse(struct decimal *d, const char *text, size_t len);
/* Canonical text, to be given back with free(); *len without its NUL. NULL: out of memory. */
char *decimal_format(const struct decimal *d, size_t *len);

/* `to` may be one of the operands. */
enum decimal_result decimal_add(struct decimal *to, const struct decimal *a, const struct decimal *b);
enum decimal_result decimal_sub(struct decimal *to, const struct decimal *a, const struct decimal *b);
enum decimal_result decimal_mul(struct decimal *to, const struct decimal *a, const struct decimal *b);
enum decimal_result decimal_div(struct decimal *to, const struct decimal *a, const struct decimal *b);
/* div(): the quotient's whole part; and the remainder that goes with it. */
enum decimal_result decimal_quotient(struct decimal *to, const struct decimal *a, const struct decimal *b);
enum decimal_result decimal_mod(struct decimal *to, const struct decimal *a, const struct decimal *b);
void decimal_negate(struct decimal *d);
void decimal_abs(struct decimal *d);
int decimal_sign(const struct decimal *d);

enum decimal_rounding { DECIMAL_NEAREST, DECIMAL_TRUNCATE, DECIMAL_FLOOR, DECIMAL_CEIL };
/* To `scale` digits after the point; negative: before it. */
void decimal_round(struct decimal *d, int32_t scale, enum decimal_rounding rounding);

/* Rounded to an int8; false: out of its range. Finite ones only. */
bool decimal_to_int(const struct decimal *d, int64_t *out);

/* Compares two canonical texts as numbers: 1.50 equals 1.5; NaN is above all. Allocates nothing. */
int decimal_compare_text(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
