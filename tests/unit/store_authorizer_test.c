#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "store/sql_text.h"
#include "store/store.h"

static struct store *store;
static struct conn *writer, *reader;

static int run(struct conn *conn, const char *sql, struct err *err)
{
	struct query q = { .sql = sql, .sql_len = strlen(sql) };

	return conn_run(conn, &q, NULL, NULL, err);
}

static int set_up(void **state)
{
	static const char *const schema[] = {
		"CREATE TABLE _nqlite_state (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
		"INSERT INTO _nqlite_state VALUES ('seq', 0)",
		"CREATE INDEX _nqlite_i ON _nqlite_state (value)",
		"CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
		"CREATE TABLE u (a)",
		"CREATE TRIGGER smuggle AFTER INSERT ON u BEGIN UPDATE _nqlite_state SET value = new.a; END",
		"CREATE TABLE w (a)",
		"CREATE TRIGGER _nqlite_count AFTER INSERT ON w BEGIN DELETE FROM _nqlite_state; END",
	};
	struct store_options options = { .path = ":memory:" };
	struct err err;

	(void)state;
	if (store_open(&store, &options, &err) != 0 || store_open_writer(store, &writer, &err) != 0 ||
	    store_open_reader(store, &reader, &err) != 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		if (conn_exec(writer, schema[i], &err) != 0) {
			print_error("%s: %s\n", schema[i], err.message);
			return -1;
		}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	conn_close(reader);
	conn_close(writer);
	store_close(store);
	return 0;
}

static const struct {
	const char *sql, *sqlstate, *message;
} refused[] = {
	{ "BEGIN", "0A000", "not authorized: BEGIN" },
	{ "BEGIN IMMEDIATE", "0A000", "not authorized: BEGIN" },
	{ "COMMIT", "0A000", "not authorized: COMMIT" },
	{ "END", "0A000", "not authorized: COMMIT" },
	{ "ROLLBACK", "0A000", "not authorized: ROLLBACK" },
	{ "SAVEPOINT s", "0A000", "not authorized: SAVEPOINT" },
	{ "RELEASE s", "0A000", "not authorized: SAVEPOINT" },
	{ "ROLLBACK TO s", "0A000", "not authorized: SAVEPOINT" },
	{ "ATTACH 'x.db' AS x", "0A000", "not authorized: ATTACH" },
	{ "DETACH x", "0A000", "not authorized: DETACH" },
	{ "VACUUM", "0A000", "not authorized: VACUUM" },
	{ " /* now */ ; vacuum INTO 'x.db'", "0A000", "not authorized: VACUUM" },
	{ "PRAGMA journal_mode = DELETE", "0A000", "disallowed pragma" },
	{ "PRAGMA foreign_keys = OFF", "0A000", "disallowed pragma" },
	{ "PRAGMA writable_schema = ON", "0A000", "disallowed pragma" },
	{ "PRAGMA user_version = 5", "0A000", "disallowed pragma" },
	{ "PRAGMA user_version(5)", "0A000", "disallowed pragma" },
	{ "PRAGMA page_size = 512", "0A000", "disallowed pragma" },
	{ "PRAGMA wal_checkpoint", "0A000", "disallowed pragma" },
	{ "PRAGMA case_sensitive_like = ON", "0A000", "disallowed pragma" },
	{ "PRAGMA optimize", "0A000", "disallowed pragma" },
	{ "UPDATE _nqlite_state SET value = 1", "42501", "table _nqlite_state may not be modified" },
	{ "DELETE FROM \"_NQLITE_state\"", "42501", "table _nqlite_state may not be modified" },
	{ "INSERT INTO main._nqlite_state VALUES (1, 1)", "42501",
	    "table _nqlite_state may not be modified" },
	{ "DROP TABLE _nqlite_state", "42501", "table _nqlite_state may not be modified" },
	{ "ALTER TABLE _nqlite_state ADD COLUMN x", "42501", "table _nqlite_state may not be modified" },
	{ "ALTER TABLE t RENAME TO _nqlite_mine", "42501", "table _nqlite_ may not be modified" },
	{ "CREATE TABLE _nqlite_mine (a)", "42501", "table _nqlite_mine may not be modified" },
	{ "CREATE VIEW _nqlite_mine AS SELECT 1", "42501", "table _nqlite_mine may not be modified" },
	{ "CREATE INDEX mine ON _nqlite_state (value)", "42501", "table _nqlite_state may not be modified" },
	{ "CREATE INDEX _nqlite_mine ON t (a)", "42501", "table _nqlite_mine may not be modified" },
	{ "DROP INDEX _nqlite_i", "42501", "table _nqlite_state may not be modified" },
	{ "CREATE TRIGGER mine AFTER UPDATE ON _nqlite_state BEGIN SELECT 1; END", "42501",
	    "table _nqlite_state may not be modified" },
	{ "CREATE TRIGGER _nqlite_mine AFTER UPDATE ON t BEGIN SELECT 1; END", "42501",
	    "table _nqlite_mine may not be modified" },
	{ "DROP TRIGGER _nqlite_count", "42501", "table _nqlite_count may not be modified" },
	{ "CREATE VIRTUAL TABLE _nqlite_f USING fts5(a)", "42501", "table _nqlite_f may not be modified" },
	{ "CREATE VIRTUAL TABLE s USING dbstat", "0A000",
	    "virtual tables of module dbstat are not supported" },
	{ "INSERT INTO u VALUES (5)", "42501",
	    "table _nqlite_state may not be modified" }, /* by its trigger */
	{ "CREATE TEMP TABLE x (a)", "0A000",
	    "not authorized: temporary tables, indexes, triggers and views" },
	{ "CREATE TEMP VIEW x AS SELECT 1", "0A000",
	    "not authorized: temporary tables, indexes, triggers and views" },
	{ "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "0A000",
	    "not authorized: temporary tables, indexes, triggers and views" },
	{ "WITH _nqlite_x AS (SELECT load_extension('x')) SELECT * FROM _nqlite_x", "42501",
	    "not authorized to use function: load_extension" },
	{ "SELECT load_extension('x')", "42501", "not authorized to use function: load_extension" },
	{ "INSERT INTO t (a) SELECT changes()", "0A000", "not authorized to use function: changes" },
	{ "INSERT INTO t (a) VALUES (TOTAL_CHANGES())", "0A000",
	    "not authorized to use function: TOTAL_CHANGES" },
	{ "UPDATE t SET a = sqlite_version()", "0A000", "not authorized to use function: sqlite_version" },
	{ "DELETE FROM t WHERE a = sqlite_source_id()", "0A000",
	    "not authorized to use function: sqlite_source_id" },
};

static bool same_but_for_case(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static void what_users_may_not_do_is_refused_by_the_writer(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (run(writer, refused[i].sql, &err) == 0)
			fail_msg("%s was not refused", refused[i].sql);
		if (strcmp(err.sqlstate, refused[i].sqlstate) != 0 ||
		    !same_but_for_case(err.message, refused[i].message))
			fail_msg("%s: %s %s", refused[i].sql, err.sqlstate, err.message);
		assert_false(conn_failure_is_local(writer));
	}
	assert_false(conn_in_transaction(writer));
}

static void what_users_may_not_do_is_refused_before_it_is_published(void **state)
{
	struct statement_info info;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (conn_inspect(reader, refused[i].sql, strlen(refused[i].sql), &info, &err) == 0)
			fail_msg("%s was not refused", refused[i].sql);
		if (strcmp(err.sqlstate, refused[i].sqlstate) != 0 ||
		    !same_but_for_case(err.message, refused[i].message))
			fail_msg("%s: %s %s", refused[i].sql, err.sqlstate, err.message);
	}
}

