#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

static struct store *store;
static struct conn *writer;

static int set_up(void **state)
{
	struct store_options options = { .path = ":memory:" };
	struct err err;

	(void)state;
	if (store_open(&store, &options, &err) != 0 || store_open_writer(store, &writer, &err) != 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	conn_close(writer);
	store_close(store);
	return 0;
}

static int run(const char *sql, struct err *err)
{
	struct query q = { .sql = sql, .sql_len = strlen(sql) };

	return conn_run(writer, &q, NULL, NULL, err);
}

static const char *const schema[] = {
	"CREATE TABLE p (id INTEGER PRIMARY KEY, a NOT NULL DEFAULT 0, b, UNIQUE (a, b))",
	"CREATE TABLE c (id REFERENCES p (id), n CONSTRAINT n_is_small CHECK (n < 10), m CHECK (m > 0))",
	"CREATE TABLE \"s.t\" (k TEXT PRIMARY KEY, x) WITHOUT ROWID",
	"CREATE UNIQUE INDEX lower_x ON \"s.t\" (lower(x))",
	"CREATE TABLE st (i INTEGER, t TEXT) STRICT",
	"CREATE TABLE au (id INTEGER PRIMARY KEY AUTOINCREMENT)",
	"CREATE TRIGGER no_delete BEFORE DELETE ON p BEGIN SELECT RAISE(ABORT, 'p stays'); END",
	"CREATE VIEW v AS SELECT * FROM p",
	"INSERT INTO p VALUES (1, 1, 1)",
	"INSERT INTO \"s.t\" VALUES ('k', 'X')",
	"INSERT INTO au VALUES (9223372036854775807)",
};

static const struct {
	const char *sql, *sqlstate, *message, *table, *column, *constraint;
} cases[] = {
	{ "INSERT INTO p VALUES (1, 2, 2)", "23505", "UNIQUE constraint failed: p.id", "p", "id", "" },
	{ "INSERT INTO p VALUES (2, 1, 1)", "23505", "UNIQUE constraint failed: p.a, p.b", "p", "a, b", "" },
	{ "INSERT INTO \"s.t\" VALUES ('k', 'y')", "23505", "UNIQUE constraint failed: s.t.k", "s.t", "k",
	    "" },
	{ "INSERT INTO \"s.t\" VALUES ('l', 'x')", "23505", "UNIQUE constraint failed: index 'lower_x'", "",
	    "", "lower_x" },
	{ "INSERT INTO p VALUES (2, NULL, 1)", "23502", "NOT NULL constraint failed: p.a", "p", "a", "" },
	{ "INSERT INTO c VALUES (5, 1, 1)", "23503", "FOREIGN KEY constraint failed", "", "", "" },
	{ "INSERT INTO c VALUES (1, 10, 1)", "23514", "CHECK constraint failed: n_is_small", "", "",
	    "n_is_small" },
	{ "INSERT INTO c VALUES (1, 1, 0)", "23514", "CHECK constraint failed: m > 0", "", "", "" },
	{ "INSERT INTO st VALUES ('x', 'y')", "42804", "cannot store TEXT value in INTEGER column st.i", "st",
	    "i", "" },
	{ "INSERT INTO p VALUES ('x', 1, 1)", "42804", "datatype mismatch", "", "", "" },
	{ "DELETE FROM p", "P0001", "p stays", "", "", "" },
	{ "INSERT INTO au VALUES (NULL)", "2200H", "database or disk is full", "", "", "" },
	{ "SELECT * FROM nowhere", "42P01", "no such table: nowhere", "", "", "" },
	{ "SELECT nowhere FROM p", "42703", "no such column: nowhere", "", "", "" },
	{ "INSERT INTO p (nowhere) VALUES (1)", "42703", "table p has no column named nowhere", "", "", "" },
	{ "SELECT nowhere()", "42883", "no such function: nowhere", "", "", "" },
	{ "SELECT abs()", "42883", "wrong number of arguments to function abs()", "", "", "" },
	{ "SELEC 1", "42601", "near \"SELEC\": syntax error", "", "", "" },
	{ "SELECT (1", "42601", "incomplete input", "", "", "" },
	{ "SELECT 'a", "42601", "unrecognized token: \"'a\"", "", "", "" },
	{ "INSERT INTO p VALUES (1)", "42601", "table p has 3 columns but 1 values were supplied", "", "",
	    "" },
	{ "INSERT INTO p (id, a) VALUES (1)", "42601", "1 values for 2 columns", "", "", "" },
	{ "SELECT id FROM p, c", "42702", "ambiguous column name: id", "", "", "" },
	{ "CREATE TABLE p (a)", "42P07", "table p already exists", "", "", "" },
	{ "CREATE VIEW v AS SELECT 1", "42P07", "view v already exists", "", "", "" },
	{ "CREATE INDEX lower_x ON p (a)", "42P07", "index lower_x already exists", "", "", "" },
	{ "CREATE TRIGGER no_delete AFTER INSERT ON p BEGIN SELECT 1; END", "42710",
	    "trigger no_delete already exists", "", "", "" },
	{ "CREATE TABLE d (a, a)", "42701", "duplicate column name: a", "", "", "" },
	{ "SELECT sum(sum(a)) FROM p", "42803", "misuse of aggregate function sum()", "", "", "" },
	{ "SELECT 1 ORDER BY 1 COLLATE nowhere", "42704", "no such collation sequence: nowhere", "", "", "" },
	{ "DROP INDEX nowhere", "42704", "no such index: nowhere", "", "", "" },
	{ "INSERT INTO v VALUES (1, 2, 3)", "42809", "cannot modify v because it is a view", "", "", "" },
	{ "UPDATE sqlite_schema SET name = 'x'", "42501", "table sqlite_master may not be modified", "", "",
	    "" },
	{ "SELECT abs(-9223372036854775808)", "22003", "integer overflow", "", "", "" },
	{ "SELECT json('{')", "22P02", "malformed JSON", "", "", "" },
	{ "SELECT zeroblob(2000000000)", "54000", "string or blob too big", "", "", "" },
	{ "INSERT INTO p VALUES (1, 1, 1) ON CONFLICT (b) DO NOTHING", "42P10",
	    "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint", "", "", "" },
};

static void sqlites_errors_become_sqlstates_and_keep_their_sentence(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		if (run(schema[i], &err) != 0)
			fail_msg("%s: %s", schema[i], err.message);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (run(cases[i].sql, &err) == 0)
			fail_msg("%s did not fail", cases[i].sql);
		if (strcmp(err.sqlstate, cases[i].sqlstate) != 0 ||
		    strcmp(err.message, cases[i].message) != 0 || strcmp(err.table, cases[i].table) != 0 ||
		    strcmp(err.column, cases[i].column) != 0 ||
		    strcmp(err.constraint, cases[i].constraint) != 0)
			fail_msg("%s: %s %s table '%s' column '%s' constraint '%s'", cases[i].sql,
			    err.sqlstate, err.message, err.table, err.column, err.constraint);
		if (conn_failure_is_local(writer))
			fail_msg("%s: %s is no failure of this machine", cases[i].sql, err.message);
	}
}

