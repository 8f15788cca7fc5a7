#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "sim/replication_script.h"

struct node {
	struct test_dir dir;
	struct script script;
	struct store *store;
	struct publisher *publisher;
	struct applier *applier;
	struct conn *reader;
	struct replication_status status;
	struct apply_probe probe;
	bool is_failing;
	bool is_local;
	uint64_t last_seq;
	struct test_write t;
	struct buf messages[64];
	size_t nmessages;
};

static bool probe_fails(void *arg, enum apply_point point)
{
	return ((struct node *)arg)->is_failing && point == APPLY_COMMIT;
}

static void node_step(struct node *n)
{
	n->script.now_us += 1000;
	while (applier_step(n->applier) == 0) {}
	publisher_step(n->publisher);
	applier_status(n->applier, &n->status);
}

static void node_start(struct node *n)
{
	char file[128];
	struct err err;
	struct origin origin = { { 1 } };
	struct store_options so = { .path = test_dir_file(&n->dir, "t.db", file) };
	struct publisher_options po = { .log = &n->script.log,
		.origin = origin,
		.write_wait_us = 10000000,
		.batch_bytes_max = 100000,
		.batches_in_flight_max = 8,
		.pending_bytes_max = 1 << 20,
		.clock = &n->script.clock };
	struct applier_options ao = { .store = NULL,
		.log = &n->script.log,
		.origin = origin,
		.is_local = n->is_local,
		.clock = &n->script.clock,
		.probe = &n->probe };

	assert_int_equal(store_open(&n->store, &so, &err), 0);
	assert_int_equal(publisher_new(&n->publisher, &po, &err), 0);
	ao.store = n->store;
	ao.publisher = n->publisher;
	n->probe = (struct apply_probe){ probe_fails, n };
	assert_int_equal(applier_open(&n->applier, &ao, &err), 0);
	assert_int_equal(store_take_reader(n->store, &n->reader, &err), 0);
}

static void node_connect(struct node *n)
{
	n->script.identity.last_seq = n->last_seq;
	applier_on_state(n->applier, LOG_CONNECTED, NULL);
	node_step(n);
}

static void node_stop(struct node *n)
{
	store_give_reader(n->store, n->reader);
	publisher_finish(n->publisher);
	applier_close(n->applier);
	publisher_free(n->publisher);
	store_close(n->store);
}

static void node_open(struct node *n)
{
	memset(n, 0, sizeof(*n));
	test_dir_make(&n->dir);
	script_init(&n->script);
	test_write_init(&n->t);
	node_start(n);
	node_connect(n);
	assert_int_equal(n->status.phase, PHASE_READY);
}

static void node_close(struct node *n)
{
	node_stop(n);
	assert_int_equal(n->script.nleases, 0);
	test_write_release(&n->t);
	script_release(&n->script);
	for (size_t i = 0; i < n->nmessages; i++)
		buf_release(&n->messages[i]);
	test_dir_remove_file(&n->dir, "t.db");
	test_dir_remove(&n->dir);
}

static void deliver_at(struct node *n, uint64_t seq, bool is_ours, const void *data, size_t len)
{
	struct buf *copy = &n->messages[n->nmessages++];

	buf_init(copy, 1 << 20);
	buf_put(copy, data, len);
	struct log_message m = {
		.seq = seq, .time_us = 1600000000000000, .is_ours = is_ours, .data = copy->data, .len = len
	};
	n->script.nleases++;
	applier_on_message(n->applier, &m);
}

static void deliver(struct node *n, const void *data, size_t len)
{
	deliver_at(n, ++n->last_seq, true, data, len);
	node_step(n);
}

static void deliver_json(struct node *n, const char *text)
{
	deliver_at(n, ++n->last_seq, false, text, strlen(text));
	node_step(n);
}

/* What the publisher made last comes back from the log. */
static void deliver_published(struct node *n)
{
	const struct script_publish *p = &n->script.published[n->script.npublished - 1];

	deliver(n, p->data, p->len);
}

