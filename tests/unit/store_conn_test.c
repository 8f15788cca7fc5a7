#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

/* ---- helpers ---- */

struct fixture {
	struct store *store;
	struct conn *writer;
	struct conn *reader;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct store_options options = { .path = ":memory:", .readers_max = 2, .statements_max = 8 };
	struct err err;

	if (store_open(&f->store, &options, &err) != 0 ||
	    store_open_writer(f->store, &f->writer, &err) != 0 ||
	    store_open_reader(f->store, &f->reader, &err) != 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	conn_close(f->reader);
	conn_close(f->writer);
	store_close(f->store);
	free(f);
	return 0;
}

static struct query query_of(const char *sql)
{
	return (struct query){ .sql = sql, .sql_len = strlen(sql) };
}

static void run(struct conn *conn, const char *sql)
{
	struct query q = query_of(sql);
	struct err err;

	if (conn_run(conn, &q, NULL, NULL, &err) != 0)
		fail_msg("%s: %s", sql, err.message);
}

/* Rows as text: values joined by "|", rows by "\n". */
struct text_sink {
	struct row_sink sink;
	char text[4096];
	size_t len;
	size_t pause_after; /* rows; 0: never */
	size_t rows;
};

static void put(struct text_sink *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += (size_t)vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, args);
	va_end(args);
	assert_true(t->len < sizeof(t->text));
}

static enum row_verdict on_text_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct text_sink *t = (struct text_sink *)sink;

	(void)err;
	if (t->len > 0)
		put(t, "\n");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(t, "|");
		switch (values[i].kind) {
		case VALUE_NULL: put(t, "NULL"); break;
		case VALUE_INT: put(t, "%lld", (long long)values[i].i); break;
		case VALUE_FLOAT: put(t, "%.17g", values[i].f); break;
		case VALUE_TEXT: put(t, "%.*s", (int)values[i].len, values[i].text); break;
		case VALUE_BLOB:
			put(t, "x'");
			for (uint32_t k = 0; k < values[i].len; k++)
				put(t, "%02x", values[i].blob[k]);
			put(t, "'");
			break;
		}
	}
	t->rows++;
	return t->pause_after != 0 && t->rows % t->pause_after == 0 ? ROW_PAUSE : ROW_NEXT;
}

static const char *ask_with(struct text_sink *t, struct conn *conn, const struct query *q)
{
	struct err err;

	*t = (struct text_sink){ .sink = { on_text_row } };
	if (conn_run(conn, q, &t->sink, NULL, &err) != 0)
		fail_msg("%s: %s", q->sql, err.message);
	return t->text;
}

static const char *ask(struct text_sink *t, struct conn *conn, const char *sql)
{
	struct query q = query_of(sql);

	return ask_with(t, conn, &q);
}

static void refused(struct conn *conn, const char *sql, const char *sqlstate, struct err *err)
{
	struct query q = query_of(sql);

	if (conn_run(conn, &q, NULL, NULL, err) == 0)
		fail_msg("%s was not refused", sql);
	if (strcmp(err->sqlstate, sqlstate) != 0)
		fail_msg("%s: %s, not %s: %s", sql, err->sqlstate, sqlstate, err->message);
}

/* ---- running statements ---- */

static void rows_come_with_all_five_storage_classes(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;

	assert_string_equal(ask(&t, f->reader, "SELECT 1, 2.5, 'three', x'04', NULL, '', x''"),
	    "1|2.5|three|x'04'|NULL||x''");
}

static void parameters_of_all_five_storage_classes_come_back(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	struct value params[] = { value_int(INT64_MIN), value_float(0.5), value_str("h\xc3\xa9"),
		value_blob("\0\1", 2), value_null(), { .kind = VALUE_TEXT }, { .kind = VALUE_BLOB } };
	struct query q = query_of("SELECT ?1, ?2, ?3, ?4, ?5, typeof(?6), typeof(?7)");

	q.params = params;
	q.nparams = 7;
	assert_string_equal(
	    ask_with(&t, f->reader, &q), "-9223372036854775808|0.5|h\xc3\xa9|x'0001'|NULL|text|blob");
	q.params_outlive = true;
	assert_string_equal(
	    ask_with(&t, f->reader, &q), "-9223372036854775808|0.5|h\xc3\xa9|x'0001'|NULL|text|blob");
}

