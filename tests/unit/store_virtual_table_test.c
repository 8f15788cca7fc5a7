#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"
#include "store/virtual_table.h"

/* The context of these tables: how many rows they have, how often they were scanned, and which row fails. */
struct numbers {
	int64_t count;
	int scans, open_scans;
	int64_t fails_at; /* 0: none */
};

struct number_scan {
	struct numbers *numbers;
	int64_t at;
	char text[32];
};

static int numbers_open(const struct table_source *source, const void *context, void **scan, struct err *err)
{
	struct number_scan *s = calloc(1, sizeof(*s));

	(void)source;
	if (context == NULL) {
		free(s);
		return err_set(err, "55000", "there is no catalog yet");
	}
	s->numbers = (struct numbers *)(uintptr_t)context;
	s->numbers->scans++;
	s->numbers->open_scans++;
	*scan = s;
	return 0;
}

/* n, its name ("n7"), its half (NULL for odd numbers), a float, bytes */
static int numbers_next(void *scan, struct value *row, struct err *err)
{
	struct number_scan *s = scan;

	if (s->at == s->numbers->count)
		return 0;
	s->at++;
	if (s->at == s->numbers->fails_at)
		return err_set(err, "22000", "number %lld is missing", (long long)s->at);
	snprintf(s->text, sizeof(s->text), "n%lld", (long long)s->at);
	row[0] = value_int(s->at);
	row[1] = value_str(s->text);
	row[2] = s->at % 2 == 0 ? value_int(s->at / 2) : value_null();
	row[3] = value_float((double)s->at + 0.5);
	row[4] = value_blob(s->text, 1);
	return 1;
}

static void numbers_close(void *scan)
{
	((struct number_scan *)scan)->numbers->open_scans--;
	free(scan);
}

static const struct table_source numbers_source = {
	.name = "numbers",
	.columns = "n INTEGER, name TEXT, half INTEGER, f REAL, b BLOB",
	.ncolumns = 5,
	.open = numbers_open,
	.next = numbers_next,
	.close = numbers_close,
};

/* Whose name holds a dot, as information_schema's do; without a state of its own. */
static int one_open(const struct table_source *source, const void *context, void **scan, struct err *err)
{
	static bool done;

	(void)source, (void)context, (void)err;
	done = false;
	*scan = &done;
	return 0;
}

static int one_next(void *scan, struct value *row, struct err *err)
{
	bool *done = scan;

	(void)err;
	if (*done)
		return 0;
	*done = true;
	row[0] = value_str("one");
	return 1;
}

static const struct table_source one_source = {
	.name = "information_schema.one",
	.columns = "name TEXT COLLATE NOCASE",
	.ncolumns = 1,
	.open = one_open,
	.next = one_next,
};

static const struct table_source *const tables[] = { &numbers_source, &one_source, NULL };

static struct store *store;
static struct conn *writer;
static struct numbers numbers;

static int set_up(void **state)
{
	struct store_options options = { .path = ":memory:", .tables = tables };
	struct err err;

	(void)state;
	if (store_open(&store, &options, &err) != 0 || store_open_writer(store, &writer, &err) != 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	numbers = (struct numbers){ .count = 100 };
	conn_set_tables_context(writer, &numbers);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(numbers.open_scans, 0);
	conn_close(writer);
	store_close(store);
	return 0;
}

struct text_sink {
	struct row_sink sink;
	char text[1024];
};

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct text_sink *t = (struct text_sink *)sink;
	size_t len = strlen(t->text);

	(void)err;
	for (size_t i = 0; i < n; i++) {
		const char *before = i > 0 ? "|" : len > 0 ? " " : "";

		if (values[i].kind == VALUE_TEXT)
			len += (size_t)snprintf(t->text + len, sizeof(t->text) - len, "%s%.*s", before,
			    (int)values[i].len, values[i].text);
		else if (values[i].kind == VALUE_INT)
			len += (size_t)snprintf(
			    t->text + len, sizeof(t->text) - len, "%s%lld", before, (long long)values[i].i);
		else
			len += (size_t)snprintf(t->text + len, sizeof(t->text) - len, "%sNULL", before);
	}
	return ROW_NEXT;
}

static const char *ask(const char *sql)
{
	static struct text_sink t;
	struct query q = { .sql = sql, .sql_len = strlen(sql) };
	struct err err;

	t = (struct text_sink){ .sink = { on_row } };
	if (conn_run(writer, &q, &t.sink, NULL, &err) != 0)
		fail_msg("%s: %s", sql, err.message);
	return t.text;
}

static void it_is_filtered_sorted_and_grouped_as_any_table(void **state)
{
	(void)state;
	assert_string_equal(
	    ask("SELECT count(*), sum(n), max(name), count(half) FROM numbers"), "100|5050|n99|50");
	assert_string_equal(ask("SELECT name FROM numbers WHERE n > 97 ORDER BY n DESC"), "n100 n99 n98");
	assert_string_equal(
	    ask("SELECT n, name, half, f, hex(b) FROM numbers WHERE n = 8"), "8|n8|4|NULL|6E");
	assert_string_equal(ask("SELECT n % 3, count(*) FROM numbers GROUP BY 1"), "0|33 1|34 2|33");
	assert_string_equal(
	    ask("SELECT typeof(f), typeof(b), f = 8.5 FROM numbers WHERE f = 8.5"), "real|blob|1");
	assert_string_equal(ask("SELECT name FROM \"information_schema.one\""), "one");
}

