#include "catalog_fixture.h"

#include <time.h>

static void make_tables(struct fixture *f)
{
	sql(f, "CREATE TABLE parent (id INTEGER PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE)");
	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT DEFAULT 7 CHECK (a > 0), b NUMERIC(10, 2), "
	       "p INT REFERENCES parent ON DELETE CASCADE)");
	sql(f, "CREATE INDEX t_a_idx ON t (a, b DESC)");
	sql(f, "CREATE UNIQUE INDEX t_expr ON t (abs(a)) WHERE b IS NOT NULL");
	sql(f, "CREATE VIEW v AS SELECT id, a FROM t");
	sql(f, "INSERT INTO _nqlite_class VALUES (16400, 'public', 'Seq', 'S', NULL)");
	sql(f, "INSERT INTO _nqlite_sequence VALUES ('Seq', 16400, 1, 2, 1, 100, NULL, 0, 1)");
	load(f);
}

static void test_every_system_catalog_can_be_read(void **state)
{
	struct fixture *f = *state;
	char text[256];

	make_tables(f);
	for (size_t i = 0; catalog_tables[i] != NULL; i++) {
		struct text_sink sink = { .sink = { .on_row = on_text_row } };
		struct err err = { 0 };

		snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", catalog_tables[i]->name);
		struct query query = { .sql = text, .sql_len = strlen(text) };

		buf_init(&sink.text, 1 << 22);
		if (conn_run(f->conn, &query, &sink.sink, NULL, &err) != 0)
			fail_with(text, &err);
		assert_false(sink.text.failed);
		buf_release(&sink.text);
	}
}

/* What SQLite was told, what the translator sees and what a row holds agree. */
static void test_declarations_and_relations_agree(void **state)
{
	struct fixture *f = *state;
	const struct relation *const *all;
	char text[256], expected[64];

	load(f);
	size_t n = catalog_relations(f->catalog, &all);

	assert_true(n > 50);
	for (size_t i = 0; i < n; i++) {
		assert_true(all[i]->is_system);
		snprintf(text, sizeof(text),
		    "SELECT count(*), max(name = '%s') FROM pragma_table_xinfo('%s')",
		    all[i]->columns[all[i]->ncolumns - 1].name, all[i]->sqlite_name);
		snprintf(expected, sizeof(expected), "%zu|1", all[i]->ncolumns);
		assert_rows(f, text, expected);
		for (size_t j = 0; j < all[i]->ncolumns; j++)
			assert_int_equal(all[i]->columns[j].attnum, j + 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(all[i]->oid, all[j]->oid);
	}
}

/* Rows are checked against NOT NULL: a column that says so never gives NULL. */
static void test_a_not_null_column_holds_no_null(void **state)
{
	struct fixture *f = *state;
	const struct relation *const *all;
	char text[256];

	make_tables(f);
	size_t n = catalog_relations(f->catalog, &all);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; all[i]->is_system && j < all[i]->ncolumns; j++) {
			if (!all[i]->columns[j].not_null)
				continue;
			snprintf(text, sizeof(text), "SELECT count(*) FROM \"%s\" WHERE \"%s\" IS NULL",
			    all[i]->sqlite_name, all[i]->columns[j].name);
			assert_rows(f, text, "0");
		}
	}
}

static void test_pg_class_lists_tables_views_indexes_and_sequences(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	assert_rows(f,
	    "SELECT relname, relkind, relnatts, relhasindex, relchecks FROM pg_class c "
	    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'public' ORDER BY relname",
	    "Seq|S|3|0|0\n"
	    "parent|r|2|1|0\n"
	    "parent_code_key|i|1|0|0\n"
	    "parent_pkey|i|1|0|0\n"
	    "t|r|4|1|1\n"
	    "t_a_idx|i|2|0|0\n"
	    "t_expr|i|1|0|0\n"
	    "t_pkey|i|1|0|0\n"
	    "v|v|2|0|0");
	assert_rows(f, "SELECT count(*) = count(DISTINCT oid) FROM pg_class", "1");
	assert_rows(f, "SELECT relkind FROM pg_class WHERE oid = 1259 AND relname = 'pg_class'", "r");
}