static void what_users_may_do_works_on_the_writer(void **state)
{
	static const char *const allowed[] = {
		"INSERT INTO t (a) VALUES (1), (2)",
		"CREATE TABLE x (a PRIMARY KEY, b AS (a + 1), CHECK (a > 0))",
		"CREATE INDEX xi ON x (b)",
		"CREATE TRIGGER xt AFTER INSERT ON x BEGIN INSERT INTO t (a) VALUES (new.a); END",
		"INSERT INTO x VALUES (1) RETURNING *",
		"ALTER TABLE x RENAME TO y",
		"ALTER TABLE y ADD COLUMN c",
		"ALTER TABLE y RENAME COLUMN c TO d",
		"ALTER TABLE y DROP COLUMN d",
		"CREATE VIEW v AS SELECT * FROM y",
		"ANALYZE",
		"REINDEX",
		"SELECT * FROM _nqlite_state",
		"SELECT * FROM pragma_table_info('t')",
		"PRAGMA table_info(t)",
		"PRAGMA user_version",
		"DELETE FROM sqlite_sequence WHERE name = 't'",
		"UPDATE t SET a = last_insert_rowid()",
		"DROP VIEW v",
		"DROP TABLE y",
		"CREATE VIRTUAL TABLE f USING fts5(a)",
		"INSERT INTO f VALUES ('a stitch in time saves nine')",
		"SELECT * FROM f WHERE f MATCH 'stitch'",
		"UPDATE f SET a = 'nine'",
		"CREATE TRIGGER ft AFTER INSERT ON t BEGIN INSERT INTO f VALUES (new.a); END",
		"INSERT INTO t (a) VALUES ('word')",
		"DELETE FROM f",
		"DROP TRIGGER ft",
		"DROP TABLE f",
		"CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)",
		"INSERT INTO r VALUES (1, 0, 1)",
		"DROP TABLE r",
		"CREATE VIRTUAL TABLE g USING fts4(a)",
		"INSERT INTO g VALUES ('a stitch in time saves nine')",
		"DROP TABLE g",
		"INSERT INTO w VALUES (1)", /* our own trigger writes _nqlite_state */
		"EXPLAIN INSERT INTO t (a) VALUES (1)",
		"WITH c AS (SELECT 1) SELECT * FROM c",
		"SELECT \"a string, since there is no such column\"",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (run(writer, allowed[i], &err) != 0)
			fail_msg("%s: %s %s", allowed[i], err.sqlstate, err.message);
}

static void readers_may_ask_about_their_own_node(void **state)
{
	static const char *const allowed[] = {
		"SELECT changes(), total_changes(), sqlite_version(), sqlite_source_id()",
		"PRAGMA database_list",
		"PRAGMA compile_options",
		"PRAGMA function_list",
		"PRAGMA collation_list",
		"PRAGMA journal_mode",
		"PRAGMA integrity_check",
		"PRAGMA quick_check(5)",
		"SELECT * FROM pragma_compile_options",
	};
	struct statement_info info;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (run(reader, allowed[i], &err) != 0)
			fail_msg("%s: %s %s", allowed[i], err.sqlstate, err.message);
		assert_int_equal(conn_inspect(reader, allowed[i], strlen(allowed[i]), &info, &err), 0);
		assert_true(info.is_readonly);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		assert_int_equal(run(writer, allowed[i], &err), -1);
}

static void the_same_text_is_allowed_to_us_and_not_to_users(void **state)
{
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) { /* each has its own place in the cache */
		assert_int_equal(conn_exec(writer, "UPDATE _nqlite_state SET value = 3", &err), 0);
		assert_int_equal(run(writer, "UPDATE _nqlite_state SET value = 3", &err), -1);
	}
	/* A user's trigger can't borrow our rights. */
	assert_int_equal(conn_exec(writer, "INSERT INTO u VALUES (5)", &err), -1);
	assert_string_equal(err.sqlstate, "42501");
	assert_int_equal(conn_exec(writer, "INSERT INTO w VALUES (5)", &err), 0);
}

