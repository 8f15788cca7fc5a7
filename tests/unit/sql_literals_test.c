#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "sql/literals.h"
#include "sql/parse.h"

/* The shape with its class bytes as letters (i int4, b int8, n numeric, s string), then the literals. */
static void render(struct buf *out, const struct shape *shape)
{
	static const char letters[] = "?ibns";

	for (size_t i = 0; i < shape->len; i++) {
		uint8_t c = (uint8_t)shape->text[i];

		if (c <= LITERAL_STRING)
			buf_printf(out, "<%c>", letters[c]);
		else
			buf_put_byte(out, c);
	}
	for (size_t i = 0; i < shape->nliterals; i++)
		buf_printf(out, " %u=%.*s", shape->literals[i].offset, (int)shape->literals[i].len,
		    shape->literals[i].text);
}

static void assert_shape(const char *text, const char *expected)
{
	struct arena arena;
	struct shape shape;
	struct buf out;

	arena_init(&arena, 1 << 20);
	buf_init(&out, 1 << 16);
	if (!shape_scan(text, strlen(text), &arena, &shape)) {
		if (expected != NULL)
			fail_msg("%s has no shape", text);
	} else {
		render(&out, &shape);
		assert_string_equal(buf_text(&out), expected == NULL ? "(none)" : expected);
	}
	buf_release(&out);
	arena_release(&arena);
}

static void test_literals_become_their_class(void **state)
{
	(void)state;
	assert_shape("SELECT 1", "SELECT <i> 7=1");
	assert_shape("SELECT a FROM t WHERE b = 'x''y'", "SELECT a FROM t WHERE b = <s> 26=x'y");
	assert_shape("select 2147483647,2147483648", "select <i>,<b> 7=2147483647 18=2147483648");
	assert_shape("select 9223372036854775807", "select <b> 7=9223372036854775807");
	assert_shape("select 9223372036854775808", "select <n> 7=9223372036854775808");
	assert_shape("select 00000000000000000000000000012", "select <i> 7=00000000000000000000000000012");
	assert_shape("select 1.5, .5, 1., 1e3, 1.5E-7",
	    "select <n>, <n>, <n>, <n>, <n> 7=1.5 12=.5 16=1. 20=1e3 25=1.5E-7");
	assert_shape("select E'a\\n\\'b'", "select <s> 7=a\n'b");
	assert_shape("select $$a'b$$, $q$ $$ $q$", "select <s>, <s> 7=a'b 16= $$ ");
	assert_shape("select $1, a1, t.b2, \"x 1\"", "select $1, a1, t.b2, \"x 1\"");
	assert_shape("values ('')", "values (<s>) 8=");
}

static void test_a_minus_belongs_to_the_number_where_the_grammar_says_so(void **state)
{
	(void)state;
	assert_shape("select a + -5", "select a + <i> 11=-5");
	assert_shape("select a - 5", "select a - <i> 11=5");
	assert_shape("select a -5", "select a -<i> 10=5");
	assert_shape("select -5", "select -<i> 8=5"); /* a word stands before it: left to the parser */
	assert_shape("select a=-5", "select a=<i> 9=-5");
	assert_shape("values (-5, -2147483648, -9223372036854775808)",
	    "values (<i>, <i>, <b>) 8=-5 12=-2147483648 25=-9223372036854775808");
	assert_shape("values (-5::int)", "values (-<i>::int) 9=5");
	assert_shape("values (- 5)", "values (- <i>) 10=5");
	assert_shape("select (a)-5", "select (a)-<i> 11=5");
}

static void test_blanks_and_comments_don_t_matter(void **state)
{
	(void)state;
	assert_shape("  select\n\t1 -- x\n", "select <i> 10=1");
	assert_shape("/* app:web */ select /* a /* nested */ b */ 1", "select <i> 44=1");
	assert_shape("select 1/**/+ 2", "select <i> + <i> 7=1 14=2");
	assert_shape("select a--5\n+1", "select a +<i> 13=1");
}