static void a_parameter_left_out_is_null_and_one_too_many_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct value params[] = { value_int(1), value_int(2), value_int(3) };
	struct query q = query_of("SELECT ?1, ?2");
	struct text_sink t;
	struct err err;

	q.params = params;
	q.nparams = 2;
	assert_string_equal(ask_with(&t, f->reader, &q), "1|2");
	q.nparams = 1;
	assert_string_equal(ask_with(&t, f->reader, &q), "1|NULL");
	q.nparams = 3;
	assert_int_equal(conn_run(f->reader, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "08P01");
	q.nparams = 2;
	assert_string_equal(ask_with(&t, f->reader, &q), "1|2");
}

static void changes_are_those_of_the_statement_alone(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *sql;
		int64_t changes;
	} cases[] = {
		{ "CREATE TABLE t (id INTEGER PRIMARY KEY, n)", 0 },
		{ "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)", 3 },
		{ "SELECT * FROM t", 0 },
		{ "UPDATE t SET n = 0 WHERE id > 5", 0 },
		{ "CREATE TABLE u AS SELECT * FROM t", 0 },
		{ "UPDATE t SET n = 0", 3 },
		{ "CREATE INDEX i ON t (n)", 0 },
		{ "INSERT INTO t VALUES (1, 9) ON CONFLICT DO NOTHING", 0 },
		{ "INSERT INTO t VALUES (4, 9) RETURNING id", 1 },
		{ "DELETE FROM t", 4 },
		{ "DROP TABLE u", 0 },
		{ "DROP TABLE t", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct query q = query_of(cases[i].sql);
		struct err err;
		int64_t changes = -1;

		assert_int_equal(conn_run(f->writer, &q, NULL, &changes, &err), 0);
		if (changes != cases[i].changes)
			fail_msg("%s: %lld changes", cases[i].sql, (long long)changes);
	}
}

static void a_text_of_several_statements_or_none_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct text_sink t;

	refused(f->reader, "SELECT 1; SELECT 2", "42601", &err);
	refused(f->reader, "", "42601", &err);
	refused(f->reader, " ; -- nothing", "42601", &err);
	assert_string_equal(ask(&t, f->reader, "SELECT 1; /* no more */ ; -- nothing"), "1");
	assert_string_equal(ask(&t, f->reader, ";; SELECT 2"), "2");

	struct query nul = { .sql = "SELECT 1\0 + 1", .sql_len = 13 };
	assert_int_equal(conn_run(f->reader, &nul, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "42601");
}

static void a_cursor_pauses_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct query q = query_of(
	    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5) SELECT n FROM c");
	struct text_sink t = { .sink = { on_text_row }, .pause_after = 2 };
	struct run_limits two = { .rows_max = 2 };
	struct cursor c;
	struct err err;

	assert_int_equal(cursor_open(&c, f->reader, &q, &err), 0);
	assert_int_equal(cursor_columns(&c), 1);
	assert_string_equal(cursor_column_name(&c, 0), "n");
	assert_null(cursor_column_decltype(&c, 0));
	assert_int_equal(cursor_run(&c, &t.sink, NULL, &err), CURSOR_PAUSED);
	assert_string_equal(t.text, "1\n2");
	t.pause_after = 0;
	assert_int_equal(cursor_run(&c, &t.sink, &two, &err), CURSOR_PAUSED);
	assert_string_equal(t.text, "1\n2\n3\n4");
	assert_int_equal(cursor_run(&c, &t.sink, &two, &err), CURSOR_DONE);
	assert_string_equal(t.text, "1\n2\n3\n4\n5");
	cursor_close(&c);
}

static void two_cursors_of_one_text_do_not_disturb_each_other(void **state)
{
	struct fixture *f = *state;
	struct query q = query_of("VALUES (1), (2), (3)");
	struct run_limits one = { .rows_max = 1 };
	struct text_sink a = { .sink = { on_text_row } }, b = { .sink = { on_text_row } };
	struct cursor first, second;
	struct err err;

	assert_int_equal(cursor_open(&first, f->reader, &q, &err), 0);
	assert_int_equal(cursor_run(&first, &a.sink, &one, &err), CURSOR_PAUSED);
	assert_int_equal(cursor_open(&second, f->reader, &q, &err), 0);
	assert_int_equal(cursor_run(&second, &b.sink, NULL, &err), CURSOR_DONE);
	cursor_close(&second);
	assert_int_equal(cursor_run(&first, &a.sink, NULL, &err), CURSOR_DONE);
	cursor_close(&first);
	assert_string_equal(a.text, "1\n2\n3");
	assert_string_equal(b.text, "1\n2\n3");
}

