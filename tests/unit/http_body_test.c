/* What comes in: query parameters, bodies, statements' ends, parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/body.h"
#include "http/options.h"
#include "http/params.h"
#include "http/sql_scan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the URI ---- */

static void flags_are_true_when_they_are_there(void **state)
{
	struct options o;
	struct err err;

	(void)state;
	assert_int_equal(
	    options_read(&o, "pretty&timings=&associative=true&transaction=false&queue=0&unknown=1", &err),
	    0);
	assert_true(o.pretty && o.timings && o.associative);
	assert_false(o.transaction || o.queue || o.blob_array);
	options_release(&o);
	assert_int_equal(options_read(&o, NULL, &err), 0);
	assert_false(o.pretty);
	options_release(&o);
}

static void a_query_is_decoded(void **state)
{
	static const struct {
		const char *query, *q;
	} cases[] = {
		{ "q=SELECT+1", "SELECT 1" },
		{ "q=SELECT%201%2B1", "SELECT 1+1" },
		{ "a=b&q=%C3%A9%3d%26", "\xc3\xa9=&" },
		{ "q=100%&x", "100%" },
		{ "q=%4", "%4" },
		{ "q=%zz", "%zz" },
		{ "q=a%41", "aA" },
		{ "q=a=b", "a=b" },
		{ "q", "" },
		{ "%71=1", "1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options o;
		struct err err;
		assert_int_equal(options_read(&o, cases[i].query, &err), 0);
		assert_string_equal(o.q, cases[i].q);
		assert_int_equal(o.q_len, strlen(cases[i].q));
		options_release(&o);
	}
}

static void durations_are_read_as_go_writes_them(void **state)
{
	static const struct {
		const char *query;
		int64_t ms; /* 0: refused */
	} cases[] = {
		{ "timeout=10s", 10000 },
		{ "timeout=500ms", 500 },
		{ "timeout=1m30s", 90000 },
		{ "timeout=1.5s", 1500 },
		{ "timeout=2", 2000 },
		{ "timeout=100us", 1 },
		{ "timeout=1h", 3600000 },
		{ "timeout=", 0 },
		{ "timeout=s", 0 },
		{ "timeout=-1s", 0 },
		{ "timeout=1x", 0 },
		{ "timeout=nan", 0 },
		{ "timeout=1e9h", 0 },
		{ "timeout=10s ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options o;
		struct err err;
		int rc = options_read(&o, cases[i].query, &err);
		if ((rc == 0) != (cases[i].ms != 0) || o.timeout_ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].query, (long long)o.timeout_ms);
		options_release(&o);
	}
}

static void wrong_values_name_their_parameter(void **state)
{
	static const char *const cases[] = { "level=x", "min_seq=", "min_seq=1x", "min_seq=-1",
		"min_seq=18446744073709551616", "q=%ff" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options o;
		struct err err;
		char name[32];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(cases[i], "="), cases[i]);
		assert_int_equal(options_read(&o, cases[i], &err), -1);
		assert_non_null(strstr(err.message, name));
		options_release(&o);
	}
}

/* ---- statements ---- */

