#include "replication/publisher.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "replication/origin_window.h"

#define BATCH_HEADER_MAX 64           /* bytes of an encoded batch_header */
#define PART_HEADER_MAX  128          /* bytes of an encoded part_header, generously */
#define BATCH_BYTES_MAX  (1200 << 20) /* of one batch, in however many parts */
#define SPARE_BYTES_MAX  (1 << 20)    /* a slot keeps so much memory for its next batch */
#define PARTS_OUT_MAX    8            /* of one batch at a time */
#define RETRY_US \
	(100 * 1000) /* between two publishes of the same bytes, while nobody says that it is worth trying */
#define PART_BITS 24 /* of a token */
#define PARTS_MAX (1u << PART_BITS)

enum part_place { PART_DUE, PART_OUT, PART_STORED };

struct part {
	uint8_t place; /* enum part_place */
	bool is_maybe; /* an earlier publish of it may have stored it */
};

/* A batch on its way. The publisher's thread takes and frees slots; the rest changes under the publisher's lock. */
struct flight {
	uint64_t number;       /* 0: the slot is free */
	struct buf bytes;      /* publisher's thread only */
	size_t piece_max;      /* bytes of a part */
	struct write **writes; /* in the order of the entries; NULL where answered */
	size_t nwrites;
	struct part only, *parts; /* parts: &only when the batch fits in a message */
	uint32_t nparts, ndue, nout, nstored;
	uint64_t stored_seq; /* the largest of its parts */
	bool is_claimed;     /* delivered */
	bool is_refused;     /* for a reason other than that the log is away */
	struct err refusal;
	int64_t deadline_us; /* of its oldest write that isn't answered */
	int64_t retry_us;
};

enum gate { GATE_CLOSED, GATE_OPEN, GATE_REFUSING };

struct write_list {
	struct write *first, **end;
};

struct publisher {
	struct publisher_options o;
	char origin_hex[2 * ORIGIN_SIZE + 1];
	struct queue submitted;
	_Atomic bool has_cancel;

	/* Publisher's thread only. */
	struct write_list waiting, done;
	size_t waiting_bytes;
	uint64_t next_number;
	int64_t hold_until_us; /* the log turned a batch away: no new one before then */
	struct buf part_bytes;

	pthread_mutex_t lock; /* for all below */
	struct flight flights[ORIGIN_WINDOW];
	enum gate gate;
	bool has_reason;
	struct err reason;
	bool is_reopened; /* since the last step */
	uint64_t attested_seq, attested_hash;
};

static void list_init(struct write_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void list_append(struct write_list *l, struct write *w)
{
	w->next_in_batch = NULL;
	*l->end = w;
	l->end = &w->next_in_batch;
}

static struct write *list_shift(struct write_list *l)
{
	struct write *w = l->first;

	if (w != NULL) {
		l->first = w->next_in_batch;
		if (l->first == NULL)
			l->end = &l->first;
	}
	return w;
}

static int64_t now_mono(const struct publisher *p)
{
	return clock_mono_us(p->o.clock);
}

static void wake(struct publisher *p)
{
	if (p->o.wake != NULL)
		p->o.wake(p->o.wake_arg);
}

int publisher_new(struct publisher **out, const struct publisher_options *options, struct err *err)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the publisher");
	p->o = *options;
	for (size_t i = 0; i < ORIGIN_SIZE; i++)
		snprintf(p->origin_hex + 2 * i, 3, "%02x", options->origin.bytes[i]);
	queue_init(&p->submitted, options->wake, options->wake_arg);
	list_init(&p->waiting);
	list_init(&p->done);
	p->next_number = 1;
	pthread_mutex_init(&p->lock, NULL);
	buf_init(&p->part_bytes, BATCH_BYTES_MAX);
	for (size_t i = 0; i < ORIGIN_WINDOW; i++)
		buf_init(&p->flights[i].bytes, BATCH_BYTES_MAX);
	*out = p;
	return 0;
}

/* The slot is the next batch's. Under the lock. */
static void flight_free(struct flight *f)
{
	if (f->parts != &f->only)
		free(f->parts);
	free(f->writes);
	f->parts = NULL;
	f->writes = NULL;
	f->nwrites = 0;
	f->number = 0;
	if (f->bytes.cap > SPARE_BYTES_MAX)
		buf_release(&f->bytes);
	buf_clear(&f->bytes);
}

void publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < ORIGIN_WINDOW; i++) {
		flight_free(&p->flights[i]);
		buf_release(&p->flights[i].bytes);
	}
	buf_release(&p->part_bytes);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void publisher_submit(struct publisher *p, struct write *w)
{
	w->submitted_us = now_mono(p);
	w->seq = 0;
	w->batch_number = 0;
	atomic_store_explicit(&w->cancel, false, memory_order_relaxed);
	err_clear(&w->err);
	queue_push(&p->submitted, &w->node);
}

void publisher_cancel(struct publisher *p, struct write *w)
{
	atomic_store(&w->cancel, true);
	atomic_store(&p->has_cancel, true);
	wake(p);
}

int64_t publisher_write_wait_us(const struct publisher *p)
{
	return p->o.write_wait_us;
}

/* Answers: gathered while the lock is held, given when it isn't. */

static void answer(struct publisher *p, struct write *w, enum write_outcome outcome, const struct err *err)
{
	w->outcome = outcome;
	w->err = *err;
	list_append(&p->done, w);
}

static void answer_away(struct publisher *p, struct write *w)
{
	struct err err;

	if (p->has_reason) {
		answer(p, w, WRITE_REFUSED, &p->reason);
		return;
	}
	err_set(&err, SQLSTATE_CONNECTION_FAILURE, "the write log is not reachable");
	err_hint(&err, "Nothing was written. Reads go on; try again when the connection to NATS is back.");
	answer(p, w, WRITE_REFUSED, &err);
}

static void answer_unknown(struct publisher *p, struct write *w)
{
	struct err err;

	err_set(&err, SQLSTATE_UNKNOWN_OUTCOME, "it is not known whether the write was stored");
	err_detail(&err,
	    "It was handed to the write log, which did not confirm it in time; it may still be applied.");
	err_hint(&err, "Look whether it is there before you repeat it.");
	if (p->has_reason)
		err_where(&err, "%s", p->reason.message);
	answer(p, w, WRITE_UNKNOWN, &err);
}

static void give_answers(struct publisher *p)
{
	struct write *w;

	while ((w = list_shift(&p->done)) != NULL)
		w->on_done(w);
}

/* Flights. All under the lock. */

/* Some part was never published, or turned away each time: the batch can't be in the log. */
static bool flight_is_absent(const struct flight *f)
{
	for (uint32_t i = 0; f->ndue > 0 && i < f->nparts; i++) {
		if (f->parts[i].place == PART_DUE && !f->parts[i].is_maybe)
			return true;
	}
	return false;
}

static void flight_answer_all(
    struct publisher *p, struct flight *f, enum write_outcome outcome, const struct err *err)
{
	for (size_t i = 0; i < f->nwrites; i++) {
		struct write *w = f->writes[i];

		f->writes[i] = NULL;
		if (w == NULL)
			continue;
		if (outcome == WRITE_UNKNOWN)
			answer_unknown(p, w);
		else if (err != NULL)
			answer(p, w, outcome, err);
		else
			answer_away(p, w);
	}
	f->deadline_us = PUBLISHER_NEVER;
}

/* Back to the front of those that wait: they will travel in another batch. */
static void flight_return(struct publisher *p, struct flight *f)
{
	struct write_list list;

	list_init(&list);
	for (size_t i = 0; i < f->nwrites; i++) {
		if (f->writes[i] != NULL) {
			p->waiting_bytes += f->writes[i]->entry.len;
			list_append(&list, f->writes[i]);
		}
	}
	if (list.first != NULL) {
		*list.end = p->waiting.first;
		if (p->waiting.first == NULL)
			p->waiting.end = list.end;
		p->waiting.first = list.first;
	}
	p->hold_until_us = f->retry_us;
	flight_free(f);
}

/* What is stored was applied, and nobody claimed it: it was void, or parts of it had been dropped before the last one came. */
static bool flight_is_passed(const struct publisher *p, const struct flight *f)
{
	return f->number != 0 && !f->is_claimed && f->nstored == f->nparts &&
	       f->stored_seq <= p->attested_seq;
}