/* ---- conn_inspect ---- */

static void inspect_tells_of_the_first_statement(void **state)
{
	static const struct {
		const char *sql;
		size_t used;
		bool is_empty, is_readonly, is_explain;
		size_t nparams;
	} cases[] = {
		{ "SELECT 1", 8, false, true, false, 0 },
		{ "SELECT 1; ", 10, false, true, false, 0 },
		{ "SELECT 1; SELECT 2", 9, false, true, false, 0 },
		{ " -- a comment\n WITH c AS (SELECT ?5) SELECT * FROM c", 52, false, true, false, 5 },
		{ "VALUES (1)", 10, false, true, false, 0 },
		{ "INSERT INTO t (a) VALUES (:x), (@y), ($z)", 41, false, false, false, 3 },
		{ "INSERT INTO t (a) VALUES (1) RETURNING id", 41, false, false, false, 0 },
		{ "EXPLAIN INSERT INTO t (a) VALUES (changes())", 44, false, true, true, 0 },
		{ "EXPLAIN QUERY PLAN DELETE FROM t", 32, false, true, true, 0 },
		{ "CREATE TABLE x (a)", 18, false, false, false, 0 },
		{ "ANALYZE", 7, false, false, false, 0 },
		{ "", 0, true, true, false, 0 },
		{ " ; /* nothing */ -- at all", 26, true, true, false, 0 },
	};
	struct statement_info info;
	struct err err;

	(void)state;
	for (int round = 0; round < 2; round++) /* prepared, then from the cache */
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (conn_inspect(reader, cases[i].sql, strlen(cases[i].sql), &info, &err) != 0)
				fail_msg("%s: %s", cases[i].sql, err.message);
			if (info.used != cases[i].used || info.is_empty != cases[i].is_empty ||
			    info.is_readonly != cases[i].is_readonly ||
			    info.is_explain != cases[i].is_explain || info.nparams != cases[i].nparams)
				fail_msg("%s: used %zu, empty %d, readonly %d, explain %d, %zu parameters",
				    cases[i].sql, info.used, info.is_empty, info.is_readonly, info.is_explain,
				    info.nparams);
		}
}

