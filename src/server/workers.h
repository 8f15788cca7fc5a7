/* workers.h - threads for what may take long: reads beyond a loop's budget, and the statements of open transactions.
 *
 * Owns:     its threads; a task belongs to whoever submitted it.
 * Runs on:  workers_submit: any thread. A task's run: a worker. Its done: its loop, through loop_task_done.
 * Promises: first come, first served; threads are started as they are needed, up to the limit.
 * Fails by: it can't: when no thread can be started at all, workers_new fails. */
#ifndef NQLITE_SERVER_WORKERS_H
#define NQLITE_SERVER_WORKERS_H

#include "base/err.h"
#include "session/session.h"

struct workers;

/* `on_finished` hands a finished task on; called on the worker. */
int workers_new(
    struct workers **out, size_t threads_max, void (*on_finished)(struct task *task), struct err *err);
void workers_submit(struct workers *w, struct task *task);
/* Lets all submitted tasks finish, joins the threads. */
void workers_free(struct workers *w);

#endif