static void a_cached_statement_sees_the_new_columns(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;

	run(f->writer, "CREATE TABLE t (a)");
	run(f->writer, "INSERT INTO t VALUES (1)");
	assert_string_equal(ask(&t, f->reader, "SELECT * FROM t"), "1");
	run(f->writer, "ALTER TABLE t ADD COLUMN b DEFAULT 2");
	assert_string_equal(ask(&t, f->reader, "SELECT * FROM t"), "1|2");
	assert_string_equal(ask(&t, f->writer, "SELECT * FROM t"), "1|2");
}

static void the_cache_holds_as_many_statements_as_it_may(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	char sql[64], expected[16];

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 20; i++) {
			snprintf(sql, sizeof(sql), "SELECT %d", i);
			snprintf(expected, sizeof(expected), "%d", i);
			assert_string_equal(ask(&t, f->reader, sql), expected);
		}
}

static void a_statement_that_is_put_out_of_the_cache_while_a_cursor_holds_it_goes_on(void **state)
{
	struct fixture *f = *state;
	struct query q = query_of("VALUES (1), (2)");
	struct run_limits one = { .rows_max = 1 };
	struct text_sink a = { .sink = { on_text_row } }, t;
	struct cursor c;
	struct err err;
	char sql[64];

	assert_int_equal(cursor_open(&c, f->reader, &q, &err), 0);
	assert_int_equal(cursor_run(&c, &a.sink, &one, &err), CURSOR_PAUSED);
	for (int i = 0; i < 20; i++) {
		snprintf(sql, sizeof(sql), "SELECT %d", i);
		ask(&t, f->reader, sql);
	}
	assert_int_equal(cursor_run(&c, &a.sink, NULL, &err), CURSOR_DONE);
	cursor_close(&c);
	assert_string_equal(a.text, "1\n2");
}

static enum row_verdict on_failing_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	(void)sink, (void)values, (void)n;
	err_set(err, "22000", "enough");
	return ROW_FAIL;
}

static void a_sink_that_fails_ends_the_cursor_with_its_error(void **state)
{
	struct fixture *f = *state;
	struct row_sink sink = { on_failing_row };
	struct query q = query_of("VALUES (1), (2)");
	struct err err;

	assert_int_equal(conn_run(f->reader, &q, &sink, NULL, &err), -1);
	assert_string_equal(err.message, "enough");
	assert_false(conn_failure_is_local(f->reader));
}

/* ---- snapshots, kinds ---- */

static void a_held_snapshot_stays_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	assert_int_equal(conn_hold_snapshot(f->reader, &err), 0);
	run(f->writer, "INSERT INTO t VALUES (1)");
	assert_string_equal(ask(&t, f->reader, "SELECT count(*) FROM t"), "0");
	assert_string_equal(ask(&t, f->reader, "SELECT count(*) FROM t"), "0");
	conn_release_snapshot(f->reader);
	assert_false(conn_in_transaction(f->reader));
	assert_string_equal(ask(&t, f->reader, "SELECT count(*) FROM t"), "1");
}

static void a_reader_can_not_write(void **state)
{
	struct fixture *f = *state;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	refused(f->reader, "INSERT INTO t VALUES (1)", "25006", &err);
	refused(f->reader, "CREATE TABLE u (a)", "25006", &err);
}

static void there_is_one_writer(void **state)
{
	struct fixture *f = *state;
	struct conn *second;
	struct err err;

	assert_int_equal(store_open_writer(f->store, &second, &err), -1);
	assert_null(second);
	conn_close(f->writer);
	assert_int_equal(store_open_writer(f->store, &f->writer, &err), 0);
}

