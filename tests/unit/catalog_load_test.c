#include "catalog_fixture.h"

#include <inttypes.h>
#include <time.h>

static void assert_column(
    const struct relation *r, size_t i, const char *name, oid_t type, int32_t typmod, bool not_null)
{
	assert_true(i < r->ncolumns);
	assert_string_equal(r->columns[i].name, name);
	assert_int_equal(r->columns[i].type, type);
	assert_int_equal(r->columns[i].typmod, typmod);
	assert_int_equal(r->columns[i].not_null, not_null);
}

static void assert_attnums(const struct constraint *c, char kind, size_t n, int first, int second)
{
	assert_int_equal(c->kind, kind);
	assert_int_equal(c->nattnums, n);
	assert_int_equal(c->attnums[0], first);
	if (n > 1)
		assert_int_equal(c->attnums[1], second);
}

static void test_tables_are_made_once_and_keep_their_state(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	sql(f, "UPDATE _nqlite_state SET value = 7 WHERE key = 'schema_version'");
	assert_int_equal(catalog_create_tables(f->conn, &err), 0);
	assert_rows(
	    f, "SELECT key, value FROM _nqlite_state ORDER BY key", "next_oid|16384\nschema_version|7");
	load(f);
	assert_int_equal(f->catalog->schema.version, 7);
}

static void test_an_empty_database_has_the_schemas_and_no_tables(void **state)
{
	struct fixture *f = *state;
	const struct schema *s;

	load(f);
	s = &f->catalog->schema;
	assert_int_equal(s->version, 1);
	assert_true(s->has_schema(s, "public"));
	assert_true(s->has_schema(s, "pg_catalog"));
	assert_true(s->has_schema(s, "information_schema"));
	assert_false(s->has_schema(s, "main"));
	assert_null(s->find_relation(s, NULL, "t"));
	assert_null(s->find_relation(s, NULL, "_nqlite_class"));
	assert_null(s->find_relation(s, "public", "sqlite_schema"));
	assert_null(s->find_relation_by_oid(s, 1));
}

static void test_declared_types_become_postgres_types(void **state)
{
	static const struct {
		const char *declared;
		oid_t type;
		int32_t typmod;
	} rows[] = {
		{ "INTEGER", OID_INT8, -1 },
		{ "int", OID_INT4, -1 },
		{ "SmallInt", OID_INT2, -1 },
		{ "BIGINT", OID_INT8, -1 },
		{ "TEXT", OID_TEXT, -1 },
		{ "CLOB", OID_TEXT, -1 },
		{ "VARCHAR(10)", OID_VARCHAR, 14 },
		{ "varchar", OID_VARCHAR, -1 },
		{ "CHARACTER  VARYING ( 20 )", OID_VARCHAR, 24 },
		{ "CHAR(3)", OID_BPCHAR, 7 },
		{ "REAL", OID_FLOAT8, -1 },
		{ "DOUBLE PRECISION", OID_FLOAT8, -1 },
		{ "BLOB", OID_BYTEA, -1 },
		{ "BOOLEAN", OID_BOOL, -1 },
		{ "NUMERIC(10, 2)", OID_NUMERIC, ((10 << 16) | 2) + 4 },
		{ "DECIMAL(5)", OID_NUMERIC, (5 << 16) + 4 },
		{ "NUMERIC", OID_NUMERIC, -1 },
		{ "DATE", OID_DATE, -1 },
		{ "DATETIME", OID_TIMESTAMP, -1 },
		{ "TIMESTAMPTZ", OID_TIMESTAMPTZ, -1 },
		{ "UUID", OID_UUID, -1 },
		{ "", OID_TEXT, -1 },
		{ "POINT", OID_TEXT, -1 },
		{ "VARCHAR(0)", OID_VARCHAR, -1 },
		{ "VARCHAR(99999999999999999999)", OID_VARCHAR, -1 },
	};
	struct fixture *f = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "CREATE TABLE t (c %s)", rows[i].declared);
		sql(f, text);
		load(f);
		assert_column(table(f, "t"), 0, "c", rows[i].type, rows[i].typmod, false);
		sql(f, "DROP TABLE t");
	}
}

