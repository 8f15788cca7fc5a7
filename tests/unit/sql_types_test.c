/* The tables: types, casts, and the choice among operators and functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sql/casts.h"
#include "sql/functions.h"
#include "sql/operators.h"

static void types_are_found_by_oid_and_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sql_ntypes; i++) {
		assert_ptr_equal(type_find(sql_types[i].oid), &sql_types[i]);
		assert_ptr_equal(type_find_name(sql_types[i].name), &sql_types[i]);
		if (i > 0)
			assert_true(sql_types[i - 1].oid < sql_types[i].oid);
	}
	assert_null(type_find(1));
	assert_null(type_find_name("integer"));
}

static void arrays_and_elements_point_to_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sql_ntypes; i++) {
		const struct type *t = &sql_types[i];

		if (t->array != OID_NONE)
			assert_int_equal(type_find(t->array)->element, t->oid);
		if (type_is_array(t))
			assert_non_null(type_find(t->element));
	}
}

static void types_are_displayed_as_format_type_does(void **state)
{
	static const struct {
		oid_t type;
		int32_t typmod;
		const char *display;
	} cases[] = {
		{ OID_INT4, -1, "integer" },
		{ OID_VARCHAR, 14, "character varying(10)" },
		{ OID_BPCHAR, 5, "character(1)" },
		{ OID_BPCHAR, -1, "character" },
		{ OID_NUMERIC, ((10 << 16) | 2) + 4, "numeric(10,2)" },
		{ OID_NUMERIC, ((3 << 16) | 0x7fe) + 4, "numeric(3,-2)" },
		{ OID_TIMESTAMP, 3, "timestamp(3) without time zone" },
		{ OID_TIMESTAMPTZ, -1, "timestamp with time zone" },
		{ OID_INT4_ARRAY, -1, "integer[]" },
		{ OID_VARCHAR_ARRAY, 14, "character varying(10)[]" },
		{ OID_CHAR, -1, "\"char\"" },
		{ 1, -1, "???" },
	};
	char space[TYPE_DISPLAY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(type_display(cases[i].type, cases[i].typmod, space), cases[i].display);
}

static void casts_apply_in_their_contexts_only(void **state)
{
	static const struct {
		oid_t source, target;
		enum cast_path implicit, assignment, explicit;
	} cases[] = {
		{ OID_INT4, OID_INT8, CAST_SAME, CAST_SAME, CAST_SAME },
		{ OID_INT8, OID_INT4, CAST_NONE, CAST_FORM, CAST_FORM },
		{ OID_INT4, OID_TEXT, CAST_NONE, CAST_OUT, CAST_OUT },
		{ OID_TEXT, OID_INT4, CAST_NONE, CAST_NONE, CAST_IN },
		{ OID_VARCHAR, OID_TEXT, CAST_SAME, CAST_SAME, CAST_SAME },
		{ OID_INT4, OID_BOOL, CAST_NONE, CAST_NONE, CAST_FORM },
		{ OID_BOOL, OID_DATE, CAST_NONE, CAST_NONE, CAST_NONE },
		{ OID_DATE, OID_TIMESTAMP, CAST_FORM, CAST_FORM, CAST_FORM },
		{ OID_VARCHAR_ARRAY, OID_TEXT_ARRAY, CAST_SAME, CAST_SAME, CAST_SAME },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct pg_cast *cast = NULL;

		assert_int_equal(
		    cast_find(cases[i].source, cases[i].target, CAST_IMPLICIT, &cast), cases[i].implicit);
		assert_int_equal(
		    cast_find(cases[i].source, cases[i].target, CAST_ASSIGNMENT, &cast), cases[i].assignment);
		assert_int_equal(
		    cast_find(cases[i].source, cases[i].target, CAST_EXPLICIT, &cast), cases[i].explicit);
	}
}

static void every_row_names_types_that_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < sql_nfunctions; i++) {
		assert_non_null(type_find(sql_functions[i].result));
		for (size_t k = 0; k < sql_functions[i].nargs; k++)
			assert_non_null(type_find(sql_functions[i].args[k]));
	}
	for (size_t i = 0; i < sql_noperators; i++) {
		assert_non_null(type_find(sql_operators[i].result));
		for (size_t k = 0; k < sql_operators[i].nargs; k++)
			assert_non_null(type_find(sql_operators[i].args[k]));
	}
	for (size_t i = 0; i < sql_ncasts; i++) {
		assert_non_null(type_find(sql_casts[i].source));
		assert_non_null(type_find(sql_casts[i].target));
	}
}

static void operators_resolve_as_postgresql_does(void **state)
{
	static const struct {
		const char *name;
		oid_t left, right;
		enum resolve_result result;
		oid_t chosen_left, chosen_right;
	} cases[] = {
		{ "+", OID_INT4, OID_INT4, RESOLVE_ONE, OID_INT4, OID_INT4 },
		{ "+", OID_INT2, OID_INT8, RESOLVE_ONE, OID_INT2, OID_INT8 },
		{ "+", OID_INT4, OID_NUMERIC, RESOLVE_ONE, OID_NUMERIC, OID_NUMERIC },
		{ "+", OID_INT4, OID_FLOAT8, RESOLVE_ONE, OID_FLOAT8, OID_FLOAT8 },
		{ "+", OID_INT4, OID_UNKNOWN, RESOLVE_ONE, OID_INT4, OID_INT4 },
		{ "+", OID_INT4, OID_TEXT, RESOLVE_NONE, 0, 0 },
		{ "+", OID_UNKNOWN, OID_UNKNOWN, RESOLVE_MANY, 0, 0 },
		{ "=", OID_UNKNOWN, OID_UNKNOWN, RESOLVE_ONE, OID_TEXT, OID_TEXT },
		{ "=", OID_VARCHAR, OID_VARCHAR, RESOLVE_ONE, OID_TEXT, OID_TEXT },
		{ "=", OID_BPCHAR, OID_UNKNOWN, RESOLVE_ONE, OID_BPCHAR, OID_BPCHAR },
		{ "!=", OID_NAME, OID_TEXT, RESOLVE_ONE, OID_NAME, OID_TEXT },
		{ "=", OID_REGCLASS, OID_OID, RESOLVE_ONE, OID_OID, OID_OID },
		{ "||", OID_UNKNOWN, OID_INT4, RESOLVE_ONE, OID_TEXT, OID_ANYNONARRAY },
		{ "||", OID_UNKNOWN, OID_UNKNOWN, RESOLVE_ONE, OID_TEXT, OID_TEXT },
		{ "||", OID_INT4, OID_INT4, RESOLVE_NONE, 0, 0 },
		{ "||", OID_INT4_ARRAY, OID_INT4, RESOLVE_ONE, OID_ANYCOMPATIBLEARRAY, OID_ANYCOMPATIBLE },
		{ "<", OID_DATE, OID_TIMESTAMP, RESOLVE_ONE, OID_TIMESTAMP, OID_TIMESTAMP },
		{ "<", OID_TIMESTAMP, OID_UNKNOWN, RESOLVE_ONE, OID_TIMESTAMP, OID_TIMESTAMP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const oid_t types[] = { cases[i].left, cases[i].right };
		const struct pg_operator *o = NULL;
		enum resolve_result result = operator_find(cases[i].name, types, 2, &o);

		if (result != cases[i].result)
			fail_msg("%u %s %u: %d", cases[i].left, cases[i].name, cases[i].right, result);
		if (result != RESOLVE_ONE)
			continue;
		assert_int_equal(o->args[0], cases[i].chosen_left);
		assert_int_equal(o->args[1], cases[i].chosen_right);
	}
}

static void a_common_type_is_found_where_there_is_one(void **state)
{
	(void)state;
	assert_int_equal(resolve_common_type((const oid_t[]){ OID_INT4, OID_INT8 }, 2), OID_INT8);
	assert_int_equal(
	    resolve_common_type((const oid_t[]){ OID_INT4, OID_NUMERIC, OID_UNKNOWN }, 3), OID_NUMERIC);
	assert_int_equal(resolve_common_type((const oid_t[]){ OID_UNKNOWN, OID_UNKNOWN }, 2), OID_TEXT);
	assert_int_equal(resolve_common_type((const oid_t[]){ OID_INT4, OID_TEXT }, 2), OID_NONE);
	assert_int_equal(
	    resolve_common_type((const oid_t[]){ OID_DATE, OID_TIMESTAMPTZ }, 2), OID_TIMESTAMPTZ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_found_by_oid_and_by_name),
		cmocka_unit_test(arrays_and_elements_point_to_each_other),
		cmocka_unit_test(types_are_displayed_as_format_type_does),
		cmocka_unit_test(casts_apply_in_their_contexts_only),
		cmocka_unit_test(every_row_names_types_that_exist),
		cmocka_unit_test(operators_resolve_as_postgresql_does),
		cmocka_unit_test(a_common_type_is_found_where_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
