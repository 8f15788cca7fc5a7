#include "replication/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "replication/legacy.h"

#define BATCH_BYTES_MAX (1200 << 20)

static bool probe(struct apply *a, enum apply_point point, struct err *err)
{
	if (a->o.probe == NULL || !a->o.probe->fails(a->o.probe->arg, point))
		return false;
	err_set(err, SQLSTATE_IO, "a failure was asked for");
	return true;
}

/* Opening. */

static void rollback(struct apply *a)
{
	if (conn_in_transaction(a->conn))
		conn_exec(a->conn, "ROLLBACK", NULL);
}

static int load(struct apply *a, struct err *err)
{
	if (apply_state_load(a->conn, &a->committed, err) != 0 ||
	    apply_state_load_windows(a->conn, &a->windows, err) != 0 ||
	    parts_open(&a->parts, a->conn, err) != 0)
		return -1;
	return 0;
}

static int prepare_file(struct apply *a, struct err *err)
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

static void remember_hash(struct apply *a)
{
	a->hashes[a->working.applied_seq % APPLY_HASHES_MAX] =
	    (struct seq_hash){ .seq = a->working.applied_seq, .hash = a->working.applied_hash };
}

int apply_open(struct apply *a, const struct apply_options *options, struct err *err)
{
	memset(a, 0, sizeof(*a));
	a->o = *options;
	if (a->o.origin_keep_seqs == 0)
		a->o.origin_keep_seqs = ORIGIN_KEEP_SEQS;
	origin_windows_init(&a->windows);
	buf_init(&a->batch, BATCH_BYTES_MAX);
	if (store_open_writer(options->store, &a->conn, err) != 0)
		return -1;
	executor_init(&a->executor, a->conn);
	if (prepare_file(a, err) != 0) {
		apply_close(a);
		return -1;
	}
	conn_set_tables_context(a->conn, a->catalog);
	a->working = a->saved = a->committed;
	remember_hash(a);
	return 0;
}

void apply_close(struct apply *a)
{
	rollback(a);
	catalog_unref(a->next_catalog);
	catalog_unref(a->catalog);
	executor_release(&a->executor);
	origin_windows_release(&a->windows);
	buf_release(&a->batch);
	conn_close(a->conn);
	a->conn = NULL;
}

/* Nothing of the open transaction stays. */
void apply_abandon(struct apply *a)
{
	rollback(a);
	a->working = a->saved = a->committed;
	a->working_counts = a->counts;
	a->must_reload = true;
	if (a->next_catalog != NULL) {
		conn_set_tables_context(a->conn, a->catalog);
		catalog_unref(a->next_catalog);
		a->next_catalog = NULL;
	}
}

