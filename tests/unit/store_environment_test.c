#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "store/functions.h"
#include "store/conn_internal.h"
#include "store/store.h"

/* Two nodes: two stores in one process. */
struct node {
	struct store *store;
	struct conn *writer;
};

static void node_open(struct node *n)
{
	struct store_options options = { .path = ":memory:" };
	struct err err;

	if (store_open(&n->store, &options, &err) != 0 || store_open_writer(n->store, &n->writer, &err) != 0)
		fail_msg("%s", err.message);
}

static void node_close(struct node *n)
{
	conn_close(n->writer);
	store_close(n->store);
}

/* Keeps the rows' bytes: their hash, the number of rows, and the last row's first value as text. */
struct hash_sink {
	struct row_sink sink;
	uint64_t hash;
	int rows;
	char text[256];
};

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct hash_sink *h = (struct hash_sink *)sink;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		h->hash = hash_chain64(h->hash, &values[i].kind, sizeof(values[i].kind));
		if (values[i].kind == VALUE_TEXT || values[i].kind == VALUE_BLOB)
			h->hash = hash_chain64(h->hash, values[i].text, values[i].len);
		else
			h->hash = hash_chain64(h->hash, &values[i].i, sizeof(values[i].i));
	}
	if (n > 0 && values[0].kind == VALUE_TEXT)
		snprintf(h->text, sizeof(h->text), "%.*s", (int)values[0].len, values[0].text);
	else if (n > 0 && values[0].kind == VALUE_INT)
		snprintf(h->text, sizeof(h->text), "%lld", (long long)values[0].i);
	h->rows++;
	return ROW_NEXT;
}

static struct hash_sink ask(struct conn *conn, const char *sql)
{
	struct query q = { .sql = sql, .sql_len = strlen(sql) };
	struct hash_sink h = { .sink = { on_row } };
	struct err err;

	if (conn_run(conn, &q, &h.sink, NULL, &err) != 0)
		fail_msg("%s: %s", sql, err.message);
	return h;
}

static const struct environment noon = { .now_us = INT64_C(1795363080123456), .seed = 42 };

#define EVERYTHING                                                                                    \
	"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 100) "                  \
	"SELECT random(), randomblob(n), gen_random_uuid(), now(), CURRENT_TIMESTAMP, CURRENT_DATE, " \
	"CURRENT_TIME, datetime('now'), julianday('now'), strftime('%f', 'now'), unixepoch('now'), "  \
	"datetime('now', 'localtime') FROM c ORDER BY random()"

static void the_same_environment_gives_the_same_bytes(void **state)
{
	struct node a, b;

	(void)state;
	node_open(&a);
	node_open(&b);
	ask(b.writer, "SELECT random(), random()"); /* what was drawn before doesn't matter */
	conn_set_environment(a.writer, &noon);
	conn_set_environment(b.writer, &noon);

	struct hash_sink on_a = ask(a.writer, EVERYTHING), on_b = ask(b.writer, EVERYTHING);
	assert_int_equal(on_a.rows, 100);
	assert_true(on_a.hash == on_b.hash);
	assert_true(ask(a.writer, EVERYTHING).hash != on_a.hash); /* it goes on drawing */
	conn_set_environment(a.writer, &noon);
	assert_true(ask(a.writer, EVERYTHING).hash == on_a.hash);
	conn_set_environment(a.writer, &(struct environment){ .now_us = noon.now_us, .seed = 43 });
	assert_true(ask(a.writer, EVERYTHING).hash != on_a.hash);
	node_close(&a);
	node_close(&b);
}

#define DEFAULTS_TABLE                                                                                     \
	"CREATE TABLE t (id INTEGER PRIMARY KEY, at DEFAULT CURRENT_TIMESTAMP, day DEFAULT CURRENT_DATE, " \
	"zone DEFAULT (now()), text DEFAULT (datetime('now', '+1 day')), r DEFAULT (random()), "           \
	"b DEFAULT (randomblob(8)), u DEFAULT (gen_random_uuid()))"

#define DRAWING_TRIGGER                                                     \
	"CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES " \
	"(new.id, CURRENT_TIMESTAMP || datetime('now'), random(), gen_random_uuid() || now()); END"

