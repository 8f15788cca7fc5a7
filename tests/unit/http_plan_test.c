/* What a request's statements are found to be, on a real database, before anything runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/plan.h"
#include "store/store.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct fixture {
	struct store *store;
	struct conn *writer, *reader;
};

static int setup(void **state)
{
	static struct fixture f;
	static const struct logger logger = { 0 };
	const struct store_options options = { .path = ":memory:", .logger = &logger };
	struct err err;

	if (store_open(&f.store, &options, &err) != 0 || store_open_writer(f.store, &f.writer, &err) != 0 ||
	    store_open_reader(f.store, &f.reader, &err) != 0 ||
	    conn_exec(f.writer, "CREATE TABLE foo (id INTEGER PRIMARY KEY, name TEXT)", &err) != 0 ||
	    conn_exec(f.writer, "CREATE TABLE _nqlite_x (a)", &err) != 0)
		return -1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	conn_close(f->reader);
	conn_close(f->writer);
	store_close(f->store);
	return 0;
}

static void make(struct plan *p, struct body *body, struct fixture *f, const char *json)
{
	struct err err;

	if (body_read_json(body, json, strlen(json), &err) != 0)
		fail_msg("%s: %s", json, err.message);
	plan_init(p);
	assert_int_equal(conn_hold_snapshot(f->reader, &err), 0);
	assert_int_equal(plan_make(p, body, f->reader, PARAMS_BOTH, &err), 0);
	conn_release_snapshot(f->reader);
}

static void statements_are_told_apart(void **state)
{
	static const struct {
		const char *json;
		const char *kinds; /* - empty, r read, w write, d DDL, u unseen, e error */
	} cases[] = {
		{ "[\"SELECT 1\"]", "r" },
		{ "[\"SELECT 1; SELECT 2;\", \"VALUES(3)\"]", "rrr" },
		{ "[\"WITH a AS (SELECT 1) SELECT * FROM a\", \"EXPLAIN INSERT INTO foo VALUES(1,2)\", "
		  "\"PRAGMA table_info(foo)\"]",
		    "rrr" },
		{ "[\"INSERT INTO foo(name) VALUES('x')\", \"DELETE FROM foo; UPDATE foo SET id = 1\"]",
		    "www" },
		{ "[\"CREATE TABLE t (a)\", \"DROP TABLE foo\", \"ALTER TABLE foo ADD b\", \"CREATE INDEX i "
		  "ON foo(name)\"]",
		    "dddd" },
		{ "[\"\", \" -- x\"]", "--" },
		{ "[\"SELECT * FROM nope\"]", "e" },
		{ "[\"SELEC\", \"SELECT 1\"]", "er" },
		{ "[\"SELECT 1; SELECT * FROM nope; SELECT 2\", \"SELECT 3\"]", "rer" },
		{ "[\"BEGIN\", \"ATTACH 'x' AS x\", \"PRAGMA journal_mode=DELETE\", \"DROP TABLE "
		  "_nqlite_x\", \"VACUUM\"]",
		    "eeeee" },
		{ "[\"CREATE TABLE t (a)\", \"INSERT INTO t VALUES(1)\", [\"SELECT * FROM t WHERE a = ?\", "
		  "1]]",
		    "duu" },
		{ "[\"CREATE TABLE t (a)\", \"BEGIN\", \"DELETE FROM _nqlite_x\"]", "dee" },
		{ "[\"CREATE TABLE t (a); INSERT INTO t VALUES(1); SELECT 1\"]", "dur" },
		{ "[[\"SELECT ?\"]]", "e" },
		{ "[[\"INSERT INTO foo VALUES(?, ?); DELETE FROM foo\", 1, 2, 3]]", "e" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plan p;
		struct body body;
		char kinds[32] = "";

		make(&p, &body, *state, cases[i].json);
		for (size_t k = 0; k < p.n; k++) {
			char c = "-rwue"[p.items[k].kind];
			kinds[k] = c == 'w' && p.items[k].is_ddl ? 'd' : c;
		}
		if (strcmp(kinds, cases[i].kinds) != 0)
			fail_msg("%s: %s", cases[i].json, kinds);
		plan_release(&p);
		body_release(&body);
	}
}

static void refused_texts_leave_nothing_to_run(void **state)
{
	struct plan p;
	struct body body;

	make(&p, &body, *state,
	    "[[\"INSERT INTO foo VALUES(?, ?); DELETE FROM foo\", 1, 2, 3], \"SELECT 1\"]");
	assert_int_equal(p.n, 2);
	assert_int_equal(p.nwrites, 0);
	assert_int_equal(p.nerrors, 1);
	assert_int_equal(p.first_error, 0);
	plan_release(&p);
	body_release(&body);
}