int apply_begin(struct apply *a, struct err *err)
{
	if (probe(a, APPLY_BEGIN, err) || conn_exec(a->conn, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (a->must_reload && (apply_state_load_windows(a->conn, &a->windows, err) != 0 ||
				  parts_open(&a->parts, a->conn, err) != 0))
		return -1;
	a->must_reload = false;
	return 0;
}

/* What came before it is forgotten when `seq` has been applied. */
static uint64_t forget_seq(const struct apply *a, uint64_t seq)
{
	return seq > a->o.origin_keep_seqs ? seq - a->o.origin_keep_seqs : 0;
}

/* The rows that travel with the data, and then all of it becomes durable. */
int apply_commit(struct apply *a, struct err *err)
{
	uint64_t forget = forget_seq(a, a->working.applied_seq);

	if (probe(a, APPLY_SAVE, err) || apply_state_save_windows(a->conn, &a->windows, forget, err) != 0 ||
	    parts_drop_before(&a->parts, forget, err) != 0 ||
	    apply_state_save(a->conn, &a->saved, &a->working, err) != 0)
		return -1;
	if (probe(a, APPLY_COMMIT, err) || conn_exec(a->conn, "COMMIT", err) != 0)
		return -1;
	a->committed = a->saved = a->working;
	a->counts = a->working_counts;
	if (a->next_catalog != NULL) {
		catalog_unref(a->catalog);
		a->catalog = a->next_catalog;
		a->next_catalog = NULL;
	}
	executor_forget(&a->executor);
	if (a->o.probe != NULL)
		a->o.probe->fails(a->o.probe->arg, APPLY_COMMITTED);
	return 0;
}

int apply_save_identity(struct apply *a, const char *cluster_id, int64_t created_us, struct err *err)
{
	snprintf(a->working.cluster_id, sizeof(a->working.cluster_id), "%s", cluster_id);
	a->working.created_us = created_us;
	if (apply_begin(a, err) == 0 && apply_commit(a, err) == 0)
		return 0;
	apply_abandon(a);
	return -1;
}

/* One message. */

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

bool apply_hash_at(const struct apply *a, uint64_t seq, uint64_t *hash)
{
	const struct seq_hash *h = &a->hashes[seq % APPLY_HASHES_MAX];

	*hash = h->hash;
	return h->seq == seq && seq <= a->working.applied_seq;
}

/* Does the origin of a batch agree with us about what it has seen? */
static int check_attested(struct apply *a, const struct batch_header *h, uint64_t seq, struct err *err)
{
	uint64_t ours;

	if (h->attested_seq == 0 || !apply_hash_at(a, h->attested_seq, &ours) || ours == h->attested_hash)
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
static enum verdict load_next_catalog(struct apply *a, struct err *err)
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
    struct apply *a, struct entry_reader *r, struct delivery *d, uint32_t i, struct err *err)
{
	struct write *w = i < d->nwrites ? d->writes[i] : NULL;
	uint64_t version = a->working.schema_version;

	if (probe(a, APPLY_ENTRY, err))
		return VERDICT_LOCAL;
	enum verdict v = executor_run(&a->executor, r, d->m.seq, i, w, &a->working.schema_version, err);
	if (v == VERDICT_LOCAL || v == VERDICT_LOST)
		return v;
	a->working_counts.entries++;
	a->working_counts.failures += v != VERDICT_APPLIED;
	if (a->working.schema_version != version && load_next_catalog(a, err) != VERDICT_APPLIED)
		return VERDICT_LOCAL;
	return v;
}

static enum verdict apply_entries(struct apply *a, struct entry_reader *r, const struct batch_header *h,
    struct delivery *d, struct err *err)
{
	buf_put_byte(&a->executor.outcomes, OUTCOME_BATCH);
	for (uint32_t i = 0; i < h->nentries; i++) {
		enum verdict v = apply_entry(a, r, d, i, err);

		if (v == VERDICT_LOCAL || v == VERDICT_LOST)
			return v;
		if (v == VERDICT_BAD) {
			log_error(a->o.logger, "message %" PRIu64 ", from entry %u on: %s", d->m.seq, i,
			    err->message);
			break;
		}
	}
	return VERDICT_APPLIED;
}

/* The origin's window; NULL when it has none, or one that is as good as forgotten. */
static struct origin_window *window_of(struct apply *a, const struct origin *origin, uint64_t seq)
{
	struct origin_window *w = origin_windows_find(&a->windows, origin);

	if (w != NULL && w->seq < forget_seq(a, seq)) {
		/* Its row goes with the next commit, or is replaced. */
		*w = (struct origin_window){ .origin = *origin, .seq = w->seq };
	}
	return w != NULL && w->number > 0 ? w : NULL;
}

static int mark_window(
    struct apply *a, const struct batch_header *h, const struct log_message *m, struct err *err)
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
static void claim(struct apply *a, const struct batch_header *h, struct delivery *d)
{
	if (d->is_claimed || memcmp(h->origin.bytes, a->o.origin.bytes, ORIGIN_SIZE) != 0)
		return;
	d->writes = a->o.claim(a->o.claim_arg, h->number, &d->nwrites);
	d->is_claimed = true;
}

/* What isn't applied answers nobody: such a batch came before, or so late that nobody waits. Should somebody wait
 * nevertheless, he isn't told more than is known. */
static void mark_unknown(struct delivery *d)
{
	for (size_t i = 0; i < d->nwrites; i++) {
		struct write *w = d->writes[i];

		if (w == NULL)
			continue;
		w->outcome = WRITE_UNKNOWN;
		err_set(&w->err, SQLSTATE_UNKNOWN_OUTCOME, "it is not known whether the write was stored");
	}
}

static enum applied apply_batch(struct apply *a, struct entry_reader *r, const struct batch_header *h,
    struct delivery *d, struct err *err)
{
	uint64_t seq = d->m.seq;
	struct origin_window *w = window_of(a, &h->origin, seq);

	claim(a, h, d);
	mark_unknown(d);
	if (w != NULL && origin_window_has(w, h->number)) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_DUPLICATE);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	if (w == NULL && h->attested_seq < forget_seq(a, seq)) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_VOID);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	enum verdict v = apply_entries(a, r, h, d, err);
	if (v != VERDICT_APPLIED)
		return of_verdict(v);
	return mark_window(a, h, &d->m, err) == 0 ? APPLIED_ONE : APPLIED_LOCAL;
}

