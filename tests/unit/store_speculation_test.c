#include "store/speculation.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

struct fixture {
	struct store *store;
	struct conn *writer;
};

static struct query query_of(const char *sql)
{
	return (struct query){ .sql = sql, .sql_len = strlen(sql) };
}

/* Also for threads, where cmocka's assertions mustn't be used. */
static void run(struct conn *conn, const char *sql)
{
	struct err err;
	struct query q = query_of(sql);

	if (conn_run(conn, &q, NULL, NULL, &err) == 0)
		return;
	fprintf(stderr, "%s: %s %s\n", sql, err.sqlstate, err.message);
	abort();
}

static const char *failure_of(struct conn *conn, const char *sql)
{
	static struct err err;
	struct query q = query_of(sql);

	return conn_run(conn, &q, NULL, NULL, &err) == 0 ? "" : err.sqlstate;
}

struct number_sink {
	struct row_sink sink;
	int64_t number;
};

static enum row_verdict on_number(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct number_sink *s = (struct number_sink *)sink;

	(void)n, (void)err;
	s->number = values[0].kind == VALUE_INT ? values[0].i : -1;
	return ROW_NEXT;
}

static int64_t number(struct conn *conn, const char *sql)
{
	struct number_sink s = { .sink.on_row = on_number, .number = -1 };
	struct query q = query_of(sql);
	struct err err;

	if (conn_run(conn, &q, &s.sink, NULL, &err) == 0)
		return s.number;
	fprintf(stderr, "%s: %s %s\n", sql, err.sqlstate, err.message);
	abort();
}

static struct speculation *begin(struct store *store)
{
	struct speculation *s;
	struct err err;

	if (speculation_begin(store, &s, &err) == 0)
		return s;
	fprintf(stderr, "begin: %s %s\n", err.sqlstate, err.message);
	abort();
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct store_options options = { .path = ":memory:", .cache_bytes = 256 * 1024 };
	struct err err;

	if (store_open(&f->store, &options, &err) != 0 ||
	    store_open_writer(f->store, &f->writer, &err) != 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	run(f->writer, "CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)");
	run(f->writer, "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
		       "INSERT INTO account SELECT i, 100 FROM n");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	conn_close(f->writer);
	store_close(f->store);
	free(f);
	return 0;
}

#define TOTAL "SELECT sum(amount) FROM account"

static void a_speculation_sees_its_snapshot_and_its_own_writes(void **state)
{
	struct fixture *f = *state;
	struct speculation *a = begin(f->store), *b = begin(f->store);

	run(speculation_conn(a), "UPDATE account SET amount = amount + 1");
	run(speculation_conn(b), "DELETE FROM account WHERE id >= 500");
	run(f->writer, "INSERT INTO account VALUES (5000, 7)");
	assert_int_equal(number(speculation_conn(a), TOTAL), 101000);
	assert_int_equal(number(speculation_conn(b), TOTAL), 50000);
	assert_int_equal(number(f->writer, TOTAL), 100007);
	assert_int_equal(conn_exec(speculation_conn(a), "SAVEPOINT s", NULL), 0);
	run(speculation_conn(a), "DELETE FROM account");
	assert_int_equal(conn_exec(speculation_conn(a), "ROLLBACK TO s", NULL), 0);
	assert_int_equal(number(speculation_conn(a), TOTAL), 101000);
	speculation_end(a);
	speculation_end(b);
	assert_int_equal(number(f->writer, TOTAL), 100007);
}

static void the_next_speculation_sees_the_newest_commit_and_schema(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= 20; i++) {
		struct err err;
		char sql[100];

		snprintf(sql, sizeof(sql), "ALTER TABLE account ADD COLUMN c%d INTEGER DEFAULT %d", i, i);
		run(f->writer, sql);
		if (i % 3 == 0)
			assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);

		struct speculation *s = begin(f->store);
		snprintf(sql, sizeof(sql), "SELECT sum(c%d) FROM account", i);
		assert_int_equal(number(speculation_conn(s), sql), 1000 * i);
		run(speculation_conn(s), "CREATE TABLE mine AS SELECT * FROM account");
		assert_int_equal(number(speculation_conn(s), "SELECT count(*) FROM mine"), 1000);
		speculation_end(s);
		assert_string_equal(failure_of(f->writer, "SELECT * FROM mine"), "42P01");
	}
}

static void nothing_can_be_committed_in_a_speculation(void **state)
{
	struct fixture *f = *state;
	struct speculation *s = begin(f->store);
	struct err err;

	run(speculation_conn(s), "DELETE FROM account");
	assert_int_not_equal(conn_exec(speculation_conn(s), "COMMIT", &err), 0);
	speculation_end(s);
	assert_int_equal(number(f->writer, TOTAL), 100000);
	s = begin(f->store);
	assert_int_equal(number(speculation_conn(s), TOTAL), 100000);
	speculation_end(s);
}

static void a_speculation_has_the_clock_of_its_environment(void **state)
{
	struct fixture *f = *state;
	struct environment env = { .now_us = INT64_C(86400000000) * 365, .seed = 7 };
	struct speculation *s = begin(f->store);

	conn_set_environment(speculation_conn(s), &env);
	assert_int_equal(number(speculation_conn(s), "SELECT CAST(strftime('%Y', 'now') AS INTEGER)"), 1971);
	speculation_end(s);
}

