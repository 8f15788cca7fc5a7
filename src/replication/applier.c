#include "replication/applier.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/log_identity.h"

#define GROUP_MESSAGES_MAX 1024 /* in one SQLite transaction */
#define GROUP_BYTES_MAX    (8 << 20)
#define GROUP_US_MAX       (50 * 1000)  /* then those applied so far are committed and answered */
#define RETRY_FIRST_US     (100 * 1000) /* after a failure of the machine */
#define RETRY_LAST_US      (5 * 1000000)
#define IDENTITY_WAIT_US   (100 * 1000) /* until the log is asked again who it is */
#define CHECKPOINT_IDLE_US (1000 * 1000)

struct applier {
	struct applier_options o;
	struct apply apply;
	struct queue inbox;
	struct queue_node *pending,
	    **pending_end; /* delivered, in order; pending_end: where the next one goes */

	bool is_stopped;   /* for good */
	bool is_failing;   /* the machine: tried again at retry_us */
	struct err reason; /* of is_stopped or is_failing */
	int64_t retry_us, retry_wait_us;
	bool
	    must_verify; /* is the log that we are connected to the one that this file follows? Nothing is applied before */
	int64_t verify_us;
	uint64_t target_seq;   /* the log's end when we connected last */
	int64_t checkpoint_us; /* when idle; 0: nothing to do */
	uint64_t connects_seen;
	enum log_state conn_state;
	struct err conn_err;

	_Atomic uint64_t applied_seq, generation, schema_version, head_seq;
	_Atomic bool is_busy;

	pthread_mutex_t lock; /* for all below */
	const struct catalog *catalog;
	struct replication_status status;
	enum log_state told_state;
	struct err told_err;
	uint64_t connects;
};

static int64_t now_mono(const struct applier *a)
{
	return clock_mono_us(a->o.clock);
}

static struct write **claim(void *arg, uint64_t number, size_t *n)
{
	return publisher_claim(arg, number, n);
}