static void note_bad(struct apply *a, const struct delivery *d, const struct err *err)
{
	log_error(a->o.logger, "message %" PRIu64 " of the log is passed over: %s", d->m.seq, err->message);
	buf_put_byte(&a->executor.outcomes, OUTCOME_BAD);
	a->working_counts.failures++;
}

/* The last part was the last one missing: the batch is applied here. */
static enum applied apply_assembled(
    struct apply *a, const struct part_header *part, struct delivery *d, struct err *err)
{
	struct entry_reader r;
	struct batch_header h;
	struct part_header unused;
	enum applied result = APPLIED_ONE;

	entry_reader_init(&r, a->batch.data, a->batch.len);
	if (entry_read_message(&r, &h, &unused, err) != MESSAGE_BATCH)
		note_bad(a, d, err);
	else if (h.number != part->number || memcmp(&h.origin, &part->origin, sizeof(h.origin)) != 0)
		buf_put_byte(&a->executor.outcomes, OUTCOME_BAD);
	else
		result = apply_batch(a, &r, &h, d, err);
	buf_release(&a->batch);
	return result;
}

static enum applied apply_part(
    struct apply *a, const struct part_header *part, struct delivery *d, struct err *err)
{
	const struct origin_window *w = window_of(a, &part->origin, d->m.seq);
	bool is_complete;

	buf_put_byte(&a->executor.outcomes, OUTCOME_PART);
	if (w != NULL && origin_window_has(w, part->number)) {
		buf_put_byte(&a->executor.outcomes, OUTCOME_DUPLICATE);
		a->working_counts.duplicates++;
		return APPLIED_ONE;
	}
	/* At this very seq, whenever the last commit was. */
	if (parts_drop_before(&a->parts, forget_seq(a, d->m.seq), err) != 0)
		return APPLIED_LOCAL;
	if (parts_add(&a->parts, part, d->m.seq, &a->batch, &is_complete, err) != 0)
		return APPLIED_LOCAL;
	return is_complete ? apply_assembled(a, part, d, err) : APPLIED_ONE;
}

static enum applied apply_legacy(struct apply *a, struct delivery *d, struct err *err)
{
	uint64_t version = a->working.schema_version;

	buf_put_byte(&a->executor.outcomes, OUTCOME_LEGACY);
	enum verdict v = legacy_apply(&a->executor, &d->m, &a->working.schema_version,
	    &a->working_counts.entries, &a->working_counts.failures, err);
	if (v == VERDICT_APPLIED && version != a->working.schema_version)
		v = load_next_catalog(a, err);
	return of_verdict(v);
}

static enum applied apply_ours(struct apply *a, struct delivery *d, struct err *err)
{
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	enum applied result = APPLIED_ONE;

	entry_reader_init(&r, d->m.data, d->m.len);
	switch (entry_read_message(&r, &batch, &part, err)) {
	case MESSAGE_BAD: note_bad(a, d, err); break;
	case MESSAGE_BATCH:
		if (check_level(batch.level, d->m.seq, err) != 0 ||
		    check_attested(a, &batch, d->m.seq, err) != 0)
			result = APPLIED_STOP;
		else
			result = apply_batch(a, &r, &batch, d, err);
		break;
	case MESSAGE_PART:
		result =
		    check_level(part.level, d->m.seq, err) != 0 ? APPLIED_STOP : apply_part(a, &part, d, err);
		break;
	}
	return result;
}

static int check_seq(struct apply *a, uint64_t seq, struct err *err)
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

enum applied apply_message(struct apply *a, struct delivery *d, struct err *err)
{
	uint64_t seq = d->m.seq;

	if (seq <= a->working.applied_seq)
		return APPLIED_ONE; /* delivered again */
	if (check_seq(a, seq, err) != 0)
		return APPLIED_STOP;

	buf_clear(&a->executor.outcomes);
	enum applied result = d->m.is_ours ? apply_ours(a, d, err) : apply_legacy(a, d, err);
	if (result != APPLIED_ONE)
		return result;
	if (a->executor.outcomes.failed) {
		err_set(
		    err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the outcomes of message %" PRIu64, seq);
		return APPLIED_LOCAL;
	}
	uint64_t hash = hash_chain64(a->working.applied_hash, d->m.data, d->m.len);
	a->working.applied_hash = hash_chain64(hash, a->executor.outcomes.data, a->executor.outcomes.len);
	a->working.applied_seq = seq;
	remember_hash(a);
	return APPLIED_ONE;
}
