#include "sql_statement_schema.h"

struct client {
	struct translator *t;
	struct arena arena;
	struct translated out;
	struct err err;
};

static int setup(void **state)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->t = translator_new(4, 1000);
	arena_init(&c->arena, 1 << 26);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct client *c = *state;

	translator_free(c->t);
	arena_release(&c->arena);
	free(c);
	return 0;
}

static int get_at(struct client *c, const char *text, size_t position_base)
{
	struct translate_request request = {
		.text = text, .len = strlen(text), .schema = &test_schema, .position_base = position_base
	};

	return translator_get(c->t, &request, &c->arena, &c->out, &c->err);
}

static void get(struct client *c, const char *text)
{
	if (get_at(c, text, 0) != 0)
		fail_msg("%s: %s %s", text, c->err.sqlstate, c->err.message);
}

static void drop_out(struct client *c)
{
	translation_unref(c->out.translation);
}

static void assert_counts(
    const struct client *c, unsigned text_hits, unsigned normalised_hits, unsigned misses)
{
	struct translator_counts counts = translator_counts(c->t);

	assert_int_equal(counts.text_hits, text_hits);
	assert_int_equal(counts.normalised_hits, normalised_hits);
	assert_int_equal(counts.misses, misses);
}

/* ---- the cache ---- */

static void test_texts_that_differ_in_literals_share_a_translation(void **state)
{
	struct client *c = *state;

	get(c, "SELECT abalance FROM pgbench_accounts WHERE aid = 1");
	const struct translation *first = c->out.translation;
	assert_int_equal(c->out.nliterals, 1);
	assert_int_equal(c->out.literals[0].i, 1);
	get(c, "SELECT abalance FROM  pgbench_accounts /* again */ WHERE aid = 98765");
	assert_ptr_equal(c->out.translation, first);
	assert_int_equal(c->out.literals[0].i, 98765);
	assert_counts(c, 0, 1, 1);
	drop_out(c);
	translation_unref(first);
}

static void test_a_negative_number_shares_it_too(void **state)
{
	struct client *c = *state;

	get(c, "UPDATE pgbench_accounts SET abalance = abalance + 17 WHERE aid = 3");
	drop_out(c);
	get(c, "UPDATE pgbench_accounts SET abalance = abalance + -4999 WHERE aid = 4");
	assert_counts(c, 0, 1, 1);
	assert_int_equal(c->out.literals[0].i, -4999);
	assert_int_equal(c->out.literals[1].i, 4);
	drop_out(c);
}

static void test_a_literal_of_another_type_is_another_translation(void **state)
{
	struct client *c = *state;
	static const char *const texts[] = { "SELECT 1", "SELECT 3000000000", "SELECT 1.5", "SELECT 'x'" };
	static const oid_t types[] = { OID_INT4, OID_INT8, OID_NUMERIC, OID_TEXT };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		get(c, texts[i]);
		assert_int_equal(c->out.translation->columns[0].type, types[i]);
		drop_out(c);
	}
	assert_counts(c, 0, 0, 4);
}

static void test_strings_are_read_as_the_type_that_they_meet(void **state)
{
	struct client *c = *state;

	for (int i = 0; i < 2; i++) { /* made, then found */
		get(c, "SELECT * FROM t WHERE a = '42' AND b = 'it''s'");
		assert_int_equal(c->out.literals[0].kind, VALUE_INT);
		assert_int_equal(c->out.literals[0].i, 42);
		assert_int_equal(c->out.literals[1].kind, VALUE_TEXT);
		assert_memory_equal(c->out.literals[1].text, "it's", 4);
		drop_out(c);
	}
	assert_counts(c, 0, 1, 1);
}

static void test_a_bad_literal_is_the_same_error_on_a_hit(void **state)
{
	struct client *c = *state;

	assert_int_equal(get_at(c, "SELECT 'é', a FROM t WHERE a = 'abc'", 10), -1);
	struct err missed = c->err;
	get(c, "SELECT 'é', a FROM t WHERE a = '12'");
	drop_out(c);
	assert_int_equal(get_at(c, "SELECT 'é', a FROM t WHERE a = 'abc'", 10), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_BAD_TEXT);
	assert_string_equal(c->err.message, "invalid input syntax for type integer: \"abc\"");
	assert_int_equal(c->err.position, 10 + 32);
	assert_string_equal(c->err.sqlstate, missed.sqlstate);
	assert_string_equal(c->err.message, missed.message);
	assert_int_equal(c->err.position, missed.position);
}

static void test_a_literal_too_long_is_the_same_error_on_a_hit(void **state)
{
	struct client *c = *state;

	assert_int_equal(get_at(c, "INSERT INTO t VALUES (1, 'b', 'abcd')", 0), -1);
	struct err missed = c->err;
	get(c, "INSERT INTO t VALUES (1, 'b', 'abc')");
	drop_out(c);
	assert_int_equal(get_at(c, "INSERT INTO t VALUES (1, 'b', 'abcd')", 0), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_STRING_TRUNCATION);
	assert_string_equal(c->err.message, missed.message);
	assert_int_equal(c->err.position, missed.position);
}