static void test_a_table_made_in_sqlite_has_its_columns(void **state)
{
	struct fixture *f = *state;
	const struct relation *r;

	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b INT DEFAULT (1 + 1), "
	       "c INT GENERATED ALWAYS AS (b * 2) STORED)");
	load(f);
	r = table(f, "t");
	assert_int_equal(r->kind, 'r');
	assert_false(r->is_system);
	assert_string_equal(r->sqlite_name, "t");
	assert_true(r->oid >= 1000000000);
	assert_ptr_equal(f->catalog->schema.find_relation_by_oid(&f->catalog->schema, r->oid), r);
	assert_int_equal(r->ncolumns, 4);
	assert_column(r, 0, "id", OID_INT8, -1, true);
	assert_true(r->columns[0].is_rowid);
	assert_column(r, 1, "a", OID_TEXT, -1, true);
	assert_false(r->columns[1].is_rowid);
	assert_string_equal(r->columns[1].default_sql, "'x'");
	assert_string_equal(r->columns[2].default_sql, "1 + 1");
	assert_true(r->columns[3].is_generated);
	assert_int_equal(r->columns[3].attnum, 4);
}

static void test_only_a_lone_integer_key_is_the_rowid(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE a (id INTEGER, PRIMARY KEY (id))");
	sql(f, "CREATE TABLE b (id INT PRIMARY KEY)");
	sql(f, "CREATE TABLE c (id INTEGER PRIMARY KEY DESC)");
	sql(f, "CREATE TABLE d (id INTEGER PRIMARY KEY) WITHOUT ROWID");
	sql(f, "CREATE TABLE e (x INTEGER, y INTEGER, PRIMARY KEY (y, x))");
	load(f);
	assert_true(table(f, "a")->columns[0].is_rowid);
	assert_false(table(f, "b")->columns[0].is_rowid);
	assert_false(table(f, "c")->columns[0].is_rowid);
	assert_false(table(f, "d")->columns[0].is_rowid);
	assert_true(table(f, "d")->columns[0].not_null);
	assert_attnums(constraint(table(f, "e"), "e_pkey"), 'p', 2, 2, 1);
	for (const char *name = "abcd"; *name != '\0'; name++) {
		char text[2] = { *name, '\0' }, key[8];

		snprintf(key, sizeof(key), "%c_pkey", *name);
		assert_attnums(constraint(table(f, text), key), 'p', 1, 1, 0);
	}
}

static void test_constraints_get_the_names_that_postgres_gives(void **state)
{
	struct fixture *f = *state;
	const struct relation *r, *on = NULL;

	sql(f, "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE)");
	sql(f, "CREATE TABLE t (a INT CHECK (a > 0), b INT, c INT UNIQUE REFERENCES Parent, d INT, "
	       "UNIQUE (a, b), CONSTRAINT mine UNIQUE (b), CHECK (a < b), CHECK (a < 100), "
	       "CONSTRAINT far FOREIGN KEY (d) REFERENCES parent (id) ON DELETE CASCADE)");
	sql(f, "CREATE UNIQUE INDEX part ON t (d) WHERE d > 5 AND a IN (1, 2)");
	sql(f, "CREATE INDEX plain ON t (a, d DESC)");
	load(f);
	r = table(f, "t");
	assert_attnums(constraint(r, "t_c_key"), 'u', 1, 3, 0);
	assert_attnums(constraint(r, "t_a_b_key"), 'u', 2, 1, 2);
	assert_attnums(constraint(r, "mine"), 'u', 1, 2, 0);
	assert_string_equal(constraint(r, "t_a_check")->expression, "a > 0");
	assert_string_equal(constraint(r, "t_check")->expression, "a < b");
	assert_string_equal(constraint(r, "t_a_check1")->expression, "a < 100");
	assert_attnums(constraint(r, "t_c_fkey"), 'f', 1, 3, 0);
	assert_attnums(constraint(r, "far"), 'f', 1, 4, 0);
	assert_attnums(constraint(r, "part"), 'x', 1, 4, 0);
	assert_string_equal(constraint(r, "part")->predicate_sql, "d > 5 AND a IN (1, 2)");
	assert_int_equal(r->nconstraints, 9);

	const struct schema *s = &f->catalog->schema;
	assert_attnums(s->find_index(s, NULL, "plain", &on), 'i', 2, 1, 4);
	assert_ptr_equal(on, r);
	assert_attnums(s->find_index(s, "public", "t_c_key", &on), 'u', 1, 3, 0);
	assert_null(s->find_index(s, NULL, "none", &on));
}

