/* replication_support.h - what tests of replication share: a database in a directory of its own, and writes to submit.
 *
 * Owns:     the directory, until test_dir_remove.
 * Runs on:  the test's thread; write_wait: any. */
#ifndef NQLITE_TESTS_SIM_REPLICATION_SUPPORT_H
#define NQLITE_TESTS_SIM_REPLICATION_SUPPORT_H

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "replication/replication.h"

struct test_dir {
	char path[64];
};

static inline void test_dir_make(struct test_dir *d)
{
	snprintf(d->path, sizeof(d->path), "%s/nqlite-test-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(d->path) == NULL)
		abort();
}

static inline const char *test_dir_file(const struct test_dir *d, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", d->path, name);
	return out;
}

static inline void test_dir_remove_file(const struct test_dir *d, const char *name)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char file[160], base[128];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(file, sizeof(file), "%s%s", test_dir_file(d, name, base), suffixes[i]);
		unlink(file);
	}
}

static inline void test_dir_remove(const struct test_dir *d)
{
	rmdir(d->path);
}

/* An entry under construction, for one write. */
struct test_write {
	struct write w;
	struct write_result results[16];
	struct entry_builder builder;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	int ndone;
};

static inline void on_test_write_done(struct write *w)
{
	struct test_write *t = w->owner;

	pthread_mutex_lock(&t->lock);
	t->ndone++;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static inline void test_write_init(struct test_write *t)
{
	memset(t, 0, sizeof(*t));
	entry_builder_init(&t->builder, 64 << 20);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	t->w.owner = t;
	t->w.on_done = on_test_write_done;
	t->w.results = t->results;
}

static inline void test_write_release(struct test_write *t)
{
	entry_builder_release(&t->builder);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->changed);
}

static inline void test_write_begin_as(struct test_write *t, const struct entry_header *h)
{
	entry_builder_begin(&t->builder, h);
}

static inline void test_write_begin(struct test_write *t)
{
	struct entry_header h = { .now_us = 1700000000000000, .seed = 42, .role = "tester" };

	test_write_begin_as(t, &h);
}

static inline void test_write_statement(
    struct test_write *t, const char *sql, uint8_t flags, uint32_t ncolumns)
{
	struct statement_header h = {
		.sql = sql, .sql_len = (uint32_t)strlen(sql), .flags = flags, .ncolumns = ncolumns
	};

	entry_builder_statement(&t->builder, &h);
}

static inline void test_write_add(struct test_write *t, const char *sql, uint8_t flags)
{
	test_write_statement(t, sql, flags, 0);
	entry_builder_row(&t->builder, NULL, 0);
}

/* The entry's bytes go to the write, borrowed from the builder. */
static inline struct write *test_write_end(struct test_write *t)
{
	if (!entry_builder_end(&t->builder))
		abort();
	t->w.entry = t->builder.bytes;
	t->w.nstatements = t->builder.nstatements;
	t->ndone = 0;
	return &t->w;
}

static inline struct write *test_write_one(struct test_write *t, const char *sql, uint8_t flags)
{
	test_write_begin(t);
	test_write_add(t, sql, flags);
	return test_write_end(t);
}

static inline enum write_outcome test_write_wait(struct test_write *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->ndone == 0)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
	return t->w.outcome;
}

/* Submits one statement and waits for its outcome. */
static inline enum write_outcome test_write_run(
    struct test_write *t, struct replication *r, const char *sql, uint8_t flags)
{
	replication_submit(r, test_write_one(t, sql, flags));
	return test_write_wait(t);
}

struct test_int_sink {
	struct row_sink sink;
	int64_t value;
};

static inline enum row_verdict on_test_int(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	(void)err;
	((struct test_int_sink *)(void *)sink)->value =
	    n > 0 && values[0].kind == VALUE_INT ? values[0].i : -1;
	return ROW_NEXT;
}

/* The integer that a query selects; -1 when there is none or it fails. */
static inline int64_t test_select_int(struct conn *conn, const char *sql)
{
	struct test_int_sink s = { .sink = { on_test_int }, .value = -1 };
	struct query q = { .sql = sql, .sql_len = strlen(sql), .is_internal = true };
	struct err err;

	return conn_run(conn, &q, &s.sink, NULL, &err) == 0 ? s.value : -1;
}

#endif
