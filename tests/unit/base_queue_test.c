#include "base/clock.h"
#include "base/queue.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PRODUCERS 4
#define ITEMS     20000

struct item {
	struct queue_node node;
	int producer, number;
};

static void count_wake(void *arg)
{
	++*(int *)arg;
}

static void what_is_pushed_is_taken_in_order(void **state)
{
	(void)state;
	struct item items[10];
	struct queue q;
	int wakes = 0;

	queue_init(&q, count_wake, &wakes);
	assert_true(queue_is_empty(&q));
	assert_null(queue_take(&q));
	for (int i = 0; i < 10; i++) {
		items[i].number = i;
		queue_push(&q, &items[i].node);
	}
	/* Only empty -> non-empty wakes. */
	assert_int_equal(wakes, 1);
	assert_false(queue_is_empty(&q));

	int expected = 0;
	for (struct queue_node *n = queue_take(&q); n != NULL; n = n->next)
		assert_int_equal(QUEUE_OBJECT(n, struct item, node)->number, expected++);
	assert_int_equal(expected, 10);
	assert_true(queue_is_empty(&q));
	queue_push(&q, &items[0].node);
	assert_int_equal(wakes, 2);
	assert_ptr_equal(queue_take(&q), &items[0].node);
}

static void a_queue_without_a_wake_is_polled(void **state)
{
	(void)state;
	struct item item;
	struct queue q;

	queue_init(&q, NULL, NULL);
	queue_push(&q, &item.node);
	assert_ptr_equal(queue_take(&q), &item.node);
}

struct crossing {
	struct queue q;
	sem_t woken;
};

struct producer {
	struct crossing *crossing;
	int id;
};

static void on_wake(void *arg)
{
	sem_post(&((struct crossing *)arg)->woken);
}

static void *produce(void *arg)
{
	struct producer *p = arg;

	for (int i = 0; i < ITEMS; i++) {
		struct item *item = malloc(sizeof(*item));
		if (item == NULL)
			abort();
		item->producer = p->id;
		item->number = i;
		queue_push(&p->crossing->q, &item->node);
	}
	return NULL;
}

/* The consumer sleeps until it is woken: a wake that is lost would let the test hang. */
static void many_threads_push_to_one_that_sleeps(void **state)
{
	(void)state;
	struct crossing c;
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	int next[PRODUCERS] = { 0 };
	int taken = 0;

	assert_int_equal(sem_init(&c.woken, 0, 0), 0);
	queue_init(&c.q, on_wake, &c);
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ &c, i };
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	while (taken < PRODUCERS * ITEMS) {
		assert_int_equal(sem_wait(&c.woken), 0);
		for (struct queue_node *n = queue_take(&c.q); n != NULL;) {
			struct item *item = QUEUE_OBJECT(n, struct item, node);
			n = n->next;
			assert_int_equal(item->number, next[item->producer]++);
			free(item);
			taken++;
		}
	}
	for (int i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(queue_is_empty(&c.q));
	sem_destroy(&c.woken);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
	(void)state;
	int64_t before = clock_mono_us(&clock_system);

	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_us(&clock_system);
		assert_true(now >= before);
		before = now;
	}
	/* 2020 to 2200: microseconds since 1970, not another unit. */
	assert_in_range(clock_now_us(&clock_system), INT64_C(1577836800000000), INT64_C(7258118400000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_pushed_is_taken_in_order),
		cmocka_unit_test(a_queue_without_a_wake_is_polled),
		cmocka_unit_test(many_threads_push_to_one_that_sleeps),
		cmocka_unit_test(the_monotonic_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
