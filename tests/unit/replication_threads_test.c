/* Replication with its threads, over the local log: as embedded (one thread) and as with a network (two). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <time.h>

#include "sim/replication_support.h"

struct db {
	struct test_dir dir;
	struct store *store;
	struct replication *r;
	struct err err;
};

static void db_open(struct db *d, bool is_local, bool is_durable)
{
	char file[128];
	struct store_options so = { .path = test_dir_file(&d->dir, "t.db", file),
		.is_durable = is_durable,
		.tables = catalog_tables };

	if (store_open(&d->store, &so, &d->err) != 0)
		fail_msg("%s", d->err.message);
	struct replication_options ro = { .store = d->store, .log = log_local_new(), .is_local = is_local };
	if (replication_start(&d->r, &ro, &d->err) != 0)
		fail_msg("%s", d->err.message);
}

static void db_close(struct db *d)
{
	replication_stop(d->r, 1000);
	store_close(d->store);
}

static int64_t db_int(struct db *d, const char *sql)
{
	struct conn *reader;

	assert_int_equal(store_take_reader(d->store, &reader, &d->err), 0);
	int64_t n = test_select_int(reader, sql);
	store_give_reader(d->store, reader);
	return n;
}

static void db_remove(struct db *d)
{
	test_dir_remove_file(&d->dir, "t.db");
	test_dir_remove(&d->dir);
}

struct submitter {
	struct db *db;
	pthread_t thread;
	int64_t from, count;
	atomic_int nfailed;
};

static void *run_submitter(void *arg)
{
	struct submitter *s = arg;
	struct test_write t;

	test_write_init(&t);
	for (int64_t i = 0; i < s->count; i++) {
		struct value row[] = { value_int(s->from + i), value_str("some text") };

		test_write_begin(&t);
		test_write_statement(&t, "INSERT INTO t VALUES (?1, ?2)", 0, 2);
		entry_builder_row(&t.builder, row, 2);
		replication_submit(s->db->r, test_write_end(&t));
		if (test_write_wait(&t) != WRITE_APPLIED || t.results[0].changes != 1)
			s->nfailed++;
	}
	test_write_release(&t);
	return NULL;
}

static double run_submitters(struct db *d, int n, int64_t count)
{
	struct submitter s[64] = { 0 };
	struct timespec before, after;
	int nfailed = 0;

	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < n; i++) {
		s[i] = (struct submitter){ .db = d, .from = (int64_t)i * 1000000, .count = count };
		assert_int_equal(pthread_create(&s[i].thread, NULL, run_submitter, &s[i]), 0);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(s[i].thread, NULL);
		nfailed += s[i].nfailed;
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(nfailed, 0);
	return (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

static void check_submitters(bool is_local)
{
	struct db d = { 0 };
	struct test_write t;

	test_dir_make(&d.dir);
	test_write_init(&t);
	db_open(&d, is_local, false);
	assert_int_equal(
	    test_write_run(&t, d.r, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", STATEMENT_DDL),
	    WRITE_APPLIED);
	run_submitters(&d, 8, 200);
	assert_int_equal(db_int(&d, "SELECT count(*) FROM t"), 1600);
	if (is_local) {
		db_close(&d);
		db_open(&d, is_local, false);
		assert_int_equal(db_int(&d, "SELECT count(*) FROM t"), 1600);
		assert_int_equal(test_write_run(&t, d.r, "INSERT INTO t VALUES (-1, 'x')", 0), WRITE_APPLIED);
	}
	db_close(&d);
	test_write_release(&t);
	db_remove(&d);
}

static void writes_of_many_threads_are_applied_once_each_embedded(void **state)
{
	(void)state;
	check_submitters(true);
}

static void writes_of_many_threads_are_applied_once_each_with_two_threads(void **state)
{
	(void)state;
	check_submitters(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_of_many_threads_are_applied_once_each_embedded),
		cmocka_unit_test(writes_of_many_threads_are_applied_once_each_with_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
