/* lookup.h - a hash table that is filled once and then only read.
 *
 * Owns:     its slots, in the arena that it was made in; items are the caller's.
 * Runs on:  filling: one thread; looking up: any.
 * Promises: items of equal hash come in the order in which they were added.
 * Fails by: lookup_init, when the arena does. Private to src/catalog. */
#ifndef NQLITE_CATALOG_LOOKUP_H
#define NQLITE_CATALOG_LOOKUP_H

#include "base/arena.h"
#include "pgwire/oid.h"

struct lookup_slot {
	uint64_t hash;
	const void *item; /* NULL: free */
};

struct lookup {
	struct lookup_slot *slots;
	size_t mask;
};

/* Room for `n` items. 0 or -1. */
int lookup_init(struct lookup *l, struct arena *arena, size_t n);
void lookup_add(struct lookup *l, uint64_t hash, const void *item);

/* The next item of that hash; *cursor is 0 before the first. NULL: no more. */
const void *lookup_next(const struct lookup *l, uint64_t hash, size_t *cursor);

uint64_t lookup_hash_name(const char *name);
uint64_t lookup_hash_oid(oid_t oid);

#endif
