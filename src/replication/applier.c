#include "replication/applier.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/queue.h"
#include "replication/apply_state.h"
#include "replication/execute.h"
#include "replication/legacy.h"
#include "replication/origin_window.h"
#include "replication/parts.h"

#define HASHES_MAX         4096 /* remembered */
#define GROUP_MESSAGES_MAX 1024 /* in one SQLite transaction */
#define GROUP_BYTES_MAX    (8 << 20)
#define GROUP_US_MAX       (50 * 1000)  /* then those applied so far are committed and answered */
#define RETRY_FIRST_US     (100 * 1000) /* after a failure of the machine */
#define RETRY_LAST_US      (5 * 1000000)
#define IDENTITY_WAIT_US   (100 * 1000) /* until the log is asked again who it is */
#define CHECKPOINT_IDLE_US (1000 * 1000)
#define BATCH_BYTES_MAX    (1200 << 20)

/* A message that waits to be applied. */
struct message {
	struct queue_node node;
	struct log_message m;
	bool is_claimed; /* by a batch of ours: writes are in the order of its entries, NULL where answered */
	struct write **writes;
	size_t nwrites;
};

struct counts {
	uint64_t entries, failures, duplicates;
};

struct seq_hash {
	uint64_t seq, hash;
};

struct applier {
	struct applier_options o;
	struct conn *conn;
	struct executor executor;
	struct origin_windows windows;
	struct parts parts;
	struct buf batch; /* put together from parts */
	struct queue inbox;
	struct queue_node *pending,
	    **pending_end; /* delivered, in order; pending_end: where the next one goes */

	/* What is committed; what it will be when the open transaction commits; what of that is in its rows already. */
	struct apply_state committed, working, saved;
	struct counts committed_counts, working_counts;
	struct seq_hash hashes[HASHES_MAX]; /* by seq modulo HASHES_MAX */
	const struct catalog *next_catalog; /* made by the open transaction, or NULL */
	bool must_reload;                   /* windows and parts: a transaction was rolled back */