static void transactions_out_of_place_have_their_sqlstates(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(conn_exec(writer, "COMMIT", &err), -1);
	assert_string_equal(err.sqlstate, "25P01");
	assert_int_equal(conn_exec(writer, "ROLLBACK", &err), -1);
	assert_string_equal(err.sqlstate, "25P01");
	assert_int_equal(conn_exec(writer, "RELEASE nowhere", &err), -1);
	assert_string_equal(err.sqlstate, "3B001");
	assert_int_equal(conn_exec(writer, "BEGIN", &err), 0);
	assert_int_equal(conn_exec(writer, "BEGIN", &err), -1);
	assert_string_equal(err.sqlstate, "25001");
	assert_int_equal(conn_exec(writer, "COMMIT", &err), 0);
}

static void an_expression_that_nests_too_deep_is_refused(void **state)
{
	char *sql = malloc(40000);
	struct err err;
	size_t n = (size_t)sprintf(sql, "SELECT ");

	(void)state;
	for (int i = 0; i < 2000; i++)
		n += (size_t)sprintf(sql + n, "-(1+");
	n += (size_t)sprintf(sql + n, "1");
	for (int i = 0; i < 2000; i++)
		n += (size_t)sprintf(sql + n, ")");
	assert_int_equal(run(sql, &err), -1);
	assert_string_equal(err.sqlstate, "54001");
	free(sql);
}

/* ---- files ---- */

static char directory[64];

static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/nqlite-test-XXXXXX");
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "db", "db-wal", "db-shm" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		unlink(in_directory(names[i]));
	return rmdir(directory);
}

static int open_file(const char *path, struct err *err)
{
	struct store_options options = { .path = path };
	struct store *s;
	int rc = store_open(&s, &options, err);

	if (rc == 0)
		store_close(s);
	else
		assert_null(s);
	return rc;
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct err err;
	FILE *file = fopen(in_directory("db"), "w");

	(void)state;
	for (int i = 0; i < 1000; i++)
		fputs("This is not a database. ", file);
	fclose(file);
	assert_int_equal(open_file(in_directory("db"), &err), -1);
	assert_string_equal(err.sqlstate, "XX001");
	assert_non_null(strstr(err.message, "file is not a database"));
	assert_non_null(strstr(err.message, in_directory("db")));
	assert_true(err.hint[0] != '\0');
}

