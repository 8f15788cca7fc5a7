/* publisher.h - gather the writes that wait into batches and bring each batch into the log, once.
 *
 * Owns:     the writes submitted and not yet delivered, and the bytes of each batch until its fate is known.
 * Runs on:  publisher_step and _finish: the publisher's thread. _submit, _cancel and the on_ functions: any thread. _claim, _attest,
 *           _open, _close and _refuse: the applier's thread.
 * Promises: group commit: all that wait when a batch is made travel in it. A batch whose fate is unknown is published again with the
 *           same bytes under the same id until it is acknowledged or delivered. Every write is answered exactly once.
 *           No order is promised between two writes that are under way at the same time.
 * Fails by: WRITE_REFUSED for a write that is certainly not in the log, WRITE_UNKNOWN for one that may be.
 *
 * A batch on its way (a flight), and what ends it:
 *
 *   waiting writes --encode--> DUE --publish--> OUT --LOG_STORED---> STORED --delivered--> claimed by the applier
 *        ^                      ^                |                     |
 *        |                      +--LOG_UNKNOWN---+  (any state: delivered --> claimed)
 *        +--LOG_REFUSED because the log is away, never possibly stored
 *   LOG_REFUSED for another reason: its writes are refused; unknown, if an earlier publish may have stored it
 *
 * A batch too large for one message travels in parts, each of which goes that way; it is in the log once all of its parts are. */
#ifndef NQLITE_REPLICATION_PUBLISHER_H
#define NQLITE_REPLICATION_PUBLISHER_H

#include "base/clock.h"
#include "base/logger.h"
#include "replication/log.h"
#include "replication/write.h"

struct publisher;

struct publisher_options {
	struct log *log; /* borrowed */
	struct origin origin;
	int64_t write_wait_us;
	size_t batch_bytes_max;
	size_t batches_in_flight_max; /* 1 to 32 */
	size_t pending_bytes_max;
	const struct clock *clock;
	const struct logger *logger;
	void (*wake)(void *arg); /* any thread: publisher_step has something to do */
	void *wake_arg;
};

#define PUBLISHER_NEVER INT64_MAX

int publisher_new(struct publisher **out, const struct publisher_options *options, struct err *err);
/* After publisher_finish. */
void publisher_free(struct publisher *p);

void publisher_submit(struct publisher *p, struct write *w);
void publisher_cancel(struct publisher *p, struct write *w);
/* How long a write may wait. */
int64_t publisher_write_wait_us(const struct publisher *p);

/* The log's callback of the same name. A refusal of class 08 or with 57P03 means that the log is away. */
void publisher_on_published(
    struct publisher *p, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err);

/* Batch `number` of ours was delivered: hands over its writes in the order of its entries, NULL where one was answered already.
 * The array is the caller's to free; NULL when the batch is unknown or was claimed before. */
struct write **publisher_claim(struct publisher *p, uint64_t number, size_t *n);
/* All up to seq is applied here: what batches made from now on tell of our state. */
void publisher_attest(struct publisher *p, uint64_t seq, uint64_t hash);
/* The log can be written to; what is due goes out at once. */
void publisher_open(struct publisher *p);
/* Nothing goes out until it is opened again; writes wait for that, each as long as it may. `reason` is what they are told
 * then; NULL: that the log can't be reached. */
void publisher_close(struct publisher *p, const struct err *reason);
/* For good: all writes, now and later, are answered with the reason. */
void publisher_refuse(struct publisher *p, const struct err *reason);

/* Does all there is to do; returns the monotonic time at which it wants to be called again though nobody woke it. */
int64_t publisher_step(struct publisher *p);
/* Nothing waits and nothing is under way. Publisher's thread. */
bool publisher_is_idle(struct publisher *p);
/* Answers every write left, and from now on those that are claimed by nobody are refused: no step follows. */
void publisher_finish(struct publisher *p);

#endif
