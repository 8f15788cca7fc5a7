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

/* Readers that wait. */

struct reached {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n; /* under the lock */
	bool ok;
};

static void on_reached(void *arg, bool ok)
{
	struct reached *r = arg;

	pthread_mutex_lock(&r->lock);
	r->n++;
	r->ok = ok;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static bool wait_reached(struct replication *r, uint64_t seq, int64_t wait_ms)
{
	struct reached reached = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };

	replication_wait(r, seq, wait_ms, on_reached, &reached);
	pthread_mutex_lock(&reached.lock);
	while (reached.n == 0)
		pthread_cond_wait(&reached.changed, &reached.lock);
	pthread_mutex_unlock(&reached.lock);
	return reached.ok;
}

static void check_waits(bool is_local)
{
	struct db d = { 0 };
	struct test_write t;
	struct replication_status status;

	test_dir_make(&d.dir);
	test_write_init(&t);
	db_open(&d, is_local, false);
	assert_int_equal(test_write_run(&t, d.r, "CREATE TABLE t (a)", STATEMENT_DDL), WRITE_APPLIED);
	assert_true(wait_reached(d.r, 0, 10000));
	assert_true(wait_reached(d.r, t.w.seq, 10000));
	assert_false(wait_reached(d.r, t.w.seq + 1, 1));
	replication_status(d.r, &status);
	assert_int_equal(status.phase, PHASE_READY);
	assert_int_equal(status.applied_seq, t.w.seq);
	assert_int_equal(status.head_seq, t.w.seq);
	assert_true(replication_applied_generation(d.r) > 0);
	test_write_release(&t);
	db_close(&d);
	db_remove(&d);
}

static void a_reader_waits_for_the_head_or_a_seq_but_not_for_ever(void **state)
{
	(void)state;
	check_waits(true);
	check_waits(false);
}

static void the_catalog_is_new_before_the_ddl_is_answered(void **state)
{
	struct db d = { 0 };
	struct test_write t;

	(void)state;
	test_dir_make(&d.dir);
	test_write_init(&t);
	db_open(&d, false, false);
	uint64_t before = replication_schema_version(d.r);
	const struct relation *const *relations;
	const struct catalog *c = replication_catalog(d.r);
	size_t nbefore = catalog_relations(c, &relations);
	catalog_unref(c);
	assert_int_equal(test_write_run(&t, d.r, "CREATE TABLE t (a)", STATEMENT_DDL), WRITE_APPLIED);
	assert_true(replication_schema_version(d.r) == before + 1);
	c = replication_catalog(d.r);
	assert_int_equal(catalog_relations(c, &relations), nbefore + 1);
	catalog_unref(c);
	test_write_release(&t);
	db_close(&d);
	db_remove(&d);
}

static void a_stop_answers_what_can_not_be_written_any_more(void **state)
{
	struct db d = { 0 };
	struct test_write t[50];

	(void)state;
	test_dir_make(&d.dir);
	db_open(&d, false, false);
	for (int i = 0; i < 50; i++) {
		test_write_init(&t[i]);
		replication_submit(
		    d.r, test_write_one(&t[i], "CREATE TABLE IF NOT EXISTS t (a)", STATEMENT_DDL));
	}
	replication_stop(d.r, 0);
	for (int i = 0; i < 50; i++) {
		enum write_outcome outcome = test_write_wait(&t[i]);

		assert_int_equal(t[i].ndone, 1);
		assert_true(outcome == WRITE_APPLIED || outcome == WRITE_REFUSED || outcome == WRITE_UNKNOWN);
		if (outcome == WRITE_REFUSED)
			assert_string_equal(t[i].w.err.sqlstate, SQLSTATE_ADMIN_SHUTDOWN);
		test_write_release(&t[i]);
	}
	store_close(d.store);
	db_remove(&d);
}

/* How fast: 64 clients whose next write follows their last one's answer at once. */

struct client {
	struct test_write t; /* first */
	struct db *db;
	int64_t left;
	struct running *running;
};

struct running {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n; /* under the lock */
};

static void client_submit(struct client *c)
{
	struct value row[] = { value_str("some text of a usual length, no more") };

	c->left--;
	test_write_begin(&c->t);
	test_write_statement(&c->t, "INSERT INTO t (b) VALUES (?1)", 0, 1);
	entry_builder_row(&c->t.builder, row, 1);
	replication_submit(c->db->r, test_write_end(&c->t));
}

static void client_end(struct running *r)
{
	pthread_mutex_lock(&r->lock);
	if (--r->n == 0)
		pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void on_client_done(struct write *w)
{
	struct client *c = w->owner;

	assert_int_equal(w->outcome, WRITE_APPLIED);
	if (c->left > 0)
		client_submit(c);
	else
		client_end(c->running);
}

static void many_single_row_inserts_share_an_fsync(void **state)
{
	enum { CLIENTS = 64 };
	const char *count = getenv("NQLITE_BENCH_WRITES");
	int64_t each = (count != NULL ? atoll(count) : 6400) / CLIENTS;
	static struct client clients[CLIENTS];
	struct db d = { 0 };
	struct test_write t;
	struct timespec before, after;
	struct running running = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, CLIENTS };

	(void)state;
	snprintf(d.dir.path, sizeof(d.dir.path),
	    "/tmp/nqlite-test-XXXXXX"); /* a disk: fsync is what it is about */
	assert_non_null(mkdtemp(d.dir.path));
	test_write_init(&t);
	db_open(&d, true, true);
	assert_int_equal(
	    test_write_run(&t, d.r, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", STATEMENT_DDL),
	    WRITE_APPLIED);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < CLIENTS; i++) {
		test_write_init(&clients[i].t);
		clients[i].t.w.owner = &clients[i];
		clients[i].t.w.on_done = on_client_done;
		clients[i].db = &d;
		clients[i].left = each;
		clients[i].running = &running;
		client_submit(&clients[i]);
	}
	pthread_mutex_lock(&running.lock);
	while (running.n > 0)
		pthread_cond_wait(&running.changed, &running.lock);
	pthread_mutex_unlock(&running.lock);
	clock_gettime(CLOCK_MONOTONIC, &after);
	double seconds =
	    (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	print_message("%.0f durable single-row inserts a second from %d clients\n",
	    (double)(each * CLIENTS) / seconds, CLIENTS);
	assert_int_equal(db_int(&d, "SELECT count(*) FROM t"), each * CLIENTS);
	db_close(&d);
	for (int i = 0; i < CLIENTS; i++)
		test_write_release(&clients[i].t);
	test_write_release(&t);
	db_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_of_many_threads_are_applied_once_each_embedded),
		cmocka_unit_test(writes_of_many_threads_are_applied_once_each_with_two_threads),
		cmocka_unit_test(a_reader_waits_for_the_head_or_a_seq_but_not_for_ever),
		cmocka_unit_test(the_catalog_is_new_before_the_ddl_is_answered),
		cmocka_unit_test(a_stop_answers_what_can_not_be_written_any_more),
		cmocka_unit_test(many_single_row_inserts_share_an_fsync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
