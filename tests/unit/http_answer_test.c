/* What goes out: JSON values, rows in every shape, the frame around them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/answer.h"
#include "http/json_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void values_are_written_exactly(void **state)
{
	const struct {
		struct value v;
		enum json_blob blob;
		const char *json;
	} cases[] = {
		{ value_null(), JSON_BLOB_BASE64, "null" },
		{ value_int(0), JSON_BLOB_BASE64, "0" },
		{ value_int(INT64_MAX), JSON_BLOB_BASE64, "9223372036854775807" },
		{ value_int(INT64_MIN), JSON_BLOB_BASE64, "-9223372036854775808" },
		{ value_float(1), JSON_BLOB_BASE64, "1.0" },
		{ value_float(-0.0), JSON_BLOB_BASE64, "-0.0" },
		{ value_float(0.1), JSON_BLOB_BASE64, "0.1" },
		{ value_float(5e-324), JSON_BLOB_BASE64, "5e-324" },
		{ value_float(1e21), JSON_BLOB_BASE64, "1e+21" },
		{ value_float(HUGE_VAL), JSON_BLOB_BASE64, "9e999" },
		{ value_float(-HUGE_VAL), JSON_BLOB_BASE64, "-9e999" },
		{ value_str(""), JSON_BLOB_BASE64, "\"\"" },
		{ value_str("a\"b\\c/\n\r\t\x01\x7f"), JSON_BLOB_BASE64,
		    "\"a\\\"b\\\\c/\\n\\r\\t\\u0001\\u007f\"" },
		{ value_text("\0", 1), JSON_BLOB_BASE64, "\"\\u0000\"" },
		{ value_str("\xc3\xa9\xf0\x9f\x98\x80"), JSON_BLOB_BASE64, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ value_str("\xff"), JSON_BLOB_BASE64, "\"\xef\xbf\xbd\"" },
		{ value_str("a\xc3"), JSON_BLOB_BASE64, "\"a\xef\xbf\xbd\"" },
		{ value_str("\xed\xa0\x80x"), JSON_BLOB_BASE64, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"" },
		{ value_blob("", 0), JSON_BLOB_BASE64, "\"\"" },
		{ value_blob("f", 1), JSON_BLOB_BASE64, "\"Zg==\"" },
		{ value_blob("fo", 2), JSON_BLOB_BASE64, "\"Zm8=\"" },
		{ value_blob("foo", 3), JSON_BLOB_BASE64, "\"Zm9v\"" },
		{ value_blob("\xff\xfe\xfd\xfc", 4), JSON_BLOB_BASE64, "\"//79/A==\"" },
		{ value_blob("\x00\xff", 2), JSON_BLOB_ARRAY, "[0,255]" },
		{ value_blob("", 0), JSON_BLOB_ARRAY, "[]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf o;
		buf_init(&o, 1000);
		json_put_value(&o, &cases[i].v, cases[i].blob);
		assert_string_equal(buf_text(&o), cases[i].json);
		buf_release(&o);
	}
}

static void times_are_decimals_whatever_the_locale(void **state)
{
	struct buf o;

	(void)state;
	buf_init(&o, 100);
	json_put_time(&o, 18915, 3);
	buf_put_byte(&o, ' ');
	json_put_time(&o, 8, 6);
	buf_put_byte(&o, ' ');
	json_put_time(&o, 12000007, 6);
	buf_put_byte(&o, ' ');
	json_put_time(&o, -5, 3);
	assert_string_equal(buf_text(&o), "18.915 0.000008 12.000007 0.000");
	buf_release(&o);
}

static void indenting_leaves_texts_alone(void **state)
{
	struct buf o;
	static const char json[] = "{\"a\":[1,\"[{,:\\\"\"],\"b\":{},\"c\":[[]]}";

	(void)state;
	buf_init(&o, 1000);
	json_indent(&o, json, strlen(json));
	assert_string_equal(buf_text(&o), "{\n    \"a\": [\n        1,\n        \"[{,:\\\"\"\n    ],\n    "
					  "\"b\": {},\n    \"c\": [\n        []\n    ]\n}");
	buf_release(&o);
}

/* ---- rows ---- */

static const struct value row1[] = { { .kind = VALUE_INT, .i = 1 },
	{ .kind = VALUE_TEXT, .len = 5, .text = "fiona" }, { .kind = VALUE_NULL } };
static const struct value row2[] = { { .kind = VALUE_INT, .i = 2 },
	{ .kind = VALUE_TEXT, .len = 1, .text = "b" }, { .kind = VALUE_FLOAT, .f = 0.5 } };