static void statements_end_where_sqlite_ends_them(void **state)
{
	static const struct {
		const char *first, *rest;
		bool is_ddl;
	} cases[] = {
		{ "SELECT 1", "", false },
		{ "SELECT 1; ", "SELECT 2", false },
		{ "SELECT ';'; ", "x", false },
		{ "SELECT 'it''s;'; ", "x", false },
		{ "SELECT \";\"\";\"; ", "x", false },
		{ "SELECT [;]; ", "x", false },
		{ "SELECT `;`; ", "x", false },
		{ "SELECT 1 -- ;\n + 2; -- done\n", "x", false },
		{ "SELECT 1 /* ; */ + 2; /* ; */ ", "x", false },
		{ "SELECT ':a', :a, x'3b';;; ", "x", false },
		{ "  /* c */ CREATE TABLE t (a); ", "INSERT INTO t VALUES(1)", true },
		{ "drop table t;", "x", true },
		{ "Alter Table t ADD b;", "x", true },
		{ "INSERT INTO creates VALUES(1);", "x", false },
		{ "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; SELECT 1; END; ", "SELECT 2",
		    true },
		{ "create temp trigger if not exists t after insert on a begin select case when 1 then 2 "
		  "end; end;",
		    "x", true },
		{ "CREATE TABLE trigger_end (a);", "x", true },
		{ "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END", "", true },
		{ "SELECT 'open; ", "", false },
		{ "SELECT /* open; ", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sql_scan scan;
		char sql[512];
		snprintf(sql, sizeof(sql), "%s%s", cases[i].first, cases[i].rest);
		sql_scan_statement(sql, strlen(sql), &scan);
		if (scan.used != strlen(cases[i].first) || scan.is_ddl != cases[i].is_ddl || scan.is_empty)
			fail_msg("%s: %zu", sql, scan.used);
	}
}

static void blanks_are_an_empty_statement(void **state)
{
	struct sql_scan scan;

	(void)state;
	sql_scan_statement(" ; -- x\n/* y */", 15, &scan);
	assert_true(scan.is_empty);
	assert_int_equal(scan.used, 15);
	sql_scan_statement("", 0, &scan);
	assert_true(scan.is_empty);
}

static void append_param(void *arg, const struct sql_param *p)
{
	char *text = arg;

	sprintf(text + strlen(text), "%zu%.*s ", p->number, (int)p->name_len, p->name != NULL ? p->name : "");
}

static void parameters_have_sqlites_numbers(void **state)
{
	static const struct {
		const char *sql, *params;
		size_t largest;
	} cases[] = {
		{ "SELECT 1", "", 0 },
		{ "SELECT ?, ?", "1 2 ", 2 },
		{ "SELECT ?3, ?, ?1", "3?3 4 1?1 ", 4 },
		{ "SELECT :a, @a, $a, :a", "1:a 2@a 3$a 1:a ", 3 },
		{ "SELECT :a, ?, :b", "1:a 2 3:b ", 3 },
		{ "SELECT ':no', \":no\", [:no], `:no`, -- :no\n :yes /* :no */", "1:yes ", 1 },
		{ "SELECT a:b", "1:b ", 1 },
		{ "SELECT a$b, 1$c", "", 0 },
		{ "SELECT $a::b(c d), $a::b", "1$a::b(c d) 2$a::b ", 2 },
		{ "SELECT :", "", 0 },
		{ "SELECT :\xc3\xa9", "1:\xc3\xa9 ", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256] = "";
		size_t largest = sql_scan_params(cases[i].sql, strlen(cases[i].sql), append_param, text);
		if (largest != cases[i].largest || strcmp(text, cases[i].params) != 0)
			fail_msg("%s: %zu, %s", cases[i].sql, largest, text);
	}
}

/* ---- parameters ---- */

static const char *const names[] = { ":a", "@b", "$c", NULL };

static const char *name_of(void *arg, size_t i)
{
	(void)arg;
	return i <= COUNT(names) ? names[i - 1] : NULL;
}

static void append_value(char *text, const struct value *v)
{
	text += strlen(text);
	switch (v->kind) {
	case VALUE_NULL: strcpy(text, "null "); break;
	case VALUE_INT: sprintf(text, "i%lld ", (long long)v->i); break;
	case VALUE_FLOAT: sprintf(text, "f%g ", v->f); break;
	case VALUE_TEXT: sprintf(text, "t%.*s ", (int)v->len, v->text); break;
	case VALUE_BLOB:
		text += sprintf(text, "b");
		for (uint32_t i = 0; i < v->len; i++)
			text += sprintf(text, "%02x", v->blob[i]);
		strcpy(text, " ");
		break;
	}
}

struct params_case {
	const char *json; /* one element */
	enum params_dialect dialect;
	size_t n;
	const char *values; /* or the beginning of the error, after "!" */
};

static void check_params(const struct params_case *c)
{
	struct body body;
	struct params params;
	struct arena arena;
	struct value values[8];
	struct err err;
	char text[512] = "";

	snprintf(text, sizeof(text), "[%s]", c->json);
	arena_init(&arena, 1 << 20);
	if (body_read_json(&body, text, strlen(text), &err) != 0)
		fail_msg("%s: %s", c->json, err.message);
	struct element e = body_element(&body, 0);
	text[0] = '\0';
	if (params_init(&params, &e, c->dialect, &err) != 0 ||
	    params_take(&params, values, c->n, name_of, NULL, &arena, &err) != 0 ||
	    params_end(&params, &err) != 0) {
		snprintf(text, sizeof(text), "!%.*s", (int)strlen(c->values) - 1, err.message);
	} else {
		for (size_t i = 0; i < c->n; i++)
			append_value(text, &values[i]);
	}
	if (strcmp(text, c->values) != 0)
		fail_msg("%s: %s, not %s", c->json, text, c->values);
	arena_release(&arena);
	body_release(&body);
}

static void parameters_become_values(void **state)
{
	static const struct params_case cases[] = {
		{ "\"x\"", PARAMS_BOTH, 0, "" },
		{ "[\"x\"]", PARAMS_BOTH, 0, "" },
		{ "[\"x\", 1, -2.5, \"s\", null, true, false]", PARAMS_BOTH, 6, "i1 f-2.5 ts null i1 i0 " },
		{ "[\"x\", 9223372036854775807, -9223372036854775808]", PARAMS_BOTH, 2,
		    "i9223372036854775807 i-9223372036854775808 " },
		{ "[\"x\", [1, \"s\"]]", PARAMS_BOTH, 2, "i1 ts " },
		{ "[\"x\", [1, [2, 3]]]", PARAMS_BOTH, 2, "i1 b0203 " },
		{ "[\"x\", [1, 2], 3]", PARAMS_BOTH, 2, "b0102 i3 " },
		{ "[\"x\", [1, 2]]", PARAMS_BOTH, 1, "b0102 " },
		{ "[\"x\", [1, 2]]", PARAMS_BOTH, 2, "i1 i2 " },
		{ "[\"x\", [1]]", PARAMS_BOTH, 1, "i1 " },
		{ "[\"x\", [1]]", PARAMS_RQLITE, 1, "b01 " },
		{ "[\"x\", [1]]", PARAMS_NQLITE, 1, "i1 " },
		{ "[\"x\", []]", PARAMS_BOTH, 1, "b " },
		{ "[\"x\", []]", PARAMS_BOTH, 0, "" },
		{ "[\"x\", [256, 1]]", PARAMS_BOTH, 2, "i256 i1 " },
		{ "[\"x\", {\"a\": 1, \"b\": \"s\", \"c\": [1, 2], \"d\": 0}]", PARAMS_BOTH, 3,
		    "i1 ts b0102 " },
		{ "[\"x\", {\":a\": 1, \"@b\": 2}]", PARAMS_BOTH, 2, "i1 i2 " },
		{ "[\"x\", \"x'00fF'\", \"X''\"]", PARAMS_BOTH, 2, "b00ff b " },
		{ "[\"x\", \"x'00ff'\"]", PARAMS_NQLITE, 1, "tx'00ff' " },
		{ "[\"x\", \"x'0'\", \"x'0g'\", \"x'00\", \"x''x\"]", PARAMS_BOTH, 4,
		    "tx'0' tx'0g' tx'00 tx''x " },
		{ "[\"x\", 1]", PARAMS_BOTH, 2, "!not enough parameters" },
		{ "[\"x\", 1, 2]", PARAMS_BOTH, 1, "!too many parameters" },
		{ "[\"x\", {\"a\": 1}]", PARAMS_BOTH, 2, "!no value for parameter @b" },
		{ "[\"x\", {\"a\": {}}]", PARAMS_BOTH, 1, "!an object can't be the value" },
		{ "[\"x\", {\"a\": 1}, 1]", PARAMS_BOTH, 1, "!an object of named parameters" },
		{ "[\"x\", [1, -1]]", PARAMS_RQLITE, 1, "!too many parameters" },
		{ "[\"x\", 1, [-1]]", PARAMS_BOTH, 2, "!an array as a parameter must hold bytes" },
		{ "[\"x\", 1, [\"s\"]]", PARAMS_BOTH, 2, "!an array as a parameter must hold bytes" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_params(&cases[i]);
}

static void statements_of_one_text_share_its_parameters(void **state)
{
	static const char json[] = "[[\"x; y\", 1, 2, 3]]";
	struct body body;
	struct params params;
	struct value values[2];
	struct err err;

	(void)state;
	assert_int_equal(body_read_json(&body, json, strlen(json), &err), 0);
	struct element e = body_element(&body, 0);
	assert_int_equal(params_init(&params, &e, PARAMS_BOTH, &err), 0);
	assert_int_equal(params_take(&params, values, 2, name_of, NULL, NULL, &err), 0);
	assert_int_equal(values[1].i, 2);
	assert_int_equal(params_take(&params, values, 1, name_of, NULL, NULL, &err), 0);
	assert_int_equal(values[0].i, 3);
	assert_int_equal(params_end(&params, &err), 0);
	body_release(&body);
}

static void bodies_that_are_wrong_say_why(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "", "Missing body" },
		{ "{}", "Invalid. Not an array" },
		{ "\"SELECT 1\"", "Invalid. Not an array" },
		{ "[]", "Empty array" },
		{ "[1]", "Invalid. Element 1 is neither" },
		{ "[\"x\", []]", "Invalid. Element 2 is neither" },
		{ "[\"x\"", "Invalid JSON: " },
		{ "[\"x\", 9223372036854775808]", "Invalid JSON: too big integer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct body body;
		struct err err;
		assert_int_equal(body_read_json(&body, cases[i].json, strlen(cases[i].json), &err), -1);
		if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("%s: %s", cases[i].json, err.message);
		body_release(&body);
	}
}

static void text_keeps_its_nul(void **state)
{
	static const char json[] = "[\"a\\u0000b\"]";
	struct body body;
	struct err err;

	(void)state;
	assert_int_equal(body_read_json(&body, json, strlen(json), &err), 0);
	assert_int_equal(body_element(&body, 0).sql_len, 3);
	body_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_are_true_when_they_are_there),
		cmocka_unit_test(a_query_is_decoded),
		cmocka_unit_test(durations_are_read_as_go_writes_them),
		cmocka_unit_test(wrong_values_name_their_parameter),
		cmocka_unit_test(statements_end_where_sqlite_ends_them),
		cmocka_unit_test(blanks_are_an_empty_statement),
		cmocka_unit_test(parameters_have_sqlites_numbers),
		cmocka_unit_test(parameters_become_values),
		cmocka_unit_test(statements_of_one_text_share_its_parameters),
		cmocka_unit_test(bodies_that_are_wrong_say_why),
		cmocka_unit_test(text_keeps_its_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
