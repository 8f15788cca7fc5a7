#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>

struct workers {
	void (*on_finished)(struct task *task);
	size_t threads_max;
	pthread_t *threads; /* nthreads */

	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t work;
	struct queue_node *first, **last;
	size_t waiting; /* tasks in the list */
	size_t idle;    /* threads that wait for one */
	size_t nthreads;
	bool is_stopping;
};

static struct task *take(struct workers *w)
{
	struct queue_node *node;

	pthread_mutex_lock(&w->lock);
	w->idle++;
	while (w->first == NULL && !w->is_stopping)
		pthread_cond_wait(&w->work, &w->lock);
	w->idle--;
	node = w->first;
	if (node != NULL) {
		w->first = node->next;
		w->waiting--;
		if (w->first == NULL)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return node == NULL ? NULL : QUEUE_OBJECT(node, struct task, node);
}

static void *work(void *arg)
{
	struct workers *w = arg;
	struct task *task;

	while ((task = take(w)) != NULL) {
		task->run(task);
		w->on_finished(task);
	}
	return NULL;
}

static int start_thread(struct workers *w)
{
	if (pthread_create(&w->threads[w->nthreads], NULL, work, w) != 0)
		return -1;
	w->nthreads++;
	return 0;
}

int workers_new(
    struct workers **out, size_t threads_max, void (*on_finished)(struct task *task), struct err *err)
{
	struct workers *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->threads = calloc(threads_max, sizeof(*w->threads))) == NULL) {
		free(w);
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	w->on_finished = on_finished;
	w->threads_max = threads_max;
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	if (start_thread(w) != 0) {
		workers_free(w);
		return err_sys(err, "start a worker thread");
	}
	*out = w;
	return 0;
}

void workers_submit(struct workers *w, struct task *task)
{
	task->node.next = NULL;
	pthread_mutex_lock(&w->lock);
	*w->last = &task->node;
	w->last = &task->node.next;
	w->waiting++;
	/* A thread that can't be started only means that the task waits longer. */
	if (w->waiting > w->idle && w->nthreads < w->threads_max)
		start_thread(w);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

void workers_free(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->nthreads; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w->threads);
	free(w);
}
