#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replication/origin_window.h"

static void a_number_is_new_once(void **state)
{
	struct origin_window w = { 0 };

	(void)state;
	for (uint64_t n = 1; n < 300; n++) {
		assert_false(origin_window_has(&w, n));
		origin_window_mark(&w, n);
		assert_true(origin_window_has(&w, n));
		assert_false(origin_window_has(&w, n + 1));
	}
	for (uint64_t n = 1; n < 300; n++)
		assert_true(origin_window_has(&w, n));
}

static void numbers_left_out_stay_new_until_they_fall_below_the_window(void **state)
{
	struct origin_window w = { 0 };

	(void)state;
	origin_window_mark(&w, 1);
	origin_window_mark(&w, 3);
	assert_false(origin_window_has(&w, 2));
	origin_window_mark(&w, 65);
	assert_int_equal(origin_window_floor(&w), 1);
	assert_false(origin_window_has(&w, 2));
	assert_true(origin_window_has(&w, 3));
	assert_false(origin_window_has(&w, 64));
	origin_window_mark(&w, 2);
	assert_true(origin_window_has(&w, 2));
	assert_false(origin_window_has(&w, 4));
	origin_window_mark(&w, 68);
	assert_true(origin_window_has(&w, 4));
	assert_false(origin_window_has(&w, 5));
	origin_window_mark(&w, 1000);
	assert_true(origin_window_has(&w, 936));
	assert_false(origin_window_has(&w, 937));
}

/* Against a plain table of all numbers, in a random order that a publisher could make. */
static void the_bitmap_agrees_with_a_table(void **state)
{
	static bool seen[20000];
	struct origin_window w = { 0 };
	uint64_t random = 12345, largest = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		uint64_t jump = (random >> 33) % 80;
		uint64_t n = jump < 40 ? largest + 1 : largest > jump ? largest - (jump - 40) : 1;

		if (n == 0 || n >= 20000)
			continue;
		assert_int_equal(origin_window_has(&w, n), seen[n]);
		origin_window_mark(&w, n);
		seen[n] = true;
		largest = n > largest ? n : largest;
	}
	assert_true(largest > 5000);
}

static void origins_are_found_and_forgotten_by_their_last_seq(void **state)
{
	struct origin_windows t;
	struct err err;

	(void)state;
	origin_windows_init(&t);
	for (int i = 0; i < 100; i++) {
		struct origin o = { .bytes = { (uint8_t)i } };

		assert_null(origin_windows_find(&t, &o));
		struct origin_window *w = origin_windows_add(&t, &o, &err);
		assert_non_null(w);
		w->seq = (uint64_t)i;
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			struct origin o = { .bytes = { (uint8_t)(i * 7 % 100) } };

			assert_int_equal(origin_windows_find(&t, &o)->seq, i * 7 % 100);
		}
	}
	assert_int_equal(origin_windows_forget(&t, 40), 40);
	for (int i = 0; i < 100; i++) {
		struct origin o = { .bytes = { (uint8_t)i } };

		assert_int_equal(origin_windows_find(&t, &o) != NULL, i >= 40);
	}
	origin_windows_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_new_once),
		cmocka_unit_test(numbers_left_out_stay_new_until_they_fall_below_the_window),
		cmocka_unit_test(the_bitmap_agrees_with_a_table),
		cmocka_unit_test(origins_are_found_and_forgotten_by_their_last_seq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