static void an_equality_finds_what_sqlite_would_find(void **state)
{
	(void)state;
	assert_string_equal(ask("SELECT n FROM numbers WHERE name = 'n42'"), "42");
	assert_string_equal(ask("SELECT n FROM numbers WHERE n = '42'"), "42"); /* by affinity */
	assert_string_equal(ask("SELECT n FROM numbers WHERE n = 42.0"), "42");
	assert_string_equal(ask("SELECT n FROM numbers WHERE half = NULL"), "");
	assert_string_equal(ask("SELECT count(*) FROM numbers WHERE half IS NULL"), "50");
	assert_string_equal(ask("SELECT n FROM numbers WHERE n IN (3, 5, 700)"), "3 5");
	assert_string_equal(ask("SELECT n FROM numbers WHERE name = 'N42' COLLATE NOCASE"), "42");
	assert_string_equal(ask("SELECT name FROM \"information_schema.one\" WHERE name = 'ONE'"), "one");
	assert_string_equal(ask("SELECT n FROM numbers WHERE b = x'6e' AND n = 1"), "1");
}

static void joins_give_the_right_rows(void **state)
{
	(void)state;
	assert_string_equal(ask("SELECT count(*) FROM numbers a JOIN numbers b ON a.n = b.half"), "50");
	assert_string_equal(
	    ask("SELECT count(*) FROM numbers a LEFT JOIN numbers b ON a.n = b.half WHERE b.n IS NULL"),
	    "50");
	assert_string_equal(ask("SELECT count(*) FROM numbers a JOIN numbers b ON a.name = b.name"), "100");
	assert_string_equal(
	    ask("SELECT a.n, b.n, c.n FROM numbers a JOIN numbers b ON b.half = a.n JOIN numbers c ON "
		"c.half = b.n WHERE a.n > 23"),
	    "24|48|96 25|50|100");
	assert_string_equal(ask("SELECT count(*) FROM numbers a JOIN numbers b ON a.name = b.n"), "0");
	assert_string_equal(
	    ask("SELECT count(*) FROM numbers a JOIN numbers b ON b.n = CAST(substr(a.name, 2) AS TEXT)"),
	    "100");
	assert_string_equal(ask("SELECT count(*) FROM numbers a, numbers b WHERE b.f = a.n + 0.5"), "100");
	assert_string_equal(ask("SELECT count(*) FROM numbers a, numbers b"), "10000");
	assert_string_equal(ask("SELECT n, (SELECT count(*) FROM numbers b WHERE b.half = a.n) FROM numbers "
				"a WHERE n IN (1, 99)"),
	    "1|1 99|0");
}

static void a_join_scans_each_table_twice_at_most(void **state)
{
	(void)state;
	numbers.count = 20000;
	assert_string_equal(ask("SELECT count(*) FROM numbers a JOIN numbers b ON a.n = b.half"), "10000");
	assert_true(numbers.scans <= 3);
	numbers.scans = 0;
	assert_string_equal(ask("SELECT count(*) FROM numbers a JOIN numbers b ON a.name = b.name"), "20000");
	assert_true(numbers.scans <= 3);
}

static void it_joins_with_stored_tables_views_and_triggers(void **state)
{
	(void)state;
	ask("CREATE TABLE t (id INTEGER PRIMARY KEY, what TEXT)");
	ask("INSERT INTO t SELECT n, name FROM numbers WHERE n < 4");
	ask("CREATE VIEW v AS SELECT t.what, numbers.half FROM t JOIN numbers ON numbers.n = t.id");
	assert_string_equal(ask("SELECT * FROM v"), "n1|NULL n2|1 n3|NULL");
	ask("CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET what = (SELECT name FROM numbers WHERE n "
	    "= new.id) "
	    "WHERE id = new.id; END");
	ask("INSERT INTO t (id) VALUES (77)");
	assert_string_equal(ask("SELECT what FROM t WHERE id = 77"), "n77");
}

static void its_failure_is_the_statements(void **state)
{
	struct query q = { .sql = "SELECT sum(n) FROM numbers", .sql_len = 26 };
	struct err err;

	(void)state;
	numbers.fails_at = 50;
	assert_int_equal(conn_run(writer, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "22000");
	assert_string_equal(err.message, "number 50 is missing");
	conn_set_tables_context(writer, NULL);
	assert_int_equal(conn_run(writer, &q, NULL, NULL, &err), -1);
	assert_string_equal(err.message, "there is no catalog yet");
}

static void it_can_not_be_written_nor_made(void **state)
{
	static const char *const texts[] = { "INSERT INTO numbers (n) VALUES (1)", "DELETE FROM numbers",
		"CREATE VIRTUAL TABLE x USING numbers", "DROP TABLE numbers" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct query q = { .sql = texts[i], .sql_len = strlen(texts[i]) };

		assert_int_equal(conn_run(writer, &q, NULL, NULL, &err), -1);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_is_filtered_sorted_and_grouped_as_any_table),
		T(an_equality_finds_what_sqlite_would_find),
		T(joins_give_the_right_rows),
		T(a_join_scans_each_table_twice_at_most),
		T(it_joins_with_stored_tables_views_and_triggers),
		T(its_failure_is_the_statements),
		T(it_can_not_be_written_nor_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
