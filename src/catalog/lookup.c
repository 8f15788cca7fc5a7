#include "catalog/lookup.h"

#include <string.h>

#include "base/hash.h"

int lookup_init(struct lookup *l, struct arena *arena, size_t n)
{
	size_t size = 8;

	while (size < 2 * n)
		size *= 2;
	l->slots = arena_zalloc(arena, size * sizeof(*l->slots));
	l->mask = size - 1;
	return l->slots == NULL ? -1 : 0;
}

void lookup_add(struct lookup *l, uint64_t hash, const void *item)
{
	size_t at = hash & l->mask;

	while (l->slots[at].item != NULL)
		at = (at + 1) & l->mask;
	l->slots[at] = (struct lookup_slot){ .hash = hash, .item = item };
}

const void *lookup_next(const struct lookup *l, uint64_t hash, size_t *cursor)
{
	for (;;) {
		const struct lookup_slot *slot = &l->slots[(hash + *cursor) & l->mask];

		if (slot->item == NULL)
			return NULL;
		++*cursor;
		if (slot->hash == hash)
			return slot->item;
	}
}

uint64_t lookup_hash_name(const char *name)
{
	return hash_bytes64(name, strlen(name));
}

uint64_t lookup_hash_oid(oid_t oid)
{
	return hash_bytes64(&oid, sizeof(oid));
}