static void the_pool_gives_as_many_readers_as_it_may(void **state)
{
	struct fixture *f = *state;
	struct conn *a, *b, *c;
	struct err err;

	assert_int_equal(store_take_reader(f->store, &a, &err), 0);
	assert_int_equal(store_take_reader(f->store, &b, &err), 0);
	assert_int_equal(store_take_reader(f->store, &c, &err), -1);
	assert_string_equal(err.sqlstate, "53300");
	assert_int_equal(conn_hold_snapshot(b, &err), 0);
	conn_interrupt(b);
	store_give_reader(f->store, b);
	assert_int_equal(store_take_reader(f->store, &c, &err), 0);
	assert_ptr_equal(b, c);
	assert_false(conn_in_transaction(c));
	run(c, "SELECT 1"); /* the interrupt is gone */
	store_give_reader(f->store, c);
	store_give_reader(f->store, a);
}

static void the_wal_is_written_back_when_it_has_grown(void **state)
{
	struct fixture *f = *state;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	assert_false(store_needs_checkpoint(f->store, f->writer));
	for (int i = 0; i < 20; i++)
		run(f->writer, "INSERT INTO t VALUES (zeroblob(1000000))");
	assert_true(store_needs_checkpoint(f->store, f->writer));
	assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
	assert_false(store_needs_checkpoint(f->store, f->writer));
	run(f->writer, "INSERT INTO t VALUES (1)"); /* begins the WAL anew */
	assert_false(store_needs_checkpoint(f->store, f->writer));
	assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
}

static void a_checkpoint_does_not_wait_for_a_reader(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	assert_int_equal(conn_hold_snapshot(f->reader, &err), 0);
	for (int i = 0; i < 20; i++)
		run(f->writer, "INSERT INTO t VALUES (zeroblob(1000000))");
	assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
	assert_false(store_needs_checkpoint(f->store, f->writer)); /* not at every commit again */
	assert_string_equal(ask(&t, f->reader, "SELECT count(*) FROM t"), "0");
	conn_release_snapshot(f->reader);
	for (int i = 0; i < 20; i++)
		run(f->writer, "INSERT INTO t VALUES (zeroblob(1000000))");
	assert_true(store_needs_checkpoint(f->store, f->writer));
}

static long long wal_size(const struct store *store)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", store_path(store));
	return stat(path, &st) == 0 ? (long long)st.st_size : -1;
}

static void a_wal_that_readers_held_up_shrinks_when_they_are_gone(void **state)
{
	struct fixture *f = *state;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	assert_int_equal(conn_hold_snapshot(f->reader, &err), 0);
	for (int i = 0; i < 70; i++) {
		run(f->writer, "INSERT INTO t VALUES (zeroblob(1000000))");
		if (store_needs_checkpoint(f->store, f->writer))
			assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
	}
	assert_true(wal_size(f->store) > 64 * 1024 * 1024);
	conn_release_snapshot(f->reader);
	assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
	run(f->writer, "INSERT INTO t VALUES (1)");
	assert_true(wal_size(f->store) <= 16 * 1024 * 1024);
}

static void the_writer_prepares_anew_when_a_schema_change_is_rolled_back(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	run(f->writer, "INSERT INTO t VALUES (1)");
	assert_string_equal(ask(&t, f->writer, "SELECT * FROM t"), "1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(conn_exec(f->writer, "BEGIN", &err), 0);
		assert_int_equal(conn_exec(f->writer, "SAVEPOINT s", &err), 0);
		run(f->writer, "ALTER TABLE t ADD COLUMN b DEFAULT 2");
		assert_string_equal(ask(&t, f->writer, "SELECT * FROM t"), "1|2");
		assert_int_equal(conn_exec(f->writer, "ROLLBACK TO s", &err), 0);
		assert_string_equal(ask(&t, f->writer, "SELECT * FROM t"), "1");
		assert_int_equal(conn_exec(f->writer, i == 2 ? "COMMIT" : "ROLLBACK", &err), 0);
		assert_string_equal(ask(&t, f->writer, "SELECT * FROM t"), "1");
	}
}

/* ---- limits ---- */

#define LONG_QUERY                                                                                         \
	"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 100000000) SELECT count(*) " \
	"FROM c"
#define SHORT_QUERY \
	"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000) SELECT count(*) FROM c"