	bool is_stopped;   /* for good */
	bool is_failing;   /* the machine: tried again at retry_us */
	bool is_verified;  /* the log is the one that this file follows */
	struct err reason; /* of is_stopped or is_failing */
	int64_t retry_us, retry_wait_us;
	bool must_verify;
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

static bool probe(struct applier *a, enum applier_point point, struct err *err)
{
	if (a->o.probe == NULL || !a->o.probe->fails(a->o.probe->arg, point))
		return false;
	err_set(err, SQLSTATE_IO, "a failure was asked for");
	return true;
}

/* Opening. */

static void rollback(struct applier *a)
{
	if (conn_in_transaction(a->conn))
		conn_exec(a->conn, "ROLLBACK", NULL);
}

static int load(struct applier *a, struct err *err)
{
	if (apply_state_load(a->conn, &a->committed, err) != 0 ||
	    apply_state_load_windows(a->conn, &a->windows, err) != 0 ||
	    parts_open(&a->parts, a->conn, err) != 0)
		return -1;
	return 0;
}

static int prepare_file(struct applier *a, struct err *err)
{
	struct environment env = { .now_us = 0 };

	conn_set_environment(a->conn, &env);
	if (conn_exec(a->conn, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (catalog_create_tables(a->conn, err) != 0 || apply_state_create_tables(a->conn, err) != 0 ||
	    load(a, err) != 0 || conn_exec(a->conn, "COMMIT", err) != 0) {
		rollback(a);
		return -1;
	}
	return catalog_load(a->conn, &a->catalog, err);
}

static void remember_hash(struct applier *a)
{
	a->hashes[a->working.applied_seq % HASHES_MAX] =
	    (struct seq_hash){ .seq = a->working.applied_seq, .hash = a->working.applied_hash };
}

int applier_open(struct applier **out, const struct applier_options *options, struct err *err)
{
	struct applier *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the applier");
	a->o = *options;
	if (a->o.origin_keep_seqs == 0)
		a->o.origin_keep_seqs = ORIGIN_KEEP_SEQS;
	a->pending_end = &a->pending;
	a->conn_state = a->told_state = LOG_CONNECTING;
	pthread_mutex_init(&a->lock, NULL);
	queue_init(&a->inbox, options->wake, options->wake_arg);
	origin_windows_init(&a->windows);
	buf_init(&a->batch, BATCH_BYTES_MAX);
	if (store_open_writer(options->store, &a->conn, err) != 0)
		goto release;
	executor_init(&a->executor, a->conn);
	if (prepare_file(a, err) != 0)
		goto close_conn;

	conn_set_tables_context(a->conn, a->catalog);
	a->working = a->saved = a->committed;
	remember_hash(a);
	atomic_store(&a->applied_seq, a->committed.applied_seq);
	atomic_store(&a->schema_version, a->committed.schema_version);
	publisher_attest(options->publisher, a->committed.applied_seq, a->committed.applied_hash);
	a->status = (struct replication_status){ .phase = PHASE_CONNECTING };
	*out = a;
	return 0;

close_conn:
	executor_release(&a->executor);
	origin_windows_release(&a->windows);
	conn_close(a->conn);
release:
	pthread_mutex_destroy(&a->lock);
	free(a);
	return -1;
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
static int64_t give_up_writes(struct applier *a, struct message *msg, int64_t submitted_before)
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

static void message_free(struct applier *a, struct message *msg)
{
	a->o.log->ops->release_message(a->o.log, &msg->m);
	free(msg->writes);
	free(msg);
}

static struct message *first_pending(struct applier *a)
{
	return a->pending != NULL ? QUEUE_OBJECT(a->pending, struct message, node) : NULL;
}

static struct message *shift_pending(struct applier *a)
{
	struct message *msg = first_pending(a);

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
	struct message *msg;

	while ((msg = shift_pending(a)) != NULL) {
		give_up_writes(a, msg, INT64_MAX);
		message_free(a, msg);
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
	rollback(a);
	catalog_unref(a->next_catalog);
	catalog_unref(a->catalog);
	executor_release(&a->executor);
	origin_windows_release(&a->windows);
	buf_release(&a->batch);
	conn_close(a->conn);
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
	struct message *msg = calloc(1, sizeof(*msg));

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
	log_error(a->o.logger, "replication stopped after seq %" PRIu64 ": %s%s%s", a->committed.applied_seq,
	    reason->message, reason->hint[0] != '\0' ? ": " : "", reason->hint);
	publisher_refuse(a->o.publisher, reason);
}

static void fail_for_now(struct applier *a, const struct err *reason)
{
	int64_t wait = a->is_failing ? a->retry_wait_us * 2 : RETRY_FIRST_US;

	a->retry_wait_us = wait < RETRY_LAST_US ? wait : RETRY_LAST_US;
	a->retry_us = now_mono(a) + a->retry_wait_us;
	if (!a->is_failing)
		log_error(a->o.logger, "can't apply seq %" PRIu64 ", will try again: %s",
		    a->committed.applied_seq + 1, reason->message);
	a->is_failing = true;
	a->reason = *reason;
}

static void go_on(struct applier *a)
{
	if (a->is_failing)
		log_info(a->o.logger, "applying goes on after seq %" PRIu64, a->committed.applied_seq);
	a->is_failing = false;
}

/* Nothing of the open transaction stays. */
static void abandon(struct applier *a)
{
	rollback(a);
	a->working = a->saved = a->committed;
	a->working_counts = a->committed_counts;
	a->must_reload = true;
	if (a->next_catalog != NULL) {
		conn_set_tables_context(a->conn, a->catalog);
		catalog_unref(a->next_catalog);
		a->next_catalog = NULL;
	}
}

static int begin(struct applier *a, struct err *err)
{
	if (probe(a, APPLIER_BEGIN, err) || conn_exec(a->conn, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (a->must_reload && (apply_state_load_windows(a->conn, &a->windows, err) != 0 ||
				  parts_open(&a->parts, a->conn, err) != 0))
		return -1;
	a->must_reload = false;
	return 0;
}

/* The rows that travel with the data, and then all of it becomes durable. */
static int commit(struct applier *a, struct err *err)
{
	uint64_t keep = a->o.origin_keep_seqs, seq = a->working.applied_seq;
	uint64_t forget = seq > keep ? seq - keep : 0;

	if (probe(a, APPLIER_SAVE, err) || apply_state_save_windows(a->conn, &a->windows, forget, err) != 0 ||
	    parts_drop_before(&a->parts, forget, err) != 0 ||
	    apply_state_save(a->conn, &a->saved, &a->working, err) != 0)
		return -1;
	if (probe(a, APPLIER_COMMIT, err) || conn_exec(a->conn, "COMMIT", err) != 0)
		return -1;
	a->committed = a->saved = a->working;
	a->committed_counts = a->working_counts;
	executor_forget(&a->executor);
	if (a->o.probe != NULL)
		a->o.probe->fails(a->o.probe->arg, APPLIER_COMMITTED);
	return 0;
}

/* One message. */

enum applied { APPLIED_ONE, APPLIED_LOCAL /* err */, APPLIED_LOST, APPLIED_STOP /* err; nothing was done */ };

enum {
	OUTCOME_BATCH = 'B',
	OUTCOME_DUPLICATE = 'D',
	OUTCOME_VOID = 'V',
	OUTCOME_BAD = 'X',
	OUTCOME_PART = 'P',
	OUTCOME_LEGACY = 'L'
};

static enum applied of_verdict(enum verdict v)
{
	return v == VERDICT_LOCAL ? APPLIED_LOCAL : v == VERDICT_LOST ? APPLIED_LOST : APPLIED_ONE;
}

bool applier_hash_at(struct applier *a, uint64_t seq, uint64_t *hash)
{
	const struct seq_hash *h = &a->hashes[seq % HASHES_MAX];

	*hash = h->hash;
	return h->seq == seq && seq <= a->working.applied_seq;
}

/* Does the origin of a batch agree with us about what it has seen? */
static int check_attested(struct applier *a, const struct batch_header *h, uint64_t seq, struct err *err)
{
	uint64_t ours;

	if (h->attested_seq == 0 || !applier_hash_at(a, h->attested_seq, &ours) || ours == h->attested_hash)
		return 0;
	err_set(err, SQLSTATE_CORRUPTED,
	    "this node and the origin of message %" PRIu64 " differ after seq %" PRIu64
	    ": the running hash is %016" PRIx64 " here and %016" PRIx64 " there",
	    seq, h->attested_seq, ours, h->attested_hash);
	err_hint(
	    err, "Compare with a third node; the one that stands alone must be rebuilt from a snapshot.");
	return -1;
}

static int check_level(uint32_t level, uint64_t seq, struct err *err)
{
	if (level <= ENTRY_LEVEL)
		return 0;
	err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
	    "message %" PRIu64 " needs level %u of nqlite, this program has level %u", seq, level,
	    ENTRY_LEVEL);
	err_hint(err, "Upgrade this node: it goes on where it stopped.");
	return -1;
}

/* DDL: what follows in this very transaction sees the new catalog, on every node. */
static enum verdict load_next_catalog(struct applier *a, struct err *err)
{
	struct apply_state next = a->saved;
	const struct catalog *catalog;

	next.schema_version = a->working.schema_version;
	if (apply_state_save(a->conn, &a->saved, &next, err) != 0)
		return VERDICT_LOCAL;
	a->saved = next;
	if (catalog_load(a->conn, &catalog, err) != 0)
		return VERDICT_LOCAL;
	conn_set_tables_context(a->conn, catalog);
	catalog_unref(a->next_catalog);
	a->next_catalog = catalog;
	return VERDICT_APPLIED;
}

static enum verdict apply_entry(
    struct applier *a, struct entry_reader *r, struct message *msg, uint32_t i, struct err *err)
{
	struct write *w = i < msg->nwrites ? msg->writes[i] : NULL;
	uint64_t version = a->working.schema_version;

	if (probe(a, APPLIER_ENTRY, err))
		return VERDICT_LOCAL;
	enum verdict v = executor_run(&a->executor, r, msg->m.seq, i, w, &a->working.schema_version, err);
	if (v == VERDICT_LOCAL || v == VERDICT_LOST)
		return v;
	a->working_counts.entries++;
	a->working_counts.failures += v != VERDICT_APPLIED;
	if (a->working.schema_version != version && load_next_catalog(a, err) != VERDICT_APPLIED)
		return VERDICT_LOCAL;
	return v;
}

static enum verdict apply_entries(struct applier *a, struct entry_reader *r, const struct batch_header *h,
    struct message *msg, struct err *err)
{
	buf_put_byte(&a->executor.outcomes, OUTCOME_BATCH);
	for (uint32_t i = 0; i < h->nentries; i++) {
		enum verdict v = apply_entry(a, r, msg, i, err);

		if (v == VERDICT_LOCAL || v == VERDICT_LOST)
			return v;
		if (v == VERDICT_BAD) {
			log_error(a->o.logger, "message %" PRIu64 ", from entry %u on: %s", msg->m.seq, i,
			    err->message);
			break;
		}
	}
	return VERDICT_APPLIED;
}

/* The origin's window; NULL when it has none, or one that is as good as forgotten. */
static struct origin_window *window_of(struct applier *a, const struct origin *origin, uint64_t seq)
{
	struct origin_window *w = origin_windows_find(&a->windows, origin);

	if (w != NULL && w->seq + a->o.origin_keep_seqs < seq) {
		/* Its row goes with the next commit, or is replaced. */
		*w = (struct origin_window){ .origin = *origin, .seq = w->seq };
	}
	return w != NULL && w->number > 0 ? w : NULL;
}

static int mark_window(
    struct applier *a, const struct batch_header *h, const struct log_message *m, struct err *err)
{
	struct origin_window *w = origin_windows_find(&a->windows, &h->origin);

	if (w == NULL)
		w = origin_windows_add(&a->windows, &h->origin, err);
	if (w == NULL)
		return -1;
	origin_window_mark(w, h->number);
	w->seq = m->seq;
	w->time_us = m->time_us;
	return parts_drop(&a->parts, &h->origin, origin_window_floor(w), err);
}

/* Our own batch: whoever waits for it is answered from here on. */
static void claim(struct applier *a, const struct batch_header *h, struct message *msg)
{
	if (msg->is_claimed || memcmp(h->origin.bytes, a->o.origin.bytes, ORIGIN_SIZE) != 0)
		return;
	msg->writes = publisher_claim(a->o.publisher, h->number, &msg->nwrites);
	msg->is_claimed = true;
}

/* What isn't applied answers nobody: such a batch came before, or so late that nobody waits. Should somebody wait
 * nevertheless, he isn't told more than is known. */
static void mark_unknown(struct message *msg)
{
	for (size_t i = 0; i < msg->nwrites; i++) {
		struct write *w = msg->writes[i];

		if (w == NULL)
			continue;
		w->outcome = WRITE_UNKNOWN;
		err_set(&w->err, SQLSTATE_UNKNOWN_OUTCOME, "it is not known whether the write was stored");
	}
}

static enum applied apply_batch(struct applier *a, struct entry_reader *r, const struct batch_header *h,
    struct message *msg, struct err *err)
{
	uint64_t seq = msg->m.seq;
	struct origin_window *w = window_of(a, &h->origin, seq);

	claim(a, h, msg);
	mark_unknown(msg);
	if (w != NULL && origin_window_has(w, h->number)) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_DUPLICATE);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	if (w == NULL && h->attested_seq + a->o.origin_keep_seqs < seq) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_VOID);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	enum verdict v = apply_entries(a, r, h, msg, err);
	if (v != VERDICT_APPLIED)
		return of_verdict(v);
	return mark_window(a, h, &msg->m, err) == 0 ? APPLIED_ONE : APPLIED_LOCAL;
}

static void note_bad(struct applier *a, const struct message *msg, const struct err *err)
{
	log_error(a->o.logger, "message %" PRIu64 " of the log is passed over: %s", msg->m.seq, err->message);
	buf_put_byte(&a->executor.outcomes, OUTCOME_BAD);
	a->working_counts.failures++;
}

/* The last part was the last one missing: the batch is applied here. */
static enum applied apply_assembled(
    struct applier *a, const struct part_header *part, struct message *msg, struct err *err)
{
	struct entry_reader r;
	struct batch_header h;
	struct part_header unused;
	enum applied result = APPLIED_ONE;

	entry_reader_init(&r, a->batch.data, a->batch.len);
	if (entry_read_message(&r, &h, &unused, err) != MESSAGE_BATCH)
		note_bad(a, msg, err);
	else if (h.number != part->number || memcmp(&h.origin, &part->origin, sizeof(h.origin)) != 0)
		buf_put_byte(&a->executor.outcomes, OUTCOME_BAD);
	else
		result = apply_batch(a, &r, &h, msg, err);
	buf_release(&a->batch);
	return result;
}

static enum applied apply_part(
    struct applier *a, const struct part_header *part, struct message *msg, struct err *err)
{
	const struct origin_window *w = window_of(a, &part->origin, msg->m.seq);
	bool is_complete;

	buf_put_byte(&a->executor.outcomes, OUTCOME_PART);
	if (w != NULL && origin_window_has(w, part->number)) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_DUPLICATE);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	if (parts_add(&a->parts, part, msg->m.seq, &a->batch, &is_complete, err) != 0)
		return APPLIED_LOCAL;
	return is_complete ? apply_assembled(a, part, msg, err) : APPLIED_ONE;
}

static enum applied apply_legacy(struct applier *a, struct message *msg, struct err *err)
{
	uint64_t version = a->working.schema_version;

	buf_put_byte(&a->executor.outcomes, OUTCOME_LEGACY);
	enum verdict v = legacy_apply(&a->executor, &msg->m, &a->working.schema_version,
	    &a->working_counts.entries, &a->working_counts.failures, err);
	if (v == VERDICT_APPLIED && version != a->working.schema_version)
		v = load_next_catalog(a, err);
	return of_verdict(v);
}

static enum applied apply_ours(struct applier *a, struct message *msg, struct err *err)
{
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	enum applied result = APPLIED_ONE;

	entry_reader_init(&r, msg->m.data, msg->m.len);
	switch (entry_read_message(&r, &batch, &part, err)) {
	case MESSAGE_BAD: note_bad(a, msg, err); break;
	case MESSAGE_BATCH:
		if (check_level(batch.level, msg->m.seq, err) != 0 ||
		    check_attested(a, &batch, msg->m.seq, err) != 0)
			result = APPLIED_STOP;
		else
			result = apply_batch(a, &r, &batch, msg, err);
		break;
	case MESSAGE_PART:
		result = check_level(part.level, msg->m.seq, err) != 0 ? APPLIED_STOP
								       : apply_part(a, &part, msg, err);
		break;
	}
	return result;
}

static int check_seq(struct applier *a, uint64_t seq, struct err *err)
{
	uint64_t next = a->working.applied_seq + 1;

	if (seq <= next)
		return 0;
	err_set(err, SQLSTATE_CORRUPTED,
	    "the log went from seq %" PRIu64 " to %" PRIu64 ": what lies between is missing here", next - 1,
	    seq);
	err_hint(err, "Restore this node from a snapshot that reaches seq %" PRIu64 ".", seq - 1);
	return -1;
}

static enum applied apply_message(struct applier *a, struct message *msg, struct err *err)
{
	uint64_t seq = msg->m.seq;

	if (seq <= a->working.applied_seq)
		return APPLIED_ONE; /* delivered again */
	if (check_seq(a, seq, err) != 0)
		return APPLIED_STOP;

	buf_clear(&a->executor.outcomes);
	enum applied result = msg->m.is_ours ? apply_ours(a, msg, err) : apply_legacy(a, msg, err);
	if (result != APPLIED_ONE)
		return result;
	if (a->executor.outcomes.failed) {
		err_set(
		    err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the outcomes of message %" PRIu64, seq);
		return APPLIED_LOCAL;
	}
	uint64_t hash = hash_chain64(a->working.applied_hash, msg->m.data, msg->m.len);
	a->working.applied_hash = hash_chain64(hash, a->executor.outcomes.data, a->executor.outcomes.len);
	a->working.applied_seq = seq;
	remember_hash(a);
	return APPLIED_ONE;
}

/* One group: many messages in one transaction. */

/* Applies from the first pending message on; *n: how many can be committed. */
static enum applied apply_group(struct applier *a, size_t *n, struct err *err)
{
	int64_t until = now_mono(a) + GROUP_US_MAX;
	size_t bytes = 0;

	*n = 0;
	for (struct queue_node *node = a->pending; node != NULL; node = node->next) {
		struct message *msg = QUEUE_OBJECT(node, struct message, node);
		enum applied result = apply_message(a, msg, err);

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
	store_checkpoint(
	    a->o.store, a->conn, NULL); /* the store logs its failures; the next commit has another try */
}

/* The committed state becomes visible, and after that the writes are answered. */
static void publish(struct applier *a, size_t n)
{
	const struct catalog *old = NULL;

	if (a->next_catalog != NULL) {
		pthread_mutex_lock(&a->lock);
		old = a->catalog;
		a->catalog = a->next_catalog;
		pthread_mutex_unlock(&a->lock);
		a->next_catalog = NULL;
		catalog_unref(old);
	}
	atomic_store(&a->schema_version, a->committed.schema_version);
	atomic_store(&a->applied_seq, a->committed.applied_seq);
	atomic_fetch_add(&a->generation, 1);
	publisher_attest(a->o.publisher, a->committed.applied_seq, a->committed.applied_hash);
	for (; n > 0; n--) {
		struct message *msg = shift_pending(a);

		for (size_t i = 0; i < msg->nwrites; i++) {
			if (msg->writes[i] != NULL)
				msg->writes[i]->on_done(msg->writes[i]);
		}
		message_free(a, msg);
	}
	if (store_needs_checkpoint(a->o.store, a->conn))
		checkpoint(a);
	else
		a->checkpoint_us = now_mono(a) + CHECKPOINT_IDLE_US;
}

static void run_group(struct applier *a)
{
	struct err err;
	size_t n = 0;
	enum applied result = begin(a, &err) == 0 ? apply_group(a, &n, &err) : APPLIED_LOCAL;

	if (result == APPLIED_STOP && n == 0) {
		abandon(a);
		stop(a, &err);
		return;
	}
	/* What came before a message that stops us is good, and is committed: that message then stops the next group. */
	if ((result == APPLIED_ONE || result == APPLIED_STOP) && commit(a, &err) == 0) {
		go_on(a);
		publish(a, n);
		return;
	}
	abandon(a);
	if (result != APPLIED_LOST)
		fail_for_now(a, &err);
}

/* The log: is it the one that this file follows? */

static int check_local_identity(struct apply_state *now, const struct log_identity *id, struct err *err)
{
	if (now->created_us != 0) {
		err_set(err, SQLSTATE_CONFIG,
		    "this database follows the stream of cluster %s, and no NATS server is configured",
		    now->cluster_id);
		err_hint(err, "Start it with --nats-host. Written to alone, it would no longer be what the "
			      "cluster holds.");
		return -1;
	}
	if (now->cluster_id[0] == '\0')
		snprintf(now->cluster_id, sizeof(now->cluster_id), "%s", id->cluster_id);
	return 0;
}

static int check_stream_identity(
    struct applier *a, struct apply_state *now, const struct log_identity *id, struct err *err)
{
	uint64_t applied = a->committed.applied_seq;

	if (now->cluster_id[0] == '\0') {
		snprintf(now->cluster_id, sizeof(now->cluster_id), "%s", id->cluster_id);
		now->created_us = id->created_us;
	}
	if (strcmp(now->cluster_id, id->cluster_id) != 0 || now->created_us != id->created_us) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream is not the one that this database follows: cluster %s, created at %" PRId64
		    " us, instead of cluster %s, created at %" PRId64 " us",
		    id->cluster_id, id->created_us, now->cluster_id, now->created_us);
		err_hint(err, "Connect to the right NATS server, or move this node's data directory away to "
			      "follow the new stream.");
		return -1;
	}
	if (id->last_seq < applied) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream went back: it ends at seq %" PRIu64
		    ", and this node has applied seq %" PRIu64,
		    id->last_seq, applied);
		err_hint(err, "The NATS server lost messages; restore it, or rebuild the stream from this "
			      "node's data.");
		return -1;
	}
	if (id->first_seq > applied + 1) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream begins at seq %" PRIu64 ", and this node has applied seq %" PRIu64
		    ": what lies between is missing here",
		    id->first_seq, applied);
		err_hint(err, "Restore this node from a snapshot.");
		return -1;
	}
	return 0;
}

