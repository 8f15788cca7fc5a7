/* utf8.h - is it UTF-8, and where in it are we.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: accepts what PostgreSQL accepts as UTF8: no overlong forms, no surrogates, nothing past U+10FFFF (RFC 3629).
 * Fails by: saying where the first bad byte stands. */
#ifndef NQLITE_BASE_UTF8_H
#define NQLITE_BASE_UTF8_H

#include <stddef.h>

/* The bytes of `text` up to the first that isn't UTF-8: `len` when all of it is. */
size_t utf8_valid_len(const char *text, size_t len);

/* The characters in `len` bytes of valid UTF-8. */
size_t utf8_chars(const char *text, size_t len);

#endif
