#include "sql/translation_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Texts that differ in pinned literals only share a bucket and are looked through one by one: so many are kept. */
#define VARIANTS_MAX 8

bool translation_cache_init(struct translation_cache *c, size_t entries_max)
{
	*c = (struct translation_cache){ .nbuckets = 16, .max = entries_max };
	while (c->nbuckets < entries_max)
		c->nbuckets *= 2;
	c->buckets = calloc(c->nbuckets, sizeof(struct cache_entry *));
	return c->buckets != NULL;
}

static struct cache_entry **bucket_of(struct translation_cache *c, uint64_t hash)
{
	return &c->buckets[hash & (c->nbuckets - 1)];
}

static void unlink_age(struct translation_cache *c, struct cache_entry *e)
{
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
}

static void link_newest(struct translation_cache *c, struct cache_entry *e)
{
	e->older = c->newest;
	e->newer = NULL;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct translation_cache *c, struct cache_entry *e)
{
	struct cache_entry **at = bucket_of(c, e->hash);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_age(c, e);
	c->n--;
	translation_unref(e->translation);
	free(e);
}

void translation_cache_release(struct translation_cache *c)
{
	while (c->oldest != NULL)
		drop(c, c->oldest);
	free(c->buckets);
	c->buckets = NULL;
}

static uint64_t hash_of(const struct cache_key *key)
{
	uint64_t hash = hash_chain64(key->schema_version, key->text, key->len);

	return key->ntypes == 0 ? hash : hash_chain64(hash, key->types, key->ntypes * sizeof(oid_t));
}

static bool is_same_text(const struct cache_entry *e, uint64_t hash, const struct cache_key *key)
{
	const struct cache_key *k = &e->key;

	return e->hash == hash && k->schema_version == key->schema_version &&
	       k->params_fixed == key->params_fixed && k->len == key->len && k->ntypes == key->ntypes &&
	       k->nliterals == key->nliterals && memcmp(k->text, key->text, key->len) == 0 &&
	       (key->ntypes == 0 || memcmp(k->types, key->types, key->ntypes * sizeof(oid_t)) == 0);
}

/* 'now', 'infinity' and their like are no values of their own: what they were translated to may not be a slot. */
static bool is_special(const struct shape_literal *literal, const struct literal_use *use)
{
	bool is_time = use->type == OID_DATE || use->type == OID_TIME || use->type == OID_TIMETZ ||
		       use->type == OID_TIMESTAMP || use->type == OID_TIMESTAMPTZ;

	if (!is_time || literal->class != LITERAL_STRING)
		return false;
	for (const char *p = literal->text; *p != '\0'; p++) {
		if (*p != ' ' && *p != '\t' && *p != '\n')
			return !((*p >= '0' && *p <= '9') || *p == '-' || *p == '+');
	}
	return false;
}

static bool literals_fit(const struct cache_entry *e, const struct cache_key *key)
{
	for (size_t i = 0; i < key->nliterals; i++) {
		const struct shape_literal *is = &key->literals[i], *was = &e->key.literals[i];

		if (!e->uses[i].is_pinned) {
			if (is_special(is, &e->uses[i]))
				return false;
			continue;
		}
		if (is->len != was->len || memcmp(is->text, was->text, is->len) != 0)
			return false;
	}
	return true;
}

const struct cache_entry *translation_cache_find(struct translation_cache *c, const struct cache_key *key)
{
	uint64_t hash = hash_of(key);

	for (struct cache_entry *e = *bucket_of(c, hash); e != NULL; e = e->next) {
		if (!is_same_text(e, hash, key) || !literals_fit(e, key))
			continue;
		if (e != c->newest) {
			unlink_age(c, e);
			link_newest(c, e);
		}
		return e;
	}
	return NULL;
}

/* The entry, its arrays and its texts are one block. */
static struct cache_entry *copy_entry(const struct cache_key *key, const struct literal_use *uses)
{
	size_t types_size = key->ntypes * sizeof(oid_t), uses_size = key->nliterals * sizeof(*uses);
	size_t literals_size = key->nliterals * sizeof(*key->literals), texts = key->len;

	for (size_t i = 0; i < key->nliterals; i++)
		texts += uses[i].is_pinned ? key->literals[i].len : 0;
	struct cache_entry *e = malloc(sizeof(*e) + literals_size + uses_size + types_size + texts);
	if (e == NULL)
		return NULL;

	struct shape_literal *literals = (struct shape_literal *)(e + 1);
	char *at = (char *)(e + 1) + literals_size;
	*e = (struct cache_entry){ .key = *key, .uses = (struct literal_use *)at };
	if (uses_size > 0)
		memcpy(at, uses, uses_size);
	at += uses_size;
	e->key.types = (oid_t *)at;
	if (types_size > 0)
		memcpy(at, key->types, types_size);
	at += types_size;
	e->key.text = memcpy(at, key->text, key->len);
	at += key->len;
	e->key.literals = literals;
	for (size_t i = 0; i < key->nliterals; i++) {
		literals[i] = key->literals[i];
		literals[i].text = at;
		if (uses[i].is_pinned) {
			memcpy(at, key->literals[i].text, literals[i].len);
			at += literals[i].len;
		}
	}
	return e;
}

/* Makes room for one more of the text. */
static void drop_variants(struct translation_cache *c, uint64_t hash, const struct cache_key *key)
{
	struct cache_entry *last = NULL;
	size_t n = 0;

	for (struct cache_entry *e = *bucket_of(c, hash); e != NULL; e = e->next) {
		if (is_same_text(e, hash, key)) {
			last = e;
			n++;
		}
	}
	if (n >= VARIANTS_MAX)
		drop(c, last); /* new ones are put first, so this is the oldest */
}

void translation_cache_add(struct translation_cache *c, const struct cache_key *key,
    const struct literal_use *uses, const struct translation *translation)
{
	struct cache_entry *e = c->max == 0 ? NULL : copy_entry(key, uses);

	if (e == NULL)
		return;
	e->hash = hash_of(key);
	drop_variants(c, e->hash, key);
	if (c->n == c->max)
		drop(c, c->oldest);

	e->translation = translation;
	translation_ref(translation);
	struct cache_entry **bucket = bucket_of(c, e->hash);
	e->next = *bucket;
	*bucket = e;
	link_newest(c, e);
	c->n++;
}