/* Publishes the entry that was built in n->t, and has it delivered. */
static enum write_outcome run_built(struct node *n)
{
	publisher_submit(n->publisher, test_write_end(&n->t));
	publisher_step(n->publisher);
	deliver_published(n);
	assert_int_equal(n->t.ndone, 1);
	return n->t.w.outcome;
}

static enum write_outcome run(struct node *n, const char *sql, uint8_t flags)
{
	test_write_begin(&n->t);
	test_write_add(&n->t, sql, flags);
	return run_built(n);
}

static int64_t get(struct node *n, const char *sql)
{
	return test_select_int(n->reader, sql);
}

static void make_tables(struct node *n)
{
	assert_int_equal(
	    run(n, "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)", STATEMENT_DDL), WRITE_APPLIED);
	assert_int_equal(run(n, "INSERT INTO t VALUES (1, 'one'), (2, 'two')", 0), WRITE_APPLIED);
}

/* Outcomes. */

static void a_write_learns_what_it_changed(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	test_write_begin(&n.t);
	test_write_add(&n.t, "UPDATE t SET b = b || '!'", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (7, 'x')", 0);
	test_write_statement(&n.t, "INSERT INTO t VALUES (?1, ?2)", 0, 2);
	for (int i = 10; i < 15; i++)
		entry_builder_row(&n.t.builder, (struct value[]){ value_int(i), value_int(i) }, 2);
	assert_int_equal(run_built(&n), WRITE_APPLIED);
	assert_int_equal(n.t.results[0].changes, 2);
	assert_int_equal(n.t.results[1].changes, 1);
	assert_int_equal(n.t.results[1].last_insert_rowid, 7);
	assert_int_equal(n.t.results[2].changes, 5);
	assert_int_equal(n.t.w.seq, n.last_seq);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 8);
	node_close(&n);
}

static void a_failing_statement_takes_its_whole_entry_back_and_no_other(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	test_write_begin(&n.t);
	test_write_add(&n.t, "INSERT INTO t VALUES (3, 'three')", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (4, 'two')", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (5, 'five')", 0);
	assert_int_equal(run_built(&n), WRITE_FAILED);
	assert_string_equal(n.t.w.err.sqlstate, SQLSTATE_UNIQUE);
	assert_int_equal(n.t.w.failed_statement, 1);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	assert_int_equal(run(&n, "INSERT INTO t VALUES (3, 'three')", 0), WRITE_APPLIED);
	assert_int_equal(n.status.failures, 1);
	node_close(&n);
}

static void on_separate_error(struct write *w, uint32_t statement, const struct err *err)
{
	struct test_write *t = w->owner;

	(void)err;
	t->results[15].changes = statement; /* noted where no statement is */
}

static void a_separate_statement_fails_alone(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	n.t.w.on_error = on_separate_error;
	test_write_begin(&n.t);
	test_write_add(&n.t, "INSERT INTO t VALUES (3, 'three')", STATEMENT_SEPARATE);
	test_write_statement(&n.t, "INSERT INTO t VALUES (?1, ?1)", STATEMENT_SEPARATE, 1);
	entry_builder_row(&n.t.builder, (struct value[]){ value_int(20) }, 1);
	entry_builder_row(&n.t.builder, (struct value[]){ value_int(20) }, 1);
	test_write_add(&n.t, "INSERT INTO t VALUES (5, 'five')", STATEMENT_SEPARATE);
	assert_int_equal(run_built(&n), WRITE_APPLIED);
	assert_false(n.t.results[0].has_failed);
	assert_true(n.t.results[1].has_failed);
	assert_false(n.t.results[2].has_failed);
	assert_int_equal(n.t.results[15].changes, 1);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 4);
	assert_int_equal(get(&n, "SELECT count(*) FROM t WHERE a = 20"), 0);
	node_close(&n);
}