static void test_the_start_query_of_pgbench_works(void **state)
{
	struct fixture *f = *state;

	sql(f, "CREATE TABLE pgbench_accounts (aid INTEGER PRIMARY KEY, bid INT, abalance INT, filler "
	       "CHAR(84))");
	load(f);
	assert_rows(f,
	    "SELECT o.n, p.partstrat, count(i.inhparent) FROM pg_class AS c "
	    "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
	    "JOIN (SELECT 1 AS n, 'pg_catalog' AS s UNION ALL SELECT 2, 'public') AS o ON o.s = n.nspname "
	    "LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid "
	    "LEFT JOIN pg_inherits AS i ON c.oid = i.inhparent "
	    "WHERE c.relname = 'pgbench_accounts' AND o.n IS NOT NULL GROUP BY 1, 2 ORDER BY 1 LIMIT 1",
	    "2|-|0");
}

static void test_columns_have_types_defaults_and_numbers(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	assert_rows(f,
	    "SELECT attnum, attname, typname, atttypmod, attnotnull, atthasdef, adbin FROM pg_attribute a "
	    "JOIN pg_class c ON c.oid = attrelid JOIN pg_type t ON t.oid = atttypid "
	    "LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum "
	    "WHERE relname = 't' AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
	    "1|id|int8|-1|1|0|-\n"
	    "2|a|int4|-1|0|1|7\n"
	    "3|b|numeric|655366|0|0|-\n"
	    "4|p|int4|-1|0|0|-");
	assert_rows(f,
	    "SELECT column_name, data_type, is_nullable, column_default, numeric_precision, numeric_scale, "
	    "character_maximum_length FROM \"information_schema.columns\" WHERE table_schema = 'public' "
	    "AND table_name IN ('t', 'parent') ORDER BY table_name, ordinal_position",
	    "id|bigint|NO|-|64|0|-\n"
	    "code|character varying|NO|-|-|-|10\n"
	    "id|bigint|NO|-|64|0|-\n"
	    "a|integer|YES|7|32|0|-\n"
	    "b|numeric|YES|-|10|2|-\n"
	    "p|integer|YES|-|32|0|-");
}

static void test_indexes_say_what_they_are_on(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	assert_rows(f,
	    "SELECT i.relname, indkey, indoption, indisunique, indisprimary, indpred FROM pg_index x "
	    "JOIN pg_class i ON i.oid = indexrelid JOIN pg_class c ON c.oid = indrelid WHERE c.relname = 't' "
	    "ORDER BY i.relname",
	    "t_a_idx|2 3|0 3|0|0|-\n"
	    "t_expr|0|0|1|0|b IS NOT NULL\n"
	    "t_pkey|1|0|1|1|-");
	assert_rows(f, "SELECT indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY indexname",
	    "CREATE INDEX t_a_idx ON public.t USING btree (a, b DESC)\n"
	    "CREATE UNIQUE INDEX t_expr ON public.t USING btree (abs(a)) WHERE (b IS NOT NULL)\n"
	    "CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)");
}

