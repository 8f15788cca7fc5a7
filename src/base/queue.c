#include "base/queue.h"

void queue_init(struct queue *q, void (*wake)(void *arg), void *arg)
{
	atomic_init(&q->head, NULL);
	q->wake = wake;
	q->arg = arg;
}

void queue_push(struct queue *q, struct queue_node *node)
{
	struct queue_node *head = atomic_load_explicit(&q->head, memory_order_relaxed);

	do {
		node->next = head;
	} while (!atomic_compare_exchange_weak_explicit(
	    &q->head, &head, node, memory_order_acq_rel, memory_order_relaxed));
	if (head == NULL && q->wake != NULL)
		q->wake(q->arg);
}

struct queue_node *queue_take(struct queue *q)
{
	struct queue_node *newest = atomic_exchange_explicit(&q->head, NULL, memory_order_acq_rel);
	struct queue_node *oldest = NULL;

	while (newest != NULL) {
		struct queue_node *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

bool queue_is_empty(struct queue *q)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) == NULL;
}