static void test_long_names_are_cut_to_63_bytes_at_a_character(void **state)
{
	struct fixture *f = *state;
	const struct relation *r;

	sql(f, "CREATE TABLE aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee (äääääääääääääääääääääääää "
	       "INT UNIQUE)");
	load(f);
	r = table(f, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee");
	assert_int_equal(r->nconstraints, 1);
	assert_string_equal(r->constraints[0].name, "aaaaaaaaaabbbbbbbbbbccccccccc_ääääääääääääää_key");
}

static void make_recorded_table(struct fixture *f)
{
	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CONSTRAINT positive CHECK (a > 0), b TEXT, "
	       "c TEXT)");
	sql(f, "CREATE UNIQUE INDEX t_b_idx ON t (b)");
	sql(f, "INSERT INTO _nqlite_class VALUES (16384, 'public', 't', 'r', 't'), (16390, 'public', 'by_b', "
	       "'i', 't_b_idx')");
	sql(f, "INSERT INTO _nqlite_attribute VALUES (16384, 1, 'id', 23, -1, 1, 'INTEGER', NULL, 'a'), "
	       "(16384, 2, 'a', 21, -1, 1, 'INTEGER', '7', NULL), (16384, 4, 'b', 1043, 24, 0, 'TEXT', NULL, "
	       "NULL), "
	       "(16384, 5, 'c', 1082, -1, 0, 'INTEGER', NULL, NULL)");
	sql(f, "INSERT INTO _nqlite_constraint VALUES (16391, 16384, 'pk', 'p', '[1]', 'PRIMARY KEY (id)', "
	       "NULL), "
	       "(16392, 16384, 'positive', 'c', '[2]', 'CHECK ((a > 0))', NULL), "
	       "(16393, 16384, 'lost', 'u', '[3]', NULL, NULL), (16394, 16384, 'unenforced', 'u', '[5]', "
	       "NULL, NULL)");
}

static void test_recorded_rows_give_exact_types_names_and_oids(void **state)
{
	struct fixture *f = *state;
	const struct relation *r, *on;
	const struct schema *s;

	make_recorded_table(f);
	load(f);
	s = &f->catalog->schema;
	r = table(f, "t");
	assert_int_equal(r->oid, 16384);
	assert_ptr_equal(s->find_relation_by_oid(s, 16384), r);
	assert_column(r, 0, "id", OID_INT4, -1, true);
	assert_int_equal(r->columns[0].identity, 'a');
	assert_true(r->columns[0].is_rowid);
	assert_column(r, 1, "a", OID_INT2, -1, true);
	assert_string_equal(r->columns[1].default_pg, "7");
	assert_column(r, 2, "b", OID_VARCHAR, 24, false);
	assert_int_equal(r->columns[2].attnum, 4);
	assert_int_equal(constraint(r, "pk")->oid, 16391);
	assert_string_equal(constraint(r, "positive")->expression, "CHECK ((a > 0))");
	assert_attnums(s->find_index(s, NULL, "by_b", &on), 'x', 1, 4, 0);
	assert_int_equal(r->nconstraints, 3); /* what SQLite doesn't enforce isn't one */
}

static void test_a_recorded_row_that_does_not_fit_is_void(void **state)
{
	struct fixture *f = *state;
	const struct relation *r;

	make_recorded_table(f);
	load(f);
	assert_column(table(f, "t"), 3, "c", OID_TEXT, -1, false); /* declared TEXT, recorded as INTEGER */

	sql(f, "ALTER TABLE t RENAME COLUMN a TO renamed");
	sql(f, "ALTER TABLE t ADD COLUMN later BOOLEAN");
	load(f);
	r = table(f, "t");
	assert_column(r, 1, "renamed", OID_INT8, -1, false);
	assert_column(r, 4, "later", OID_BOOL, -1, false);
	for (size_t i = 0; i < r->ncolumns; i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(r->columns[i].attnum, r->columns[j].attnum);
	}

	sql(f, "ALTER TABLE t RENAME TO u");
	load(f);
	assert_null(relation(f, NULL, "t"));
	assert_true(table(f, "u")->oid >= 1000000000);
}