struct collector {
	struct row_sink sink;
	int nrows, fail_at;
};

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct collector *c = (struct collector *)(void *)sink;

	(void)values, (void)n;
	if (++c->nrows != c->fail_at)
		return ROW_NEXT;
	err_set(err, SQLSTATE_OUT_OF_MEMORY, "no room for the row");
	return ROW_FAIL;
}

static struct collector collector;

static struct row_sink *give_sink(struct write *w, uint32_t statement)
{
	(void)w, (void)statement;
	return &collector.sink;
}

static void returned_rows_reach_the_writer_and_his_failure_undoes_nothing(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	n.t.w.sink = give_sink;
	collector = (struct collector){ .sink = { on_row } };
	assert_int_equal(run(&n, "UPDATE t SET b = a RETURNING a", 0), WRITE_APPLIED);
	assert_int_equal(collector.nrows, 2);
	collector = (struct collector){ .sink = { on_row }, .fail_at = 1 };
	assert_int_equal(run(&n, "UPDATE t SET b = a + 10 RETURNING a", 0), WRITE_APPLIED);
	assert_string_equal(n.t.w.err.sqlstate, SQLSTATE_OUT_OF_MEMORY);
	assert_int_equal(collector.nrows, 1);
	assert_int_equal(get(&n, "SELECT sum(b) FROM t"), 23);
	node_close(&n);
}

static void what_differs_from_what_the_client_was_told_is_a_conflict(void **state)
{
	struct node n;
	struct entry_header h = { .now_us = 1, .flags = ENTRY_VERIFY };
	struct value one = value_int(1);

	(void)state;
	node_open(&n);
	make_tables(&n);
	test_write_begin_as(&n.t, &h);
	test_write_add(&n.t, "UPDATE t SET b = 5 WHERE a = 1 RETURNING a", 0);
	entry_builder_told(&n.t.builder, 1, row_hash(0, &one, 1));
	assert_int_equal(run_built(&n), WRITE_APPLIED);
	test_write_begin_as(&n.t, &h);
	test_write_add(&n.t, "UPDATE t SET b = 6 WHERE a = 1 RETURNING a + 1", 0);
	entry_builder_told(&n.t.builder, 1, row_hash(0, &one, 1));
	assert_int_equal(run_built(&n), WRITE_FAILED);
	assert_string_equal(n.t.w.err.sqlstate, SQLSTATE_SERIALIZATION);
	test_write_begin_as(&n.t, &h);
	test_write_add(&n.t, "UPDATE t SET b = 7 WHERE a = 1", 0);
	entry_builder_told(&n.t.builder, 2, 0);
	assert_int_equal(run_built(&n), WRITE_FAILED);
	assert_int_equal(get(&n, "SELECT b FROM t WHERE a = 1"), 5);
	node_close(&n);
}

static void an_entry_for_another_schema_does_nothing_and_is_to_be_repeated(void **state)
{
	struct node n;
	struct entry_header h = { .now_us = 1 };

	(void)state;
	node_open(&n);
	make_tables(&n);
	h.schema_version = applier_schema_version(n.applier);
	test_write_begin_as(&n.t, &h);
	test_write_add(&n.t, "ALTER TABLE t ADD COLUMN c", STATEMENT_DDL);
	assert_int_equal(run_built(&n), WRITE_APPLIED);
	assert_true(applier_schema_version(n.applier) == h.schema_version + 1);
	test_write_begin_as(&n.t, &h);
	test_write_add(&n.t, "INSERT INTO t VALUES (3, 3)", 0);
	assert_int_equal(run_built(&n), WRITE_RETRY);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	node_close(&n);
}

static void a_ddl_that_fails_leaves_the_schema_version(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	uint64_t before = applier_schema_version(n.applier);
	test_write_begin(&n.t);
	test_write_add(&n.t, "CREATE TABLE u (a)", STATEMENT_DDL);
	test_write_add(&n.t, "CREATE TABLE t (a)", STATEMENT_DDL);
	assert_int_equal(run_built(&n), WRITE_FAILED);
	assert_true(applier_schema_version(n.applier) == before);
	assert_int_equal(get(&n, "SELECT count(*) FROM sqlite_schema WHERE name = 'u'"), 0);
	node_close(&n);
}

