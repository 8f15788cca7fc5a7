#include "base/arena.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- arena ---- */

static void arena_memory_is_aligned_and_stays(void **state)
{
	(void)state;
	struct arena a;
	char *kept[100];

	arena_init(&a, 1 << 20);
	for (int i = 0; i < 100; i++) {
		kept[i] = arena_alloc(&a, (size_t)i * 37 + 1);
		assert_non_null(kept[i]);
		assert_int_equal((uintptr_t)kept[i] % _Alignof(max_align_t), 0);
		memset(kept[i], i, (size_t)i * 37 + 1);
	}
	for (int i = 0; i < 100; i++)
		for (int n = 0; n < i * 37 + 1; n++)
			assert_int_equal(kept[i][n], i);
	arena_release(&a);
}

static void an_arena_gives_no_more_than_its_limit(void **state)
{
	(void)state;
	struct arena a;
	size_t taken = 0;

	arena_init(&a, 10000);
	assert_null(arena_alloc(&a, 10001));
	assert_null(arena_alloc(&a, SIZE_MAX));
	while (arena_alloc(&a, 16) != NULL)
		taken += 16;
	assert_in_range(taken, 9000, 10000);
	assert_null(arena_zalloc(&a, 16));
	assert_null(arena_strdup(&a, "a text that is longer than sixteen bytes"));
	assert_null(arena_printf(&a, "%d", 12345));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 16));
	arena_release(&a);
}

static void an_arena_without_a_byte_gives_nothing(void **state)
{
	(void)state;
	struct arena a;

	arena_init(&a, 0);
	assert_null(arena_alloc(&a, 1));
	arena_reset(&a);
	arena_release(&a);
}

static void arena_copies_end_with_a_nul(void **state)
{
	(void)state;
	struct arena a;

	arena_init(&a, 1 << 16);
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_string_equal(arena_strndup(&a, "abcdef", 2), "ab");
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
	assert_string_equal(arena_printf(&a, "%s-%03d", "x", 7), "x-007");
	char *zeros = arena_zalloc(&a, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(zeros[i], 0);
	arena_release(&a);
}

static void a_reset_arena_uses_its_memory_again(void **state)
{
	(void)state;
	struct arena a;

	arena_init(&a, 1 << 20);
	for (int round = 0; round < 1000; round++) {
		for (int i = 0; i < 50; i++)
			assert_non_null(arena_alloc(&a, 1000));
		arena_reset(&a);
	}
	arena_release(&a);
	assert_non_null(arena_alloc(&a, 10));
	arena_release(&a);
}

/* ---- buf ---- */

static void a_buf_grows_up_to_its_limit_and_keeps_the_bytes(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		buf_put_byte(&b, (uint8_t)i);
	assert_false(b.failed);
	assert_int_equal(b.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], (uint8_t)i);
	assert_true(b.cap <= 1000);
	buf_put_byte(&b, 1);
	assert_true(b.failed);
	assert_int_equal(b.len, 1000);
	buf_release(&b);
}

static void a_failed_buf_takes_nothing_until_it_is_cleared(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 8);
	buf_put_text(&b, "1234");
	buf_put_text(&b, "12345");
	assert_true(b.failed);
	/* It would fit, but the one before it is missing. */
	buf_put_text(&b, "5");
	buf_printf(&b, "%d", 6);
	assert_null(buf_extend(&b, 1));
	assert_false(buf_reserve(&b, 0));
	assert_null(buf_text(&b));
	assert_int_equal(b.len, 4);
	buf_truncate(&b, 2);
	assert_false(b.failed);
	buf_put_text(&b, "xy");
	assert_string_equal(buf_text(&b), "12xy");
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	buf_release(&b);
	assert_int_equal(b.max, 8);
}

static void a_hostile_size_fails_and_does_not_wrap(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_put_byte(&b, 'a');
	assert_null(buf_extend(&b, SIZE_MAX));
	assert_true(b.failed);
	assert_int_equal(b.len, 1);
	buf_release(&b);
}

static void consuming_moves_the_rest_to_the_front(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 100);
	buf_consume(&b, 0);
	buf_printf(&b, "%s%d", "abc", 42);
	buf_consume(&b, 2);
	assert_string_equal(buf_text(&b), "c42");
	buf_consume(&b, 3);
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_aligned_and_stays),
		cmocka_unit_test(an_arena_gives_no_more_than_its_limit),
		cmocka_unit_test(an_arena_without_a_byte_gives_nothing),
		cmocka_unit_test(arena_copies_end_with_a_nul),
		cmocka_unit_test(a_reset_arena_uses_its_memory_again),
		cmocka_unit_test(a_buf_grows_up_to_its_limit_and_keeps_the_bytes),
		cmocka_unit_test(a_failed_buf_takes_nothing_until_it_is_cleared),
		cmocka_unit_test(a_hostile_size_fails_and_does_not_wrap),
		cmocka_unit_test(consuming_moves_the_rest_to_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