int applier_open(struct applier **out, const struct applier_options *options, struct err *err)
{
	struct applier *a = calloc(1, sizeof(*a));
	struct apply_options apply_options = { .store = options->store,
		.origin = options->origin,
		.claim = claim,
		.claim_arg = options->publisher,
		.origin_keep_seqs = options->origin_keep_seqs,
		.logger = options->logger,
		.probe = options->probe };

	if (a == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the applier");
	if (apply_open(&a->apply, &apply_options, err) != 0) {
		free(a);
		return -1;
	}
	a->o = *options;
	a->pending_end = &a->pending;
	a->must_verify = true;
	a->conn_state = a->told_state = LOG_CONNECTING;
	pthread_mutex_init(&a->lock, NULL);
	queue_init(&a->inbox, options->wake, options->wake_arg);
	a->catalog = catalog_ref(a->apply.catalog);
	a->status = (struct replication_status){ .phase = PHASE_CONNECTING };
	atomic_store(&a->applied_seq, a->apply.committed.applied_seq);
	atomic_store(&a->schema_version, a->apply.committed.schema_version);
	publisher_attest(options->publisher, a->apply.committed.applied_seq, a->apply.committed.applied_hash);
	*out = a;
	return 0;
}

/* Answers. */

static void answer_unknown(struct write *w, const struct err *reason)
{
	w->outcome = WRITE_UNKNOWN;
	err_set(&w->err, SQLSTATE_UNKNOWN_OUTCOME, "the write is in the log, but could not be applied here");
	err_detail(&w->err, "%s", reason->message);
	err_hint(&w->err, "It is applied when this node goes on, and on other nodes: don't repeat it.");
	w->on_done(w);
}

/* Answers the writes of a message that will not be applied now: all, or those that have waited until `before`. */
static int64_t give_up_writes(struct applier *a, struct delivery *msg, int64_t submitted_before)
{
	int64_t oldest = APPLIER_NEVER;

	for (size_t i = 0; i < msg->nwrites; i++) {
		struct write *w = msg->writes[i];

		if (w == NULL)
			continue;
		if (w->submitted_us <= submitted_before) {
			msg->writes[i] = NULL;
			answer_unknown(w, &a->reason);
		} else if (w->submitted_us < oldest) {
			oldest = w->submitted_us;
		}
	}
	return oldest;
}

static void delivery_free(struct applier *a, struct delivery *msg)
{
	a->o.log->ops->release_message(a->o.log, &msg->m);
	free(msg->writes);
	free(msg);
}

static struct delivery *first_pending(struct applier *a)
{
	return a->pending != NULL ? QUEUE_OBJECT(a->pending, struct delivery, node) : NULL;
}

static struct delivery *shift_pending(struct applier *a)
{
	struct delivery *msg = first_pending(a);

	if (msg != NULL) {
		a->pending = msg->node.next;
		if (a->pending == NULL)
			a->pending_end = &a->pending;
	}
	return msg;
}

static void take_inbox(struct applier *a)
{
	struct queue_node *node = queue_take(&a->inbox);

	*a->pending_end = node;
	while (*a->pending_end != NULL)
		a->pending_end = &(*a->pending_end)->next;
}

static void drop_pending(struct applier *a)
{
	struct delivery *msg;

	while ((msg = shift_pending(a)) != NULL) {
		give_up_writes(a, msg, INT64_MAX);
		delivery_free(a, msg);
	}
}

void applier_close(struct applier *a)
{
	if (a == NULL)
		return;
	if (!a->is_stopped)
		err_set(&a->reason, SQLSTATE_ADMIN_SHUTDOWN, "the server is shutting down");
	take_inbox(a);
	drop_pending(a);
	catalog_unref(a->catalog);
	apply_close(&a->apply);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* From other threads. */

void applier_on_head(struct applier *a, uint64_t seq)
{
	uint64_t head = atomic_load(&a->head_seq);

	while (seq > head && !atomic_compare_exchange_weak(&a->head_seq, &head, seq)) {}
}

void applier_on_message(struct applier *a, const struct log_message *m)
{
	struct delivery *msg = calloc(1, sizeof(*msg));

	applier_on_head(a, m->seq);
	if (msg == NULL) {
		/* Missing here, it is a gap for the applier, which stops with a reason. */
		log_error(a->o.logger, "out of memory for message %" PRIu64 " of the log", m->seq);
		a->o.log->ops->release_message(a->o.log, m);
		return;
	}
	msg->m = *m;
	atomic_store(&a->is_busy, true);
	queue_push(&a->inbox, &msg->node);
}

void applier_on_state(struct applier *a, enum log_state state, const struct err *err)
{
	pthread_mutex_lock(&a->lock);
	a->told_state = state;
	err_clear(&a->told_err);
	if (err != NULL)
		a->told_err = *err;
	a->connects += state == LOG_CONNECTED;
	pthread_mutex_unlock(&a->lock);
	if (a->o.wake != NULL)
		a->o.wake(a->o.wake_arg);
}

/* Stopping, failing, going on. */

static void stop(struct applier *a, const struct err *reason)
{
	if (a->is_stopped)
		return;
	a->is_stopped = true;
	a->is_failing = false;
	a->reason = *reason;
	log_error(a->o.logger, "replication stopped after seq %" PRIu64 ": %s%s%s",
	    a->apply.committed.applied_seq, reason->message, reason->hint[0] != '\0' ? ": " : "",
	    reason->hint);
	publisher_refuse(a->o.publisher, reason);
}

static void fail_for_now(struct applier *a, const struct err *reason)
{
	int64_t wait = a->is_failing ? a->retry_wait_us * 2 : RETRY_FIRST_US;

	a->retry_wait_us = wait < RETRY_LAST_US ? wait : RETRY_LAST_US;
	a->retry_us = now_mono(a) + a->retry_wait_us;
	if (!a->is_failing)
		log_error(a->o.logger, "can't apply seq %" PRIu64 ", will try again: %s",
		    a->apply.committed.applied_seq + 1, reason->message);
	a->is_failing = true;
	a->reason = *reason;
}

static void go_on(struct applier *a)
{
	if (a->is_failing)
		log_info(a->o.logger, "applying goes on after seq %" PRIu64, a->apply.committed.applied_seq);
	a->is_failing = false;
}

/* One group: many messages in one transaction. */

/* Applies from the first pending message on; *n: how many can be committed. */
static enum applied apply_group(struct applier *a, size_t *n, struct err *err)
{
	int64_t until = now_mono(a) + GROUP_US_MAX;
	size_t bytes = 0;

	*n = 0;
	for (struct queue_node *node = a->pending; node != NULL; node = node->next) {
		struct delivery *msg = QUEUE_OBJECT(node, struct delivery, node);
		enum applied result = apply_message(&a->apply, msg, err);

		if (result != APPLIED_ONE)
			return result;
		++*n;
		bytes += msg->m.len;
		if (*n >= GROUP_MESSAGES_MAX || bytes >= GROUP_BYTES_MAX || now_mono(a) >= until)
			break;
	}
	return APPLIED_ONE;
}

static void checkpoint(struct applier *a)
{
	a->checkpoint_us = 0;
	store_checkpoint(a->o.store, a->apply.conn,
	    NULL); /* the store logs its failures; the next commit has another try */
}

static void publish_catalog(struct applier *a)
{
	const struct catalog *old = a->catalog; /* changed by this thread alone */

	if (old == a->apply.catalog)
		return;
	pthread_mutex_lock(&a->lock);
	a->catalog = catalog_ref(a->apply.catalog);
	pthread_mutex_unlock(&a->lock);
	catalog_unref(old);
}

/* The committed state becomes visible, and after that the writes are answered. */
static void publish(struct applier *a, size_t n)
{
	publish_catalog(a);
	atomic_store(&a->schema_version, a->apply.committed.schema_version);
	atomic_store(&a->applied_seq, a->apply.committed.applied_seq);
	atomic_fetch_add(&a->generation, 1);
	publisher_attest(a->o.publisher, a->apply.committed.applied_seq, a->apply.committed.applied_hash);
	for (; n > 0; n--) {
		struct delivery *msg = shift_pending(a);

		for (size_t i = 0; i < msg->nwrites; i++) {
			if (msg->writes[i] != NULL)
				msg->writes[i]->on_done(msg->writes[i]);
		}
		delivery_free(a, msg);
	}
	if (store_needs_checkpoint(a->o.store, a->apply.conn))
		checkpoint(a);
	else
		a->checkpoint_us = now_mono(a) + CHECKPOINT_IDLE_US;
}

static void run_group(struct applier *a)
{
	struct err err;
	size_t n = 0;
	enum applied result = apply_begin(&a->apply, &err) == 0 ? apply_group(a, &n, &err) : APPLIED_LOCAL;

	if (result == APPLIED_STOP && n == 0) {
		apply_abandon(&a->apply);
		stop(a, &err);
		return;
	}
	/* What came before a message that stops us is good, and is committed: that message then stops the next group. */
	if ((result == APPLIED_ONE || result == APPLIED_STOP) && apply_commit(&a->apply, &err) == 0) {
		go_on(a);
		publish(a, n);
		return;
	}
	apply_abandon(&a->apply);
	if (result != APPLIED_LOST)
		fail_for_now(a, &err);
}

/* The log: is it the one that this file follows? */

static bool is_new_identity(const struct apply_state *now, const struct apply_state *before)
{
	return strcmp(now->cluster_id, before->cluster_id) != 0 || now->created_us != before->created_us;
}

static void verify(struct applier *a)
{
	struct log_identity id;
	struct apply_state now = a->apply.committed;
	struct err err;

	a->verify_us = now_mono(a) + IDENTITY_WAIT_US;
	if (!a->o.log->ops->identity(a->o.log, &id))
		return;
	int rc = a->o.is_local ? log_identity_check_local(&now, &id, &err)
			       : log_identity_check_stream(&now, &id, &err);
	if (rc != 0) {
		stop(a, &err);
		return;
	}
	if (is_new_identity(&now, &a->apply.committed) &&
	    apply_save_identity(&a->apply, now.cluster_id, now.created_us, &err) != 0) {
		fail_for_now(a, &err);
		return;
	}
	a->must_verify = false;
	a->target_seq = id.last_seq;
	applier_on_head(a, id.last_seq);
}

static void take_state(struct applier *a)
{
	pthread_mutex_lock(&a->lock);
	a->conn_state = a->told_state;
	a->conn_err = a->told_err;
	if (a->connects != a->connects_seen) {
		a->must_verify = true;
		a->verify_us = 0;
	}
	a->connects_seen = a->connects;
	pthread_mutex_unlock(&a->lock);
	if (a->conn_state == LOG_STOPPED)
		stop(a, &a->conn_err);
}

/* What the world is told. */

static enum replication_phase find_phase(const struct applier *a)
{
	if (a->is_stopped || a->is_failing)
		return PHASE_STOPPED;
	if (a->connects_seen == 0)
		return PHASE_CONNECTING;
	if (a->conn_state != LOG_CONNECTED)
		return PHASE_DISCONNECTED;
	return a->must_verify || a->apply.committed.applied_seq < a->target_seq ? PHASE_CATCHING_UP
										: PHASE_READY;
}

static void set_gate(struct applier *a, enum replication_phase phase)
{
	if (a->is_stopped)
		return; /* the publisher was told */
	if (phase == PHASE_READY)
		publisher_open(a->o.publisher);
	else
		publisher_close(a->o.publisher, a->is_failing ? &a->reason : NULL);
}

static void update_status(struct applier *a)
{
	struct replication_status *s = &a->status;
	enum replication_phase phase = find_phase(a);

	pthread_mutex_lock(&a->lock);
	bool has_moved = phase != s->phase;
	s->phase = phase;
	s->applied_seq = a->apply.committed.applied_seq;
	s->applied_hash = a->apply.committed.applied_hash;
	s->entries = a->apply.counts.entries;
	s->failures = a->apply.counts.failures;
	s->duplicates = a->apply.counts.duplicates;
	memcpy(s->cluster_id, a->apply.committed.cluster_id, sizeof(s->cluster_id));
	if (phase == PHASE_STOPPED)
		s->err = a->reason;
	else if (phase == PHASE_DISCONNECTED)
		s->err = a->conn_err;
	else
		err_clear(&s->err);
	pthread_mutex_unlock(&a->lock);
	if (has_moved)
		set_gate(a, phase);
}

/* The step. */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t expire_claimed(struct applier *a, int64_t now)
{
	int64_t at = a->retry_us;

	for (struct queue_node *node = a->pending; node != NULL; node = node->next) {
		struct delivery *msg = QUEUE_OBJECT(node, struct delivery, node);
		int64_t wait = publisher_write_wait_us(a->o.publisher);
		int64_t oldest = give_up_writes(a, msg, now - wait);

		if (oldest != APPLIER_NEVER)
			at = earlier(at, oldest + wait);
	}
	return at;
}

static int64_t checkpoint_when_idle(struct applier *a, int64_t now)
{
	if (a->checkpoint_us == 0)
		return APPLIER_NEVER;
	if (now < a->checkpoint_us)
		return a->checkpoint_us;
	checkpoint(a);
	return APPLIER_NEVER;
}

static int64_t work(struct applier *a)
{
	int64_t now = now_mono(a);

	if (a->is_stopped) {
		drop_pending(a);
		return APPLIER_NEVER;
	}
	if (a->is_failing && now < a->retry_us)
		return expire_claimed(a, now);
	if (a->must_verify && a->conn_state == LOG_CONNECTED && (a->is_failing || now >= a->verify_us))
		verify(a);
	if (a->is_stopped || (a->is_failing && now_mono(a) < a->retry_us))
		return 0;
	if (a->must_verify)
		return a->conn_state == LOG_CONNECTED ? a->verify_us : APPLIER_NEVER;
	if (a->pending != NULL) {
		run_group(a);
		return a->is_stopped || a->is_failing || a->pending != NULL ? 0
									    : checkpoint_when_idle(a, now);
	}
	go_on(a);
	return checkpoint_when_idle(a, now);
}

int64_t applier_step(struct applier *a)
{
	atomic_store(&a->is_busy, true);
	/* In this order: a message that came after a change of state is never applied before that change is seen. */
	take_inbox(a);
	take_state(a);
	int64_t at = work(a);
	update_status(a);
	atomic_store(&a->is_busy, a->pending != NULL || !queue_is_empty(&a->inbox));
	return at;
}

uint64_t applier_applied_seq(struct applier *a)
{
	return atomic_load(&a->applied_seq);
}

uint64_t applier_generation(struct applier *a)
{
	return atomic_load(&a->generation);
}

uint64_t applier_schema_version(struct applier *a)
{
	return atomic_load(&a->schema_version);
}

const struct catalog *applier_catalog(struct applier *a)
{
	pthread_mutex_lock(&a->lock);
	const struct catalog *c = catalog_ref(a->catalog);
	pthread_mutex_unlock(&a->lock);
	return c;
}

void applier_status(struct applier *a, struct replication_status *out)
{
	pthread_mutex_lock(&a->lock);
	*out = a->status;
	pthread_mutex_unlock(&a->lock);
	out->head_seq = atomic_load(&a->head_seq);
	if (out->head_seq < out->applied_seq)
		out->head_seq = out->applied_seq;
}

bool applier_is_idle(struct applier *a)
{
	return !atomic_load(&a->is_busy);
}
