#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096
#define ALIGN      _Alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t bytes_max)
{
	*a = (struct arena){ .bytes_max = bytes_max };
}

static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
	/* Chunks grow with the arena, so that a large tree costs few mallocs. */
	size_t want = a->bytes / 2 > CHUNK_SIZE ? a->bytes / 2 : CHUNK_SIZE;

	if (want < size)
		want = size;
	if (want > a->bytes_max - a->bytes)
		want = size;
	if (size > a->bytes_max - a->bytes)
		return NULL;

	struct arena_chunk *c = malloc(sizeof(*c) + want);
	if (c == NULL)
		return NULL;
	c->next = a->chunks;
	c->size = want;
	a->chunks = c;
	a->bytes += want;
	a->used = 0;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > a->bytes_max)
		return NULL;
	size = (size + ALIGN - 1) & ~(ALIGN - 1);

	struct arena_chunk *c = a->chunks;
	if (c == NULL || c->size - a->used < size) {
		c = add_chunk(a, size);
		if (c == NULL)
			return NULL;
	}
	void *p = c->data + a->used;
	a->used += size;
	return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);

	return p == NULL ? NULL : memset(p, 0, size);
}

void *arena_memdup(struct arena *a, const void *bytes, size_t len)
{
	void *p = arena_alloc(a, len);

	if (p != NULL && len > 0)
		memcpy(p, bytes, len);
	return p;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (p == NULL)
		return NULL;
	if (len > 0)
		memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return NULL;

	char *p = arena_alloc(a, (size_t)len + 1);
	if (p != NULL)
		vsnprintf(p, (size_t)len + 1, fmt, args);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *p = arena_vprintf(a, fmt, args);
	va_end(args);
	return p;
}

static void free_chunks(struct arena_chunk *c)
{
	while (c != NULL) {
		struct arena_chunk *next = c->next;
		free(c);
		c = next;
	}
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = a->chunks;

	if (keep == NULL)
		return;
	free_chunks(keep->next);
	keep->next = NULL;
	a->bytes = keep->size;
	a->used = 0;
}

void arena_release(struct arena *a)
{
	free_chunks(a->chunks);
	arena_init(a, a->bytes_max);
}
