/* translation_cache.h - translations by the text that they were made from, the least recently used dropped first.
 *
 * Owns:     its entries, and a reference on the translation of each.
 * Runs on:  the translator's thread.
 * Promises: finds an entry only if text, parameter types and schema version are equal, and, for texts with their literals taken
 *           out, those literals too whose value was used for a decision.
 * Fails by: not keeping what it has no memory for. */
#ifndef NQLITE_SQL_TRANSLATION_CACHE_H
#define NQLITE_SQL_TRANSLATION_CACHE_H

#include "sql/literals.h"
#include "sql/translate.h"

/* What was made of one literal of the text. */
struct literal_use {
	bool is_slot;   /* it is a parameter of a step */
	bool is_pinned; /* the translation holds for this value only */
	oid_t type;     /* of the slot */
	int32_t typmod;
};

struct cache_key {
	const char *text; /* as it stands, or a shape's */
	size_t len;
	const oid_t *types; /* declared parameter types */
	size_t ntypes;
	uint64_t schema_version;
	bool params_fixed;                    /* of a simple query */
	const struct shape_literal *literals; /* of a shape */
	size_t nliterals;
};

struct cache_entry {
	const struct translation *translation;
	const struct literal_use *uses; /* of each literal of the key */
	/* private */
	struct cache_entry *next; /* in its bucket */
	struct cache_entry *older, *newer;
	uint64_t hash;
	struct cache_key key; /* with texts of its own; values of pinned literals only */
};

struct translation_cache {
	/* private */
	struct cache_entry **buckets;
	size_t nbuckets; /* a power of two */
	size_t n, max;
	struct cache_entry *oldest, *newest;
};

bool translation_cache_init(struct translation_cache *c, size_t entries_max);
void translation_cache_release(struct translation_cache *c);

/* NULL: there is none. Lent until the next call. */
const struct cache_entry *translation_cache_find(struct translation_cache *c, const struct cache_key *key);

/* Keeps copies of key and uses, and a reference on the translation. */
void translation_cache_add(struct translation_cache *c, const struct cache_key *key,
    const struct literal_use *uses, const struct translation *translation);

#endif