static void an_interrupted_speculation_ends_like_any_other(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		struct speculation *s = begin(f->store);

		run(speculation_conn(s), "DELETE FROM account");
		conn_interrupt(speculation_conn(s));
		assert_string_equal(failure_of(speculation_conn(s), "DELETE FROM account"), "57014");
		speculation_end(s);
	}
	assert_int_equal(number(f->writer, TOTAL), 100000);
}

static void writing_too_much_fails_with_53400_and_the_next_speculation_works(void **state)
{
	struct fixture *f = *state;
	struct speculation *s = begin(f->store);

	run(speculation_conn(s), "CREATE TABLE big (body BLOB)");
	assert_string_equal(
	    failure_of(speculation_conn(s), "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 "
					    "FROM n WHERE i < 400) INSERT INTO big SELECT "
					    "zeroblob(1000000) FROM n"),
	    "53400");
	assert_true(speculation_bytes(s) > 200000000);
	speculation_end(s);
	s = begin(f->store);
	assert_int_equal(speculation_bytes(s), 0);
	run(speculation_conn(s), "CREATE TABLE big (body BLOB)");
	assert_int_equal(number(speculation_conn(s), TOTAL), 100000);
	speculation_end(s);
}

static void too_many_speculations_fail_with_53300(void **state)
{
	struct fixture *f = *state;
	struct speculation *all[512], *one;
	struct rlimit files;
	struct err err;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 2048)
		skip();
	for (int i = 0; i < 512; i++) {
		all[i] = begin(f->store);
		run(speculation_conn(all[i]), "UPDATE account SET amount = 0 WHERE id = 1");
	}
	assert_int_equal(speculation_begin(f->store, &one, &err), -1);
	assert_string_equal(err.sqlstate, "53300");
	for (int i = 0; i < 512; i++)
		speculation_end(all[i]);
	one = begin(f->store);
	assert_int_equal(number(speculation_conn(one), TOTAL), 100000);
	speculation_end(one);
}

/* ---- threads: whatever happens, no money is made or lost ---- */

struct bank {
	struct fixture *f;
	atomic_bool is_closed;
};

static void *transfer_for_real(void *arg)
{
	struct bank *bank = arg;
	struct conn *writer = bank->f->writer;
	struct err err;

	for (unsigned i = 0; !atomic_load(&bank->is_closed); i++) {
		char sql[200];

		snprintf(sql, sizeof(sql),
		    "UPDATE account SET amount = amount + CASE id WHEN %u THEN -1 ELSE 1 END WHERE id IN "
		    "(%u, %u)",
		    i % 1000, i % 1000, (i * 7 + 1) % 1000 == i % 1000 ? (i + 1) % 1000 : (i * 7 + 1) % 1000);
		run(writer, sql);
		if (i % 16 == 0 && store_checkpoint(bank->f->store, writer, &err) != 0)
			abort();
	}
	return NULL;
}

static void *transfer_in_speculations(void *arg)
{
	struct bank *bank = arg;

	for (int i = 0; i < 300; i++) {
		struct speculation *s = begin(bank->f->store);
		struct conn *conn = speculation_conn(s);
		int64_t before = number(conn, TOTAL);

		run(conn, "UPDATE account SET amount = amount + CASE WHEN id < 500 THEN 3 ELSE -3 END");
		if (before != 100000 || number(conn, TOTAL) != 100000)
			abort();
		speculation_end(s);
	}
	return NULL;
}

static void speculations_on_many_threads_never_see_half_a_commit(void **state)
{
	enum { THREADS = 6 };
	struct bank bank = { .f = *state };
	pthread_t writer, threads[THREADS];

	pthread_create(&writer, NULL, transfer_for_real, &bank);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, transfer_in_speculations, &bank);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&bank.is_closed, true);
	pthread_join(writer, NULL);
	assert_int_equal(number(bank.f->writer, TOTAL), 100000);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(struct fixture *f, int n, bool commits)
{
	double spent = 0;

	for (int i = 0; i < n; i++) {
		if (commits)
			run(f->writer, "UPDATE account SET amount = amount + 1 WHERE id = 2");
		double t = now_us();
		struct speculation *s = begin(f->store);
		number(speculation_conn(s),
		    "UPDATE account SET amount = amount + 1 WHERE id = 1 RETURNING amount");
		speculation_end(s);
		spent += now_us() - t;
	}
	return spent / n;
}

static void a_small_speculation_takes_microseconds(void **state)
{
	double idle = measure(*state, 20000, false), beside = measure(*state, 5000, true);

	printf("begin, UPDATE .. RETURNING, end: %.1f us, %.1f us with a commit between\n", idle, beside);
	assert_true(idle < 2000 && beside < 2000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_speculation_sees_its_snapshot_and_its_own_writes),
		CASE(the_next_speculation_sees_the_newest_commit_and_schema),
		CASE(nothing_can_be_committed_in_a_speculation),
		CASE(a_speculation_has_the_clock_of_its_environment),
		CASE(an_interrupted_speculation_ends_like_any_other),
		CASE(writing_too_much_fails_with_53400_and_the_next_speculation_works),
		CASE(too_many_speculations_fail_with_53300),
		CASE(speculations_on_many_threads_never_see_half_a_commit),
		CASE(a_small_speculation_takes_microseconds),
	};

	return cmocka_run_group_tests_name("speculation", tests, NULL, NULL);
}