static void test_views_have_columns_and_a_broken_one_harms_nobody(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(5))");
	sql(f, "CREATE VIEW v AS SELECT a, id, id + 1 AS more FROM t");
	sql(f, "CREATE VIEW broken AS SELECT * FROM gone");
	sql(f, "CREATE VIEW typed AS SELECT count(*) AS n FROM t");
	sql(f, "INSERT INTO _nqlite_class VALUES (16400, 'public', 'typed', 'v', 'typed')");
	sql(f, "INSERT INTO _nqlite_attribute VALUES (16400, 1, 'n', 20, -1, 0, '', NULL, NULL)");
	load(f);
	assert_int_equal(table(f, "v")->kind, 'v');
	assert_int_equal(table(f, "v")->ncolumns, 3);
	assert_column(table(f, "v"), 0, "a", OID_VARCHAR, 9, false);
	assert_column(table(f, "v"), 1, "id", OID_INT8, -1, false);
	assert_column(table(f, "typed"), 0, "n", OID_INT8, -1, false);
	assert_int_equal(table(f, "typed")->oid, 16400);
	assert_int_equal(table(f, "broken")->ncolumns, 0);
}

static void test_names_without_quotes_are_folded_as_postgres_does(void **state)
{
	struct fixture *f = *state;
	const struct relation *r;

	sql(f, "CREATE TABLE Users (Id INTEGER PRIMARY KEY, \"fullName\" TEXT NOT NULL, [Other] INT, `Last` "
	       "INT, Plain INT, "
	       "UNIQUE (Plain))");
	sql(f, "CREATE TABLE \"Kept\" (a INT)");
	sql(f, "CREATE VIEW Names AS SELECT Id, \"fullName\", 1 AS One FROM Users");
	load(f);
	r = table(f, "users");
	assert_string_equal(r->sqlite_name, "Users");
	assert_string_equal(r->columns[0].name, "id");
	assert_string_equal(r->columns[1].name, "fullName");
	assert_string_equal(r->columns[2].name, "Other");
	assert_string_equal(r->columns[3].name, "Last");
	assert_string_equal(r->columns[4].name, "plain");
	constraint(r, "users_plain_key");
	assert_non_null(relation(f, NULL, "Kept"));
	assert_null(relation(f, NULL, "kept"));
	r = table(f, "names");
	assert_string_equal(r->columns[0].name, "id");
	assert_string_equal(r->columns[1].name, "fullName");
	assert_string_equal(r->columns[2].name, "one");

	sql(f, "ALTER TABLE Users ADD COLUMN Later INT");
	sql(f, "ALTER TABLE Users RENAME TO People");
	load(f);
	assert_string_equal(
	    table(f, "People")->columns[5].name, "later"); /* SQLite quotes a name that it writes itself */
}

static void test_what_was_recorded_of_a_dropped_table_does_not_bind_its_successor(void **state)
{
	struct fixture *f = *state;
	const struct relation *r;

	make_recorded_table(f);
	sql(f, "DROP TABLE t");
	sql(f, "CREATE TABLE t (a TEXT, id INTEGER)");
	load(f);
	r = table(f, "t");
	assert_int_equal(r->nconstraints, 0);
	assert_column(r, 0, "a", OID_TEXT, -1, false);
}

static void test_a_reader_loads_what_it_sees(void **state)
{
	struct fixture *f = *state;
	const struct catalog *before, *after;
	struct conn *reader;
	struct err err = { 0 };

	sql(f, "CREATE TABLE t (a INT UNIQUE)");
	assert_int_equal(store_open_reader(f->store, &reader, &err), 0);
	assert_int_equal(conn_hold_snapshot(reader, &err), 0);
	sql(f, "CREATE TABLE u (a INT)");
	assert_int_equal(catalog_load(reader, &before, &err), 0);
	assert_true(conn_in_transaction(reader)); /* a snapshot that was held stays held */
	assert_non_null(before->schema.find_relation(&before->schema, NULL, "t"));
	assert_null(before->schema.find_relation(&before->schema, NULL, "u"));
	conn_release_snapshot(reader);
	assert_int_equal(catalog_load(reader, &after, &err), 0);
	assert_false(conn_in_transaction(reader));
	assert_non_null(after->schema.find_relation(&after->schema, NULL, "u"));
	catalog_unref(before);
	catalog_unref(after);
	conn_close(reader);
}

static void test_without_its_tables_nothing_is_loaded(void **state)
{
	struct fixture *f = *state;
	const struct catalog *c = NULL;
	struct err err = { 0 };

	sql(f, "DROP TABLE _nqlite_attribute");
	assert_int_equal(catalog_load(f->conn, &c, &err), -1);
	assert_null(c);
	assert_string_equal(err.message, "reading the schema: no such table: _nqlite_attribute");
	assert_false(conn_in_transaction(f->conn));
}

