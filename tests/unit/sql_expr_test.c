/* Expressions: the SQLite text of each, what is refused, and the types that parameters get. What they compute is compared with
 * PostgreSQL's in store_sql_run_test.c. */
#include "unit/sql_statement_schema.h"

static void expressions_become_sqlite_s(void **state)
{
	static const struct translation_case cases[] = {
		{ "SELECT a FROM t WHERE a = 1", "SELECT \"t\".\"a\" FROM \"t\" WHERE (\"t\".\"a\" = 1)" },
		{ "SELECT 1 + 2", "SELECT nq_int4(1 + 2)" },
		{ "SELECT a / 2 FROM t", "SELECT nq_int4(nq_div(\"t\".\"a\", 2)) FROM \"t\"" },
		{ "SELECT 1.50", "SELECT '1.50'" },
		{ "SELECT a > 1.5 FROM t",
		    "SELECT (CAST(\"t\".\"a\" AS TEXT) COLLATE nq_numeric > '1.5') FROM \"t\"" },
		{ "SELECT 'a' || 1", "SELECT ('a' || nq_out(1, 23))" },
		{ "SELECT b LIKE 'a_%' FROM t", "SELECT (\"t\".\"b\" GLOB 'a?*') FROM \"t\"" },
		{ "SELECT b LIKE 'a\\_%' FROM t", "SELECT nq_like(\"t\".\"b\", 'a\\_%') FROM \"t\"" },
		{ "SELECT b IN ('x', 'y') FROM t", "SELECT (\"t\".\"b\" IN ('x', 'y')) FROM \"t\"" },
		{ "SELECT a BETWEEN 1 AND 3 FROM t", "SELECT (\"t\".\"a\" BETWEEN 1 AND 3) FROM \"t\"" },
		{ "SELECT c = 'x' FROM t", "SELECT (\"t\".\"c\" = 'x') FROM \"t\"" },
		{ "SELECT true AND NULL", "SELECT (1 AND NULL)" },
		{ "SELECT current_user, current_schema()", "SELECT ?1, ?2" },
		{ "SELECT current_setting('TimeZone')", "SELECT ?1" },
		{ "SELECT 'it''s'", "SELECT 'it''s'" },
		{ "SELECT pg_sleep(0.1)", "SELECT nq_sleep(0.10000000000000001)" },
		{ "SELECT 'pgbench_accounts'::regclass", "SELECT 16384" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void what_is_not_accepted_is_refused_by_name(void **state)
{
	static const struct translation_case cases[] = {
		{ "SELECT (a).b FROM t", "0A000 a subscript or a field of a value is not supported" },
		{ "SELECT t FROM t", "0A000 a whole row as a value is not supported" },
		{ "SELECT 'a' SIMILAR TO 'b'", "0A000 SIMILAR TO is not supported" },
		{ "SELECT B'101'", "0A000 a bit string is not supported" },
		{ "SELECT now() - now()", "0A000 arithmetic with intervals is not supported" },
		{ "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
		    "0A000 WITHIN GROUP is not supported" },
		{ "SELECT current_setting(b) FROM t",
		    "0A000 current_setting of a name that isn't constant is not supported" },
		{ "SELECT string_agg(b, ',') OVER () FROM t",
		    "0A000 string_agg as a window function is not supported" },
		{ "SELECT ARRAY[ARRAY[1]]", "0A000 an array of arrays is not supported" },
		{ "SELECT 1::nope", "42704 type \"nope\" does not exist" },
		{ "SELECT 1::varchar(0)", "22023 length for type varchar must be at least 1" },
		{ "SELECT 1::numeric(2000)", "22023 NUMERIC precision 2000 must be between 1 and 1000" },
		{ "SELECT 1::int4(3)", "42601 type modifier is not allowed for type \"int4\"" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

/* Text, the parameters' types by name, or NULL: the SQLSTATE. */
static void parameters_get_the_type_that_is_asked_of_them(void **state)
{
	static const struct {
		const char *text;
		oid_t types[3];
		size_t n;
		const char *sqlstate;
	} cases[] = {
		{ "SELECT a FROM t WHERE a = $1", { OID_INT4 }, 1, NULL },
		{ "SELECT a FROM t WHERE b = $1 AND c = $2", { OID_TEXT, OID_TEXT }, 2, NULL },
		{ "SELECT $1", { OID_TEXT }, 1, NULL },
		{ "SELECT $1::int8", { OID_INT8 }, 1, NULL },
		{ "SELECT $1 + 1.5", { OID_NUMERIC }, 1, NULL },
		{ "SELECT a FROM t LIMIT $1 OFFSET $2", { OID_INT8, OID_INT8 }, 2, NULL },
		{ "SELECT a FROM t WHERE a = ANY ($1)", { OID_INT4_ARRAY }, 1, NULL },
		{ "SELECT a FROM t WHERE a IN ($1, $2)", { OID_INT4, OID_INT4 }, 2, NULL },
		{ "SELECT coalesce($1, 5), lower($2)", { OID_INT4, OID_TEXT }, 2, NULL },
		{ "SELECT $1 FROM t WHERE a = $1", { OID_TEXT }, 1, "42P08" },
		{ "SELECT a FROM t WHERE a = $1 AND $1 > 3", { OID_INT4 }, 1, NULL },
		{ "SELECT $2::int", { 0 }, 0, "42P18" },
		{ "SELECT $1 + $2", { 0 }, 0, "42725" },
		{ "SELECT CASE WHEN $1 THEN $2 ELSE 1 END", { OID_BOOL, OID_INT4 }, 2, NULL },
		{ "SELECT 1 UNION SELECT $1", { OID_INT4 }, 1, NULL },
		{ "VALUES ($1, 1), (2, $2)", { OID_INT4, OID_INT4 }, 2, NULL },
		{ "SELECT $1 || 'x'", { OID_TEXT }, 1, NULL },
		{ "SELECT $1 IS NULL", { OID_TEXT }, 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = make(cases[i].text);

		if (cases[i].sqlstate != NULL) {
			assert_null(m.t);
			assert_string_equal(m.err.sqlstate, cases[i].sqlstate);
		} else {
			if (m.t == NULL)
				fail_msg("%s: %s", cases[i].text, m.err.message);
			assert_int_equal(m.t->nparams, cases[i].n);
			for (size_t k = 0; k < cases[i].n; k++)
				if (m.t->param_types[k] != cases[i].types[k])
					fail_msg("%s: $%zu is %u", cases[i].text, k + 1, m.t->param_types[k]);
		}
		drop(&m);
	}
}

static void a_simple_query_has_no_parameters(void **state)
{
	struct made m = made_with("SELECT $1", false);

	(void)state;
	assert_null(m.t);
	assert_string_equal(m.err.sqlstate, "42P02");
	assert_string_equal(m.err.message, "there is no parameter $1");
	assert_int_equal(m.err.position, 8);
	drop(&m);
}

static void calls_mark_the_translation(void **state)
{
	struct made slow = make("SELECT pg_sleep(1)"), volatile_one = make("SELECT random()"),
		    plain = make("SELECT 1");

	(void)state;
	assert_true(slow.t->is_slow);
	assert_true(volatile_one.t->is_volatile);
	assert_false(volatile_one.t->is_slow);
	assert_false(plain.t->is_volatile);
	drop(&slow);
	drop(&volatile_one);
	drop(&plain);
}

static void slots_say_where_values_come_from(void **state)
{
	struct made m = make("SELECT current_setting('search_path'), pg_backend_pid(), $1::int, $1, "
			     "current_user, session_user");

	(void)state;
	assert_non_null(m.t);
	assert_int_equal(m.t->steps[0].nslots, 4);
	assert_int_equal(m.t->steps[0].slots[0].source, SLOT_SETTING);
	assert_string_equal(m.t->steps[0].slots[0].setting, "search_path");
	assert_int_equal(m.t->steps[0].slots[1].source, SLOT_SESSION);
	assert_int_equal(m.t->steps[0].slots[1].index, FACT_BACKEND_PID);
	assert_int_equal(m.t->steps[0].slots[2].source, SLOT_PARAM);
	assert_int_equal(m.t->steps[0].slots[3].index, FACT_USER);
	assert_string_equal(m.t->steps[0].sql, "SELECT ?1, ?2, ?3, ?3, ?4, ?4");
	drop(&m);
}

/* In a simple query a literal is a parameter of the step, except where its value decided something. */
static void literals_become_slots_unless_they_decide(void **state)
{
	static const struct {
		const char *text, *sql;
	} cases[] = {
		{ "SELECT a FROM t WHERE a = 5", "SELECT \"t\".\"a\" FROM \"t\" WHERE (\"t\".\"a\" = ?1)" },
		{ "SELECT a FROM t WHERE b = 'x' AND a > '7'",
		    "SELECT \"t\".\"a\" FROM \"t\" WHERE ((\"t\".\"b\" = ?1) AND (\"t\".\"a\" > ?2))" },
		{ "SELECT b FROM t ORDER BY 1 LIMIT 3", "SELECT \"t\".\"b\" FROM \"t\" ORDER BY \"t\".\"b\" "
							"NULLS LAST LIMIT nq_limit(?1, 'LIMIT')" },
		{ "SELECT b FROM t WHERE b LIKE 'x%'",
		    "SELECT \"t\".\"b\" FROM \"t\" WHERE (\"t\".\"b\" GLOB 'x*')" },
		{ "SELECT a + 1, count(*) FROM t WHERE a > 2 GROUP BY a + 1",
		    "SELECT nq_int4(\"t\".\"a\" + 1), count(*) FROM \"t\" WHERE (\"t\".\"a\" > ?1) GROUP BY "
		    "nq_int4(\"t\".\"a\" + 1)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m = made_with(cases[i].text, false);

		if (m.t == NULL)
			fail_msg("%s: %s", cases[i].text, m.err.message);
		assert_string_equal(m.t->steps[0].sql, cases[i].sql);
		drop(&m);
	}
}

static void depth_is_bounded(void **state)
{
	static char text[8000];
	size_t len = 0;

	(void)state;
	len += (size_t)sprintf(text, "SELECT ");
	for (int i = 0; i < 1200; i++)
		len += (size_t)sprintf(text + len, "- ");
	sprintf(text + len, "a FROM t");
	struct made m = make(text);
	assert_null(m.t);
	assert_string_equal(m.err.sqlstate, "54001");
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_become_sqlite_s),
		cmocka_unit_test(what_is_not_accepted_is_refused_by_name),
		cmocka_unit_test(parameters_get_the_type_that_is_asked_of_them),
		cmocka_unit_test(a_simple_query_has_no_parameters),
		cmocka_unit_test(calls_mark_the_translation),
		cmocka_unit_test(slots_say_where_values_come_from),
		cmocka_unit_test(literals_become_slots_unless_they_decide),
		cmocka_unit_test(depth_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