static void a_deferred_key_without_its_row_fails_its_own_entry(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	assert_int_equal(
	    run(&n, "CREATE TABLE c (a REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)", STATEMENT_DDL),
	    WRITE_APPLIED);
	assert_int_equal(run(&n, "INSERT INTO c VALUES (99)", 0), WRITE_FAILED);
	assert_string_equal(n.t.w.err.sqlstate, SQLSTATE_FOREIGN_KEY);
	test_write_begin(&n.t);
	test_write_add(&n.t, "INSERT INTO c VALUES (99)", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (100, 100)", 0);
	assert_int_equal(run_built(&n), WRITE_FAILED);
	test_write_begin(&n.t);
	test_write_add(&n.t, "INSERT INTO c VALUES (99)", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (99, 99)", 0);
	assert_int_equal(run_built(&n), WRITE_APPLIED);
	assert_int_equal(get(&n, "SELECT count(*) FROM c"), 1);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 3);
	node_close(&n);
}

static void a_statement_that_rolls_all_back_takes_only_its_entry(void **state)
{
	struct node n;
	struct test_write others[3];

	(void)state;
	node_open(&n);
	make_tables(&n);
	for (int i = 0; i < 3; i++)
		test_write_init(&others[i]);
	publisher_submit(n.publisher, test_write_one(&others[0], "INSERT INTO t VALUES (3, 3)", 0));
	publisher_submit(
	    n.publisher, test_write_one(&others[1], "INSERT OR ROLLBACK INTO t VALUES (1, 1)", 0));
	publisher_submit(n.publisher, test_write_one(&others[2], "INSERT INTO t VALUES (4, 4)", 0));
	publisher_step(n.publisher);
	deliver_published(&n);
	assert_int_equal(others[0].w.outcome, WRITE_APPLIED);
	assert_int_equal(others[1].w.outcome, WRITE_FAILED);
	assert_int_equal(others[2].w.outcome, WRITE_APPLIED);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 4);
	for (int i = 0; i < 3; i++)
		test_write_release(&others[i]);
	node_close(&n);
}

static void users_can_not_write_what_is_nqlites_own(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	assert_int_equal(run(&n, "UPDATE _nqlite_state SET value = 0", 0), WRITE_FAILED);
	assert_int_equal(run(&n, "COMMIT", 0), WRITE_FAILED);
	assert_int_equal(run(&n, "ROLLBACK", 0), WRITE_FAILED);
	assert_int_equal(n.status.applied_seq, 3);
	node_close(&n);
}

/* The log. */

static void messages_that_are_none_are_passed_over(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	deliver(&n, "\xff\xff rubbish", 10);
	deliver(&n, "", 0);
	assert_int_equal(n.status.phase, PHASE_READY);
	assert_int_equal(n.status.failures, 2);
	/* A batch that is cut off: what can be read of it is applied. */
	test_write_begin(&n.t);
	test_write_add(&n.t, "INSERT INTO t VALUES (3, 3)", 0);
	test_write_add(&n.t, "INSERT INTO t VALUES (4, 4)", 0);
	publisher_submit(n.publisher, test_write_end(&n.t));
	publisher_step(n.publisher);
	const struct script_publish *p = &n.script.published[n.script.npublished - 1];
	deliver(&n, p->data, p->len - 3);
	assert_int_equal(n.t.w.outcome, WRITE_FAILED);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	assert_int_equal(run(&n, "INSERT INTO t VALUES (3, 3)", 0), WRITE_APPLIED);
	node_close(&n);
}