static void inspect_names_the_parameters(void **state)
{
	struct statement_info info;
	struct err err;
	const char *sql = "SELECT :one, @two, $three, ?, ?6";

	(void)state;
	assert_null(conn_inspected_param(reader, 1));
	assert_int_equal(conn_inspect(reader, sql, strlen(sql), &info, &err), 0);
	assert_int_equal(info.nparams, 6);
	assert_string_equal(conn_inspected_param(reader, 1), ":one");
	assert_string_equal(conn_inspected_param(reader, 2), "@two");
	assert_string_equal(conn_inspected_param(reader, 3), "$three");
	assert_null(conn_inspected_param(reader, 4));
	assert_null(conn_inspected_param(reader, 7));
}

static void inspect_says_why_a_text_does_not_prepare(void **state)
{
	struct statement_info info;
	struct err err;

	(void)state;
	assert_int_equal(conn_inspect(reader, "SELECT * FROM foo", 17, &info, &err), -1);
	assert_string_equal(err.message, "no such table: foo");
	assert_string_equal(err.sqlstate, "42P01");
}

/* ---- sql_text ---- */

static void blanks_and_comments_are_skipped(void **state)
{
	static const struct {
		const char *sql;
		size_t blank;
	} cases[] = {
		{ "", 0 },
		{ "a", 0 },
		{ " \t\r\n\f;a", 6 },
		{ "-- a\nb", 5 },
		{ "-- a", 4 },
		{ "-", 0 },
		{ "/* a */b", 7 },
		{ "/* a", 4 },
		{ "/", 0 },
		{ "/**/ -- c\n/* d */;e", 18 },
		{ "\xEF\xBB\xBFx", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sql_text_blank(cases[i].sql, strlen(cases[i].sql)), cases[i].blank);
	assert_true(sql_text_begins_with(" /**/ Vacuum;", 13, "VACUUM"));
	assert_true(sql_text_begins_with("vacuum", 6, "VACUUM"));
	assert_false(sql_text_begins_with("vacuums", 7, "VACUUM"));
	assert_false(sql_text_begins_with("vac", 3, "VACUUM"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_users_may_not_do_is_refused_by_the_writer),
		T(what_users_may_not_do_is_refused_before_it_is_published),
		T(what_users_may_do_works_on_the_writer),
		T(readers_may_ask_about_their_own_node),
		T(the_same_text_is_allowed_to_us_and_not_to_users),
		T(inspect_tells_of_the_first_statement),
		T(inspect_names_the_parameters),
		T(inspect_says_why_a_text_does_not_prepare),
		cmocka_unit_test(blanks_and_comments_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