static void a_cursor_over_its_budget_starts_from_its_beginning(void **state)
{
	struct fixture *f = *state;
	struct query q = query_of(SHORT_QUERY);
	struct run_limits limits = { .ops_max = 2000 };
	struct text_sink t = { .sink = { on_text_row } };
	struct cursor c;
	struct err err;

	assert_int_equal(cursor_open(&c, f->reader, &q, &err), 0);
	assert_int_equal(cursor_run(&c, &t.sink, &limits, &err), CURSOR_OVER_BUDGET);
	assert_int_equal(cursor_run(&c, &t.sink, &limits, &err), CURSOR_OVER_BUDGET);
	assert_int_equal(cursor_run(&c, &t.sink, NULL, &err), CURSOR_DONE);
	assert_string_equal(t.text, "5000");
	cursor_close(&c);
}

/* The least limit under which it runs is the same however often it ran before. */
static uint64_t least_limit(struct conn *conn, const char *sql)
{
	uint64_t low = 0, high = 1000;

	while (high - low > 1) {
		uint64_t middle = (low + high) / 2;
		struct environment env = { .ops_max = middle * 1000 };
		struct query q = query_of(sql);
		struct err err;

		conn_set_environment(conn, &env);
		if (conn_run(conn, &q, NULL, NULL, &err) == 0) {
			high = middle;
		} else {
			assert_string_equal(err.sqlstate, "54000");
			assert_false(conn_failure_is_local(conn));
			low = middle;
		}
	}
	return high;
}

static void the_limit_of_the_environment_is_deterministic(void **state)
{
	struct fixture *f = *state;
	uint64_t first = least_limit(f->writer, SHORT_QUERY);

	assert_true(first > 1 && first < 1000);
	for (int i = 0; i < 5; i++) {
		struct query q = query_of(SHORT_QUERY);

		conn_set_environment(f->writer, &(struct environment){ 0 });
		assert_int_equal(conn_run(f->writer, &q, NULL, NULL, NULL), 0);
		assert_int_equal(least_limit(f->writer, SHORT_QUERY), first);
	}
	conn_set_environment(f->writer, &(struct environment){ 0 });
	run(f->writer, "CREATE TABLE t (a)");
	assert_int_equal(least_limit(f->writer, SHORT_QUERY), first);
}

static void an_interrupt_between_statements_stops_the_next_until_it_is_cleared(void **state)
{
	struct fixture *f = *state;
	struct err err;

	conn_interrupt(f->reader);
	refused(f->reader, "SELECT 1", "57014", &err);
	assert_true(conn_failure_is_local(f->reader));
	refused(f->reader, "SELECT 1", "57014", &err);
	conn_clear_interrupt(f->reader);
	run(f->reader, "SELECT 1");
}

static void an_interrupt_that_was_cleared_leaves_a_paused_cursor_alone(void **state)
{
	struct fixture *f = *state;
	struct query q = query_of("VALUES (1), (2), (3)");
	struct run_limits one = { .rows_max = 1 };
	struct text_sink t = { .sink = { on_text_row } };
	struct cursor c;
	struct err err;

	assert_int_equal(cursor_open(&c, f->reader, &q, &err), 0);
	assert_int_equal(cursor_run(&c, &t.sink, &one, &err), CURSOR_PAUSED);
	conn_interrupt(f->reader);
	conn_clear_interrupt(f->reader);
	assert_int_equal(cursor_run(&c, &t.sink, NULL, &err), CURSOR_DONE);
	assert_string_equal(t.text, "1\n2\n3");
	cursor_close(&c);
}

static void a_write_over_the_limit_ends_its_whole_transaction(void **state)
{
	struct fixture *f = *state;
	struct text_sink t;
	struct err err;

	run(f->writer, "CREATE TABLE t (a)");
	assert_int_equal(conn_exec(f->writer, "BEGIN", &err), 0);
	run(f->writer, "INSERT INTO t VALUES (1)");
	conn_set_environment(f->writer, &(struct environment){ .ops_max = 10000 });
	refused(f->writer, "INSERT INTO t " LONG_QUERY, "54000", &err);
	assert_false(conn_in_transaction(f->writer));
	conn_set_environment(f->writer, &(struct environment){ 0 });
	assert_string_equal(ask(&t, f->writer, "SELECT count(*) FROM t"), "0");
}

struct runner {
	struct conn *conn;
	struct err err;
	atomic_bool has_begun;
	int rc;
};

struct runner_sink {
	struct row_sink sink;
	struct runner *runner;
};

