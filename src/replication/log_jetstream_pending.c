#include "replication/log_jetstream_pending.h"

#include <stdlib.h>

enum { CAP_FIRST = 64 };

void pending_init(struct pending *p)
{
	*p = (struct pending){ .first = 1, .next = 1 };
}

void pending_release(struct pending *p)
{
	free(p->ring);
	pending_init(p);
}

static struct request *at(struct pending *p, uint64_t number)
{
	return &p->ring[number & (p->cap - 1)];
}

static bool grow(struct pending *p)
{
	size_t cap = p->cap == 0 ? CAP_FIRST : p->cap * 2;
	struct request *ring = malloc(cap * sizeof *ring);

	if (ring == NULL)
		return false;
	for (uint64_t n = p->first; n < p->next; n++)
		ring[n & (cap - 1)] = *at(p, n);
	free(p->ring);
	p->ring = ring;
	p->cap = cap;
	return true;
}

uint64_t pending_add(struct pending *p, enum request_kind kind, uint64_t token, int64_t deadline_us)
{
	if (p->next - p->first == p->cap && !grow(p))
		return 0;
	*at(p, p->next) =
	    (struct request){ .kind = kind, .is_waiting = true, .token = token, .deadline_us = deadline_us };
	return p->next++;
}

static void skip_answered(struct pending *p)
{
	while (p->first < p->next && !at(p, p->first)->is_waiting)
		p->first++;
}

bool pending_take(struct pending *p, uint64_t number, struct request *out)
{
	if (number < p->first || number >= p->next || !at(p, number)->is_waiting)
		return false;
	*out = *at(p, number);
	at(p, number)->is_waiting = false;
	skip_answered(p);
	return true;
}

bool pending_take_expired(struct pending *p, int64_t now_us, struct request *out)
{
	return p->first < p->next && at(p, p->first)->deadline_us <= now_us && pending_take(p, p->first, out);
}