static void flight_settle(struct publisher *p, struct flight *f)
{
	if (f->is_claimed) {
		flight_free(f);
	} else if (flight_is_passed(p, f)) {
		flight_answer_all(p, f, WRITE_UNKNOWN, NULL);
		flight_free(f);
	} else if (p->gate == GATE_REFUSING) {
		flight_answer_all(p, f, flight_is_absent(f) ? WRITE_REFUSED : WRITE_UNKNOWN, &p->reason);
		flight_free(f);
	} else if (f->is_refused) {
		flight_answer_all(p, f, flight_is_absent(f) ? WRITE_REFUSED : WRITE_UNKNOWN, &f->refusal);
		flight_free(f);
	} else if (f->nparts == 1 && flight_is_absent(f)) {
		flight_return(p, f);
	}
}

/* A stored batch isn't given up while the log stands: it will be delivered, however busy the applier is. */
static bool flight_may_expire(const struct publisher *p, const struct flight *f)
{
	return f->nstored < f->nparts || p->gate != GATE_OPEN;
}

static void flight_expire(struct publisher *p, struct flight *f, int64_t now)
{
	int64_t deadline = PUBLISHER_NEVER;

	if (now < f->deadline_us || !flight_may_expire(p, f))
		return;
	if (flight_is_absent(f)) {
		flight_answer_all(p, f, WRITE_REFUSED, NULL);
		flight_free(f);
		return;
	}
	for (size_t i = 0; i < f->nwrites; i++) {
		struct write *w = f->writes[i];

		if (w == NULL)
			continue;
		if (w->submitted_us + p->o.write_wait_us <= now) {
			f->writes[i] = NULL;
			answer_unknown(p, w);
		} else if (w->submitted_us + p->o.write_wait_us < deadline) {
			deadline = w->submitted_us + p->o.write_wait_us;
		}
	}
	f->deadline_us = deadline;
}

static struct flight *flight_find(struct publisher *p, uint64_t number)
{
	struct flight *f = &p->flights[number % ORIGIN_WINDOW];

	return number != 0 && f->number == number ? f : NULL;
}

/* Fates, deliveries, the gate: from other threads. */

static bool is_away(const struct err *err)
{
	return err != NULL && (strncmp(err->sqlstate, "08", 2) == 0 ||
				  strcmp(err->sqlstate, SQLSTATE_CANNOT_CONNECT_NOW) == 0);
}

static void part_back(struct publisher *p, struct flight *f, struct part *part)
{
	part->place = PART_DUE;
	f->ndue++;
	f->retry_us = now_mono(p) + RETRY_US;
}

static void flight_on_fate(struct publisher *p, struct flight *f, struct part *part, enum log_publish fate,
    uint64_t seq, const struct err *err)
{
	f->nout--;
	switch (fate) {
	case LOG_STORED:
		part->place = PART_STORED;
		f->nstored++;
		if (seq > f->stored_seq)
			f->stored_seq = seq;
		break;
	case LOG_UNKNOWN:
		part->is_maybe = true;
		part_back(p, f, part);
		break;
	case LOG_REFUSED:
		part_back(p, f, part);
		if (is_away(err))
			break;
		f->is_refused = true;
		if (err != NULL)
			f->refusal = *err;
		else
			err_set(&f->refusal, SQLSTATE_IO, "the write log refused the batch");
		break;
	}
}

void publisher_on_published(
    struct publisher *p, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err)
{
	uint32_t part = (uint32_t)(token & (PARTS_MAX - 1));

	pthread_mutex_lock(&p->lock);
	struct flight *f = flight_find(p, token >> PART_BITS);
	if (f != NULL && part < f->nparts && f->parts[part].place == PART_OUT)
		flight_on_fate(p, f, &f->parts[part], fate, seq, err);
	pthread_mutex_unlock(&p->lock);
	wake(p);
}

struct write **publisher_claim(struct publisher *p, uint64_t number, size_t *n)
{
	struct write **writes = NULL;

	*n = 0;
	pthread_mutex_lock(&p->lock);
	struct flight *f = flight_find(p, number);
	if (f != NULL && !f->is_claimed) {
		f->is_claimed = true;
		f->deadline_us = PUBLISHER_NEVER;
		writes = f->writes;
		*n = f->nwrites;
		f->writes = NULL;
		f->nwrites = 0;
	}
	pthread_mutex_unlock(&p->lock);
	if (f != NULL)
		wake(p);
	return writes;
}

