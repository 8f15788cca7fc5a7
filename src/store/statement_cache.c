#include "store/statement_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct conn_statement *conn_statement_new(const char *sql, size_t sql_len, bool is_internal)
{
	struct conn_statement *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sql = malloc(sql_len + 1);
	if (s->sql == NULL) {
		free(s);
		return NULL;
	}
	memcpy(s->sql, sql, sql_len);
	s->sql[sql_len] = '\0';
	s->sql_len = sql_len;
	s->is_internal = is_internal;
	s->refs = 1;
	return s;
}

void conn_statement_ref(struct conn_statement *s)
{
	s->refs++;
}

void conn_statement_unref(struct conn_statement *s)
{
	if (--s->refs > 0)
		return;
	sqlite3_finalize(s->stmt);
	free(s->row);
	free(s->sql);
	free(s);
}

int statement_cache_init(struct statement_cache *c, size_t count_max, struct err *err)
{
	size_t nbuckets = 16;

	while (nbuckets < count_max * 2)
		nbuckets *= 2;
	*c = (struct statement_cache){ .nbuckets = nbuckets, .count_max = count_max };
	c->buckets = calloc(nbuckets, sizeof(struct conn_statement *));
	if (c->buckets == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return 0;
}

void statement_cache_release(struct statement_cache *c)
{
	while (c->oldest != NULL)
		statement_cache_drop(c, c->oldest);
	free(c->buckets);
	*c = (struct statement_cache){ 0 };
}

/* An internal text and a user's are told apart: they were allowed different things when they were prepared. */
static uint64_t key_hash(const char *sql, size_t sql_len, bool is_internal)
{
	return hash_bytes64(sql, sql_len) + is_internal;
}

static void unlink_from_order(struct statement_cache *c, struct conn_statement *s)
{
	*(s->newer != NULL ? &s->newer->older : &c->newest) = s->older;
	*(s->older != NULL ? &s->older->newer : &c->oldest) = s->newer;
	s->newer = s->older = NULL;
}

static void link_as_newest(struct statement_cache *c, struct conn_statement *s)
{
	s->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = s;
	else
		c->oldest = s;
	c->newest = s;
}

struct conn_statement *statement_cache_find(
    struct statement_cache *c, const char *sql, size_t sql_len, bool is_internal)
{
	if (sql_len > STATEMENT_CACHE_TEXT_MAX)
		return NULL;

	uint64_t hash = key_hash(sql, sql_len, is_internal);
	struct conn_statement *s = c->buckets[hash & (c->nbuckets - 1)];

	while (s != NULL && (s->hash != hash || s->sql_len != sql_len || s->is_internal != is_internal ||
				memcmp(s->sql, sql, sql_len) != 0))
		s = s->chain;
	if (s != NULL && s != c->newest) {
		unlink_from_order(c, s);
		link_as_newest(c, s);
	}
	return s;
}

void statement_cache_put(struct statement_cache *c, struct conn_statement *s)
{
	if (s->sql_len > STATEMENT_CACHE_TEXT_MAX || c->count_max == 0)
		return;
	if (c->count >= c->count_max)
		statement_cache_drop(c, c->oldest);

	s->hash = key_hash(s->sql, s->sql_len, s->is_internal);
	struct conn_statement **bucket = &c->buckets[s->hash & (c->nbuckets - 1)];
	s->chain = *bucket;
	*bucket = s;
	link_as_newest(c, s);
	s->is_kept = true;
	c->count++;
	conn_statement_ref(s);
}

void statement_cache_drop(struct statement_cache *c, struct conn_statement *s)
{
	if (!s->is_kept)
		return;

	struct conn_statement **at = &c->buckets[s->hash & (c->nbuckets - 1)];
	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	s->chain = NULL;
	unlink_from_order(c, s);
	s->is_kept = false;
	c->count--;
	conn_statement_unref(s);
}