static void a_batch_delivered_twice_is_applied_once(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	assert_int_equal(run(&n, "INSERT INTO t (b) VALUES (3)", 0), WRITE_APPLIED);
	deliver_published(&n);
	node_stop(&n);
	node_start(&n);
	node_connect(&n);
	deliver_published(&n);
	assert_int_equal(n.status.duplicates, 1);
	assert_int_equal(n.status.applied_seq, 5);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 3);
	node_close(&n);
}

static void check_stopped(struct node *n, const char *sqlstate, const char *part_of_message)
{
	assert_int_equal(n->status.phase, PHASE_STOPPED);
	assert_string_equal(n->status.err.sqlstate, sqlstate);
	assert_non_null(strstr(n->status.err.message, part_of_message));
	publisher_submit(n->publisher, test_write_one(&n->t, "SELECT 1", 0));
	publisher_step(n->publisher);
	assert_int_equal(n->t.ndone, 1);
	assert_int_equal(n->t.w.outcome, WRITE_REFUSED);
	assert_string_equal(n->t.w.err.sqlstate, sqlstate);
}

static void a_gap_in_the_log_stops_it(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	deliver_at(&n, n.last_seq, true, "x", 1); /* again: nothing */
	node_step(&n);
	assert_int_equal(n.status.phase, PHASE_READY);
	n.last_seq++;
	deliver(&n, "x", 1);
	check_stopped(&n, SQLSTATE_CORRUPTED, "from seq 2 to 4");
	assert_int_equal(n.status.applied_seq, 2);
	node_close(&n);
}

static void deliver_batch(struct node *n, const struct batch_header *h)
{
	struct buf bytes;

	buf_init(&bytes, 1000);
	entry_put_batch(&bytes, h);
	deliver(n, bytes.data, bytes.len);
	buf_release(&bytes);
}

static void a_level_above_ours_stops_it(void **state)
{
	struct node n;
	struct batch_header h = { .level = ENTRY_LEVEL + 1, .origin = { { 9 } }, .number = 1 };

	(void)state;
	node_open(&n);
	deliver_batch(&n, &h);
	check_stopped(&n, SQLSTATE_FEATURE_NOT_SUPPORTED, "needs level 2");
	node_close(&n);
}

static void an_origin_that_saw_another_history_stops_it(void **state)
{
	struct node n;
	struct batch_header h = { .level = ENTRY_LEVEL, .origin = { { 9 } }, .number = 1 };
	char hash[20];

	(void)state;
	node_open(&n);
	make_tables(&n);
	h.attested_seq = n.status.applied_seq;
	h.attested_hash = n.status.applied_hash;
	deliver_batch(&n, &h);
	assert_int_equal(n.status.phase, PHASE_READY);
	h.number = 2;
	h.attested_hash = 0x1234;
	snprintf(hash, sizeof(hash), "%016" PRIx64, h.attested_hash);
	deliver_batch(&n, &h);
	check_stopped(&n, SQLSTATE_CORRUPTED, hash);
	node_close(&n);
}