static void defaults_triggers_and_views_see_the_environment(void **state)
{
	static const char *const script[] = {
		DEFAULTS_TABLE,
		"CREATE TABLE log (id, at, r, u)",
		DRAWING_TRIGGER,
		"CREATE VIEW v AS SELECT CURRENT_TIMESTAMP AS at, now() AS zone",
	};
	struct node nodes[2];
	uint64_t hashes[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct conn *w;

		node_open(&nodes[i]);
		w = nodes[i].writer;
		for (size_t k = 0; k < sizeof(script) / sizeof(script[0]); k++)
			ask(w, script[k]);
		conn_set_environment(w, &noon);
		ask(w, "INSERT INTO t (id) VALUES (1), (2), (3)");
		ask(w, "INSERT INTO t (id) SELECT * FROM (VALUES (4), (5))");
		hashes[i] = ask(w, "SELECT * FROM t, log, v ORDER BY 1, 9").hash;
		assert_string_equal(ask(w, "SELECT at FROM t").text, "2026-11-22 15:58:00");
		assert_string_equal(
		    ask(w, "SELECT at FROM log").text, "2026-11-22 15:58:002026-11-22 15:58:00");
		assert_string_equal(ask(w, "SELECT zone FROM t").text, "2026-11-22 15:58:00.123456+00");
		assert_string_equal(ask(w, "SELECT at || zone FROM v").text,
		    "2026-11-22 15:58:002026-11-22 15:58:00.123456+00");
		assert_string_equal(
		    ask(w, "SELECT count(DISTINCT r) + count(DISTINCT b) + count(DISTINCT u) FROM t").text,
		    "15");
		assert_string_equal(
		    ask(w, "SELECT count(DISTINCT r) + count(DISTINCT u) FROM log").text, "10");
	}
	assert_true(hashes[0] == hashes[1]);
	node_close(&nodes[0]);
	node_close(&nodes[1]);
}

static void now_has_the_form_of_a_stored_timestamptz(void **state)
{
	static const struct {
		int64_t now_us;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01 00:00:00+00" },
		{ 1, "1970-01-01 00:00:00.000001+00" },
		{ 500000, "1970-01-01 00:00:00.5+00" },
		{ -1, "1969-12-31 23:59:59.999999+00" },
		{ INT64_C(951782400000000), "2000-02-29 00:00:00+00" },
		{ INT64_C(1795363080123400), "2026-11-22 15:58:00.1234+00" },
		{ INT64_C(253402300799999999), "9999-12-31 23:59:59.999999+00" },
	};
	struct node n;

	(void)state;
	node_open(&n);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conn_set_environment(n.writer, &(struct environment){ .now_us = cases[i].now_us });
		assert_string_equal(ask(n.writer, "SELECT now()").text, cases[i].text);
		assert_string_equal(
		    ask(n.writer, "SELECT substr(now(), 1, 19) = CURRENT_TIMESTAMP").text, "1");
	}
	node_close(&n);
}

static void a_uuid_is_of_version_4(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	for (uint64_t seed = 0; seed < 200; seed++) {
		conn_set_environment(n.writer, &(struct environment){ .seed = seed });
		struct hash_sink h = ask(n.writer, "SELECT gen_random_uuid()");
		assert_int_equal(strlen(h.text), 36);
		assert_int_equal(strspn(h.text, "0123456789abcdef-"), 36);
		assert_int_equal(h.text[14], '4');
		assert_non_null(strchr("89ab", h.text[19]));
	}
	node_close(&n);
}

