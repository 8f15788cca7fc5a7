#include "catalog_fixture.h"

static void make_tables(struct fixture *f)
{
	sql(f, "PRAGMA foreign_keys = ON");
	sql(f, "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT)");
	sql(f, "CREATE UNIQUE INDEX parent_lower ON parent (lower(code))");
	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT NOT NULL CHECK (a > 0), b INT, c INT, UNIQUE "
	       "(b, a), "
	       "CONSTRAINT small CHECK (a < 100), FOREIGN KEY (c) REFERENCES parent (id))");
	sql(f, "INSERT INTO parent VALUES (1, 'x')");
	sql(f, "INSERT INTO t VALUES (1, 1, 1, 1)");
	load(f);
}

static struct err failure(struct fixture *f, const char *text)
{
	struct query query = { .sql = text, .sql_len = strlen(text) };
	struct err err = { 0 };

	assert_int_equal(conn_run(f->conn, &query, NULL, NULL, &err), -1);
	catalog_explain_error(f->catalog, &err);
	return err;
}

static void test_a_failure_says_what_postgres_says(void **state)
{
	static const struct {
		const char *sql, *sqlstate, *message, *table, *column, *constraint;
	} rows[] = {
		{ "INSERT INTO t VALUES (1, 2, 2, 1)", "23505",
		    "duplicate key value violates unique constraint \"t_pkey\"", "t", "", "t_pkey" },
		{ "INSERT INTO t VALUES (2, 1, 1, 1)", "23505",
		    "duplicate key value violates unique constraint \"t_b_a_key\"", "t", "", "t_b_a_key" },
		{ "INSERT INTO parent VALUES (2, 'X')", "23505",
		    "duplicate key value violates unique constraint \"parent_lower\"", "parent", "",
		    "parent_lower" },
		{ "INSERT INTO t (id) VALUES (2)", "23502",
		    "null value in column \"a\" of relation \"t\" violates not-null constraint", "t", "a",
		    "" },
		{ "INSERT INTO t VALUES (2, -1, 2, 1)", "23514",
		    "new row for relation \"t\" violates check constraint \"t_a_check\"", "t", "",
		    "t_a_check" },
		{ "INSERT INTO t VALUES (2, 100, 2, 1)", "23514",
		    "new row for relation \"t\" violates check constraint \"small\"", "t", "", "small" },
		{ "INSERT INTO t VALUES (2, 2, 2, 9)", "23503",
		    "statement violates foreign key constraint \"t_c_fkey\" on table \"t\"", "t", "",
		    "t_c_fkey" },
		{ "SELECT * FROM main.gone", "42P01", "relation \"gone\" does not exist", "", "", "" },
	};
	struct fixture *f = *state;

	make_tables(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = failure(f, rows[i].sql);

		assert_string_equal(err.message, rows[i].message);
		assert_string_equal(err.sqlstate, rows[i].sqlstate);
		assert_string_equal(err.table, rows[i].table);
		assert_string_equal(err.column, rows[i].column);
		assert_string_equal(err.constraint, rows[i].constraint);
		assert_string_equal(err.schema, rows[i].table[0] == '\0' ? "" : "public");
	}
}

static void test_names_are_those_of_postgres(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE inner_name (a INT)");
	sql(f, "CREATE UNIQUE INDEX side_index ON inner_name (a)");
	sql(f, "INSERT INTO _nqlite_class VALUES (16384, 'public', 'shown', 'r', 'inner_name')");
	sql(f, "INSERT INTO _nqlite_constraint VALUES (16385, 16384, 'shown_pkey', 'p', '[1]', NULL, "
	       "'side_index')");
	sql(f, "INSERT INTO inner_name VALUES (1)");
	load(f);
	struct err err = failure(f, "INSERT INTO inner_name VALUES (1)");

	assert_string_equal(err.message, "duplicate key value violates unique constraint \"shown_pkey\"");
	assert_string_equal(err.table, "shown");
}

static void test_what_is_not_known_is_said_in_general(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	sql(f, "CREATE TABLE other (p INT REFERENCES parent, q INT CONSTRAINT small CHECK (q < 3))");
	sql(f, "CREATE TABLE later (a INT UNIQUE)"); /* not in the catalog that was loaded */
	sql(f, "INSERT INTO later VALUES (1)");
	struct err err = failure(f, "INSERT INTO later VALUES (1)");

	assert_string_equal(err.message, "duplicate key value violates a unique constraint of \"later\"");
	load(f);
	err = failure(f, "INSERT INTO t VALUES (2, 2, 2, 9)");
	assert_string_equal(err.message, "statement violates a foreign key constraint");
	err = failure(f, "INSERT INTO other VALUES (1, 5)");
	assert_string_equal(err.message, "new row violates check constraint \"small\"");
	assert_string_equal(err.constraint, "small");
}

static void test_other_errors_and_details_stay(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	load(f);
	err_set(&err, SQLSTATE_UNIQUE, "already explained");
	catalog_explain_error(f->catalog, &err);
	assert_string_equal(err.message, "already explained");

	err_set(&err, SQLSTATE_SYNTAX, "UNIQUE constraint failed");
	catalog_explain_error(f->catalog, &err);
	assert_string_equal(err.message, "UNIQUE constraint failed");

	err_set(&err, SQLSTATE_UNIQUE, "UNIQUE constraint failed: t.a");
	err_detail(&err, "Key (a)=(1) already exists.");
	catalog_explain_error(f->catalog, &err);
	assert_string_equal(err.detail, "Key (a)=(1) already exists.");
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_a_failure_says_what_postgres_says),
		UNIT_TEST(test_names_are_those_of_postgres),
		UNIT_TEST(test_what_is_not_known_is_said_in_general),
		UNIT_TEST(test_other_errors_and_details_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