static void test_a_literal_that_decided_something_matches_its_own_value_only(void **state)
{
	struct client *c = *state;

	get(c, "SELECT a, b FROM t ORDER BY 1");
	const struct translation *by_a = c->out.translation;
	get(c, "SELECT a, b FROM t ORDER BY 2");
	assert_ptr_not_equal(c->out.translation, by_a);
	drop_out(c);
	get(c, "SELECT a, b FROM t ORDER BY 1");
	assert_ptr_equal(c->out.translation, by_a);
	drop_out(c);
	translation_unref(by_a);
	assert_counts(c, 0, 1, 2);
}

static void test_variants_of_one_text_are_limited(void **state)
{
	struct client *c = *state;
	char text[64];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "SELECT CAST(b AS varchar(%d)) FROM t", i + 1);
		get(c, text);
		assert_int_equal(c->out.translation->columns[0].typmod, i + 1 + 4);
		drop_out(c);
	}
}

static void test_special_times_are_not_a_variant_of_plain_ones(void **state)
{
	struct client *c = *state;

	get(c, "SELECT '2020-01-01'::timestamp");
	drop_out(c);
	get_at(c, "SELECT 'infinity'::timestamp", 0);
	assert_counts(c, 0, 0, 2);
	if (c->out.translation != NULL)
		drop_out(c);
}

static void test_a_new_schema_version_is_a_new_translation(void **state)
{
	struct client *c = *state;
	struct schema newer = test_schema;
	struct translate_request request = { .text = "SELECT a FROM t", .len = 15, .schema = &newer };

	get(c, "SELECT a FROM t");
	drop_out(c);
	newer.version = 2;
	assert_int_equal(translator_get(c->t, &request, &c->arena, &c->out, &c->err), 0);
	assert_int_equal(c->out.translation->schema_version, 2);
	drop_out(c);
	assert_counts(c, 0, 0, 2);
}

static void test_parse_keeps_literals_and_declared_types_count(void **state)
{
	struct client *c = *state;
	static const oid_t int8 = OID_INT8;
	static const char text[] = "SELECT $1 + 1";
	struct translate_request request = {
		.text = text, .len = sizeof(text) - 1, .schema = &test_schema, .literals_stay = true
	};

	for (int i = 0; i < 2; i++) {
		request.nparam_types = 0;
		assert_int_equal(translator_get(c->t, &request, &c->arena, &c->out, &c->err), 0);
		assert_int_equal(c->out.nliterals, 0);
		assert_int_equal(c->out.translation->nparams, 1);
		assert_int_equal(c->out.translation->param_types[0], OID_INT4);
		drop_out(c);
		request.param_types = &int8;
		request.nparam_types = 1;
		assert_int_equal(translator_get(c->t, &request, &c->arena, &c->out, &c->err), 0);
		assert_int_equal(c->out.translation->param_types[0], OID_INT8);
		assert_int_equal(c->out.translation->columns[0].type, OID_INT8);
		drop_out(c);
	}
	assert_counts(c, 2, 0, 2);
}

static void test_a_simple_query_has_no_parameters(void **state)
{
	struct client *c = *state;
	static const char text[] = "SELECT B'1', $1::int";
	struct translate_request request = {
		.text = text, .len = sizeof(text) - 1, .schema = &test_schema, .literals_stay = true
	};

	if (translator_get(c->t, &request, &c->arena, &c->out, &c->err) == 0)
		drop_out(c);
	assert_int_equal(get_at(c, text, 0), -1);
	assert_int_equal(get_at(c, "SELECT $1::int", 0), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_UNDEFINED_PARAMETER);
	assert_string_equal(c->err.message, "there is no parameter $1");
	assert_int_equal(c->err.position, 8);
}

static void test_the_oldest_goes_and_a_reference_keeps_it_alive(void **state)
{
	struct client *c = *state;
	static const char *const texts[] = { "SELECT a FROM t", "SELECT b FROM t", "SELECT c FROM t",
		"SELECT a, b FROM t", "SELECT b, c FROM t" };

	get(c, texts[0]);
	const struct translation *first = c->out.translation;
	for (size_t i = 1; i < COUNT_OF(texts); i++) {
		get(c, texts[i]);
		drop_out(c);
	}
	assert_string_equal(first->columns[0].name, "a"); /* put out, and still there */
	get(c, texts[0]);
	assert_ptr_not_equal(c->out.translation, first);
	drop_out(c);
	translation_unref(first);
	get(c, texts[4]);
	drop_out(c);
	assert_counts(c, 0, 1, 6);
}

static void test_texts_past_the_limit_are_translated_and_not_kept(void **state)
{
	struct client *c = *state;
	char text[2000];

	memset(text, ' ', sizeof(text));
	memcpy(text, "SELECT \"a\" FROM t WHERE b = $q$", 31);
	memset(text + 31, 'x', 1200);
	strcpy(text + 31 + 1200, "$q$ OR c = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'");
	get(c, text);
	drop_out(c);
	/* the shape is short: it is kept */
	get(c, text);
	drop_out(c);
	assert_counts(c, 0, 1, 1);
	struct translate_request request = {
		.text = text, .len = strlen(text), .schema = &test_schema, .literals_stay = true
	};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(translator_get(c->t, &request, &c->arena, &c->out, &c->err), 0);
		drop_out(c);
	}
	assert_counts(c, 0, 1, 3);
}