static void put_rows(struct buf *o, const struct answer_style *style, size_t n)
{
	struct rows rows;

	answer_begin(o);
	answer_result(o);
	rows_init(&rows, style, o);
	assert_true(rows_columns(&rows, 3));
	rows_name_column(&rows, 0, "id", "INTEGER");
	rows_name_column(&rows, 1, "na\"me", "VarChar(20)");
	rows_name_column(&rows, 2, "x", NULL);
	if (n > 0)
		assert_true(rows_put(&rows, row1, 3));
	if (n > 1)
		assert_true(rows_put(&rows, row2, 3));
	rows_end(&rows);
	rows_release(&rows);
	answer_result_end(o, style, 8);
	const struct answer_tail tail = { .us = 1500 };
	answer_end(o, style, &tail);
}

static void rows_have_the_shape_of_their_family(void **state)
{
	static const struct {
		struct answer_style style;
		size_t nrows;
		const char *json;
	} cases[] = {
		{ { .shape = SHAPE_BOTH }, 2,
		    "{\"results\":[{\"columns\":[\"id\",\"na\\\"me\",\"x\"],\"types\":[\"integer\",\"varchar("
		    "20)\",\"null\"],"
		    "\"values\":[[1,\"fiona\",null],[2,\"b\",0.5]],"
		    "\"rows\":[{\"id\":1,\"na\\\"me\":\"fiona\",\"x\":null},{\"id\":2,\"na\\\"me\":\"b\","
		    "\"x\":0.5}]}],\"time\":1.500}" },
		{ { .shape = SHAPE_BOTH }, 0,
		    "{\"results\":[{\"columns\":[\"id\",\"na\\\"me\",\"x\"],\"types\":[\"integer\",\"varchar("
		    "20)\",\"\"],\"rows\":[]}],"
		    "\"time\":1.500}" },
		{ { .shape = SHAPE_NQLITE }, 1,
		    "{\"results\":[{\"rows\":[{\"id\":1,\"na\\\"me\":\"fiona\",\"x\":null}]}],\"time\":1."
		    "500}" },
		{ { .shape = SHAPE_NQLITE }, 0, "{\"results\":[{\"rows\":[]}],\"time\":1.500}" },
		{ { .shape = SHAPE_RQLITE }, 1,
		    "{\"results\":[{\"columns\":[\"id\",\"na\\\"me\",\"x\"],\"types\":[\"integer\",\"varchar("
		    "20)\",\"null\"],"
		    "\"values\":[[1,\"fiona\",null]]}]}" },
		{ { .shape = SHAPE_RQLITE }, 0,
		    "{\"results\":[{\"columns\":[\"id\",\"na\\\"me\",\"x\"],\"types\":[\"integer\",\"varchar("
		    "20)\",\"\"]}]}" },
		{ { .shape = SHAPE_RQLITE, .timings = true }, 0,
		    "{\"results\":[{\"columns\":[\"id\",\"na\\\"me\",\"x\"],\"types\":[\"integer\",\"varchar("
		    "20)\",\"\"],\"time\":0.000008}],"
		    "\"time\":0.001500}" },
		{ { .shape = SHAPE_RQLITE, .associative = true }, 2,
		    "{\"results\":[{\"types\":{\"id\":\"integer\",\"na\\\"me\":\"varchar(20)\",\"x\":"
		    "\"null\"},"
		    "\"rows\":[{\"id\":1,\"na\\\"me\":\"fiona\",\"x\":null},{\"id\":2,\"na\\\"me\":\"b\","
		    "\"x\":0.5}]}]}" },
		{ { .shape = SHAPE_BOTH, .associative = true }, 0,
		    "{\"results\":[{\"types\":{\"id\":\"integer\",\"na\\\"me\":\"varchar(20)\",\"x\":\"\"},"
		    "\"rows\":[]}],\"time\":1.500}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf o;
		buf_init(&o, 10000);
		put_rows(&o, &cases[i].style, cases[i].nrows);
		assert_string_equal(buf_text(&o), cases[i].json);
		buf_release(&o);
	}
}

static void of_equal_names_the_last_is_the_member(void **state)
{
	static const struct answer_style style = { .shape = SHAPE_NQLITE };
	struct buf o;
	struct rows rows;

	(void)state;
	buf_init(&o, 1000);
	rows_init(&rows, &style, &o);
	assert_true(rows_columns(&rows, 3));
	for (size_t i = 0; i < 3; i++)
		rows_name_column(&rows, i, i == 1 ? "b" : "a", NULL);
	assert_true(rows_put(&rows, row2, 3));
	rows_end(&rows);
	assert_string_equal(buf_text(&o), "\"rows\":[{\"b\":\"b\",\"a\":0.5}]");
	rows_release(&rows);
	buf_release(&o);
}

static void an_answer_never_grows_past_its_limit(void **state)
{
	(void)state;
	for (size_t max = 10; max < 400; max += 7) {
		static const struct answer_style style = { .shape = SHAPE_BOTH };
		struct buf o;
		struct rows rows;
		size_t n = 0;

		buf_init(&o, max);
		rows_init(&rows, &style, &o);
		assert_true(rows_columns(&rows, 1));
		rows_name_column(&rows, 0, "a_long_column_name", "INTEGER");
		while (rows_put(&rows, row1, 1))
			n++;
		assert_true(n < 40);
		rows_release(&rows);
		buf_release(&o);
	}
}

static void rows_of_another_width_are_refused(void **state)
{
	static const struct answer_style style = { .shape = SHAPE_BOTH };
	struct buf o;
	struct rows rows;

	(void)state;
	buf_init(&o, 1000);
	rows_init(&rows, &style, &o);
	assert_true(rows_columns(&rows, 1));
	rows_name_column(&rows, 0, "a", NULL);
	assert_false(rows_put(&rows, row1, 2));
	rows_release(&rows);
	buf_release(&o);
}

/* ---- writes and errors ---- */

static void writes_have_the_shape_of_their_family(void **state)
{
	static const struct {
		struct answer_style style;
		struct written w;
		const char *json;
	} cases[] = {
		{ { .shape = SHAPE_BOTH }, { .seq = 4, .last_insert_id = 1, .rows_affected = 2 },
		    "{\"results\":[{\"nats\":{\"stream\":\"nqlite\",\"seq\":4,\"duplicate\":false},\"last_"
		    "insert_id\":1,\"rows_affected\":2}],"
		    "\"time\":18.900}" },
		{ { .shape = SHAPE_NQLITE },
		    { .seq = 4, .is_duplicate = true, .last_insert_id = 1, .rows_affected = 2 },
		    "{\"results\":[{\"nats\":{\"stream\":\"nqlite\",\"seq\":4,\"duplicate\":true}}],\"time\":"
		    "18.900}" },
		{ { .shape = SHAPE_RQLITE }, { .seq = 4, .last_insert_id = 1, .rows_affected = 2 },
		    "{\"results\":[{\"last_insert_id\":1,\"rows_affected\":2}]}" },
		{ { .shape = SHAPE_RQLITE }, { .seq = 4 }, "{\"results\":[{}]}" },
	};
	static const struct answer_tail tail = { .us = 18900 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf o;
		buf_init(&o, 10000);
		answer_begin(&o);
		answer_result(&o);
		answer_result_written(&o, &cases[i].style, &cases[i].w, false);
		answer_result_end(&o, &cases[i].style, 0);
		answer_end(&o, &cases[i].style, &tail);
		assert_string_equal(buf_text(&o), cases[i].json);
		buf_release(&o);
	}
}

static void an_error_has_time_0(void **state)
{
	static const struct answer_style style = { .shape = SHAPE_BOTH };
	static const struct answer_tail tail = { .us = -1, .with_seq = true, .seq = 9 };
	struct buf o;

	(void)state;
	buf_init(&o, 1000);
	answer_begin(&o);
	answer_result(&o);
	answer_result_error(&o, "no such table: \"foo\"");
	answer_result_end(&o, &style, 0);
	answer_result(&o);
	answer_result_end(&o, &style, 0);
	answer_end(&o, &style, &tail);
	assert_string_equal(buf_text(&o),
	    "{\"results\":[{\"error\":\"no such table: \\\"foo\\\"\"},{}],\"time\":0,\"raft_index\":9}");
	buf_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_written_exactly),
		cmocka_unit_test(times_are_decimals_whatever_the_locale),
		cmocka_unit_test(indenting_leaves_texts_alone),
		cmocka_unit_test(rows_have_the_shape_of_their_family),
		cmocka_unit_test(of_equal_names_the_last_is_the_member),
		cmocka_unit_test(an_answer_never_grows_past_its_limit),
		cmocka_unit_test(rows_of_another_width_are_refused),
		cmocka_unit_test(writes_have_the_shape_of_their_family),
		cmocka_unit_test(an_error_has_time_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
