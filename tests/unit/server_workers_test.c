/* Workers: tasks of many threads, all of them run, once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "server/workers.h"

#define SUBMITTERS 8
#define TASKS      2000 /* of each */

struct job {
	struct task task; /* first */
	atomic_int runs, returns;
	struct gate *gate;
};

/* Where tasks stand until the test lets them go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t waiting;            /* have come so far */
	size_t inside, inside_max; /* at one time */
	bool is_open;
};

static void gate_init(struct gate *g)
{
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, NULL);
	g->waiting = g->inside = g->inside_max = 0;
	g->is_open = false;
}

static void gate_release(struct gate *g)
{
	pthread_cond_destroy(&g->moved);
	pthread_mutex_destroy(&g->lock);
}

static void gate_pass(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->waiting++;
	if (++g->inside > g->inside_max)
		g->inside_max = g->inside;
	pthread_cond_broadcast(&g->moved);
	while (!g->is_open)
		pthread_cond_wait(&g->moved, &g->lock);
	g->inside--;
	pthread_mutex_unlock(&g->lock);
}

static void gate_await(struct gate *g, size_t n)
{
	pthread_mutex_lock(&g->lock);
	while (g->waiting < n)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->is_open = true;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

static void run_job(struct task *task)
{
	struct job *j = (struct job *)(void *)task;

	if (j->gate != NULL)
		gate_pass(j->gate);
	atomic_fetch_add(&j->runs, 1);
}

static void on_finished(struct task *task)
{
	atomic_fetch_add(&((struct job *)(void *)task)->returns, 1);
}

static struct workers *start(size_t threads_max)
{
	struct workers *w;
	struct err err;

	if (workers_new(&w, threads_max, on_finished, &err) != 0)
		fail_msg("%s", err.message);
	return w;
}

static struct job *make_jobs(size_t n, struct gate *gate)
{
	struct job *jobs = calloc(n, sizeof(*jobs));

	assert_non_null(jobs);
	for (size_t i = 0; i < n; i++) {
		jobs[i].task.run = run_job;
		jobs[i].gate = gate;
	}
	return jobs;
}

static void check_once_each(const struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(atomic_load(&jobs[i].runs), 1);
		assert_int_equal(atomic_load(&jobs[i].returns), 1);
	}
}

struct submitter {
	pthread_t thread;
	struct workers *workers;
	struct job *jobs;
};

static void *submit(void *arg)
{
	struct submitter *s = arg;

	for (size_t i = 0; i < TASKS; i++)
		workers_submit(s->workers, &s->jobs[i].task);
	return NULL;
}

static void tasks_of_many_threads_run_once_each(void **state)
{
	struct workers *w = start(4);
	struct job *jobs = make_jobs(SUBMITTERS * TASKS, NULL);
	struct submitter s[SUBMITTERS];

	(void)state;
	for (size_t i = 0; i < SUBMITTERS; i++) {
		s[i].workers = w;
		s[i].jobs = jobs + i * TASKS;
		assert_int_equal(pthread_create(&s[i].thread, NULL, submit, &s[i]), 0);
	}
	for (size_t i = 0; i < SUBMITTERS; i++)
		pthread_join(s[i].thread, NULL);
	workers_free(w);
	check_once_each(jobs, SUBMITTERS * TASKS);
	free(jobs);
}

static void threads_are_started_for_tasks_that_wait(void **state)
{
	struct workers *w = start(5);
	struct gate gate;
	struct job *jobs;

	(void)state;
	gate_init(&gate);
	jobs = make_jobs(5, &gate);
	for (size_t i = 0; i < 5; i++)
		workers_submit(w, &jobs[i].task);
	gate_await(&gate, 5); /* each has a thread of its own */
	gate_open(&gate);
	workers_free(w);
	check_once_each(jobs, 5);
	free(jobs);
	gate_release(&gate);
}

static void no_more_threads_than_allowed_run(void **state)
{
	struct workers *w = start(2);
	struct gate gate;
	struct job *jobs;

	(void)state;
	gate_init(&gate);
	jobs = make_jobs(10, &gate);
	for (size_t i = 0; i < 10; i++)
		workers_submit(w, &jobs[i].task);
	gate_await(&gate, 2);
	gate_open(&gate);
	workers_free(w);
	assert_int_equal(gate.inside_max, 2);
	check_once_each(jobs, 10);
	free(jobs);
	gate_release(&gate);
}

static void *free_workers(void *arg)
{
	workers_free(arg);
	return NULL;
}

static void stopping_lets_tasks_that_wait_finish(void **state)
{
	struct workers *w = start(1);
	struct gate gate;
	struct job *first, *jobs;
	pthread_t stopper;

	(void)state;
	gate_init(&gate);
	first = make_jobs(1, &gate);
	jobs = make_jobs(100, NULL);
	workers_submit(w, &first->task);
	gate_await(&gate, 1);
	for (size_t i = 0; i < 100; i++)
		workers_submit(w, &jobs[i].task);
	assert_int_equal(pthread_create(&stopper, NULL, free_workers, w), 0);
	gate_open(&gate);
	pthread_join(stopper, NULL);
	check_once_each(first, 1);
	check_once_each(jobs, 100);
	free(first);
	free(jobs);
	gate_release(&gate);
}

static void workers_without_a_task_stop(void **state)
{
	(void)state;
	workers_free(start(1));
	workers_free(start(8));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_of_many_threads_run_once_each),
		cmocka_unit_test(threads_are_started_for_tasks_that_wait),
		cmocka_unit_test(no_more_threads_than_allowed_run),
		cmocka_unit_test(stopping_lets_tasks_that_wait_finish),
		cmocka_unit_test(workers_without_a_task_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
