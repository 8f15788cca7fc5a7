#include "sql_statement_schema.h"

/* ---- settings ---- */

struct setting_case {
	const char *text;
	enum statement_kind kind;
	const char *tag, *name, *value;
	bool is_local;
};

static void assert_text(const char *is, const char *expected)
{
	if (expected == NULL)
		assert_null(is);
	else
		assert_string_equal(is, expected);
}

static void test_set_reset_and_show_name_their_setting(void **state)
{
	static const struct setting_case cases[] = {
		{ "SET Work_Mem = '4MB'", STATEMENT_SET, "SET", "work_mem", "4MB", false },
		{ "SET LOCAL search_path TO a, \"B\", 'c'", STATEMENT_SET, "SET", "search_path",
		    "a, \"B\", c", true },
		{ "SET SESSION x TO on", STATEMENT_SET, "SET", "x", "on", false },
		{ "SET x TO true", STATEMENT_SET, "SET", "x", "true", false },
		{ "SET x = -5", STATEMENT_SET, "SET", "x", "-5", false },
		{ "SET x = 1.50", STATEMENT_SET, "SET", "x", "1.50", false },
		{ "SET x TO DEFAULT", STATEMENT_SET, "SET", "x", NULL, false },
		{ "SET nqlite.read_consistency = linearizable", STATEMENT_SET, "SET",
		    "nqlite.read_consistency", "linearizable", false },
		{ "SET TIME ZONE 'Europe/Berlin'", STATEMENT_SET, "SET", "timezone", "Europe/Berlin", false },
		{ "SET TIME ZONE LOCAL", STATEMENT_SET, "SET", "timezone", NULL, false },
		{ "SET TIME ZONE -7", STATEMENT_SET, "SET", "timezone", "-7", false },
		{ "SET NAMES 'UTF8'", STATEMENT_SET, "SET", "client_encoding", "UTF8", false },
		{ "RESET ALL", STATEMENT_RESET, "RESET", NULL, NULL, false },
		{ "RESET TimeZone", STATEMENT_RESET, "RESET", "timezone", NULL, false },
		{ "SHOW ALL", STATEMENT_SHOW, "SHOW", NULL, NULL, false },
		{ "SHOW timezone", STATEMENT_SHOW, "SHOW", "timezone", NULL, false },
		{ "SHOW Server_Version", STATEMENT_SHOW, "SHOW", "server_version", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		if (m.t == NULL)
			fail_msg("%s: %s", cases[i].text, m.err.message);
		assert_int_equal(m.t->kind, cases[i].kind);
		assert_string_equal(m.t->tag, cases[i].tag);
		assert_text(m.t->setting.name, cases[i].name);
		assert_text(m.t->setting.value, cases[i].value);
		assert_int_equal(m.t->setting.is_local, cases[i].is_local);
		assert_int_equal(m.t->nsteps, 0);
		drop(&m);
	}
}

static void assert_column(const char *text, size_t ncolumns, const char *first)
{
	struct made m = make(text);

	assert_non_null(m.t);
	assert_int_equal(m.t->ncolumns, ncolumns);
	assert_string_equal(m.t->columns[0].name, first);
	assert_int_equal(m.t->columns[0].type, OID_TEXT);
	drop(&m);
}

static void test_show_has_a_column_of_the_setting_s_name(void **state)
{
	(void)state;
	assert_column("SHOW timezone", 1, "TimeZone");
	assert_column("SHOW TIME ZONE", 1, "TimeZone");
	assert_column("SHOW datestyle", 1, "DateStyle");
	assert_column("SHOW intervalstyle", 1, "IntervalStyle");
	assert_column("SHOW transaction isolation level", 1, "transaction_isolation");
	assert_column("SHOW Client_Encoding", 1, "client_encoding");
	assert_column("SHOW ALL", 3, "name");
}

/* ---- transactions ---- */

struct transaction_case {
	const char *text;
	enum statement_kind kind;
	const char *tag, *isolation;
	int read_only, deferrable;
	bool is_session_default, chain;
};

static void test_transactions_carry_their_modes(void **state)
{
	static const struct transaction_case cases[] = {
		{ "BEGIN", STATEMENT_BEGIN, "BEGIN", NULL, -1, -1, false, false },
		{ "begin transaction isolation level serializable, read only, deferrable", STATEMENT_BEGIN,
		    "BEGIN", "serializable", 1, 1, false, false },
		{ "START TRANSACTION READ WRITE", STATEMENT_BEGIN, "START TRANSACTION", NULL, 0, -1, false,
		    false },
		{ "BEGIN ISOLATION LEVEL REPEATABLE READ NOT DEFERRABLE", STATEMENT_BEGIN, "BEGIN",
		    "repeatable read", -1, 0, false, false },
		{ "COMMIT", STATEMENT_COMMIT, "COMMIT", NULL, -1, -1, false, false },
		{ "END", STATEMENT_COMMIT, "COMMIT", NULL, -1, -1, false, false },
		{ "COMMIT AND CHAIN", STATEMENT_COMMIT, "COMMIT", NULL, -1, -1, false, true },
		{ "ROLLBACK", STATEMENT_ROLLBACK, "ROLLBACK", NULL, -1, -1, false, false },
		{ "ABORT", STATEMENT_ROLLBACK, "ROLLBACK", NULL, -1, -1, false, false },
		{ "ROLLBACK AND CHAIN", STATEMENT_ROLLBACK, "ROLLBACK", NULL, -1, -1, false, true },
		{ "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", STATEMENT_SET_TRANSACTION, "SET",
		    "read committed", -1, -1, false, false },
		{ "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", STATEMENT_SET_TRANSACTION, "SET",
		    NULL, 1, -1, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		if (m.t == NULL)
			fail_msg("%s: %s", cases[i].text, m.err.message);
		assert_int_equal(m.t->kind, cases[i].kind);
		assert_string_equal(m.t->tag, cases[i].tag);
		assert_text(m.t->transaction.isolation, cases[i].isolation);
		assert_int_equal(m.t->transaction.read_only, cases[i].read_only);
		assert_int_equal(m.t->transaction.deferrable, cases[i].deferrable);
		assert_int_equal(m.t->transaction.is_session_default, cases[i].is_session_default);
		assert_int_equal(m.t->transaction.chain, cases[i].chain);
		drop(&m);
	}
}

struct named_case {
	const char *text;
	enum statement_kind kind;
	const char *tag, *name;
};

static void test_names_of_savepoints_and_prepared_statements(void **state)
{
	static const struct named_case cases[] = {
		{ "SAVEPOINT a", STATEMENT_SAVEPOINT, "SAVEPOINT", "a" },
		{ "RELEASE SAVEPOINT \"A b\"", STATEMENT_RELEASE, "RELEASE", "A b" },
		{ "RELEASE a", STATEMENT_RELEASE, "RELEASE", "a" },
		{ "ROLLBACK TO SAVEPOINT a", STATEMENT_ROLLBACK_TO, "ROLLBACK", "a" },
		{ "DEALLOCATE PREPARE a", STATEMENT_DEALLOCATE, "DEALLOCATE", "a" },
		{ "DEALLOCATE ALL", STATEMENT_DEALLOCATE, "DEALLOCATE ALL", NULL },
		{ "DISCARD ALL", STATEMENT_DISCARD, "DISCARD ALL", "all" },
		{ "DISCARD PLANS", STATEMENT_DISCARD, "DISCARD PLANS", "plans" },
		{ "DISCARD SEQUENCES", STATEMENT_DISCARD, "DISCARD SEQUENCES", "sequences" },
		{ "DISCARD TEMP", STATEMENT_DISCARD, "DISCARD TEMP", "temp" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		assert_non_null(m.t);
		assert_int_equal(m.t->kind, cases[i].kind);
		assert_string_equal(m.t->tag, cases[i].tag);
		assert_text(m.t->name, cases[i].name);
		drop(&m);
	}
}

/* ---- prepared statements ---- */

static void test_prepare_keeps_the_text_and_the_types(void **state)
{
	struct made m = make("PREPARE \"as\" (int, varchar(3)) AS  SELECT $1 AS x /* as */ ;");

	(void)state;
	assert_non_null(m.t);
	assert_int_equal(m.t->kind, STATEMENT_PREPARE);
	assert_string_equal(m.t->prepare.name, "as");
	assert_string_equal(m.t->prepare.text, "  SELECT $1 AS x /* as */");
	assert_int_equal(m.t->prepare.ntypes, 2);
	assert_int_equal(m.t->prepare.types[0], OID_INT4);
	assert_int_equal(m.t->prepare.types[1], OID_VARCHAR);
	drop(&m);
}

static void test_execute_carries_constants_as_text(void **state)
{
	static const char *const expected[] = { "1", "-2", "x", NULL, "true", "1.5" };
	struct made m = make("EXECUTE a(1, -2, 'x'::text, NULL, true, 1.5)");

	(void)state;
	assert_non_null(m.t);
	assert_int_equal(m.t->kind, STATEMENT_EXECUTE);
	assert_string_equal(m.t->prepare.name, "a");
	assert_int_equal(m.t->prepare.nargs, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const struct value *arg = &m.t->prepare.args[i];

		assert_int_equal(arg->kind, expected[i] == NULL ? VALUE_NULL : VALUE_TEXT);
		if (expected[i] != NULL) {
			assert_int_equal(arg->len, strlen(expected[i]));
			assert_memory_equal(arg->text, expected[i], arg->len);
		}
	}
	drop(&m);
}

/* ---- maintenance ---- */

struct done_case {
	const char *text;
	enum statement_kind kind;
	const char *tag;
	const char *step;
};

static void test_maintenance_analyzes_or_does_nothing(void **state)
{
	static const struct done_case cases[] = {
		{ "VACUUM", STATEMENT_NOTHING, "VACUUM", NULL },
		{ "VACUUM (VERBOSE, FREEZE) t", STATEMENT_NOTHING, "VACUUM", NULL },
		{ "vacuum analyze pgbench_branches", STATEMENT_WRITE, "VACUUM",
		    "ANALYZE \"pgbench_branches\"" },
		{ "VACUUM (ANALYZE false) t", STATEMENT_NOTHING, "VACUUM", NULL },
		{ "ANALYZE", STATEMENT_WRITE, "ANALYZE", "ANALYZE" },
		{ "ANALYZE t (a)", STATEMENT_WRITE, "ANALYZE", "ANALYZE \"t\"" },
		{ "CHECKPOINT", STATEMENT_NOTHING, "CHECKPOINT", NULL },
		{ "LOCK TABLE t IN EXCLUSIVE MODE", STATEMENT_NOTHING, "LOCK TABLE", NULL },
		{ "CLOSE ALL", STATEMENT_NOTHING, "CLOSE CURSOR ALL", NULL },
		{ "UNLISTEN *", STATEMENT_NOTHING, "UNLISTEN", NULL },
		{ "EXPLAIN SELECT 1", STATEMENT_READ, "EXPLAIN", "EXPLAIN QUERY PLAN SELECT 1" },
		{ "EXPLAIN (COSTS OFF, VERBOSE, FORMAT TEXT) DELETE FROM t", STATEMENT_READ, "EXPLAIN",
		    "EXPLAIN QUERY PLAN DELETE FROM \"t\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		if (m.t == NULL)
			fail_msg("%s: %s", cases[i].text, m.err.message);
		assert_int_equal(m.t->kind, cases[i].kind);
		assert_string_equal(m.t->tag, cases[i].tag);
		assert_int_equal(m.t->nsteps, cases[i].step != NULL);
		if (cases[i].step != NULL)
			assert_string_equal(m.t->steps[0].sql, cases[i].step);
		drop(&m);
	}
}

static void test_explain_has_one_column(void **state)
{
	struct made m = make("EXPLAIN SELECT * FROM t WHERE a = $1");

	(void)state;
	assert_non_null(m.t);
	assert_true(m.t->is_explain);
	assert_int_equal(m.t->ncolumns, 1);
	assert_string_equal(m.t->columns[0].name, "QUERY PLAN");
	assert_int_equal(m.t->nparams, 1);
	assert_int_equal(m.t->steps[0].nslots, 1);
	drop(&m);
}

/* ---- COPY ---- */

static void test_copy_from_is_an_insert_of_its_fields(void **state)
{
	struct made m = make("copy pgbench_accounts from stdin with (freeze on)");

	(void)state;
	assert_non_null(m.t);
	assert_int_equal(m.t->kind, STATEMENT_COPY_FROM);
	assert_string_equal(m.t->tag, "COPY");
	assert_true(m.t->tag_has_count);
	assert_int_equal(m.t->copy.delimiter, '\t');
	assert_string_equal(m.t->copy.null_text, "\\N");
	assert_int_equal(m.t->copy.ntargets, 4);
	assert_string_equal(m.t->copy.targets[3]->name, "filler");
	assert_int_equal(m.t->copy.targets[3]->typmod, 88);
	assert_int_equal(m.t->steps[0].nslots, 4);
	assert_int_equal(m.t->nparams, 0);
	drop(&m);
}

static void test_copy_emits_steps(void **state)
{
	static const struct translation_case cases[] = {
		{ "COPY t FROM STDIN",
		    "INSERT INTO \"t\" (\"a\", \"b\", \"c\") VALUES (nq_notnull(?1, 't', 'a'), ?2, ?3)" },
		{ "COPY s (name) FROM STDIN",
		    "INSERT INTO \"s\" (\"name\", \"id\") VALUES (?1, nq_nextval('s_id_seq', 's'))" },
		{ "COPY k FROM STDIN (FORMAT text, DELIMITER '|', NULL '')",
		    "INSERT INTO \"k\" (\"x\", \"y\", \"z\") VALUES (?1, ?2, ?3)" },
		{ "COPY t TO STDOUT", "SELECT \"t\".\"a\", \"t\".\"b\", \"t\".\"c\" FROM \"t\"" },
		{ "COPY t (b) TO STDOUT", "SELECT \"t\".\"b\" FROM \"t\"" },
		{ "COPY (SELECT 1 AS x) TO STDOUT", "SELECT 1" },
		{ "COPY v FROM STDIN", "42809 cannot copy to view \"v\"" },
		{ "COPY v TO STDOUT", "42809 cannot copy from view \"v\"" },
		{ "COPY t FROM STDIN (FORMAT csv)", "0A000 COPY in format csv is not supported" },
		{ "COPY t FROM STDIN WITH BINARY", "0A000 COPY in format binary is not supported" },
		{ "COPY t FROM STDIN (FORMAT x)", "22023 COPY format \"x\" not recognized" },
		{ "COPY t FROM '/tmp/x'", "0A000 COPY with a file on the server is not supported" },
		{ "COPY t TO PROGRAM 'cat'", "0A000 COPY with PROGRAM is not supported" },
		{ "COPY t (nope) FROM STDIN", "42703 column \"nope\" of relation \"t\" does not exist" },
		{ "COPY t (a, a) FROM STDIN", "42701 column \"a\" specified more than once" },
		{ "COPY k (g) FROM STDIN", "42P10 column \"g\" is a generated column" },
		{ "COPY t FROM STDIN DELIMITER 'xx'",
		    "0A000 COPY delimiter must be a single one-byte character" },
		{ "COPY pg_class FROM STDIN", "42501 permission denied: \"pg_class\" is a system catalog" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

/* ---- what isn't accepted ---- */

static void test_the_rest_is_refused_by_its_name(void **state)
{
	static const struct translation_case cases[] = {
		{ "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		    "0A000 CREATE FUNCTION is not supported" },
		{ "CREATE ROLE x", "0A000 CREATE ROLE is not supported" },
		{ "CREATE SCHEMA x", "0A000 CREATE SCHEMA is not supported" },
		{ "COMMENT ON TABLE t IS 'x'", "0A000 COMMENT ON is not supported" },
		{ "GRANT SELECT ON t TO x", "0A000 GRANT and REVOKE is not supported" },
		{ "LISTEN x", "0A000 LISTEN is not supported" },
		{ "DO $$ BEGIN END $$", "0A000 DO is not supported" },
		{ "DECLARE c CURSOR FOR SELECT 1", "0A000 DECLARE CURSOR is not supported" },
		{ "PREPARE TRANSACTION 'x'", "0A000 PREPARE TRANSACTION is not supported" },
		{ "SET CONSTRAINTS ALL DEFERRED", "0A000 SET CONSTRAINTS is not supported" },
		{ "EXPLAIN ANALYZE SELECT 1", "0A000 EXPLAIN (ANALYZE) is not supported" },
		{ "EXPLAIN (FORMAT JSON) SELECT 1", "0A000 EXPLAIN (FORMAT) is not supported" },
		{ "EXPLAIN CREATE TABLE x AS SELECT 1", "0A000 EXPLAIN of this statement is not supported" },
		{ "EXECUTE a(1 + 1)",
		    "0A000 EXECUTE with an argument that is not a constant is not supported" },
		{ "SET TIME ZONE INTERVAL '1' HOUR TO MINUTE",
		    "0A000 SET TIME ZONE with an interval is not supported" },
		{ "SET TRANSACTION SNAPSHOT 'x'", "0A000 SET TRANSACTION SNAPSHOT is not supported" },
		{ "VACUUM nope", "42P01 relation \"nope\" does not exist" },
		{ "LOCK TABLE nope", "42P01 relation \"nope\" does not exist" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_reset_and_show_name_their_setting),
		cmocka_unit_test(test_show_has_a_column_of_the_setting_s_name),
		cmocka_unit_test(test_transactions_carry_their_modes),
		cmocka_unit_test(test_names_of_savepoints_and_prepared_statements),
		cmocka_unit_test(test_prepare_keeps_the_text_and_the_types),
		cmocka_unit_test(test_execute_carries_constants_as_text),
		cmocka_unit_test(test_maintenance_analyzes_or_does_nothing),
		cmocka_unit_test(test_explain_has_one_column),
		cmocka_unit_test(test_copy_from_is_an_insert_of_its_fields),
		cmocka_unit_test(test_copy_emits_steps),
		cmocka_unit_test(test_the_rest_is_refused_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