static void test_what_is_unsure_has_no_shape(void **state)
{
	static const char *const texts[] = { "select B'1'", "select X'1f'", "select N'x'", "select U&'x'",
		"select U&\"x\"", "select 'a'\n'b'", "select 'a", "select \"a", "select $x$ a", "select /* a",
		"select 1a", "select 1.2.3", "select E'\\x41'", "select E'\\u0041'", "select E'\\101'",
		"select \\", "create table t (a int)", "set a = 1", "begin", "", ";", "select $1a",
		"select \"a\001b\"", "select 'a' 'b'" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_shape(texts[i], NULL);
}

static void test_more_literals_than_the_limit_are_no_shape(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_put_text(&text, "values (0");
	for (int i = 1; i < SHAPE_LITERALS_MAX; i++)
		buf_put_text(&text, ",1");
	struct arena arena;
	struct shape shape;
	arena_init(&arena, 1 << 24);
	assert_true(shape_scan((char *)text.data, text.len, &arena, &shape));
	assert_int_equal(shape.nliterals, SHAPE_LITERALS_MAX);
	buf_put_text(&text, ",2");
	assert_false(shape_scan((char *)text.data, text.len, &arena, &shape));
	arena_release(&arena);
	buf_release(&text);
}

/* ---- against libpg_query ---- */

/* Locations of the constants in a list of targets. */
static size_t constant_locations(const PgQuery__ParseResult *tree, uint32_t *out, size_t max)
{
	const PgQuery__SelectStmt *s = tree->stmts[0]->stmt->select_stmt;
	size_t n = 0;

	for (size_t i = 0; i < s->n_target_list && n < max; i++) {
		const PgQuery__Node *value = s->target_list[i]->res_target->val;

		if (value->node_case == PG_QUERY__NODE__NODE_A_CONST)
			out[n++] = (uint32_t)value->a_const->location;
	}
	return n;
}

static void test_offsets_are_libpg_query_s_locations(void **state)
{
	static const char text[] =
	    "select 'é', $$x$$ , E'\\n',  12,1.5,'' /* c */, 3000000000, (-5), $a$b$a$";
	uint32_t locations[16];
	struct arena arena;
	struct shape shape;
	struct err err = { 0 };
	const PgQuery__ParseResult *tree;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_int_equal(parse_text(text, sizeof(text) - 1, &arena, &tree, &err), 0);
	assert_true(shape_scan(text, sizeof(text) - 1, &arena, &shape));
	assert_int_equal(constant_locations(tree, locations, 16), shape.nliterals);
	for (size_t i = 0; i < shape.nliterals; i++)
		assert_int_equal(shape.literals[i].offset, locations[i]);
	arena_release(&arena);
}

/* ---- parsing ---- */

static void assert_parse_fails(
    const char *text, size_t len, const char *sqlstate, const char *message, int position)
{
	struct arena arena;
	struct err err = { 0 };
	const PgQuery__ParseResult *tree;

	arena_init(&arena, 1 << 28);
	assert_int_equal(parse_text(text, len, &arena, &tree, &err), -1);
	assert_string_equal(err.sqlstate, sqlstate);
	assert_string_equal(err.message, message);
	assert_int_equal(err.position, position);
	arena_release(&arena);
}

static void assert_syntax(const char *text, const char *message, int position)
{
	assert_parse_fails(text, strlen(text), SQLSTATE_SYNTAX, message, position);
}

static void test_syntax_errors_are_postgres_s(void **state)
{
	(void)state;
	assert_syntax("selec 1", "syntax error at or near \"selec\"", 1);
	assert_syntax("select 'é', frm x where", "syntax error at end of input", 24);
	assert_syntax("select 'abc", "unterminated quoted string at or near \"'abc\"", 8);
	assert_syntax("select \"\"", "zero-length delimited identifier at or near \"\"\"\"", 8);
	assert_syntax("select 1a", "trailing junk after numeric literal at or near \"1a\"", 8);
	assert_syntax("select /* x", "unterminated /* comment at or near \"/* x\"", 8);
}

static void test_bytes_that_are_no_utf8_are_refused(void **state)
{
	(void)state;
	assert_parse_fails("select '\xff'", 10, SQLSTATE_BAD_ENCODING,
	    "invalid byte sequence for encoding \"UTF8\": 0xff", 0);
	assert_parse_fails("select '\xc3('", 11, SQLSTATE_BAD_ENCODING,
	    "invalid byte sequence for encoding \"UTF8\": 0xc3 0x28", 0);
	assert_parse_fails(
	    "select \0 1", 10, SQLSTATE_BAD_ENCODING, "invalid byte sequence for encoding \"UTF8\": 0x00", 0);
}

/* `before`, then `part` n times, then `middle`, then `after` n times. */
static void assert_too_deep(
    const char *before, const char *part, const char *middle, const char *after, size_t n)
{
	struct buf text;

	buf_init(&text, 1 << 24);
	buf_put_text(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_put_text(&text, part);
	buf_put_text(&text, middle);
	for (size_t i = 0; i < n; i++)
		buf_put_text(&text, after);
	const char *sql = buf_text(&text);
	assert_parse_fails(sql, text.len, SQLSTATE_TOO_COMPLEX, "stack depth limit exceeded", 0);
	buf_release(&text);
}

static void test_deep_texts_are_refused_and_crash_nothing(void **state)
{
	static const char *const chains[] = { "+1", "::int", " UNION SELECT 1, 2", " || a", ".x", " IS NULL",
		" JOIN t ON a AND b", " COLLATE x", " INTERSECT SELECT 1", " CASE", "[1", " NOT",
		"/**/+/**/1", " IN (1) ", "+'a'\n'b'", "+E'a'\n'\\''" };

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		assert_too_deep("SELECT a", chains[i], "", "", 100000);
	assert_too_deep("SELECT ", "(", "1", ")", 100000);
	assert_too_deep("", "(SELECT ", "1", ")", 100000);
	assert_too_deep("SELECT ", "f(", "1", ")", 100000);
	assert_too_deep("SELECT ", "- ", "1", "", 100000);
	assert_too_deep("SELECT ", "CASE WHEN a AND ", "1", " THEN 1 END", 100000);
	assert_too_deep("SELECT 1 + ", "(1, ", "1", ")", 100000);
}

static void test_long_lists_are_not_deep(void **state)
{
	static const char *const parts[] = { ", (1, 'a' || 'b')", ", (1, -5)" };
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 24);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_clear(&text);
		buf_put_text(&text, "INSERT INTO t VALUES (0, '')");
		for (size_t j = 0; j < 10000; j++)
			buf_put_text(&text, parts[i]);
		assert_true(shape_depth((char *)text.data, text.len) < 100);
	}
	buf_clear(&text);
	buf_put_text(&text, "SELECT 1 FROM t WHERE a = 0");
	for (size_t j = 0; j < 10000; j++)
		buf_put_text(&text, " OR (a = 1 AND b IS NOT NULL)");
	assert_true(shape_depth((char *)text.data, text.len) < 100);
	buf_clear(&text);
	buf_put_text(&text, "UPDATE t SET a = CASE");
	for (size_t j = 0; j < 10000; j++)
		buf_put_text(&text, " WHEN id = 1 THEN a + 1");
	buf_put_text(&text, " END");
	assert_true(shape_depth((char *)text.data, text.len) < 100);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals_become_their_class),
		cmocka_unit_test(test_a_minus_belongs_to_the_number_where_the_grammar_says_so),
		cmocka_unit_test(test_blanks_and_comments_don_t_matter),
		cmocka_unit_test(test_what_is_unsure_has_no_shape),
		cmocka_unit_test(test_more_literals_than_the_limit_are_no_shape),
		cmocka_unit_test(test_offsets_are_libpg_query_s_locations),
		cmocka_unit_test(test_syntax_errors_are_postgres_s),
		cmocka_unit_test(test_bytes_that_are_no_utf8_are_refused),
		cmocka_unit_test(test_deep_texts_are_refused_and_crash_nothing),
		cmocka_unit_test(test_long_lists_are_not_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