static void another_stream_is_never_followed(void **state)
{
	static const struct {
		struct log_identity identity;
		const char *message;
	} cases[] = {
		{ { "cluster-2", 77, 1, 2 }, "cluster-2" },
		{ { "cluster-1", 78, 1, 2 }, "created at 78" },
		{ { "cluster-1", 77, 1, 1 }, "went back" },
		{ { "cluster-1", 77, 4, 9 }, "begins at seq 4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node n;

		node_open(&n);
		make_tables(&n);
		n.script.identity = cases[i].identity;
		applier_on_state(n.applier, LOG_DISCONNECTED, NULL);
		applier_on_state(n.applier, LOG_CONNECTED, NULL);
		deliver_at(&n, 3, true, "x", 1);
		node_step(&n);
		check_stopped(&n, SQLSTATE_CORRUPTED, cases[i].message);
		assert_int_equal(n.status.applied_seq, 2);
		node_close(&n);
	}
}

static void a_file_that_follows_a_stream_is_not_written_alone(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	node_stop(&n);
	n.is_local = true;
	node_start(&n);
	node_connect(&n);
	check_stopped(&n, SQLSTATE_CONFIG, "cluster-1");
	node_close(&n);
}

static void nothing_is_published_before_this_node_has_caught_up(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	make_tables(&n);
	applier_on_state(n.applier, LOG_DISCONNECTED, NULL);
	node_step(&n);
	assert_int_equal(n.status.phase, PHASE_DISCONNECTED);
	size_t npublished = n.script.npublished;
	publisher_submit(n.publisher, test_write_one(&n.t, "INSERT INTO t VALUES (3, 3)", 0));
	n.script.identity.last_seq = n.last_seq + 1;
	applier_on_state(n.applier, LOG_CONNECTED, NULL);
	node_step(&n);
	assert_int_equal(n.status.phase, PHASE_CATCHING_UP);
	assert_int_equal(n.script.npublished, npublished);
	deliver(&n, "x", 1);
	assert_int_equal(n.status.phase, PHASE_READY);
	assert_int_equal(n.script.npublished, npublished + 1);
	deliver_published(&n);
	assert_int_equal(n.t.w.outcome, WRITE_APPLIED);
	node_close(&n);
}

static void a_full_disk_stops_it_until_there_is_room(void **state)
{
	struct node n;
	struct test_write early;

	(void)state;
	node_open(&n);
	make_tables(&n);
	test_write_init(&early);
	n.is_failing = true;
	publisher_submit(n.publisher, test_write_one(&early, "INSERT INTO t VALUES (3, 3)", 0));
	publisher_step(n.publisher);
	deliver_published(&n);
	assert_int_equal(n.status.phase, PHASE_STOPPED);
	assert_string_equal(n.status.err.sqlstate, SQLSTATE_IO);
	assert_int_equal(early.ndone, 0);
	publisher_submit(n.publisher, test_write_one(&n.t, "INSERT INTO t VALUES (4, 4)", 0));
	for (int i = 0; i < 10; i++) {
		n.script.now_us += 1100000;
		node_step(&n);
	}
	assert_int_equal(early.ndone, 1); /* it waited as long as a write may */
	assert_int_equal(early.w.outcome, WRITE_UNKNOWN);
	assert_int_equal(n.t.w.outcome, WRITE_REFUSED);
	assert_string_equal(n.t.w.err.sqlstate, SQLSTATE_IO);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	n.is_failing = false;
	n.script.now_us += 10000000;
	node_step(&n);
	assert_int_equal(n.status.phase, PHASE_READY);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 3);
	test_write_release(&early);
	node_close(&n);
}

static void messages_of_the_original_are_applied_statement_by_statement(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	uint64_t version = applier_schema_version(n.applier);
	deliver_json(
	    &n, "[\"CREATE TABLE t (a INTEGER PRIMARY KEY, b)\", \"INSERT INTO t VALUES (1, 'one')\"]");
	assert_true(applier_schema_version(n.applier) == version + 1);
	deliver_json(
	    &n, "[\"INSERT INTO t VALUES (1, 'again')\", \"INSERT INTO t VALUES (2, datetime('now'))\"]");
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	assert_int_equal(get(&n, "SELECT b = '2020-09-13 12:26:40' FROM t WHERE a = 2"), 1);
	deliver_json(&n,
	    "[[\"INSERT INTO t VALUES (?, ?)\", 3, \"three\"], [\"INSERT INTO t VALUES (?, ?)\", [4, 4.5]],"
	    "[\"INSERT INTO t VALUES (:a, $b)\", {\"a\": 5, \"b\": null}]]");
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 5);
	assert_int_equal(get(&n, "SELECT b = 'three' FROM t WHERE a = 3"), 1);
	assert_int_equal(get(&n, "SELECT b = 4.5 FROM t WHERE a = 4"), 1);
	assert_int_equal(get(&n, "SELECT b IS NULL FROM t WHERE a = 5"), 1);
	uint64_t failures = n.status.failures;
	deliver_json(
	    &n, "[\"BEGIN\", \"ATTACH ':memory:' AS x\", \"DROP TABLE _nqlite_state\", 7, {}, [], \"\"]");
	deliver_json(&n, "{\"not\": \"an array\"}");
	deliver_json(&n, "[\"INSERT OR ROLLBACK INTO t VALUES (1, 1)\", \"INSERT INTO t VALUES (6, 6)\"]");
	assert_int_equal(n.status.failures, failures + 4);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 6);
	assert_int_equal(n.status.phase, PHASE_READY);
	assert_int_equal(n.status.applied_seq, 6);
	node_close(&n);
}

