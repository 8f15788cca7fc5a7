#include "base/err.h"
#include "base/hash.h"
#include "base/logger.h"
#include "base/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- utf8 ---- */

static void utf8_is_what_rfc_3629_says(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t valid;
	} cases[] = {
		{ "", 0 },
		{ "plain text, longer than eight bytes", 35 },
		{ "h\xc3\xa9", 3 },
		{ "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\xf4\x90\x80\x80", 0 }, /* past U+10FFFF */
		{ "\xed\x9f\xbf", 3 },
		{ "\xed\xa0\x80", 0 }, /* a surrogate */
		{ "\xc0\x80", 0 },     /* overlong */
		{ "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		{ "ab\x80", 2 },
		{ "ab\xff", 2 },
		{ "12345678\xc3", 8 }, /* cut */
		{ "1234567\xe2\x82", 7 },
		{ "123456789012345\xf0\x9f\x98", 15 },
		{ "\xc3\xa9 12345678 \xc3\x28", 12 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(utf8_valid_len(cases[i].text, strlen(cases[i].text)), cases[i].valid);
}

/* U+0000 to U+10FFFF, encoded here by the rule alone. */
static void every_code_point_is_taken_and_counted_as_one(void **state)
{
	(void)state;

	for (uint32_t c = 1; c <= 0x110000; c += c < 0x800 ? 1 : 97) {
		char text[5] = "";
		size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
		for (size_t i = len; i-- > 0;)
			text[i] = (char)(i == 0 ? first[len] | c >> 6 * (len - 1)
						: 0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
		bool is_surrogate = c >= 0xd800 && c < 0xe000;
		assert_int_equal(utf8_valid_len(text, len), is_surrogate || c > 0x10ffff ? 0 : len);
		assert_int_equal(utf8_chars(text, len), 1);
	}
}

/* ---- err ---- */

static void an_err_carries_its_fields_until_it_is_set_again(void **state)
{
	(void)state;
	struct err e;

	assert_int_equal(err_set(&e, SQLSTATE_UNIQUE, "duplicate key in \"%s\"", "t"), -1);
	err_detail(&e, "Key (%s).", "id");
	err_hint(&e, "hint %d", 1);
	err_where(&e, "line %d", 2);
	e.position = 7;
	assert_string_equal(e.sqlstate, "23505");
	assert_string_equal(e.message, "duplicate key in \"t\"");
	assert_string_equal(e.detail, "Key (id).");
	assert_string_equal(e.hint, "hint 1");
	assert_string_equal(e.where, "line 2");
	assert_int_equal(err_prefix(&e, "apply %d", 9), -1);
	assert_string_equal(e.message, "apply 9: duplicate key in \"t\"");
	assert_string_equal(e.detail, "Key (id).");
	err_set(&e, SQLSTATE_SYNTAX, "other");
	assert_string_equal(e.detail, "");
	assert_string_equal(e.hint, "");
	assert_string_equal(e.where, "");
	assert_int_equal(e.position, 0);
}

static void an_err_that_nobody_wants_is_dropped(void **state)
{
	(void)state;

	assert_int_equal(err_set(NULL, SQLSTATE_SYNTAX, "x"), -1);
	assert_int_equal(err_sys(NULL, "x"), -1);
	assert_int_equal(err_prefix(NULL, "x"), -1);
	err_detail(NULL, "x");
	err_hint(NULL, "x");
	err_where(NULL, "x");
	err_clear(NULL);
}

static void a_sentence_that_is_too_long_is_cut(void **state)
{
	(void)state;
	static char text[2000];
	struct err e;

	memset(text, 'x', sizeof(text) - 1);
	err_set(&e, SQLSTATE_SYNTAX, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	err_prefix(&e, "in front");
	assert_memory_equal(e.message, "in front: xxx", 13);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	err_prefix(&e, "%s", text);
	assert_in_range(strlen(e.message), 1, sizeof(e.message) - 1);
	err_detail(&e, "%s", text);
	assert_int_equal(strlen(e.detail), sizeof(e.detail) - 1);
}

static void errno_picks_the_sqlstate(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *sqlstate;
	} cases[] = { { ENOSPC, "53100" }, { ENOMEM, "53200" }, { EIO, "58030" }, { ENOENT, "58030" } };
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = cases[i].code;
		assert_int_equal(err_sys(&e, "open %s", "file"), -1);
		assert_string_equal(e.sqlstate, cases[i].sqlstate);
		assert_memory_equal(e.message, "open file: ", 11);
		assert_non_null(strstr(e.message, strerror(cases[i].code)));
	}
}

/* ---- hash, logger ---- */

static void a_hash_depends_on_every_byte_and_on_the_order(void **state)
{
	(void)state;
	uint8_t bytes[64] = { 0 };
	uint64_t zero = hash_bytes64(bytes, sizeof(bytes));

	for (size_t i = 0; i < sizeof(bytes) * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_true(hash_bytes64(bytes, sizeof(bytes)) != zero);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_true(hash_bytes64(bytes, 63) != zero);
	assert_true(
	    hash_chain64(hash_chain64(0, "a", 1), "b", 1) != hash_chain64(hash_chain64(0, "b", 1), "a", 1));
	assert_true(hash_chain64(1, "a", 1) == hash_chain64(1, "a", 1));
	/* XXH3's own test value for no bytes: the same on every machine. */
	assert_true(hash_bytes64("", 0) == UINT64_C(0x2d06800538d394c2));
}

static void log_levels_have_names(void **state)
{
	(void)state;
	enum log_level level;

	assert_true(logger_parse_level("error", &level));
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_true(logger_parse_level("debug", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_false(logger_parse_level("loud", &level));
	assert_false(logger_parse_level("", &level));
	logger_write(NULL, LOG_LEVEL_ERROR, "to nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_what_rfc_3629_says),
		cmocka_unit_test(every_code_point_is_taken_and_counted_as_one),
		cmocka_unit_test(an_err_carries_its_fields_until_it_is_set_again),
		cmocka_unit_test(an_err_that_nobody_wants_is_dropped),
		cmocka_unit_test(a_sentence_that_is_too_long_is_cut),
		cmocka_unit_test(errno_picks_the_sqlstate),
		cmocka_unit_test(a_hash_depends_on_every_byte_and_on_the_order),
		cmocka_unit_test(log_levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
