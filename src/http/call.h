/* call.h - one call on its way, for api.c, query.c, write.c and status.c.
 *
 * Owns:     its plan, its entry, its answer.
 * Runs on:  whoever it was handed to: the loop, a worker, replication, the loop again. Only what stands under `lock` is shared.
 * Promises: see api.h.
 * Fails by: call_fail. */
#ifndef NQLITE_HTTP_CALL_H
#define NQLITE_HTTP_CALL_H

#include <pthread.h>

#include "http/api.h"
#include "http/body.h"
#include "http/options.h"
#include "http/plan.h"
#include "replication/replication.h"

struct api {
	struct api_options o;
	size_t ncalls;
	uint64_t requests, reads, writes, errors; /* since the start; errors: answers from 400 on */
};

enum call_kind {
	CALL_QUERY,        /* /db/query, POST */
	CALL_GET,          /* /db/query?q= */
	CALL_RQLITE_QUERY, /* /db/query in rqlite's shape: reads only */
	CALL_EXECUTE,      /* /db/execute */
	CALL_REQUEST,      /* /db/request */
};

/* Rows of the statement that is applied. */
struct write_rows {
	struct row_sink sink; /* first */
	struct api_call *call;
	struct item *item;
};

struct api_call {
	struct task task; /* first */
	struct api *api;
	bool is_post, is_plain_text;
	const void *request_body;
	size_t request_body_len;
	void (*on_answer)(void *arg, struct api_answer *answer);
	void *arg;

	enum call_kind kind;
	struct options options;
	struct answer_style style;
	int64_t started_us; /* monotonic */
	int64_t wait_us;    /* for the log, from the start on */
	bool is_reached;    /* the wait was not in vain */
	bool is_in_log;     /* the write was submitted */

	struct body body;
	struct plan plan;
	struct write write;
	size_t *item_of; /* the item of each statement in the entry */
	struct write_rows sink;
	uint64_t seq;   /* that the answer knows of */
	int64_t now_us; /* of the entry */
	uint64_t seed;
	size_t rows_bytes; /* that a write gave so far */
	struct buf out;
	int status;

	pthread_mutex_t lock;
	struct conn *running; /* what to interrupt, under lock */
	bool is_abandoned;    /* written on the loop under lock; read there, or under lock */
};

/* The whole answer is this error; what was written before is dropped. */
void call_fail(struct api_call *call, int status, const char *message);
bool call_is_rqlite(const struct api_call *call);
bool call_is_atomic(const struct api_call *call);
int64_t call_elapsed_us(const struct api_call *call);

/* A sentence's format: it takes the limit as a size_t. */
#define ANSWER_TOO_LARGE "the answer is larger than %zu bytes: ask for less at a time (LIMIT)"

/* query.c. On a worker: plans the request; runs it if it only reads, else makes the entry (write.entry). */
void call_plan(struct api_call *call);
/* A reader that holds a snapshot, of call->seq at least, and that api_abandon interrupts. NULL with err. */
struct conn *call_take_reader(struct api_call *call, const struct catalog **catalog, struct err *err);
void call_give_reader(struct api_call *call, struct conn *reader, const struct catalog *catalog);
/* After the results. */
void call_end_answer(struct api_call *call);

/* write.c. On the loop: the write comes back through `on_done`. */
void call_submit(struct api_call *call, void (*on_done)(struct write *w));
/* After the write: does the answer need a worker, for rows? */
bool call_has_rows(const struct api_call *call);
/* Writes the answer of a write. With rows: on a worker. */
void call_write_answer(struct api_call *call);

/* status.c: answers on the loop. false: no such path. */
bool status_answer(struct api *api, const struct api_request *request, struct api_answer *answer);

#endif
