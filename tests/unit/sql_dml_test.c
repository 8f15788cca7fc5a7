#include "sql_statement_schema.h"

static void test_insert_names_its_columns_and_gives_defaults(void **state)
{
	static const struct translation_case cases[] = {
		{ "INSERT INTO t VALUES (1, 'x')", "INSERT INTO \"t\" (\"a\", \"b\") VALUES (1, 'x')" },
		{ "INSERT INTO t (b) VALUES ('q')",
		    "INSERT INTO \"t\" (\"b\", \"a\") VALUES ('q', nq_notnull(NULL, 't', 'a'))" },
		{ "INSERT INTO t (c, a) VALUES ('abc', $1), ($2, 2)",
		    "INSERT INTO \"t\" (\"c\", \"a\") VALUES ('abc', nq_notnull(?1, 't', 'a')), "
		    "(nq_varchar(?2, 7), 2)" },
		{ "INSERT INTO t AS q (a) VALUES (1) RETURNING q.a, b AS x, *",
		    "INSERT INTO \"t\" AS \"q\" (\"a\") VALUES (1) RETURNING \"t\".\"a\", \"t\".\"b\", "
		    "\"t\".\"a\", \"t\".\"b\", \"t\".\"c\"" },
		{ "INSERT INTO t VALUES (DEFAULT, DEFAULT, DEFAULT)",
		    "INSERT INTO \"t\" (\"a\", \"b\", \"c\") VALUES (nq_notnull(NULL, 't', 'a'), NULL, "
		    "('x'))" },
		{ "INSERT INTO t DEFAULT VALUES",
		    "INSERT INTO \"t\" (\"a\") VALUES (nq_notnull(NULL, 't', 'a'))" },
		{ "INSERT INTO s (name) VALUES ('a'), ('b') RETURNING id",
		    "INSERT INTO \"s\" (\"name\", \"id\") VALUES ('a', nq_nextval('s_id_seq', 's')), ('b', "
		    "nq_nextval('s_id_seq', 's')) RETURNING \"s\".\"id\"" },
		{ "INSERT INTO s DEFAULT VALUES",
		    "INSERT INTO \"s\" (\"id\") VALUES (nq_nextval('s_id_seq', 's'))" },
		{ "INSERT INTO pgbench_history DEFAULT VALUES",
		    "INSERT INTO \"pgbench_history\" (\"tid\") VALUES (NULL)" },
		{ "INSERT INTO k (x, y, z, g) VALUES (1, 'a', 2, DEFAULT)",
		    "INSERT INTO \"k\" (\"x\", \"y\", \"z\") VALUES (1, 'a', 2)" },
		{ "INSERT INTO w (n) VALUES (1)",
		    "INSERT INTO \"w\" (\"n\", \"id\") VALUES (1, nq_nextval('w_id_seq', 'w'))" },
		{ "INSERT INTO w OVERRIDING SYSTEM VALUE VALUES (5, 1)",
		    "INSERT INTO \"w\" (\"id\", \"n\") VALUES (5, 1)" },
		{ "INSERT INTO w OVERRIDING USER VALUE VALUES (5, 1)",
		    "INSERT INTO \"w\" (\"id\", \"n\") VALUES (nq_nextval('w_id_seq', 'w'), 1)" },
		{ "INSERT INTO t VALUES ((SELECT 1), upper('x'))",
		    "INSERT INTO \"t\" (\"a\", \"b\") VALUES (nq_notnull((SELECT 1), 't', 'a'), "
		    "upper('x'))" },
		{ "INSERT INTO t (b) VALUES (1)",
		    "INSERT INTO \"t\" (\"b\", \"a\") VALUES (CAST(1 AS TEXT), nq_notnull(NULL, 't', 'a'))" },
		{ "INSERT INTO t (a) SELECT aid FROM pgbench_accounts ORDER BY aid LIMIT 3",
		    "INSERT INTO \"t\" (\"a\") WITH \"_s\"(\"c1\") AS (SELECT \"pgbench_accounts\".\"aid\" "
		    "FROM \"pgbench_accounts\" ORDER BY \"pgbench_accounts\".\"aid\" LIMIT 3) SELECT "
		    "nq_notnull(\"_s\".\"c1\", 't', 'a') FROM \"_s\" WHERE true" },
		{ "INSERT INTO s (name) SELECT 'x' FROM t",
		    "INSERT INTO \"s\" (\"name\", \"id\") WITH \"_s\"(\"c1\") AS (SELECT 'x' FROM \"t\") "
		    "SELECT \"_s\".\"c1\", nq_nextval('s_id_seq', 's') FROM \"_s\" WHERE true" },
		{ "WITH x AS (SELECT 1 AS n) INSERT INTO s (name) SELECT n::text FROM x",
		    "WITH \"x\"(c1) AS (SELECT 1) INSERT INTO \"s\" (\"name\", \"id\") WITH \"_s\"(\"c1\") "
		    "AS (SELECT CAST(\"x\".\"c1\" AS TEXT) FROM \"x\") SELECT \"_s\".\"c1\", "
		    "nq_nextval('s_id_seq', 's') FROM \"_s\" WHERE true" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_a_bad_insert_is_refused_as_postgres_does(void **state)
{
	static const struct translation_case cases[] = {
		{ "INSERT INTO nope VALUES (1)", "42P01 relation \"nope\" does not exist" },
		{ "INSERT INTO t (nope) VALUES (1)",
		    "42703 column \"nope\" of relation \"t\" does not exist" },
		{ "INSERT INTO t (a, a) VALUES (1, 2)", "42701 column \"a\" specified more than once" },
		{ "INSERT INTO t VALUES (1, 'a', 'b', 4)",
		    "42601 INSERT has more expressions than target columns" },
		{ "INSERT INTO t (a, b) VALUES (1)",
		    "42601 INSERT has more target columns than expressions" },
		{ "INSERT INTO t VALUES (1), (1, 2)", "42601 VALUES lists must all be the same length" },
		{ "INSERT INTO t SELECT 1, 'a', 'b', 4",
		    "42601 INSERT has more expressions than target columns" },
		{ "INSERT INTO t (a, b) SELECT 1", "42601 INSERT has more target columns than expressions" },
		{ "INSERT INTO t (a) VALUES ('x')", "22P02 invalid input syntax for type integer: \"x\"" },
		{ "INSERT INTO t (a) VALUES (true)",
		    "42804 column \"a\" is of type integer but expression is of type boolean" },
		{ "INSERT INTO t (c) VALUES ('abcd')", "22001 value too long for type character varying(3)" },
		{ "INSERT INTO t (a.b) VALUES (1)",
		    "0A000 assignment to a part of a column is not supported" },
		{ "INSERT INTO t (a) VALUES (a)", "42703 column \"a\" does not exist" },
		{ "INSERT INTO w (id) VALUES (5)",
		    "428C9 cannot insert a non-DEFAULT value into column \"id\"" },
		{ "INSERT INTO k VALUES (1, 'a', 2, 3)",
		    "428C9 cannot insert a non-DEFAULT value into column \"g\"" },
		{ "INSERT INTO v VALUES (1)", "55000 cannot insert into view \"v\"" },
		{ "INSERT INTO s_id_seq VALUES (1)", "42809 cannot change sequence \"s_id_seq\"" },
		{ "INSERT INTO pg_class VALUES (1)",
		    "42501 permission denied: \"pg_class\" is a system catalog" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_on_conflict_finds_its_constraint(void **state)
{
	static const struct translation_case cases[] = {
		{ "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
		    "INSERT INTO \"t\" (\"a\") VALUES (1) ON CONFLICT DO NOTHING" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING",
		    "INSERT INTO \"t\" (\"a\") VALUES (1) ON CONFLICT (\"a\") DO NOTHING" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_b_key DO NOTHING",
		    "INSERT INTO \"t\" (\"a\") VALUES (1) ON CONFLICT (\"b\") DO NOTHING" },
		{ "INSERT INTO k VALUES (1, 'a') ON CONFLICT (y, x) DO UPDATE SET z = excluded.z, y = "
		  "DEFAULT",
		    "INSERT INTO \"k\" (\"x\", \"y\") VALUES (1, 'a') ON CONFLICT (\"x\", \"y\") DO UPDATE "
		    "SET \"z\" = \"excluded\".\"z\", \"y\" = NULL" },
		{ "INSERT INTO t AS q VALUES (1, 'x') ON CONFLICT (a) DO UPDATE SET b = excluded.b || q.b "
		  "WHERE q.b <> 'z'",
		    "INSERT INTO \"t\" AS \"q\" (\"a\", \"b\") VALUES (1, 'x') ON CONFLICT (\"a\") DO UPDATE "
		    "SET \"b\" = (\"excluded\".\"b\" || \"q\".\"b\") WHERE (\"q\".\"b\" <> 'z')" },
		{ "INSERT INTO s SELECT a, b FROM t ON CONFLICT (id) DO UPDATE SET (id, name) = "
		  "(excluded.id, 'n') RETURNING *",
		    "INSERT INTO \"s\" (\"id\", \"name\") WITH \"_s\"(\"c1\", \"c2\") AS (SELECT "
		    "\"t\".\"a\", \"t\".\"b\" FROM \"t\") SELECT nq_notnull(\"_s\".\"c1\", 's', 'id'), "
		    "\"_s\".\"c2\" FROM \"_s\" WHERE true ON CONFLICT (\"id\") DO UPDATE SET \"id\" = "
		    "\"excluded\".\"id\", \"name\" = 'n' RETURNING \"s\".\"id\", \"s\".\"name\"" },
		{ "INSERT INTO s DEFAULT VALUES ON CONFLICT DO NOTHING",
		    "INSERT INTO \"s\" (\"id\") VALUES (nq_nextval('s_id_seq', 's')) ON CONFLICT DO "
		    "NOTHING" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT (c) DO NOTHING",
		    "42P10 there is no unique or exclusion constraint matching the ON CONFLICT "
		    "specification" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT (nope) DO NOTHING",
		    "42703 column \"nope\" does not exist" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT (lower(b)) DO NOTHING",
		    "0A000 ON CONFLICT on an expression is not supported" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET b = 'x'",
		    "42601 ON CONFLICT DO UPDATE requires inference specification or constraint name" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT nope DO NOTHING",
		    "42704 constraint \"nope\" for table \"t\" does not exist" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_a_check DO NOTHING",
		    "42809 constraint in ON CONFLICT clause has no associated index" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_partial DO NOTHING",
		    "42704 constraint \"t_partial\" for table \"t\" does not exist" },
		{ "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = b",
		    "42702 column reference \"b\" is ambiguous" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_update_sets_columns(void **state)
{
	static const struct translation_case cases[] = {
		{ "UPDATE t SET b = $1 WHERE a = $2 RETURNING t.a, b AS x",
		    "UPDATE \"t\" SET \"b\" = ?1 WHERE (\"t\".\"a\" = ?2) RETURNING \"t\".\"a\", "
		    "\"t\".\"b\"" },
		{ "UPDATE t AS q SET b = u.name FROM s u WHERE u.id = q.a",
		    "UPDATE \"t\" AS \"q\" SET \"b\" = \"u\".\"name\" FROM \"s\" AS \"u\" WHERE "
		    "(\"u\".\"id\" = \"q\".\"a\")" },
		{ "UPDATE t SET a = $1", "UPDATE \"t\" SET \"a\" = nq_notnull(?1, 't', 'a')" },
		{ "UPDATE t SET (b, c) = ($1, DEFAULT) WHERE a = 1",
		    "UPDATE \"t\" SET \"b\" = ?1, \"c\" = ('x') WHERE (\"t\".\"a\" = 1)" },
		{ "UPDATE t SET (b, c) = (SELECT name, name FROM s WHERE id = t.a)",
		    "UPDATE \"t\" SET (\"b\", \"c\") = (WITH \"_s\"(\"c1\", \"c2\") AS (SELECT "
		    "\"s\".\"name\", \"s\".\"name\" FROM \"s\" WHERE (\"s\".\"id\" = \"t\".\"a\")) SELECT "
		    "\"_s\".\"c1\", nq_varchar(\"_s\".\"c2\", 7) FROM \"_s\" WHERE true)" },
		{ "UPDATE w SET id = DEFAULT, n = 3",
		    "UPDATE \"w\" SET \"id\" = nq_nextval('w_id_seq', 'w'), \"n\" = 3" },
		{ "UPDATE k SET g = DEFAULT", "UPDATE \"k\" SET _rowid_ = _rowid_" },
		{ "WITH x AS (SELECT 1 AS n) UPDATE t SET b = 'x' WHERE a IN (SELECT n FROM x)",
		    "WITH \"x\"(c1) AS (SELECT 1) UPDATE \"t\" SET \"b\" = 'x' WHERE (\"t\".\"a\" IN (SELECT "
		    "\"x\".\"c1\" FROM \"x\"))" },
		{ "UPDATE t SET b = 'a', b = 'b'", "42601 multiple assignments to same column \"b\"" },
		{ "UPDATE t SET (b, c) = (1, 2, 3)",
		    "42601 number of columns does not match number of values" },
		{ "UPDATE t SET (b, c) = (SELECT 'x')",
		    "42601 number of columns does not match number of values" },
		{ "UPDATE t SET nope = 1", "42703 column \"nope\" of relation \"t\" does not exist" },
		{ "UPDATE t SET b = 'x' WHERE a",
		    "42804 argument of WHERE must be type boolean, not type integer" },
		{ "UPDATE w SET id = 5", "428C9 column \"id\" can only be updated to DEFAULT" },
		{ "UPDATE k SET g = 5", "428C9 column \"g\" can only be updated to DEFAULT" },
		{ "UPDATE t q SET b = 'x' RETURNING (SELECT 1)",
		    "0A000 a subquery in RETURNING of a table with an alias is not supported" },
		{ "UPDATE t SET b = u.name FROM s u RETURNING u.name",
		    "0A000 a column of FROM or USING in RETURNING is not supported" },
		{ "UPDATE v SET a = 1", "55000 cannot update view \"v\"" },
		{ "UPDATE t SET b = u.name FROM s u RETURNING *",
		    "0A000 RETURNING * with FROM or USING is not supported" },
		{ "UPDATE t SET b = u.name FROM s u RETURNING t.*, a + 1",
		    "UPDATE \"t\" SET \"b\" = \"u\".\"name\" FROM \"s\" AS \"u\" RETURNING \"t\".\"a\", "
		    "\"t\".\"b\", \"t\".\"c\", nq_int4(\"t\".\"a\" + 1)" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_delete_and_truncate(void **state)
{
	static const struct translation_case cases[] = {
		{ "DELETE FROM t", "DELETE FROM \"t\"" },
		{ "DELETE FROM t q WHERE q.a = 1 RETURNING *",
		    "DELETE FROM \"t\" AS \"q\" WHERE (\"q\".\"a\" = 1) RETURNING \"t\".\"a\", \"t\".\"b\", "
		    "\"t\".\"c\"" },
		{ "DELETE FROM t q USING s WHERE s.id = q.a AND s.name = 'x' RETURNING q.b",
		    "DELETE FROM \"t\" AS \"q\" WHERE \"q\"._rowid_ IN (SELECT \"q\"._rowid_ FROM \"t\" AS "
		    "\"q\", \"s\" WHERE ((\"s\".\"id\" = \"q\".\"a\") AND (\"s\".\"name\" = 'x'))) RETURNING "
		    "\"t\".\"b\"" },
		{ "DELETE FROM t USING s u JOIN w ON w.id = u.id WHERE u.id = t.a",
		    "DELETE FROM \"t\" WHERE \"t\"._rowid_ IN (SELECT \"t\"._rowid_ FROM \"t\", \"s\" AS "
		    "\"u\" JOIN \"w\" ON (\"w\".\"id\" = \"u\".\"id\") WHERE (\"u\".\"id\" = \"t\".\"a\"))" },
		{ "WITH x AS (SELECT 1 AS n) DELETE FROM t USING x WHERE x.n = t.a",
		    "WITH \"x\"(c1) AS (SELECT 1) DELETE FROM \"t\" WHERE \"t\"._rowid_ IN (SELECT "
		    "\"t\"._rowid_ FROM \"t\", \"x\" WHERE (\"x\".\"c1\" = \"t\".\"a\"))" },
		{ "DELETE FROM nope", "42P01 relation \"nope\" does not exist" },
		{ "DELETE FROM v", "55000 cannot delete from view \"v\"" },
		{ "DELETE FROM t USING t", "42712 table name \"t\" specified more than once" },
		{ "TRUNCATE t",
		    "SELECT nq_fail('0A000', 'cannot truncate a table referenced in a foreign key "
		    "constraint') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type "
		    "= 'table' AND m.name NOT IN ('t') AND f.\"table\" COLLATE NOCASE IN ('t') LIMIT 1\n"
		    "DELETE FROM \"t\"" },
		{ "TRUNCATE TABLE t, s, t RESTART IDENTITY",
		    "SELECT nq_fail('0A000', 'cannot truncate a table referenced in a foreign key "
		    "constraint') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type "
		    "= 'table' AND m.name NOT IN ('t', 's') AND f.\"table\" COLLATE NOCASE IN ('t', 's') "
		    "LIMIT 1\n"
		    "PRAGMA defer_foreign_keys = ON\n"
		    "DELETE FROM \"t\"\n"
		    "DELETE FROM \"s\"\n"
		    "UPDATE _nqlite_sequence SET last_value = start, is_called = 0 WHERE name = 's_id_seq'\n"
		    "PRAGMA defer_foreign_keys = OFF" },
		{ "TRUNCATE v", "42809 \"v\" is not a table" },
		{ "TRUNCATE pg_class", "42501 permission denied: \"pg_class\" is a system catalog" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_pgbench_s_statements(void **state)
{
	static const struct translation_case cases[] = {
		{ "UPDATE pgbench_accounts SET abalance = abalance + -4999 WHERE aid = 77",
		    "UPDATE \"pgbench_accounts\" SET \"abalance\" = "
		    "nq_int4(\"pgbench_accounts\".\"abalance\" + (-4999)) WHERE "
		    "(\"pgbench_accounts\".\"aid\" = 77)" },
		{ "SELECT abalance FROM pgbench_accounts WHERE aid = 77",
		    "SELECT \"pgbench_accounts\".\"abalance\" FROM \"pgbench_accounts\" WHERE "
		    "(\"pgbench_accounts\".\"aid\" = 77)" },
		{ "UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2",
		    "UPDATE \"pgbench_tellers\" SET \"tbalance\" = nq_int4(\"pgbench_tellers\".\"tbalance\" "
		    "+ ?1) WHERE (\"pgbench_tellers\".\"tid\" = ?2)" },
		{ "UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2",
		    "UPDATE \"pgbench_branches\" SET \"bbalance\" = "
		    "nq_int4(\"pgbench_branches\".\"bbalance\" + ?1) WHERE (\"pgbench_branches\".\"bid\" = "
		    "?2)" },
		{ "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, "
		  "CURRENT_TIMESTAMP)",
		    "INSERT INTO \"pgbench_history\" (\"tid\", \"bid\", \"aid\", \"delta\", \"mtime\") "
		    "VALUES (?1, ?2, ?3, ?4, nq_in(nq_out(now(), 1184), 1114))" },
		{ "insert into pgbench_branches(bid,bbalance) values($1,0)",
		    "INSERT INTO \"pgbench_branches\" (\"bid\", \"bbalance\") VALUES (nq_notnull(?1, "
		    "'pgbench_branches', 'bid'), 0)" },
		{ "insert into pgbench_tellers(tid,bid,tbalance) values ($1,$2,0)",
		    "INSERT INTO \"pgbench_tellers\" (\"tid\", \"bid\", \"tbalance\") VALUES (nq_notnull(?1, "
		    "'pgbench_tellers', 'tid'), ?2, 0)" },
		{ "truncate table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
		    "SELECT nq_fail('0A000', 'cannot truncate a table referenced in a foreign key "
		    "constraint') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type "
		    "= 'table' AND m.name NOT IN ('pgbench_accounts', 'pgbench_branches', 'pgbench_history', "
		    "'pgbench_tellers') AND f.\"table\" COLLATE NOCASE IN ('pgbench_accounts', "
		    "'pgbench_branches', 'pgbench_history', 'pgbench_tellers') LIMIT 1\n"
		    "PRAGMA defer_foreign_keys = ON\n"
		    "DELETE FROM \"pgbench_accounts\"\n"
		    "DELETE FROM \"pgbench_branches\"\n"
		    "DELETE FROM \"pgbench_history\"\n"
		    "DELETE FROM \"pgbench_tellers\"\n"
		    "PRAGMA defer_foreign_keys = OFF" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void test_tags_and_counts(void **state)
{
	static const struct {
		const char *text, *tag;
		bool has_count;
		size_t ncolumns;
	} cases[] = { { "INSERT INTO t VALUES (1) RETURNING a, b", "INSERT 0", true, 2 },
		{ "UPDATE t SET b = 'x'", "UPDATE", true, 0 },
		{ "DELETE FROM t RETURNING a", "DELETE", true, 1 },
		{ "TRUNCATE t", "TRUNCATE TABLE", false, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		assert_non_null(m.t);
		assert_int_equal(m.t->kind, STATEMENT_WRITE);
		assert_string_equal(m.t->tag, cases[i].tag);
		assert_int_equal(m.t->tag_has_count, cases[i].has_count);
		assert_int_equal(m.t->ncolumns, cases[i].ncolumns);
		assert_false(m.t->is_ddl);
		drop(&m);
	}
}

static void test_returned_columns_know_their_table(void **state)
{
	struct made m = make("INSERT INTO t AS q (a) VALUES (1) RETURNING q.c AS x, a + 1");

	(void)state;
	assert_non_null(m.t);
	assert_string_equal(m.t->columns[0].name, "x");
	assert_int_equal(m.t->columns[0].type, OID_VARCHAR);
	assert_int_equal(m.t->columns[0].typmod, 7);
	assert_int_equal(m.t->columns[0].table_oid, 16388);
	assert_int_equal(m.t->columns[0].attnum, 3);
	assert_string_equal(m.t->columns[1].name, "?column?");
	assert_int_equal(m.t->columns[1].table_oid, 0);
	drop(&m);
}

static void test_literals_become_slots(void **state)
{
	struct made m = made_with("INSERT INTO t VALUES (1, 'x'), (2, 'y')", false);

	(void)state;
	assert_non_null(m.t);
	assert_string_equal(m.t->steps[0].sql, "INSERT INTO \"t\" (\"a\", \"b\") VALUES (?1, ?2), (?3, ?4)");
	assert_int_equal(m.t->steps[0].nslots, 4);
	assert_int_equal(m.t->steps[0].slots[3].source, SLOT_LITERAL);
	assert_int_equal(m.t->steps[0].slots[3].index, 3);
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_insert_names_its_columns_and_gives_defaults),
		cmocka_unit_test(test_a_bad_insert_is_refused_as_postgres_does),
		cmocka_unit_test(test_on_conflict_finds_its_constraint),
		cmocka_unit_test(test_update_sets_columns),
		cmocka_unit_test(test_delete_and_truncate),
		cmocka_unit_test(test_pgbench_s_statements),
		cmocka_unit_test(test_tags_and_counts),
		cmocka_unit_test(test_returned_columns_know_their_table),
		cmocka_unit_test(test_literals_become_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