static void each_connection_has_a_clock_of_its_own(void **state)
{
	struct node n;
	struct conn *a, *b;
	struct err err;
	char wall[32];
	time_t before = time(NULL);

	(void)state;
	node_open(&n);
	assert_int_equal(store_open_reader(n.store, &a, &err), 0);
	assert_int_equal(store_take_reader(n.store, &b, &err), 0);
	conn_set_environment(n.writer, &noon);
	conn_set_environment(b, &(struct environment){ .now_us = 0 });
	assert_string_equal(ask(n.writer, "SELECT CURRENT_TIMESTAMP").text, "2026-11-22 15:58:00");
	assert_string_equal(ask(b, "SELECT CURRENT_TIMESTAMP").text, "1970-01-01 00:00:00");
	assert_true(strtoll(ask(a, "SELECT unixepoch('now')").text, NULL, 10) >= before);
	strftime(wall, sizeof(wall), "%Y-%m-%d", gmtime(&before));
	assert_true(strcmp(ask(a, "SELECT now()").text, wall) > 0);

	store_give_reader(n.store, b); /* back to the machine's clock */
	assert_int_equal(store_take_reader(n.store, &b, &err), 0);
	assert_true(strtoll(ask(b, "SELECT unixepoch('now')").text, NULL, 10) >= before);
	store_give_reader(n.store, b);
	conn_close(a);
	node_close(&n);
}

static void readers_without_an_environment_draw_different_numbers(void **state)
{
	struct node n;
	struct conn *a, *b;
	struct err err;

	(void)state;
	node_open(&n);
	assert_int_equal(store_open_reader(n.store, &a, &err), 0);
	assert_int_equal(store_open_reader(n.store, &b, &err), 0);
	assert_true(ask(a, "SELECT randomblob(16)").hash != ask(b, "SELECT randomblob(16)").hash);
	conn_close(a);
	conn_close(b);
	node_close(&n);
}

static void last_insert_rowid_starts_at_0_with_each_environment(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	ask(n.writer, "CREATE TABLE t (id INTEGER PRIMARY KEY, other)");
	ask(n.writer, "INSERT INTO t VALUES (7, 0)");
	conn_set_environment(n.writer, &noon);
	ask(n.writer, "INSERT INTO t VALUES (8, last_insert_rowid())");
	ask(n.writer, "INSERT INTO t VALUES (9, last_insert_rowid())");
	assert_string_equal(ask(n.writer, "SELECT group_concat(other) FROM t").text, "0,0,8");
	assert_int_equal(conn_last_insert_rowid(n.writer), 9);
	node_close(&n);
}

/* ---- functions of ours ---- */

static void fn_fail(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	err_detail(function_fail(ctx, "22003", "value %d is out of range", sqlite3_value_int(args[0])),
	    "Detail %d.", (int)function_arg(ctx));
}

static void fn_role(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs, (void)args;
	sqlite3_result_text(ctx, function_environment(ctx)->role, -1, SQLITE_TRANSIENT);
}

/* Runs a statement of its own inside the statement that calls it. */
static void fn_draw(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct err err;

	(void)nargs, (void)args;
	if (conn_exec(function_conn(ctx), "UPDATE _nqlite_state SET value = value + 1", &err) != 0) {
		function_fail_with(ctx, &err);
		return;
	}
	sqlite3_result_int(ctx, 1);
}

static void sum_step(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int64_t *sum = sqlite3_aggregate_context(ctx, sizeof(*sum));

	(void)nargs;
	*sum += sqlite3_value_int64(args[0]);
}

static void sum_inverse(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	int64_t *sum = sqlite3_aggregate_context(ctx, sizeof(*sum));

	(void)nargs;
	*sum -= sqlite3_value_int64(args[0]);
}

static void sum_value(sqlite3_context *ctx)
{
	int64_t *sum = sqlite3_aggregate_context(ctx, 0);

	sqlite3_result_int64(ctx, sum != NULL ? *sum : 0);
}

static int compare_backwards(void *unused, int a_len, const void *a, int b_len, const void *b)
{
	int n = a_len < b_len ? a_len : b_len;
	int order = memcmp(b, a, (size_t)n);

	(void)unused;
	return order != 0 ? order : b_len - a_len;
}

static const struct sql_function more_functions[] = {
	{ .name = "t_fail", .nargs = 1, .function = fn_fail, .arg = 77 },
	{ .name = "t_role", .nargs = 0, .function = fn_role },
	{ .name = "t_draw", .nargs = 0, .function = fn_draw },
	{ .name = "t_sum", .nargs = 1, .step = sum_step, .final = sum_value },
	{ .name = "t_wsum",
	    .nargs = 1,
	    .step = sum_step,
	    .final = sum_value,
	    .value = sum_value,
	    .inverse = sum_inverse },
	{ .name = NULL },
};