void publisher_attest(struct publisher *p, uint64_t seq, uint64_t hash)
{
	bool has_passed = false;

	pthread_mutex_lock(&p->lock);
	p->attested_seq = seq;
	p->attested_hash = hash;
	for (size_t i = 0; i < ORIGIN_WINDOW; i++)
		has_passed |= flight_is_passed(p, &p->flights[i]);
	pthread_mutex_unlock(&p->lock);
	if (has_passed)
		wake(p);
}

static void set_gate(struct publisher *p, enum gate gate, const struct err *reason)
{
	pthread_mutex_lock(&p->lock);
	if (p->gate != GATE_REFUSING) {
		p->gate = gate;
		p->is_reopened |= gate == GATE_OPEN;
		p->has_reason = reason != NULL;
		if (reason != NULL)
			p->reason = *reason;
	}
	pthread_mutex_unlock(&p->lock);
	wake(p);
}

void publisher_open(struct publisher *p)
{
	set_gate(p, GATE_OPEN, NULL);
}

void publisher_close(struct publisher *p, const struct err *reason)
{
	set_gate(p, GATE_CLOSED, reason);
}

void publisher_refuse(struct publisher *p, const struct err *reason)
{
	set_gate(p, GATE_REFUSING, reason);
}

/* The step: publisher's thread. */

static void drain(struct publisher *p)
{
	struct queue_node *node = queue_take(&p->submitted);

	while (node != NULL) {
		struct write *w = QUEUE_OBJECT(node, struct write, node);
		struct err err;

		node = node->next;
		if (w->entry.failed || w->entry.len > BATCH_BYTES_MAX - BATCH_HEADER_MAX) {
			err_set(&err, SQLSTATE_LIMIT_EXCEEDED, "the write is larger than %d bytes",
			    BATCH_BYTES_MAX);
			answer(p, w, WRITE_REFUSED, &err);
		} else if (p->waiting.first != NULL &&
			   p->waiting_bytes + w->entry.len > p->o.pending_bytes_max) {
			err_set(&err, SQLSTATE_OUT_OF_MEMORY, "too many writes wait for the write log");
			err_detail(&err, "%zu bytes of them wait already.", p->waiting_bytes);
			answer(p, w, WRITE_REFUSED, &err);
		} else {
			list_append(&p->waiting, w);
			p->waiting_bytes += w->entry.len;
		}
	}
}

/* Keeps those of the waiting that nothing speaks against. `expire`: also answers those that have waited too long. */
static void sift_waiting(struct publisher *p, bool expire, int64_t now)
{
	struct write_list kept;
	struct write *w;
	struct err err;

	list_init(&kept);
	while ((w = list_shift(&p->waiting)) != NULL) {
		bool is_canceled = atomic_load(&w->cancel);

		if (p->gate != GATE_REFUSING && !is_canceled &&
		    !(expire && w->submitted_us + p->o.write_wait_us <= now)) {
			list_append(&kept, w);
			continue;
		}
		p->waiting_bytes -= w->entry.len;
		if (is_canceled) {
			err_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
			answer(p, w, WRITE_REFUSED, &err);
		} else {
			answer_away(p, w);
		}
	}
	if (kept.first != NULL)
		p->waiting = kept;
}

static void publish_part(struct publisher *p, const struct flight *f, uint32_t part)
{
	char id[64];
	const struct log_ops *ops = p->o.log->ops;
	uint64_t token = f->number << PART_BITS | part;

	if (f->nparts == 1) {
		snprintf(id, sizeof(id), "%s-%" PRIu64, p->origin_hex, f->number);
		ops->publish(p->o.log, token, id, f->bytes.data, f->bytes.len);
		return;
	}
	size_t at = (size_t)part * f->piece_max;
	struct part_header h = { .level = ENTRY_LEVEL,
		.origin = p->o.origin,
		.number = f->number,
		.part = part,
		.nparts = f->nparts,
		.bytes = f->bytes.data + at,
		.len = f->bytes.len - at < f->piece_max ? f->bytes.len - at : f->piece_max };

	snprintf(id, sizeof(id), "%s-%" PRIu64 "-%u", p->origin_hex, f->number, part);
	buf_clear(&p->part_bytes);
	entry_put_part(&p->part_bytes, &h);
	if (p->part_bytes.failed) {
		struct err err;

		err_set(&err, SQLSTATE_CANNOT_CONNECT_NOW, "out of memory for a part of a batch");
		publisher_on_published(p, token, LOG_REFUSED, 0, &err);
		return;
	}
	ops->publish(p->o.log, token, id, p->part_bytes.data, p->part_bytes.len);
}