static void test_constraints_say_what_they_bind(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	assert_rows(f,
	    "SELECT conname, contype, conkey, r.relname, confkey, confdeltype, conbin, i.relname FROM "
	    "pg_constraint k "
	    "JOIN pg_class c ON c.oid = conrelid LEFT JOIN pg_class r ON r.oid = confrelid "
	    "LEFT JOIN pg_class i ON i.oid = conindid WHERE c.relname = 't' ORDER BY conname",
	    "t_a_check|c|[2]|-|-| |a > 0|-\n"
	    "t_p_fkey|f|[4]|parent|[1]|c|-|parent_pkey\n"
	    "t_pkey|p|[1]|-|-| |-|t_pkey");
	assert_rows(f,
	    "SELECT constraint_name, constraint_type FROM \"information_schema.table_constraints\" ORDER BY "
	    "1",
	    "parent_code_key|UNIQUE\nparent_pkey|PRIMARY KEY\nt_a_check|CHECK\nt_p_fkey|FOREIGN "
	    "KEY\nt_pkey|PRIMARY KEY");
	assert_rows(f,
	    "SELECT constraint_name, column_name, ordinal_position, position_in_unique_constraint "
	    "FROM \"information_schema.key_column_usage\" WHERE table_name = 't' ORDER BY 1",
	    "t_p_fkey|p|1|1\nt_pkey|id|1|-");
	assert_rows(f,
	    "SELECT constraint_name, table_name, column_name FROM "
	    "\"information_schema.constraint_column_usage\" "
	    "WHERE constraint_name LIKE 't%' ORDER BY 1",
	    "t_a_check|t|a\nt_p_fkey|parent|id\nt_pkey|t|id");
	assert_rows(f,
	    "SELECT constraint_name, unique_constraint_name, delete_rule FROM "
	    "\"information_schema.referential_constraints\"",
	    "t_p_fkey|parent_pkey|CASCADE");
}

static void test_people_s_views_show_the_same(void **state)
{
	struct fixture *f = *state;

	make_tables(f);
	assert_rows(f, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", "parent\nt");
	assert_rows(f, "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
	    "v|SELECT id, a FROM t");
	assert_rows(f,
	    "SELECT table_name, table_type FROM \"information_schema.tables\" WHERE table_schema = 'public' "
	    "ORDER BY 1",
	    "parent|BASE TABLE\nt|BASE TABLE\nv|VIEW");
	assert_rows(f, "SELECT schema_name FROM \"information_schema.schemata\" ORDER BY 1",
	    "information_schema\npg_catalog\npublic");
	assert_rows(f, "SELECT seqrelid, seqstart, seqincrement, seqmin, seqmax, seqcycle FROM pg_sequence",
	    "16400|1|2|1|100|1");
	assert_rows(f,
	    "SELECT sequence_name, maximum_value, cycle_option FROM \"information_schema.sequences\"",
	    "Seq|100|YES");
}

static void test_without_a_catalog_a_scan_fails(void **state)
{
	struct fixture *f = *state;
	struct query query = { .sql = "SELECT * FROM pg_class", .sql_len = 22 };
	struct err err = { 0 };

	assert_int_equal(conn_run(f->conn, &query, NULL, NULL, &err), -1);
	assert_string_equal(err.sqlstate, SQLSTATE_INTERNAL);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* what others do on the machine doesn't count */
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void test_joins_over_many_tables_stay_quick(void **state)
{
	struct fixture *f = *state;
	char text[256];

	sql(f, "BEGIN");
	for (int i = 0; i < 300; i++) {
		snprintf(
		    text, sizeof(text), "CREATE TABLE t%d (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT)", i);
		sql(f, text);
	}
	sql(f, "COMMIT");
	load(f);
	double start = cpu_ms();

	assert_rows(f,
	    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	    "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid "
	    "WHERE n.nspname = 'public' AND c.relkind = 'r'",
	    "900");
	print_message("pg_class, pg_namespace, pg_attribute and pg_type of 300 tables: %.1f ms of CPU\n",
	    cpu_ms() - start);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_every_system_catalog_can_be_read),
		UNIT_TEST(test_declarations_and_relations_agree),
		UNIT_TEST(test_a_not_null_column_holds_no_null),
		UNIT_TEST(test_pg_class_lists_tables_views_indexes_and_sequences),
		UNIT_TEST(test_the_start_query_of_pgbench_works),
		UNIT_TEST(test_columns_have_types_defaults_and_numbers),
		UNIT_TEST(test_indexes_say_what_they_are_on),
		UNIT_TEST(test_constraints_say_what_they_bind),
		UNIT_TEST(test_people_s_views_show_the_same),
		UNIT_TEST(test_without_a_catalog_a_scan_fails),
		UNIT_TEST(test_joins_over_many_tables_stay_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