static void a_page_that_is_corrupt_is_found_when_it_is_read(void **state)
{
	struct store_options options = { .path = in_directory("db") };
	struct query insert = {
		.sql = "INSERT INTO t VALUES (randomblob(3000)), (randomblob(3000)), (randomblob(3000))"
	};
	struct query create = { .sql = "CREATE TABLE t (a)", .sql_len = 18 };
	struct query read = { .sql = "SELECT count(*), sum(length(a)) FROM t", .sql_len = 38 };
	struct store *s;
	struct conn *w;
	struct err err;
	char zeros[4096];

	(void)state;
	insert.sql_len = strlen(insert.sql);
	assert_int_equal(store_open(&s, &options, &err), 0);
	assert_int_equal(store_open_writer(s, &w, &err), 0);
	assert_int_equal(conn_run(w, &create, NULL, NULL, &err), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(conn_run(w, &insert, NULL, NULL, &err), 0);
	conn_close(w);
	store_close(s);

	int fd = open(in_directory("db"), O_RDWR | O_CLOEXEC);
	memset(zeros, 0x5a, sizeof(zeros));
	assert_int_equal(
	    pwrite(fd, zeros, sizeof(zeros), 4096), (ssize_t)sizeof(zeros)); /* the table's root */
	close(fd);

	assert_int_equal(store_open(&s, &options, &err), 0);
	assert_int_equal(store_open_reader(s, &w, &err), 0);
	assert_int_equal(conn_run(w, &read, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "XX001");
	assert_true(conn_failure_is_local(w));
	conn_close(w);
	store_close(s);
}

static void a_missing_directory_is_said_to_be_missing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(open_file(in_directory("nowhere/db"), &err), -1);
	assert_string_equal(err.sqlstate, "58030");
	assert_non_null(strstr(err.message, "unable to open database file"));
	assert_string_equal(err.detail, "No such file or directory.");
}

static void a_read_only_directory_is_refused(void **state)
{
	uid_t me = geteuid();
	struct err err;

	(void)state;
	assert_int_equal(chmod(directory, 0555), 0);
	if (me == 0) /* root may write anywhere */
		assert_int_equal(seteuid(65534), 0);
	int rc = open_file(in_directory("db"), &err);
	if (me == 0)
		assert_int_equal(seteuid(me), 0);
	assert_int_equal(chmod(directory, 0700), 0);
	assert_int_equal(rc, -1);
	assert_string_equal(err.sqlstate, "58030");
	assert_string_equal(err.detail, "Permission denied.");
}

static void a_file_is_there_again_after_it_was_closed(void **state)
{
	struct store_options options = { .path = in_directory("db"), .is_durable = true };
	struct query create = { .sql = "CREATE TABLE t (a)", .sql_len = 18 };
	struct query read = { .sql = "SELECT * FROM t", .sql_len = 15 };
	struct store *s;
	struct conn *c;
	struct err err;

	(void)state;
	assert_int_equal(store_open(&s, &options, &err), 0);
	assert_string_equal(store_path(s), options.path);
	assert_int_equal(store_open_writer(s, &c, &err), 0);
	assert_int_equal(conn_run(c, &create, NULL, NULL, &err), 0);
	conn_close(c);
	store_close(s);
	assert_int_equal(store_open(&s, &options, &err), 0);
	assert_int_equal(store_take_reader(s, &c, &err), 0);
	assert_int_equal(conn_run(c, &read, NULL, NULL, &err), 0);
	store_give_reader(s, c);
	store_close(s);
}

static void memory_leaves_no_file_behind(void **state)
{
	struct store_options options = { .path = ":memory:" };
	struct store *s;
	struct err err;
	char path[256];

	(void)state;
	assert_int_equal(store_open(&s, &options, &err), 0);
	snprintf(path, sizeof(path), "%s", store_path(s));
	assert_int_equal(access(path, F_OK), 0);
	store_close(s);
	assert_int_equal(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(access(path, F_OK), -1);
}

#define DB(name)           cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define IN_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB(sqlites_errors_become_sqlstates_and_keep_their_sentence),
		DB(transactions_out_of_place_have_their_sqlstates),
		DB(an_expression_that_nests_too_deep_is_refused),
		IN_DIRECTORY(a_file_that_is_no_database_is_refused),
		IN_DIRECTORY(a_page_that_is_corrupt_is_found_when_it_is_read),
		IN_DIRECTORY(a_missing_directory_is_said_to_be_missing),
		IN_DIRECTORY(a_read_only_directory_is_refused),
		IN_DIRECTORY(a_file_is_there_again_after_it_was_closed),
		cmocka_unit_test(memory_leaves_no_file_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