static const struct sql_collation more_collations[] = {
	{ .name = "backwards", .compare = compare_backwards },
	{ .name = NULL },
};

static void add_more(struct conn *conn)
{
	static const struct sql_function *const functions[] = { more_functions, NULL };
	static const struct sql_collation *const collations[] = { more_collations, NULL };
	struct err err;

	assert_int_equal(functions_register(conn, functions, collations, &err), 0);
}

static void a_function_fails_with_its_own_error(void **state)
{
	struct node n;
	struct query q = { .sql = "SELECT t_fail(5)", .sql_len = 16 };
	struct err err;

	(void)state;
	node_open(&n);
	add_more(n.writer);
	assert_int_equal(conn_run(n.writer, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "22003");
	assert_string_equal(err.message, "value 5 is out of range");
	assert_string_equal(err.detail, "Detail 77.");
	assert_false(conn_failure_is_local(n.writer));

	/* The next failure isn't taken for it. */
	q = (struct query){ .sql = "SELECT abs(-9223372036854775808)", .sql_len = 32 };
	assert_int_equal(conn_run(n.writer, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.message, "integer overflow");
	node_close(&n);
}

static void functions_aggregates_windows_and_collations_work(void **state)
{
	struct node n;

	(void)state;
	node_open(&n);
	add_more(n.writer);
	conn_set_environment(n.writer, &(struct environment){ .role = "alice" });
	assert_string_equal(ask(n.writer, "SELECT t_role()").text, "alice");
	assert_string_equal(ask(n.writer, "SELECT t_sum(column1) FROM (VALUES (1), (2), (3))").text, "6");
	assert_string_equal(
	    ask(n.writer, "SELECT group_concat(s) FROM (SELECT t_wsum(column1) OVER (ORDER BY column1 "
			  "ROWS 1 PRECEDING) AS s FROM (VALUES (1), (2), (3)))")
		.text,
	    "1,3,5");
	assert_string_equal(ask(n.writer, "SELECT group_concat(x) FROM (SELECT column1 AS x FROM "
					  "(VALUES ('a'), ('c'), ('b')) ORDER BY 1 COLLATE backwards)")
				.text,
	    "c,b,a");
	node_close(&n);
}

static void a_function_may_run_statements_of_its_own(void **state)
{
	struct node n;
	struct query q = { .sql = "INSERT INTO t SELECT t_draw() FROM (VALUES (1), (2), (3))" };
	int64_t changes = 0;
	struct err err;

	(void)state;
	node_open(&n);
	add_more(n.writer);
	assert_int_equal(conn_exec(n.writer, "CREATE TABLE _nqlite_state (value)", &err), 0);
	assert_int_equal(conn_exec(n.writer, "INSERT INTO _nqlite_state VALUES (10)", &err), 0);
	ask(n.writer, "CREATE TABLE t (a)");
	conn_set_environment(n.writer, &(struct environment){ .ops_max = 1000000 });
	q.sql_len = strlen(q.sql);
	assert_int_equal(conn_run(n.writer, &q, NULL, &changes, &err), 0);
	assert_int_equal(changes, 3);
	assert_string_equal(ask(n.writer, "SELECT value FROM _nqlite_state").text, "13");

	/* What it may, the text around it still may not. */
	q.sql = "UPDATE _nqlite_state SET value = t_draw()";
	q.sql_len = strlen(q.sql);
	assert_int_equal(conn_run(n.writer, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "42501");
	node_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_environment_gives_the_same_bytes),
		cmocka_unit_test(defaults_triggers_and_views_see_the_environment),
		cmocka_unit_test(now_has_the_form_of_a_stored_timestamptz),
		cmocka_unit_test(a_uuid_is_of_version_4),
		cmocka_unit_test(each_connection_has_a_clock_of_its_own),
		cmocka_unit_test(readers_without_an_environment_draw_different_numbers),
		cmocka_unit_test(last_insert_rowid_starts_at_0_with_each_environment),
		cmocka_unit_test(a_function_fails_with_its_own_error),
		cmocka_unit_test(functions_aggregates_windows_and_collations_work),
		cmocka_unit_test(a_function_may_run_statements_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
