#include "replication/log.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "replication/cluster_id.h"

struct log_local {
	struct log log;
	struct log_callbacks callbacks;
	struct log_identity identity; /* but for last_seq; doesn't change once started */
	_Atomic uint64_t last_seq;
	_Atomic bool is_started;
};

static struct log_local *local_of(struct log *log)
{
	return (struct log_local *)(void *)log;
}

static int local_start(
    struct log *log, uint64_t start_seq, const struct log_callbacks *callbacks, struct err *err)
{
	struct log_local *l = local_of(log);

	if (cluster_id_make(l->identity.cluster_id, err) != 0)
		return -1;
	if (start_seq == 0)
		start_seq = 1;
	l->callbacks = *callbacks;
	l->identity.created_us = clock_now_us(&clock_system);
	l->identity.first_seq = start_seq;
	atomic_store(&l->last_seq, start_seq - 1);
	atomic_store(&l->is_started, true);
	l->callbacks.on_state(l->callbacks.arg, LOG_CONNECTED, NULL);
	return 0;
}

static void local_publish(struct log *log, uint64_t token, const char *id, const void *data, size_t len)
{
	struct log_local *l = local_of(log);
	struct err err;
	/* The receiver may keep the message after publish returned. */
	void *copy = malloc(len > 0 ? len : 1);

	(void)id; /* nothing is published twice: every fate is known */
	assert(atomic_load(&l->is_started));
	if (copy == NULL) {
		err_set(&err, SQLSTATE_OUT_OF_MEMORY, "no memory for a message of %zu bytes", len);
		l->callbacks.on_published(l->callbacks.arg, token, LOG_REFUSED, 0, &err);
		return;
	}
	memcpy(copy, data, len);
	struct log_message m = {
		.seq = atomic_fetch_add(&l->last_seq, 1) + 1,
		.time_us = clock_now_us(&clock_system),
		.is_ours = true,
		.data = copy,
		.len = len,
		.lease = copy,
	};
	l->callbacks.on_published(l->callbacks.arg, token, LOG_STORED, m.seq, NULL);
	l->callbacks.on_message(l->callbacks.arg, &m);
}

static void local_request_head(struct log *log, uint64_t token)
{
	struct log_local *l = local_of(log);

	l->callbacks.on_head(l->callbacks.arg, token, true, atomic_load(&l->last_seq));
}

static bool local_identity(struct log *log, struct log_identity *out)
{
	struct log_local *l = local_of(log);

	if (!atomic_load(&l->is_started))
		return false;
	*out = l->identity;
	out->last_seq = atomic_load(&l->last_seq);
	return true;
}

static size_t local_message_max(struct log *log)
{
	(void)log;
	return SIZE_MAX;
}

static void local_release_message(struct log *log, const struct log_message *m)
{
	(void)log;
	free(m->lease);
}

/* Callbacks come only out of calls of the publisher's thread: there is nothing to wait for. */
static void local_stop(struct log *log)
{
	(void)log;
}

static void local_free(struct log *log)
{
	free(local_of(log));
}

struct log *log_local_new(void)
{
	static const struct log_ops ops = {
		.start = local_start,
		.publish = local_publish,
		.request_head = local_request_head,
		.identity = local_identity,
		.message_max = local_message_max,
		.release_message = local_release_message,
		.stop = local_stop,
		.free = local_free,
	};
	struct log_local *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->log.ops = &ops;
	return &l->log;
}