static void test_a_translator_without_a_cache_translates(void **state)
{
	struct client c = { .t = translator_new(0, 0) };

	(void)state;
	arena_init(&c.arena, 1 << 20);
	for (int i = 0; i < 2; i++) {
		get(&c, "SELECT a FROM t WHERE a = 1");
		drop_out(&c);
	}
	assert_counts(&c, 0, 0, 2);
	translator_free(c.t);
	arena_release(&c.arena);
}

/* ---- splitting ---- */

static void assert_split(struct client *c, const char *text, const char *expected)
{
	struct piece *pieces;
	size_t n;
	struct buf out;

	buf_init(&out, 1 << 16);
	if (translator_split(c->t, text, strlen(text), &c->arena, &pieces, &n, &c->err) != 0)
		buf_printf(&out, "%s %d", c->err.sqlstate, c->err.position);
	for (size_t i = 0; c->err.sqlstate[0] == '\0' && i < n; i++)
		buf_printf(&out, "[%.*s]", (int)pieces[i].len, text + pieces[i].offset);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
	err_clear(&c->err);
}

static void test_a_text_is_split_into_its_statements(void **state)
{
	struct client *c = *state;

	assert_split(c, "", "");
	assert_split(c, " ;; -- nothing\n /* at all */ ; ", "");
	assert_split(c, "select 1", "[select 1]");
	assert_split(c, "  select 1 ; ", "[select 1]");
	assert_split(c, "select ';' ; select 2", "[select ';'][select 2]");
	assert_split(c, "begin; insert into t values (1, ';'); commit;",
	    "[begin][insert into t values (1, ';')][commit]");
	assert_split(c, "select 1; ; select 'é' ;", "[select 1][select 'é']");
	assert_split(c, "create rule r as on insert to t do (select 1; select 2)",
	    "[create rule r as on insert to t do (select 1; select 2)]");
}

static void test_an_error_anywhere_means_that_nothing_is_split(void **state)
{
	struct client *c = *state;

	assert_split(c, "select 1; selec 2", "42601 11");
	assert_split(c, "select 1; select 'x", "42601 18");
	assert_split(c, "select '\xff'; select 1", "22021 0");
	/* alone, it is found when it is translated */
	assert_split(c, "selec 2", "[selec 2]");
}

/* ---- errors ---- */

static void test_positions_count_characters_from_the_start_of_the_text(void **state)
{
	struct client *c = *state;

	assert_int_equal(get_at(c, "select 'é' frm t x", 0), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_SYNTAX);
	assert_int_equal(c->err.position, 16);
	assert_int_equal(get_at(c, "select 'é' frm t x", 100), -1);
	assert_int_equal(c->err.position, 116);
	assert_int_equal(get_at(c, "select 'é', nope from t", 100), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_NO_SUCH_COLUMN);
	assert_int_equal(c->err.position, 113);
}

static void test_an_empty_statement_does_nothing(void **state)
{
	struct client *c = *state;

	get(c, " -- nothing");
	assert_int_equal(c->out.translation->kind, STATEMENT_NOTHING);
	assert_string_equal(c->out.translation->tag, "");
	drop_out(c);
}

static void test_two_statements_are_refused(void **state)
{
	struct client *c = *state;

	assert_int_equal(get_at(c, "select 1; select 2", 0), -1);
	assert_string_equal(c->err.sqlstate, SQLSTATE_SYNTAX);
	assert_string_equal(c->err.message, "cannot insert multiple commands into a prepared statement");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_texts_that_differ_in_literals_share_a_translation),
		TEST(test_a_negative_number_shares_it_too),
		TEST(test_a_literal_of_another_type_is_another_translation),
		TEST(test_strings_are_read_as_the_type_that_they_meet),
		TEST(test_a_bad_literal_is_the_same_error_on_a_hit),
		TEST(test_a_literal_too_long_is_the_same_error_on_a_hit),
		TEST(test_a_literal_that_decided_something_matches_its_own_value_only),
		TEST(test_variants_of_one_text_are_limited),
		TEST(test_special_times_are_not_a_variant_of_plain_ones),
		TEST(test_a_new_schema_version_is_a_new_translation),
		TEST(test_parse_keeps_literals_and_declared_types_count),
		TEST(test_a_simple_query_has_no_parameters),
		TEST(test_the_oldest_goes_and_a_reference_keeps_it_alive),
		TEST(test_texts_past_the_limit_are_translated_and_not_kept),
		TEST(test_a_translator_without_a_cache_translates),
		TEST(test_a_text_is_split_into_its_statements),
		TEST(test_an_error_anywhere_means_that_nothing_is_split),
		TEST(test_positions_count_characters_from_the_start_of_the_text),
		TEST(test_an_empty_statement_does_nothing),
		TEST(test_two_statements_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