static void test_sequences_are_relations(void **state)
{
	struct fixture *f = *state;

	sql(f, "INSERT INTO _nqlite_class VALUES (16400, 'public', 's', 'S', NULL)");
	sql(f, "INSERT INTO _nqlite_sequence VALUES ('s', 16400, 1, 2, 1, 100, NULL, 0, 1)");
	load(f);
	assert_int_equal(table(f, "s")->kind, 'S');
	assert_int_equal(table(f, "s")->oid, 16400);
	assert_int_equal(table(f, "s")->ncolumns, 3);
}

static void test_system_catalogs_come_first_and_are_relations(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE pg_inherits_too (a INT)");
	load(f);
	const struct relation *r = relation(f, NULL, "pg_inherits");

	assert_non_null(r);
	assert_true(r->is_system);
	assert_string_equal(r->schema, "pg_catalog");
	assert_int_equal(r->oid, 2611);
	assert_column(r, 0, "inhrelid", OID_OID, -1, true);
	assert_null(relation(f, "public", "pg_inherits"));
	assert_non_null(relation(f, NULL, "pg_inherits_too"));
}

static void test_synthetic_oids_depend_on_names_alone(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE b (x INT UNIQUE)");
	load(f);
	oid_t table_oid = table(f, "b")->oid, key_oid = constraint(table(f, "b"), "b_x_key")->oid;

	sql(f, "CREATE TABLE a (x INT UNIQUE)");
	sql(f, "DROP TABLE b");
	sql(f, "CREATE TABLE b (x INT UNIQUE)");
	load(f);
	assert_int_equal(table(f, "b")->oid, table_oid);
	assert_int_equal(constraint(table(f, "b"), "b_x_key")->oid, key_oid);
	assert_int_not_equal(table(f, "a")->oid, table_oid);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* what others do on the machine doesn't count */
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void test_500_tables_load_quickly(void **state)
{
	struct fixture *f = *state;
	char text[512];
	double best = 1e9;

	sql(f, "BEGIN");
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text),
		    "CREATE TABLE t%d (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT DEFAULT 3, c "
		    "VARCHAR(20) UNIQUE, "
		    "d REAL, e NUMERIC(10,2), f DATE, g BOOLEAN, h BLOB, p INT REFERENCES t%d(id))",
		    i, i / 2);
		sql(f, text);
		snprintf(text, sizeof(text), "CREATE INDEX i%d ON t%d (a, b)", i, i);
		sql(f, text);
	}
	sql(f, "COMMIT");
	for (int i = 0; i < 5; i++) {
		double start = cpu_ms();

		load(f);
		double took = cpu_ms() - start;

		best = took < best ? took : best;
	}
	print_message("500 tables of 10 columns: %.1f ms of CPU\n", best);
	assert_int_equal(table(f, "t499")->ncolumns, 10);
	assert_attnums(constraint(table(f, "t499"), "t499_p_fkey"), 'f', 1, 10, 0);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_tables_are_made_once_and_keep_their_state),
		UNIT_TEST(test_an_empty_database_has_the_schemas_and_no_tables),
		UNIT_TEST(test_declared_types_become_postgres_types),
		UNIT_TEST(test_a_table_made_in_sqlite_has_its_columns),
		UNIT_TEST(test_only_a_lone_integer_key_is_the_rowid),
		UNIT_TEST(test_constraints_get_the_names_that_postgres_gives),
		UNIT_TEST(test_long_names_are_cut_to_63_bytes_at_a_character),
		UNIT_TEST(test_recorded_rows_give_exact_types_names_and_oids),
		UNIT_TEST(test_a_recorded_row_that_does_not_fit_is_void),
		UNIT_TEST(test_views_have_columns_and_a_broken_one_harms_nobody),
		UNIT_TEST(test_names_without_quotes_are_folded_as_postgres_does),
		UNIT_TEST(test_what_was_recorded_of_a_dropped_table_does_not_bind_its_successor),
		UNIT_TEST(test_a_reader_loads_what_it_sees),
		UNIT_TEST(test_without_its_tables_nothing_is_loaded),
		UNIT_TEST(test_sequences_are_relations),
		UNIT_TEST(test_system_catalogs_come_first_and_are_relations),
		UNIT_TEST(test_synthetic_oids_depend_on_names_alone),
		UNIT_TEST(test_500_tables_load_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
