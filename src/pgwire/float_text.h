/* float_text.h - the shortest decimal that reads back as the same number, in PostgreSQL's layout.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the bytes that PostgreSQL 15 prints at extra_float_digits = 1: of all decimals strictly within the rounding
 *           interval the shortest, and of these the nearest. No locale, no allocation.
 * Fails by: it can't. */
#ifndef NQLITE_PGWIRE_FLOAT_TEXT_H
#define NQLITE_PGWIRE_FLOAT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define FLOAT_TEXT_MAX 32

/* Write at most FLOAT_TEXT_MAX bytes without a NUL; return how many. NaN, Infinity and -Infinity as those words. */
size_t float8_text(double v, char *text);
size_t float4_text(float v, char *text);

/* 10^k for k from FLOAT_POW10_MIN to FLOAT_POW10_MAX, as the upper 128 bits, rounded up: {high, low}. Index k - MIN. */
#define FLOAT_POW10_MIN (-292)
#define FLOAT_POW10_MAX 324
extern const uint64_t float_pow10[FLOAT_POW10_MAX - FLOAT_POW10_MIN + 1][2];

#endif