static void a_batch_in_parts_survives_a_restart_between_them(void **state)
{
	struct node n;
	char *sql = calloc(1, 3000);

	(void)state;
	node_open(&n);
	make_tables(&n);
	n.script.message_max = 1000;
	memset(sql, ' ', 2999);
	memcpy(sql, "INSERT INTO t (b) VALUES ('large')", 34);
	size_t first = n.script.npublished;
	publisher_submit(n.publisher, test_write_one(&n.t, sql, 0));
	publisher_step(n.publisher);
	assert_int_equal(n.script.npublished, first + 4);
	for (size_t i = 4; i-- > 1;) /* the last first */
		deliver(&n, n.script.published[first + i].data, n.script.published[first + i].len);
	assert_int_equal(get(&n, "SELECT count(*) FROM _nqlite_part"), 3);
	node_stop(&n);
	assert_int_equal(n.t.w.outcome, WRITE_UNKNOWN);
	node_start(&n);
	node_connect(&n);
	deliver(&n, n.script.published[first + 2].data, n.script.published[first + 2].len);
	assert_int_equal(get(&n, "SELECT count(*) FROM t"), 2);
	deliver(&n, n.script.published[first].data, n.script.published[first].len);
	assert_int_equal(get(&n, "SELECT count(*) FROM t WHERE b = 'large'"), 1);
	assert_int_equal(get(&n, "SELECT count(*) FROM _nqlite_part"), 0);
	deliver(&n, n.script.published[first].data, n.script.published[first].len);
	assert_int_equal(get(&n, "SELECT count(*) FROM _nqlite_part"), 0);
	assert_int_equal(n.status.duplicates, 1);
	free(sql);
	node_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_learns_what_it_changed),
		cmocka_unit_test(a_failing_statement_takes_its_whole_entry_back_and_no_other),
		cmocka_unit_test(a_separate_statement_fails_alone),
		cmocka_unit_test(returned_rows_reach_the_writer_and_his_failure_undoes_nothing),
		cmocka_unit_test(what_differs_from_what_the_client_was_told_is_a_conflict),
		cmocka_unit_test(an_entry_for_another_schema_does_nothing_and_is_to_be_repeated),
		cmocka_unit_test(a_ddl_that_fails_leaves_the_schema_version),
		cmocka_unit_test(a_deferred_key_without_its_row_fails_its_own_entry),
		cmocka_unit_test(a_statement_that_rolls_all_back_takes_only_its_entry),
		cmocka_unit_test(users_can_not_write_what_is_nqlites_own),
		cmocka_unit_test(messages_that_are_none_are_passed_over),
		cmocka_unit_test(a_batch_delivered_twice_is_applied_once),
		cmocka_unit_test(a_gap_in_the_log_stops_it),
		cmocka_unit_test(a_level_above_ours_stops_it),
		cmocka_unit_test(an_origin_that_saw_another_history_stops_it),
		cmocka_unit_test(another_stream_is_never_followed),
		cmocka_unit_test(a_file_that_follows_a_stream_is_not_written_alone),
		cmocka_unit_test(nothing_is_published_before_this_node_has_caught_up),
		cmocka_unit_test(a_full_disk_stops_it_until_there_is_room),
		cmocka_unit_test(messages_of_the_original_are_applied_statement_by_statement),
		cmocka_unit_test(a_batch_in_parts_survives_a_restart_between_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
