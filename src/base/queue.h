/* queue.h - hands objects from many threads to one.
 *
 * Owns:     nothing: nodes are embedded in their objects, and an object's ownership moves with it.
 * Runs on:  queue_push on any thread, queue_take on the one consumer's.
 * Promises: first in, first out for each producer; `wake` is called only on empty -> non-empty; no lock, no allocation.
 * Fails by: it can't; who pushes bounds what may be under way. */
#ifndef NQLITE_BASE_QUEUE_H
#define NQLITE_BASE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct queue_node {
	struct queue_node *next;
};

struct queue {
	/* private */
	_Atomic(struct queue_node *) head; /* newest first */
	void (*wake)(void *arg);
	void *arg;
};

/* The object around its node. */
#define QUEUE_OBJECT(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* `wake(arg)` tells the consumer that there is something to take; it may be called on any thread. NULL: the consumer polls. */
void queue_init(struct queue *q, void (*wake)(void *arg), void *arg);

/* Moves the node's object to the consumer. */
void queue_push(struct queue *q, struct queue_node *node);

/* All that was pushed, oldest first, linked by `next`; NULL when there is nothing. Consumer only. */
struct queue_node *queue_take(struct queue *q);

/* Consumer only: is there nothing to take? */
bool queue_is_empty(struct queue *q);

#endif
