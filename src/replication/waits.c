#include "replication/waits.h"

#include <stdlib.h>

enum wait_state { WAIT_TO_ASK, WAIT_ASKED, WAIT_SEQ, WAIT_FAILED };

struct wait {
	struct wait *next;
	enum wait_state state;
	uint64_t token, seq;
	int64_t deadline_us;
	void (*on_reached)(void *arg, bool ok);
	void *arg;
};

void waits_init(struct waits *w)
{
	*w = (struct waits){ 0 };
	pthread_mutex_init(&w->lock, NULL);
}

bool waits_add(
    struct waits *w, uint64_t seq, int64_t deadline_us, void (*on_reached)(void *arg, bool ok), void *arg)
{
	struct wait *wait = malloc(sizeof(*wait));

	if (wait == NULL)
		return false;
	*wait = (struct wait){ .state = seq != 0 ? WAIT_SEQ : WAIT_TO_ASK,
		.seq = seq,
		.deadline_us = deadline_us,
		.on_reached = on_reached,
		.arg = arg };
	pthread_mutex_lock(&w->lock);
	wait->next = w->first;
	w->first = wait;
	pthread_mutex_unlock(&w->lock);
	return true;
}

void waits_ask(struct waits *w, struct log *log)
{
	bool must_ask = false;

	pthread_mutex_lock(&w->lock);
	uint64_t token = w->last_token + 1;
	for (struct wait *wait = w->first; wait != NULL; wait = wait->next) {
		if (wait->state != WAIT_TO_ASK)
			continue;
		wait->state = WAIT_ASKED;
		wait->token = token;
		must_ask = true;
	}
	if (must_ask)
		w->last_token = token;
	pthread_mutex_unlock(&w->lock);
	if (must_ask)
		log->ops->request_head(log, token);
}

void waits_on_head(struct waits *w, uint64_t token, bool ok, uint64_t seq)
{
	pthread_mutex_lock(&w->lock);
	for (struct wait *wait = w->first; wait != NULL; wait = wait->next) {
		if (wait->state != WAIT_ASKED || wait->token != token)
			continue;
		wait->state = ok ? WAIT_SEQ : WAIT_FAILED;
		wait->seq = seq;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Takes those that can be answered out of the list. Under the lock. */
static struct wait *take_answerable(struct waits *w, uint64_t applied_seq, int64_t now_us, int64_t *at)
{
	struct wait *taken = NULL, **link = &w->first;

	while (*link != NULL) {
		struct wait *wait = *link;

		bool is_reached = wait->state == WAIT_SEQ && wait->seq <= applied_seq;
		if (!is_reached && wait->state != WAIT_FAILED && now_us < wait->deadline_us) {
			*at = wait->deadline_us < *at ? wait->deadline_us : *at;
			link = &wait->next;
			continue;
		}
		if (!is_reached)
			wait->state = WAIT_FAILED;
		*link = wait->next;
		wait->next = taken;
		taken = wait;
	}
	return taken;
}

int64_t waits_answer(struct waits *w, uint64_t applied_seq, int64_t now_us)
{
	int64_t at = WAITS_NEVER;

	pthread_mutex_lock(&w->lock);
	struct wait *wait = take_answerable(w, applied_seq, now_us, &at);
	pthread_mutex_unlock(&w->lock);
	while (wait != NULL) {
		struct wait *next = wait->next;

		wait->on_reached(wait->arg, wait->state == WAIT_SEQ);
		free(wait);
		wait = next;
	}
	return at;
}

void waits_release(struct waits *w)
{
	waits_answer(w, 0, WAITS_NEVER);
	pthread_mutex_destroy(&w->lock);
}