/* Called with the lock held; gives it back around each publish, since a log may answer in the call. */
static void publish_due(struct publisher *p, struct flight *f)
{
	for (uint32_t i = 0; i < f->nparts && f->ndue > 0; i++) {
		if (f->parts[i].place != PART_DUE)
			continue;
		if (f->is_claimed || f->is_refused || p->gate != GATE_OPEN || f->nout >= PARTS_OUT_MAX)
			return;
		f->parts[i].place = PART_OUT;
		f->ndue--;
		f->nout++;
		pthread_mutex_unlock(&p->lock);
		publish_part(p, f, i);
		pthread_mutex_lock(&p->lock);
		if (f->retry_us > 0 && f->parts[i].place == PART_DUE)
			return; /* turned away at once */
	}
}

/* A slot and the right to be under way? Under the lock. */
static bool has_room(const struct publisher *p)
{
	size_t undecided = 0;

	if (p->flights[p->next_number % ORIGIN_WINDOW].number != 0)
		return false;
	for (size_t i = 0; i < ORIGIN_WINDOW; i++) {
		const struct flight *f = &p->flights[i];

		undecided += f->number != 0 && !f->is_claimed && f->nstored < f->nparts;
	}
	return undecided < p->o.batches_in_flight_max;
}

/* How many of the waiting make the next batch; one at least. */
static size_t choose_batch(const struct publisher *p, size_t bytes_max)
{
	size_t n = 0, bytes = BATCH_HEADER_MAX;

	for (const struct write *w = p->waiting.first; w != NULL; w = w->next_in_batch) {
		bytes += w->entry.len;
		if (n > 0 && bytes > bytes_max)
			break;
		n++;
	}
	return n;
}

/* Lays out the batch's bytes as one message, or as parts. */
static bool divide(struct flight *f, size_t message_max)
{
	f->parts = &f->only;
	f->nparts = 1;
	f->piece_max = f->bytes.len;
	if (f->bytes.len > message_max) {
		f->piece_max =
		    message_max > 2 * PART_HEADER_MAX ? message_max - PART_HEADER_MAX : PART_HEADER_MAX;
		size_t nparts = (f->bytes.len + f->piece_max - 1) / f->piece_max;

		f->parts = nparts < PARTS_MAX ? calloc(nparts, sizeof(*f->parts)) : NULL;
		f->nparts = (uint32_t)nparts;
	}
	if (f->parts == NULL)
		return false;
	f->only = (struct part){ .place = PART_DUE };
	f->ndue = f->nparts;
	f->nout = f->nstored = 0;
	f->stored_seq = 0;
	return true;
}

static bool encode(struct publisher *p, struct flight *f, size_t n, const struct batch_header *h)
{
	buf_clear(&f->bytes);
	entry_put_batch(&f->bytes, h);
	f->writes = malloc(n * sizeof(*f->writes));
	if (f->writes == NULL)
		return false;
	f->nwrites = n;

	struct write *w = p->waiting.first;
	for (size_t i = 0; i < n; i++, w = w->next_in_batch) {
		buf_put(&f->bytes, w->entry.data, w->entry.len);
		f->writes[i] = w;
	}
	return !f->bytes.failed;
}

/* Makes the next batch of the first `n` that wait. Under the lock; NULL: out of memory, and the first of them is refused. */
static struct flight *take_off(struct publisher *p, size_t n, size_t message_max)
{
	struct flight *f = &p->flights[p->next_number % ORIGIN_WINDOW];
	struct batch_header h = { .level = ENTRY_LEVEL,
		.origin = p->o.origin,
		.number = p->next_number,
		.attested_seq = p->attested_seq,
		.attested_hash = p->attested_hash,
		.nentries = (uint32_t)n };

	if (!encode(p, f, n, &h) || !divide(f, message_max)) {
		struct write *w = list_shift(&p->waiting);
		struct err err;

		flight_free(f);
		p->waiting_bytes -= w->entry.len;
		err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory for a batch of writes");
		answer(p, w, WRITE_REFUSED, &err);
		return NULL;
	}
	f->number = p->next_number++;
	f->is_claimed = f->is_refused = false;
	f->retry_us = 0;
	f->deadline_us = PUBLISHER_NEVER;
	for (size_t i = 0; i < n; i++) {
		struct write *w = list_shift(&p->waiting);

		p->waiting_bytes -= w->entry.len;
		w->batch_number = f->number;
		if (w->submitted_us + p->o.write_wait_us < f->deadline_us)
			f->deadline_us = w->submitted_us + p->o.write_wait_us;
	}
	return f;
}

