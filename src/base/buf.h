/* buf.h - a growing row of bytes with a limit.
 *
 * Owns:     its bytes.
 * Runs on:  one thread at a time.
 * Promises: appending is amortised O(1); after a failure nothing more is appended.
 * Fails by: setting `failed` and keeping it (sticky), so that a builder checks once, at its end. */
#ifndef NQLITE_BASE_BUF_H
#define NQLITE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;  /* bytes that data may grow to */
	bool failed; /* max reached, or out of memory */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* Keeps the memory, forgets the bytes and the failure. */
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* Forgets all after the first `len` bytes (at most b->len), and the failure. */
static inline void buf_truncate(struct buf *b, size_t len)
{
	b->len = len;
	b->failed = false;
}

/* Makes room for `more` bytes after len; false (and failed) when it can't. */
bool buf_grow(struct buf *b, size_t more);

static inline bool buf_reserve(struct buf *b, size_t more)
{
	return !b->failed && (b->cap - b->len >= more || buf_grow(b, more));
}

/* Room for `n` bytes at the end, already counted in len; NULL when it failed. */
static inline uint8_t *buf_extend(struct buf *b, size_t n)
{
	if (!buf_reserve(b, n))
		return NULL;
	uint8_t *p = b->data + b->len;
	b->len += n;
	return p;
}

static inline void buf_put(struct buf *b, const void *bytes, size_t n)
{
	if (n > 0 && buf_reserve(b, n)) {
		memcpy(b->data + b->len, bytes, n);
		b->len += n;
	}
}

static inline void buf_put_byte(struct buf *b, uint8_t byte)
{
	if (buf_reserve(b, 1))
		b->data[b->len++] = byte;
}

/* The text without its NUL. */
static inline void buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `n` bytes (at most len), moving the rest to the front. */
void buf_consume(struct buf *b, size_t n);

/* The bytes as a NUL-terminated text, lent until the next change; NULL when it failed. */
const char *buf_text(struct buf *b);

#endif