static void the_columns_of_returning_are_those_of_the_schema_of_the_moment(void **state)
{
	static const char json[] = "[\"INSERT INTO foo(name) VALUES('x') RETURNING *\"]";
	struct fixture *f = *state;
	struct plan p;
	struct body body;
	struct err err;

	make(&p, &body, f, json);
	assert_int_equal(p.items[0].ncolumns, 2);
	assert_string_equal(p.items[0].columns[1].name, "name");
	plan_release(&p);
	body_release(&body);
	assert_int_equal(conn_exec(f->writer, "ALTER TABLE foo RENAME COLUMN name TO title", &err), 0);
	assert_int_equal(conn_exec(f->writer, "ALTER TABLE foo ADD COLUMN extra", &err), 0);
	make(&p, &body, f, "[\"INSERT INTO foo(title) VALUES('x') RETURNING *\"]");
	assert_int_equal(p.items[0].ncolumns, 3);
	assert_string_equal(p.items[0].columns[1].name, "title");
	plan_release(&p);
	body_release(&body);
	make(&p, &body, f, "[\"DELETE FROM foo RETURNING *\"]");
	assert_int_equal(p.items[0].ncolumns, 3);
	plan_release(&p);
	body_release(&body);
	assert_int_equal(conn_exec(f->writer, "ALTER TABLE foo DROP COLUMN extra", &err), 0);
	make(&p, &body, f, "[\"DELETE FROM foo RETURNING *\"]");
	assert_int_equal(p.items[0].ncolumns, 2);
	plan_release(&p);
	body_release(&body);
}

static void parameters_that_sqlite_could_not_be_asked_for_are_found(void **state)
{
	struct plan p;
	struct body body;

	make(&p, &body, *state,
	    "[\"CREATE TABLE t (a, b)\", [\"INSERT INTO t VALUES(:b, $a || ':no')\", {\"a\": 1, \"b\": 2}],"
	    " [\"INSERT INTO t VALUES(?2, ?1)\", \"x\", \"y\"], [\"INSERT INTO t VALUES(?, ?)\", 1]]");
	assert_int_equal(p.items[1].kind, ITEM_UNSEEN);
	assert_int_equal(p.items[1].nparams, 2);
	assert_int_equal(p.items[1].params[0].i, 2);
	assert_int_equal(p.items[1].params[1].i, 1);
	assert_int_equal(p.items[2].params[0].text[0], 'x');
	assert_int_equal(p.items[3].kind, ITEM_ERROR);
	assert_string_equal(p.items[3].error, "not enough parameters: the statement has 2, 1 is given");
	plan_release(&p);
	body_release(&body);
}

static void the_entry_holds_the_statements_in_order(void **state)
{
	struct plan p;
	struct body body;
	struct entry_builder b;
	struct entry_reader r;
	struct entry_header h = { .now_us = 7, .seed = 8, .role = "http" };
	struct statement_header s;
	struct value values[2];
	struct err err;

	make(&p, &body, *state,
	    "[\"CREATE TABLE t (a)\", \"-- nothing\", [\"INSERT INTO t VALUES(?)\", 42], \"SELECT * FROM "
	    "foo\"]");
	for (int is_atomic = 0; is_atomic < 2; is_atomic++) {
		uint8_t separate = is_atomic ? 0 : STATEMENT_SEPARATE;
		entry_builder_init(&b, 10000);
		assert_int_equal(plan_build_entry(&p, &h, is_atomic, &b, &err), 0);
		entry_reader_init(&r, b.bytes.data, b.bytes.len);
		struct entry_header back;
		assert_int_equal(entry_read_entry(&r, &back, &err), 0);
		assert_int_equal(back.nstatements, 3);
		assert_string_equal(back.role, "http");
		assert_int_equal(entry_read_statement(&r, &s, &err), 0);
		assert_int_equal(s.flags, STATEMENT_DDL | separate);
		assert_int_equal(entry_read_row(&r, values, 0, &err), 0);
		assert_int_equal(entry_read_statement(&r, &s, &err), 0);
		assert_int_equal(s.flags, separate);
		assert_int_equal(s.ncolumns, 1);
		assert_int_equal(entry_read_row(&r, values, 1, &err), 0);
		assert_int_equal(values[0].i, 42);
		assert_int_equal(entry_read_statement(&r, &s, &err), 0);
		assert_memory_equal(s.sql, "SELECT * FROM foo", s.sql_len);
		entry_builder_release(&b);
	}
	entry_builder_init(&b, 20);
	assert_int_equal(plan_build_entry(&p, &h, true, &b, &err), -1);
	assert_string_equal(err.sqlstate, SQLSTATE_LIMIT_EXCEEDED);
	entry_builder_release(&b);
	plan_release(&p);
	body_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(statements_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_texts_leave_nothing_to_run, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_columns_of_returning_are_those_of_the_schema_of_the_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    parameters_that_sqlite_could_not_be_asked_for_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(the_entry_holds_the_statements_in_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
