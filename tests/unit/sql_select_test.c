/* Queries: the SQLite text of each clause, and what is refused. What they give is compared with PostgreSQL's answers in
 * store_sql_run_test.c. */
#include "unit/sql_statement_schema.h"

static void queries_become_sqlite_s(void **state)
{
	static const struct translation_case cases[] = {
		{ "SELECT * FROM t", "SELECT \"t\".\"a\", \"t\".\"b\", \"t\".\"c\" FROM \"t\"" },
		{ "SELECT x.a FROM t AS x", "SELECT \"x\".\"a\" FROM \"t\" AS \"x\"" },
		/* the key can't be NULL, so the order is the index's */
		{ "SELECT a FROM t ORDER BY a DESC",
		    "SELECT \"t\".\"a\" FROM \"t\" ORDER BY \"t\".\"a\" DESC" },
		{ "SELECT a FROM t ORDER BY b",
		    "SELECT \"t\".\"a\" FROM \"t\" ORDER BY \"t\".\"b\" NULLS LAST" },
		{ "SELECT a FROM t ORDER BY b NULLS FIRST",
		    "SELECT \"t\".\"a\" FROM \"t\" ORDER BY \"t\".\"b\"" },
		{ "SELECT a FROM t ORDER BY a + 1",
		    "SELECT \"t\".\"a\" FROM \"t\" ORDER BY nq_int4(\"t\".\"a\" + 1)" },
		{ "SELECT a FROM t LIMIT 5 OFFSET 2", "SELECT \"t\".\"a\" FROM \"t\" LIMIT 5 OFFSET 2" },
		{ "SELECT a FROM t LIMIT ALL", "SELECT \"t\".\"a\" FROM \"t\"" },
		{ "SELECT t.a FROM t LEFT JOIN k ON k.x = t.a",
		    "SELECT \"t\".\"a\" FROM \"t\" LEFT JOIN \"k\" ON (\"k\".\"x\" = \"t\".\"a\")" },
		{ "SELECT x.n FROM (SELECT a AS n FROM t) x",
		    "SELECT \"x\".\"c1\" FROM (SELECT \"t\".\"a\" AS c1 FROM \"t\") AS \"x\"" },
		{ "SELECT o.n FROM t CROSS JOIN LATERAL (SELECT t.a + 1) AS o(n)",
		    "SELECT nq_int4(\"t\".\"a\" + 1) FROM \"t\"" },
		{ "WITH w(n) AS (SELECT a FROM t) SELECT n FROM w",
		    "WITH \"w\"(c1) AS (SELECT \"t\".\"a\" FROM \"t\") SELECT \"w\".\"c1\" FROM \"w\"" },
		{ "VALUES (1, 'a')", "VALUES (1, 'a')" },
		{ "SELECT a FROM t UNION SELECT z FROM k ORDER BY 1",
		    "SELECT \"t\".\"a\" FROM \"t\" UNION SELECT \"k\".\"z\" FROM \"k\" ORDER BY 1 NULLS "
		    "LAST" },
		{ "SELECT b, count(*) FROM t GROUP BY b HAVING count(*) > 1",
		    "SELECT \"t\".\"b\", count(*) FROM \"t\" GROUP BY \"t\".\"b\" HAVING (count(*) > 1)" },
		{ "SELECT a, b FROM t GROUP BY a",
		    "SELECT \"t\".\"a\", \"t\".\"b\" FROM \"t\" GROUP BY \"t\".\"a\"" },
		{ "SELECT g FROM generate_series(1, 3) g",
		    "SELECT \"g\".\"value\" FROM nq_generate_series(1, 3) AS \"g\"" },
		{ "TABLE v", "SELECT \"v\".\"a\" FROM \"v\"" },
		{ "SELECT relname FROM pg_catalog.pg_class",
		    "SELECT \"pg_class\".\"relname\" FROM \"pg_class\"" },
		{ "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
		    "SELECT \"pgbench_accounts\".\"abalance\" FROM \"pgbench_accounts\" WHERE "
		    "(\"pgbench_accounts\".\"aid\" = ?1)" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void what_is_not_accepted_is_refused_by_name(void **state)
{
	static const struct translation_case cases[] = {
		{ "SELECT * FROM t, LATERAL (SELECT x FROM k WHERE k.x = t.a) o",
		    "0A000 LATERAL with a subquery that has rows of its own is not supported" },
		{ "SELECT a FROM t GROUP BY ROLLUP (a)",
		    "0A000 GROUPING SETS, ROLLUP or CUBE is not supported" },
		{ "SELECT a INTO n FROM t", "0A000 SELECT INTO is not supported" },
		{ "SELECT a FROM t FETCH FIRST 1 ROW WITH TIES",
		    "42601 WITH TIES cannot be specified without ORDER BY clause" },
		{ "SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES",
		    "0A000 WITH TIES is not supported" },
		{ "SELECT * FROM t TABLESAMPLE system (1)", "0A000 TABLESAMPLE is not supported" },
		{ "SELECT * FROM generate_series(1, 2) WITH ORDINALITY",
		    "0A000 WITH ORDINALITY is not supported" },
		{ "WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w",
		    "0A000 a data-changing statement in WITH is not supported" },
		{ "SELECT * FROM s_id_seq", "0A000 a sequence in FROM is not supported" },
		{ "SELECT FROM t", "0A000 a select list without columns is not supported" },
		{ "SELECT * FROM (t JOIN k ON k.x = t.a) AS j", "0A000 an alias of a join is not supported" },
		{ "SELECT nope FROM t", "42703 column \"nope\" does not exist" },
		{ "SELECT * FROM t_pkey", "42P01 relation \"t_pkey\" does not exist" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void columns_are_described_as_postgresql_does(void **state)
{
	struct made m = make("SELECT a, b AS x, c, a + 1, count(*) OVER (), 'x'::varchar(3), $1 FROM t");
	static const struct result_column expected[] = {
		{ "a", OID_INT4, -1, 16388, 1 },
		{ "x", OID_TEXT, -1, 16388, 2 },
		{ "c", OID_VARCHAR, 7, 16388, 3 },
		{ "?column?", OID_INT4, -1, 0, 0 },
		{ "count", OID_INT8, -1, 0, 0 },
		{ "varchar", OID_VARCHAR, 7, 0, 0 },
		{ "?column?", OID_TEXT, -1, 0, 0 },
	};

	(void)state;
	assert_non_null(m.t);
	assert_int_equal(m.t->kind, STATEMENT_READ);
	assert_string_equal(m.t->tag, "SELECT");
	assert_int_equal(m.t->ncolumns, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_string_equal(m.t->columns[i].name, expected[i].name);
		assert_int_equal(m.t->columns[i].type, expected[i].type);
		assert_int_equal(m.t->columns[i].typmod, expected[i].typmod);
		assert_int_equal(m.t->columns[i].table_oid, expected[i].table_oid);
		assert_int_equal(m.t->columns[i].attnum, expected[i].attnum);
	}
	drop(&m);
}

static void locking_is_accepted_and_marked(void **state)
{
	struct made m = make("SELECT a FROM t WHERE a = 1 FOR UPDATE OF t NOWAIT");

	(void)state;
	assert_non_null(m.t);
	assert_true(m.t->is_for_update);
	drop(&m);
}

/* pgbench asks this at its start. */
static void pgbench_s_catalog_query_inlines_its_lateral(void **state)
{
	static const struct translation_case cases[] = {
		{ "select o.n, pg_catalog.count(i.oid) from pg_catalog.pg_class as c join "
		  "pg_catalog.pg_class as n on (n.oid = c.oid) "
		  "cross join lateral (select pg_catalog.array_position(pg_catalog.current_schemas(true), "
		  "n.relname)) as o(n) "
		  "left join pg_catalog.pg_class as i on (c.oid = i.oid) where c.relname = "
		  "'pgbench_accounts' and o.n is not null "
		  "group by 1 order by 1 asc limit 1",
		    "SELECT (SELECT key + 1 FROM json_each((CASE 1 WHEN 1 THEN ?1 WHEN 0 THEN ?2 END)) WHERE "
		    "value IS "
		    "\"n\".\"relname\" LIMIT 1), count(\"i\".\"oid\") FROM \"pg_class\" AS \"c\" JOIN "
		    "\"pg_class\" AS \"n\" ON "
		    "(\"n\".\"oid\" = \"c\".\"oid\") LEFT JOIN \"pg_class\" AS \"i\" ON (\"c\".\"oid\" = "
		    "\"i\".\"oid\") WHERE "
		    "((\"c\".\"relname\" = 'pgbench_accounts') AND ((SELECT key + 1 FROM json_each((CASE 1 "
		    "WHEN 1 THEN ?1 WHEN 0 THEN "
		    "?2 END)) WHERE value IS \"n\".\"relname\" LIMIT 1) IS NOT NULL)) GROUP BY (SELECT key + "
		    "1 FROM json_each((CASE 1 "
		    "WHEN 1 THEN ?1 WHEN 0 THEN ?2 END)) WHERE value IS \"n\".\"relname\" LIMIT 1) ORDER BY "
		    "1 NULLS LAST LIMIT 1" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_become_sqlite_s),
		cmocka_unit_test(what_is_not_accepted_is_refused_by_name),
		cmocka_unit_test(columns_are_described_as_postgresql_does),
		cmocka_unit_test(locking_is_accepted_and_marked),
		cmocka_unit_test(pgbench_s_catalog_query_inlines_its_lateral),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