static enum row_verdict on_first_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	(void)values, (void)n, (void)err;
	atomic_store(&((struct runner_sink *)sink)->runner->has_begun, true);
	return ROW_NEXT;
}

static void *run_long_query(void *arg)
{
	struct runner *r = arg;
	struct runner_sink sink = { { on_first_row }, r };
	struct query q = query_of("SELECT 1 UNION ALL SELECT * FROM (" LONG_QUERY ")");

	r->rc = conn_run(r->conn, &q, &sink.sink, NULL, &r->err);
	return NULL;
}

static void an_interrupt_from_another_thread_stops_the_statement(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++) {
		struct runner r = { .conn = f->reader };
		pthread_t thread;

		atomic_init(&r.has_begun, false);
		assert_int_equal(pthread_create(&thread, NULL, run_long_query, &r), 0);
		if (i % 2 == 0) /* else at any moment, also before it begins */
			while (!atomic_load(&r.has_begun))
				sched_yield();
		conn_interrupt(f->reader);
		pthread_join(thread, NULL);
		assert_int_equal(r.rc, -1);
		assert_string_equal(r.err.sqlstate, "57014");
		conn_clear_interrupt(f->reader);
		run(f->reader, "SELECT 1");
	}
}

/* ---- many threads ---- */

struct reading {
	struct store *store;
	atomic_bool *stop;
	int reads;
	bool went_back;
};

static void *read_on(void *arg)
{
	struct reading *r = arg;
	struct text_sink t;
	long long last = -1;

	while (!atomic_load(r->stop) || r->reads == 0) {
		struct conn *conn;
		struct err err;

		if (store_take_reader(r->store, &conn, &err) != 0)
			continue;
		long long n = strtoll(ask(&t, conn, "SELECT count(*) FROM t"), NULL, 10);
		store_give_reader(r->store, conn);
		r->went_back = r->went_back || n < last;
		last = n;
		r->reads++;
	}
	return NULL;
}

static void readers_and_the_writer_work_at_once(void **state)
{
	struct fixture *f = *state;
	struct reading readings[4];
	pthread_t threads[4];
	atomic_bool stop;
	struct err err;

	atomic_init(&stop, false);
	run(f->writer, "CREATE TABLE t (a)");
	for (int i = 0; i < 4; i++) {
		readings[i] = (struct reading){ .store = f->store, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
	}
	for (int i = 0; i < 300; i++) {
		run(f->writer, "INSERT INTO t VALUES (zeroblob(100))");
		if (i % 50 == 0)
			assert_int_equal(store_checkpoint(f->store, f->writer, &err), 0);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_true(readings[i].reads > 0);
		assert_false(readings[i].went_back);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_come_with_all_five_storage_classes),
		T(parameters_of_all_five_storage_classes_come_back),
		T(a_parameter_left_out_is_null_and_one_too_many_is_an_error),
		T(changes_are_those_of_the_statement_alone),
		T(a_text_of_several_statements_or_none_is_refused),
		T(a_cursor_pauses_and_goes_on),
		T(two_cursors_of_one_text_do_not_disturb_each_other),
		T(a_cached_statement_sees_the_new_columns),
		T(the_cache_holds_as_many_statements_as_it_may),
		T(a_statement_that_is_put_out_of_the_cache_while_a_cursor_holds_it_goes_on),
		T(a_sink_that_fails_ends_the_cursor_with_its_error),
		T(a_held_snapshot_stays_as_it_is),
		T(a_reader_can_not_write),
		T(there_is_one_writer),
		T(the_pool_gives_as_many_readers_as_it_may),
		T(the_wal_is_written_back_when_it_has_grown),
		T(a_checkpoint_does_not_wait_for_a_reader),
		T(a_wal_that_readers_held_up_shrinks_when_they_are_gone),
		T(the_writer_prepares_anew_when_a_schema_change_is_rolled_back),
		T(a_cursor_over_its_budget_starts_from_its_beginning),
		T(the_limit_of_the_environment_is_deterministic),
		T(an_interrupt_between_statements_stops_the_next_until_it_is_cleared),
		T(an_interrupt_that_was_cleared_leaves_a_paused_cursor_alone),
		T(a_write_over_the_limit_ends_its_whole_transaction),
		T(an_interrupt_from_another_thread_stops_the_statement),
		T(readers_and_the_writer_work_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