static void publish_waiting(struct publisher *p, int64_t now)
{
	if (p->waiting.first == NULL || now < p->hold_until_us)
		return;

	size_t message_max = p->o.log->ops->message_max(p->o.log);
	size_t bytes_max = message_max < p->o.batch_bytes_max ? message_max : p->o.batch_bytes_max;

	while (p->waiting.first != NULL && p->gate == GATE_OPEN && has_room(p)) {
		struct flight *f = take_off(p, choose_batch(p, bytes_max), message_max);

		if (f == NULL)
			continue;
		publish_due(p, f);
		if (f->ndue > 0 && f->nparts == 1)
			return; /* turned away: the others would be as well */
	}
}

/* The batch that was made so many before the next one, if it is still under way. */
static struct flight *flight_back(struct publisher *p, uint64_t back)
{
	return p->next_number > back ? flight_find(p, p->next_number - back) : NULL;
}

static void tend_flights(struct publisher *p, int64_t now)
{
	/* The newest first: each that is returned goes to the front of those that wait. */
	for (uint64_t back = 1; back <= ORIGIN_WINDOW; back++) {
		struct flight *f = flight_back(p, back);

		if (f != NULL)
			flight_settle(p, f);
	}
	for (uint64_t back = ORIGIN_WINDOW; back > 0; back--) {
		struct flight *f = flight_back(p, back);

		if (f == NULL)
			continue;
		if (p->gate == GATE_OPEN && now >= f->retry_us)
			publish_due(p, f);
		flight_expire(p, f, now);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When is there something to do though nothing happens? Under the lock. */
static int64_t next_time(const struct publisher *p, int64_t now)
{
	int64_t at = PUBLISHER_NEVER;

	if (p->waiting.first != NULL) {
		at = p->waiting.first->submitted_us + p->o.write_wait_us;
		if (p->gate == GATE_OPEN && p->hold_until_us > now)
			at = earlier(at, p->hold_until_us);
	}
	for (size_t i = 0; i < ORIGIN_WINDOW; i++) {
		const struct flight *f = &p->flights[i];

		if (f->number == 0 || f->is_claimed)
			continue;
		if (flight_may_expire(p, f))
			at = earlier(at, f->deadline_us);
		if (f->ndue > 0 && p->gate == GATE_OPEN && f->nout < PARTS_OUT_MAX)
			at = earlier(at, f->retry_us);
	}
	return at;
}

int64_t publisher_step(struct publisher *p)
{
	int64_t now = now_mono(p);

	drain(p);
	pthread_mutex_lock(&p->lock);
	if (p->is_reopened) {
		p->is_reopened = false;
		p->hold_until_us = 0;
		for (size_t i = 0; i < ORIGIN_WINDOW; i++)
			p->flights[i].retry_us = 0;
	}
	if (p->gate == GATE_REFUSING || atomic_exchange(&p->has_cancel, false))
		sift_waiting(p, false, now);
	tend_flights(p, now);
	publish_waiting(p, now);
	if (p->waiting.first != NULL && p->waiting.first->submitted_us + p->o.write_wait_us <= now)
		sift_waiting(p, true, now);
	int64_t at = next_time(p, now);
	pthread_mutex_unlock(&p->lock);
	give_answers(p);
	return at;
}

bool publisher_is_idle(struct publisher *p)
{
	bool is_idle = p->waiting.first == NULL && queue_is_empty(&p->submitted);

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < ORIGIN_WINDOW; i++)
		is_idle &= p->flights[i].number == 0 || p->flights[i].is_claimed;
	pthread_mutex_unlock(&p->lock);
	return is_idle;
}

void publisher_finish(struct publisher *p)
{
	struct err err;

	err_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "the server is shutting down");
	publisher_refuse(p, &err);
	drain(p);
	pthread_mutex_lock(&p->lock);
	sift_waiting(p, false, 0);
	tend_flights(p, 0);
	pthread_mutex_unlock(&p->lock);
	give_answers(p);
}
