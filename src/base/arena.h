/* arena.h - memory that dies together: a statement's, an entry's.
 *
 * Owns:     every byte it handed out, until arena_reset or arena_release.
 * Runs on:  one thread at a time.
 * Promises: pointers are aligned for any type and stay valid until the reset; nothing is freed singly.
 * Fails by: returning NULL, at `bytes_max` or when malloc does. */
#ifndef NQLITE_BASE_ARENA_H
#define NQLITE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	/* private */
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* bytes of the newest chunk handed out */
	size_t bytes;               /* of all chunks */
	size_t bytes_max;
};

/* An empty arena that allocates on first use. */
void arena_init(struct arena *a, size_t bytes_max);

/* `size` bytes, not zeroed; arena_zalloc zeroes them. NULL when out of memory or past the limit. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);

/* Copies; the result ends with a NUL. NULL as above. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t len);
void *arena_memdup(struct arena *a, const void *bytes, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list args);

/* Forgets everything handed out; keeps one chunk for the next use. */
void arena_reset(struct arena *a);

/* Gives all memory back; the arena may be used again. */
void arena_release(struct arena *a);

#endif