static int save_identity(struct applier *a, const struct apply_state *now, struct err *err)
{
	if (strcmp(now->cluster_id, a->committed.cluster_id) == 0 &&
	    now->created_us == a->committed.created_us)
		return 0;
	a->working = *now;
	if (begin(a, err) == 0 && commit(a, err) == 0)
		return 0;
	abandon(a);
	return -1;
}

static void verify(struct applier *a)
{
	struct log_identity id;
	struct apply_state now = a->committed;
	struct err err;

	a->verify_us = now_mono(a) + IDENTITY_WAIT_US;
	if (!a->o.log->ops->identity(a->o.log, &id))
		return;
	int rc =
	    a->o.is_local ? check_local_identity(&now, &id, &err) : check_stream_identity(a, &now, &id, &err);
	if (rc != 0) {
		stop(a, &err);
		return;
	}
	if (save_identity(a, &now, &err) != 0) {
		fail_for_now(a, &err);
		return;
	}
	a->must_verify = false;
	a->is_verified = true;
	a->target_seq = id.last_seq;
	applier_on_head(a, id.last_seq);
}

static void take_state(struct applier *a)
{
	pthread_mutex_lock(&a->lock);
	a->conn_state = a->told_state;
	a->conn_err = a->told_err;
	a->must_verify |= a->connects != a->connects_seen;
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
	return a->must_verify || a->committed.applied_seq < a->target_seq ? PHASE_CATCHING_UP : PHASE_READY;
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
	s->applied_seq = a->committed.applied_seq;
	s->applied_hash = a->committed.applied_hash;
	s->entries = a->committed_counts.entries;
	s->failures = a->committed_counts.failures;
	s->duplicates = a->committed_counts.duplicates;
	memcpy(s->cluster_id, a->committed.cluster_id, sizeof(s->cluster_id));
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
		struct message *msg = QUEUE_OBJECT(node, struct message, node);
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
	if (!a->is_verified)
		return a->must_verify ? a->verify_us : APPLIER_NEVER;
	if (a->pending != NULL) {
		run_group(a);
		return a->is_stopped || a->is_failing || a->pending != NULL ? 0
									    : checkpoint_when_idle(a, now);
	}
	go_on(a);
	int64_t at = checkpoint_when_idle(a, now);
	return a->must_verify ? earlier(at, a->verify_us) : at;
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
