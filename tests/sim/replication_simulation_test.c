/* Several nodes on one simulated log, driven by one seeded generator: messages are lost, stored twice, acknowledged late, out of
 * order or never; connections break; nodes are killed between any two writes to their file; disks fail. After that
 * everything heals, and then each acknowledged write must be there exactly once on every node, each refused one nowhere,
 * and all nodes must be equal.
 *
 * NQLITE_SEED=n runs one seed, NQLITE_RUNS=n so many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <time.h>

#include "base/hash.h"
#include "replication/applier.h"
#include "sim/replication_support.h"

#define NODES_MAX    3
#define MESSAGES_MAX 4096
#define WIRE_MAX     512
#define WRITES_MAX   512
#define MESSAGE_MAX  1500 /* bytes: large writes go in parts */

enum fate {
	FATE_PENDING,
	FATE_APPLIED,
	FATE_FAILED,
	FATE_NOTHING /* refused, or to be retried */,
	FATE_UNKNOWN
};

struct sim;

struct sim_write {
	struct write w;
	struct write_result results[4];
	struct sim *sim;
	int node;
	enum fate fate;
	bool must_fail;
	bool is_done;
};

struct stored { /* in the log */
	void *data;
	size_t len;
	char id[64];
};

struct wire { /* on its way to the log */
	int node;
	uint64_t life;
	uint64_t token;
	char id[64];
	void *data;
	size_t len;
	bool is_answered; /* its fate was told already: unknown */
};

struct ack { /* on its way back */
	int node;
	uint64_t life;
	uint64_t token;
	enum log_publish fate;
	uint64_t seq;
	bool is_hard;
};

struct node {
	struct log log; /* first */
	struct sim *sim;
	int index;
	uint64_t life; /* counts its starts */
	struct store *store;
	struct publisher *publisher;
	struct applier *applier;
	bool is_up, is_connected, is_crashing;
	uint64_t next_seq; /* to be delivered */
	struct apply_probe probe;
	int crash_countdown, fail_countdown; /* 0: off */
};

struct sim {
	uint64_t seed, random;
	int64_t now_us;
	struct clock clock;
	struct test_dir dir;
	int nnodes;
	struct node nodes[NODES_MAX];
	struct stored log[MESSAGES_MAX]; /* [seq] */
	uint64_t last_seq;
	uint64_t hashes[MESSAGES_MAX];
	bool has_hash[MESSAGES_MAX];
	struct wire wires[WIRE_MAX];
	size_t nwires;
	struct ack acks[WIRE_MAX];
	size_t nacks;
	struct sim_write *writes[WRITES_MAX];
	size_t nwrites;
	bool drops_repeated; /* the log has a duplicate window */
	bool is_healing;
	uint64_t keep_seqs;
	int publish_countdown; /* 0: off */
	enum log_publish publish_fault;
	bool publish_fault_stores;
	int nleases;
};

static void die(struct sim *s, const char *what)
{
	fail_msg("seed %" PRIu64 ": %s", s->seed, what);
}

static uint64_t draw(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random * UINT64_C(0x2545F4914F6CDD1D);
}

static uint64_t below(struct sim *s, uint64_t n)
{
	return (draw(s) >> 11) % n;
}

static bool chance(struct sim *s, unsigned percent)
{
	return !s->is_healing && below(s, 100) < percent;
}

static int64_t sim_now(void *arg)
{
	return ((struct sim *)arg)->now_us;
}

/* The log as a node sees it. */

static struct node *node_of(struct log *log)
{
	return (struct node *)(void *)log;
}

static void add_ack(struct sim *s, const struct wire *w, enum log_publish fate, uint64_t seq, bool is_hard)
{
	if (s->nacks == WIRE_MAX)
		die(s, "too many acknowledgements under way");
	s->acks[s->nacks++] = (struct ack){ w->node, w->life, w->token, fate, seq, is_hard };
}

static void sim_publish(struct log *log, uint64_t token, const char *id, const void *data, size_t len)
{
	struct node *n = node_of(log);
	struct sim *s = n->sim;
	struct wire w = {
		.node = n->index, .life = n->life, .token = token, .data = malloc(len), .len = len
	};

	memcpy(w.data, data, len);
	snprintf(w.id, sizeof(w.id), "%s", id);
	if (len > MESSAGE_MAX)
		die(s, "a message is larger than the log takes");
	if (n->is_crashing || s->nwires == WIRE_MAX) {
		free(w.data);
	} else if (!n->is_connected) {
		add_ack(s, &w, LOG_REFUSED, 0, false);
		free(w.data);
	} else {
		s->wires[s->nwires++] = w;
	}
}

static bool sim_identity(struct log *log, struct log_identity *out)
{
	struct sim *s = node_of(log)->sim;

	if (chance(s, 10))
		return false;
	*out = (struct log_identity){
		.cluster_id = "simulated", .created_us = 1, .first_seq = 1, .last_seq = s->last_seq
	};
	return true;
}

static size_t sim_message_max(struct log *log)
{
	(void)log;
	return MESSAGE_MAX;
}

static void sim_release_message(struct log *log, const struct log_message *m)
{
	(void)m;
	node_of(log)->sim->nleases--;
}

static const struct log_ops sim_ops = {
	.publish = sim_publish,
	.identity = sim_identity,
	.message_max = sim_message_max,
	.release_message = sim_release_message,
};

static uint64_t find_stored(const struct sim *s, const char *id)
{
	for (uint64_t seq = 1; seq <= s->last_seq; seq++) {
		if (strcmp(s->log[seq].id, id) == 0)
			return seq;
	}
	return 0;
}

static uint64_t store_message(struct sim *s, const struct wire *w)
{
	uint64_t seq = find_stored(s, w->id);

	if (seq != 0 && (s->log[seq].len != w->len || memcmp(s->log[seq].data, w->data, w->len) != 0))
		die(s, "other bytes under the same id");
	if (seq != 0 && s->drops_repeated)
		return seq;
	if (s->last_seq + 1 == MESSAGES_MAX)
		die(s, "the log is too long");
	seq = ++s->last_seq;
	s->log[seq] = (struct stored){ .data = malloc(w->len), .len = w->len };
	memcpy(s->log[seq].data, w->data, w->len);
	snprintf(s->log[seq].id, sizeof(s->log[seq].id), "%s", w->id);
	return seq;
}

static void remove_wire(struct sim *s, size_t i)
{
	free(s->wires[i].data);
	s->wires[i] = s->wires[--s->nwires];
}

static void answer_wire(struct sim *s, struct wire *w, enum log_publish fate, uint64_t seq, bool is_hard)
{
	if (!w->is_answered)
		add_ack(s, w, fate, seq, is_hard);
	w->is_answered = true;
}

/* Something happens to a message on its way. */
static void move_wire(struct sim *s, size_t i)
{
	struct wire *w = &s->wires[i];
	bool is_faulty = s->publish_countdown > 0 && --s->publish_countdown == 0;

	if (is_faulty) {
		if (s->publish_fault_stores)
			store_message(s, w);
		answer_wire(s, w, s->publish_fault, 0, true);
	} else if (chance(s, 5)) {
		answer_wire(s, w, LOG_UNKNOWN, 0, false); /* lost */
	} else if (chance(s, 5)) {
		answer_wire(s, w, LOG_REFUSED, 0, chance(s, 50));
	} else if (chance(s, 10)) {
		answer_wire(s, w, LOG_UNKNOWN, 0, false); /* it arrives much later */
		return;
	} else {
		uint64_t seq = store_message(s, w);

		answer_wire(s, w, chance(s, 10) ? LOG_UNKNOWN : LOG_STORED, seq, false);
	}
	remove_wire(s, i);
}

static void deliver_ack(struct sim *s, size_t i)
{
	struct ack a = s->acks[i];
	struct node *n = &s->nodes[a.node];
	struct err err;

	s->acks[i] = s->acks[--s->nacks];
	if (!n->is_up || n->life != a.life)
		return;
	err_set(&err, a.is_hard ? SQLSTATE_DISK_FULL : SQLSTATE_CONNECTION_FAILURE, "simulated");
	publisher_on_published(n->publisher, a.token, a.fate, a.seq, a.fate == LOG_REFUSED ? &err : NULL);
}

static void deliver_seq(struct sim *s, struct node *n, uint64_t seq)
{
	struct log_message m = { .seq = seq,
		.time_us = 1000000 + (int64_t)seq,
		.is_ours = true,
		.data = s->log[seq].data,
		.len = s->log[seq].len };

	s->nleases++;
	applier_on_message(n->applier, &m);
}

static void deliver_next(struct sim *s, struct node *n)
{
	if (!n->is_up || !n->is_connected || n->next_seq > s->last_seq)
		return;
	deliver_seq(s, n, n->next_seq++);
	if (chance(s, 5))
		deliver_seq(s, n, 1 + below(s, n->next_seq - 1)); /* again */
}

static void set_connected(struct sim *s, struct node *n, bool is_connected)
{
	struct err err;

	if (!n->is_up || n->is_connected == is_connected)
		return;
	n->is_connected = is_connected;
	if (is_connected) {
		applier_on_state(n->applier, LOG_CONNECTED, NULL);
		return;
	}
	err_set(&err, SQLSTATE_CONNECTION_FAILURE, "simulated disconnection");
	applier_on_state(n->applier, LOG_DISCONNECTED, &err);
	for (size_t i = s->nwires; i-- > 0;) {
		if (s->wires[i].node != n->index)
			continue;
		answer_wire(s, &s->wires[i], LOG_UNKNOWN, 0, false);
		if (chance(s, 50))
			remove_wire(s, i); /* the others still arrive */
	}
}

/* Nodes. */

static bool probe_fails(void *arg, enum apply_point point)
{
	struct node *n = arg;

	if (n->crash_countdown > 0 && --n->crash_countdown == 0)
		n->is_crashing = true;
	bool fails = n->fail_countdown > 0 && --n->fail_countdown == 0;
	return n->is_crashing || (fails && point != APPLY_COMMITTED);
}

static void node_open(struct sim *s, struct node *n)
{
	char name[16], file[128];
	struct err err;
	struct origin origin = { .bytes = { (uint8_t)n->index } };

	snprintf(name, sizeof(name), "%d.db", n->index);
	n->life++;
	memcpy(origin.bytes + 8, &n->life, sizeof(n->life));
	struct store_options so = { .path = test_dir_file(&s->dir, name, file), .cache_bytes = 256 * 1024 };
	if (store_open(&n->store, &so, &err) != 0)
		die(s, err.message);
	struct publisher_options po = { .log = &n->log,
		.origin = origin,
		.write_wait_us = 2000000,
		.batch_bytes_max = 1200,
		.batches_in_flight_max = 4,
		.pending_bytes_max = 1 << 20,
		.clock = &s->clock };
	if (publisher_new(&n->publisher, &po, &err) != 0)
		die(s, err.message);
	n->probe = (struct apply_probe){ probe_fails, n };
	n->crash_countdown = n->fail_countdown = 0;
	struct applier_options ao = { .store = n->store,
		.log = &n->log,
		.publisher = n->publisher,
		.origin = origin,
		.clock = &s->clock,
		.origin_keep_seqs = s->keep_seqs,
		.probe = &n->probe };
	if (applier_open(&n->applier, &ao, &err) != 0)
		die(s, err.message);
	n->next_seq = applier_applied_seq(n->applier) + 1;
	n->is_up = true;
	n->is_connected = n->is_crashing = false;
}

/* As if killed: whoever waits for an answer doesn't get one. */
static void node_kill(struct node *n)
{
	n->is_crashing = true;
	publisher_finish(n->publisher);
	applier_close(n->applier);
	publisher_free(n->publisher);
	store_close(n->store);
	n->is_up = n->is_connected = false;
}

static void node_step(struct sim *s, struct node *n, bool is_publisher)
{
	struct replication_status status;
	uint64_t seq = 0;

	if (!n->is_up)
		return;
	if (is_publisher)
		publisher_step(n->publisher);
	else
		applier_step(n->applier);
	if (n->is_crashing) {
		node_kill(n);
		return;
	}
	applier_status(n->applier, &status);
	seq = status.applied_seq;
	if (status.phase == PHASE_STOPPED && strcmp(status.err.sqlstate, SQLSTATE_IO) != 0)
		die(s, status.err.message);
	if (seq == 0)
		return;
	if (s->has_hash[seq] && s->hashes[seq] != status.applied_hash)
		die(s, "two nodes have different running hashes");
	s->has_hash[seq] = true;
	s->hashes[seq] = status.applied_hash;
}

/* Writes. */

static void on_done(struct write *w)
{
	struct sim_write *sw = w->owner;

	if (sw->is_done)
		die(sw->sim, "a write was answered twice");
	sw->is_done = true;
	if (sw->sim->nodes[sw->node].is_crashing) {
		sw->fate = FATE_UNKNOWN;
		return;
	}
	switch (w->outcome) {
	case WRITE_APPLIED: sw->fate = FATE_APPLIED; break;
	case WRITE_FAILED: sw->fate = FATE_FAILED; break;
	case WRITE_RETRY:
	case WRITE_REFUSED: sw->fate = FATE_NOTHING; break;
	case WRITE_UNKNOWN: sw->fate = FATE_UNKNOWN; break;
	}
	if (sw->fate == FATE_APPLIED && sw->results[0].changes != 1)
		die(sw->sim, "an insert tells of other than one row");
	if (sw->must_fail && sw->fate == FATE_APPLIED)
		die(sw->sim, "a write that must fail was applied");
	if (!sw->must_fail && sw->fate == FATE_FAILED)
		die(sw->sim, w->err.message);
}

static void put_statement(
    struct entry_builder *b, const char *sql, uint8_t flags, const struct value *row, size_t n)
{
	struct statement_header h = {
		.sql = sql, .sql_len = (uint32_t)strlen(sql), .flags = flags, .ncolumns = (uint32_t)n
	};

	entry_builder_statement(b, &h);
	entry_builder_row(b, row, n);
}

enum kind { KIND_ONE, KIND_TWO, KIND_LARGE, KIND_DUPLICATE_KEY, KIND_ROLLBACK, KIND_CONFLICT, KINDS };

/* Every write leaves its number in `done`, where nothing keeps it from standing twice. */
static void build_entry(
    struct sim *s, struct sim_write *sw, struct entry_builder *b, int64_t number, enum kind kind)
{
	static uint8_t blob[6000];
	struct entry_header h = {
		.now_us = s->now_us, .seed = draw(s), .flags = kind == KIND_CONFLICT ? ENTRY_VERIFY : 0
	};
	struct value row[] = { value_int(number),
		value_blob(blob, kind == KIND_LARGE ? 1600 + below(s, 4000) : 3) };

	entry_builder_begin(b, &h);
	put_statement(
	    b, "INSERT INTO done (k, blob, r, t) VALUES (?1, ?2, random(), CURRENT_TIMESTAMP)", 0, row, 2);
	switch (kind) {
	case KIND_TWO: put_statement(b, "UPDATE counter SET n = n + 1", 0, NULL, 0); break;
	case KIND_DUPLICATE_KEY: put_statement(b, "INSERT INTO counter VALUES (1, 0)", 0, NULL, 0); break;
	case KIND_ROLLBACK:
		put_statement(b, "INSERT OR ROLLBACK INTO counter VALUES (1, 0)", 0, NULL, 0);
		break;
	case KIND_CONFLICT:
		put_statement(b, "UPDATE counter SET n = n + 1", 0, NULL, 0);
		entry_builder_told(b, 2, 0);
		break;
	default: break;
	}
	if (!entry_builder_end(b))
		die(s, "the entry is too large");
	sw->must_fail = kind == KIND_DUPLICATE_KEY || kind == KIND_ROLLBACK || kind == KIND_CONFLICT;
}

static struct sim_write *new_write(struct sim *s, struct node *n, struct entry_builder *b)
{
	struct sim_write *sw = calloc(1, sizeof(*sw));

	if (s->nwrites == WRITES_MAX)
		die(s, "too many writes");
	sw->sim = s;
	sw->node = n->index;
	sw->w.owner = sw;
	sw->w.on_done = on_done;
	sw->w.results = sw->results;
	sw->w.nstatements = b->nstatements;
	s->writes[s->nwrites++] = sw;
	return sw;
}

static void submit_kind(struct sim *s, struct node *n, enum kind kind)
{
	struct entry_builder b;

	if (!n->is_up || s->nwrites == WRITES_MAX)
		return;
	entry_builder_init(&b, 1 << 20);
	entry_builder_clear(&b);
	struct sim_write *sw = new_write(s, n, &b);
	build_entry(s, sw, &b, (int64_t)s->nwrites - 1, kind);
	sw->w.nstatements = b.nstatements;
	sw->w.entry = b.bytes; /* freed with the write */
	publisher_submit(n->publisher, &sw->w);
	if (chance(s, 3))
		publisher_cancel(n->publisher, &sw->w);
}

static void submit(struct sim *s, struct node *n)
{
	unsigned dice = (unsigned)below(s, 20);

	submit_kind(s, n, dice < KINDS ? (enum kind)dice : dice < 12 ? KIND_ONE : KIND_TWO);
}

/* The tables, as the first message of the log. */
static void store_schema(struct sim *s)
{
	struct entry_builder b;
	struct entry_header h = { .now_us = 1 };
	struct batch_header batch = {
		.level = ENTRY_LEVEL, .origin = { { 0xff } }, .number = 1, .nentries = 1
	};
	struct wire w = { .id = "schema" };
	struct buf bytes;

	entry_builder_init(&b, 1 << 16);
	entry_builder_begin(&b, &h);
	put_statement(
	    &b, "CREATE TABLE done (k INTEGER, blob BLOB, r INTEGER, t TEXT)", STATEMENT_DDL, NULL, 0);
	put_statement(&b, "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)", STATEMENT_DDL, NULL, 0);
	put_statement(&b, "INSERT INTO counter VALUES (1, 0)", 0, NULL, 0);
	buf_init(&bytes, 1 << 16);
	entry_put_batch(&bytes, &batch);
	buf_put(&bytes, b.bytes.data, b.bytes.len);
	w.data = bytes.data;
	w.len = bytes.len;
	store_message(s, &w);
	buf_release(&bytes);
	entry_builder_release(&b);
}

/* The whole. */

static struct sim *sim_new(uint64_t seed, int nnodes)
{
	struct sim *s = calloc(1, sizeof(*s));

	s->seed = seed;
	s->random = hash_bytes64(&seed, sizeof(seed)) | 1;
	s->now_us = 1700000000000000;
	s->clock = (struct clock){ sim_now, sim_now, s };
	s->nnodes = nnodes;
	s->drops_repeated = below(s, 2) == 0;
	s->keep_seqs = below(s, 3) == 0 ? 3 + below(s, 20) : 0;
	test_dir_make(&s->dir);
	store_schema(s);
	for (int i = 0; i < nnodes; i++) {
		struct node *n = &s->nodes[i];

		n->log.ops = &sim_ops;
		n->sim = s;
		n->index = i;
		node_open(s, n);
		set_connected(s, n, true);
	}
	return s;
}

static void sim_free(struct sim *s)
{
	char name[16];

	for (int i = 0; i < s->nnodes; i++) {
		if (s->nodes[i].is_up)
			node_kill(&s->nodes[i]);
		snprintf(name, sizeof(name), "%d.db", i);
		test_dir_remove_file(&s->dir, name);
	}
	test_dir_remove(&s->dir);
	if (s->nleases != 0)
		die(s, "messages were not given back");
	for (uint64_t seq = 1; seq <= s->last_seq; seq++)
		free(s->log[seq].data);
	while (s->nwires > 0)
		remove_wire(s, 0);
	for (size_t i = 0; i < s->nwrites; i++) {
		if (!s->writes[i]->is_done)
			die(s, "a write was never answered");
		buf_release(&s->writes[i]->w.entry);
		free(s->writes[i]);
	}
	free(s);
}

static void mishap(struct sim *s, struct node *n)
{
	switch (below(s, 6)) {
	case 0:
	case 1: set_connected(s, n, false); break;
	case 2:
	case 3: n->fail_countdown = 1 + (int)below(s, 12); break;
	case 4: n->crash_countdown = n->is_up && below(s, 2) == 0 ? 1 + (int)below(s, 12) : 0; break;
	case 5: s->now_us += (int64_t)below(s, 1500000); break;
	}
}

static void happen(struct sim *s)
{
	struct node *n = &s->nodes[below(s, (uint64_t)s->nnodes)];
	unsigned dice = (unsigned)below(s, 100);

	s->now_us += (int64_t)below(s, 4000);
	if (dice < 12)
		submit(s, n);
	else if (dice < 30)
		node_step(s, n, true);
	else if (dice < 48)
		node_step(s, n, false);
	else if (dice < 62)
		s->nwires > 0 ? move_wire(s, below(s, s->nwires)) : (void)0;
	else if (dice < 76)
		s->nacks > 0 ? deliver_ack(s, below(s, s->nacks)) : (void)0;
	else if (dice < 94)
		deliver_next(s, n);
	else if (dice < 97)
		n->is_up ? set_connected(s, n, true) : node_open(s, n);
	else
		mishap(s, n);
}

static bool is_quiet(struct sim *s)
{
	bool is_quiet = s->nwires == 0 && s->nacks == 0;

	for (int i = 0; i < s->nnodes; i++) {
		struct node *n = &s->nodes[i];

		is_quiet = is_quiet && publisher_is_idle(n->publisher) &&
			   applier_applied_seq(n->applier) == s->last_seq;
	}
	return is_quiet;
}

static void heal_round(struct sim *s)
{
	for (int i = 0; i < s->nnodes; i++) {
		struct node *n = &s->nodes[i];

		if (!n->is_up)
			node_open(s, n);
		set_connected(s, n, true);
		while (n->next_seq <= s->last_seq)
			deliver_next(s, n);
		node_step(s, n, false);
		node_step(s, n, true);
	}
	while (s->nwires > 0)
		move_wire(s, 0);
	while (s->nacks > 0)
		deliver_ack(s, 0);
	s->now_us += 200000;
}

static void heal(struct sim *s)
{
	s->is_healing = true;
	s->publish_countdown = 0;
	for (int i = 0; i < s->nnodes; i++)
		s->nodes[i].crash_countdown = s->nodes[i].fail_countdown = 0;
	for (int i = 0; i < 500; i++) {
		heal_round(s);
		if (is_quiet(s))
			return;
	}
	for (int i = 0; i < s->nnodes; i++) {
		struct replication_status status;

		applier_status(s->nodes[i].applier, &status);
		print_error("node %d: phase %d, applied %" PRIu64 " of %" PRIu64 ", publisher %s: %s\n", i,
		    (int)status.phase, status.applied_seq, s->last_seq,
		    publisher_is_idle(s->nodes[i].publisher) ? "idle" : "busy", status.err.message);
	}
	die(s, "it doesn't come to rest");
}

/* What must hold then. */

struct dump_sink {
	struct row_sink sink;
	uint64_t hash;
	uint8_t *counts; /* of each number in `done`, or NULL */
};

static enum row_verdict on_dump_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct dump_sink *d = (struct dump_sink *)(void *)sink;

	(void)err;
	d->hash = row_hash(d->hash, values, n);
	if (d->counts != NULL)
		d->counts[values[0].i]++;
	return ROW_NEXT;
}

static uint64_t dump(struct sim *s, struct node *n, uint8_t *counts)
{
	static const char *const texts[] = {
		"SELECT k, blob, r, t, rowid FROM done ORDER BY rowid",
		"SELECT * FROM counter",
		"SELECT key, value FROM _nqlite_state ORDER BY key",
		"SELECT * FROM _nqlite_origin ORDER BY origin",
		"SELECT * FROM _nqlite_part ORDER BY origin, number, part",
		"SELECT name, sql FROM sqlite_schema ORDER BY name",
	};
	struct dump_sink d = { .sink = { on_dump_row } };
	struct conn *conn;
	struct err err;

	if (store_take_reader(n->store, &conn, &err) != 0)
		die(s, err.message);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct query q = { .sql = texts[i], .sql_len = strlen(texts[i]), .is_internal = true };

		d.counts = i == 0 ? counts : NULL;
		if (conn_run(conn, &q, &d.sink, NULL, &err) != 0)
			die(s, err.message);
	}
	store_give_reader(n->store, conn);
	return d.hash;
}

static void check(struct sim *s)
{
	uint8_t counts[NODES_MAX][WRITES_MAX] = { 0 };
	uint64_t first = dump(s, &s->nodes[0], counts[0]);

	for (int i = 1; i < s->nnodes; i++) {
		if (dump(s, &s->nodes[i], counts[i]) != first)
			die(s, "two nodes hold different data");
	}
	for (size_t k = 0; k < s->nwrites; k++) {
		unsigned n = counts[0][k];

		switch (s->writes[k]->fate) {
		case FATE_PENDING: die(s, "a write was never answered"); break;
		case FATE_APPLIED:
			n != 1 ? die(s, "an acknowledged write isn't there exactly once") : (void)0;
			break;
		case FATE_FAILED:
		case FATE_NOTHING:
			n != 0 ? die(s, "a write that failed or was refused is there") : (void)0;
			break;
		case FATE_UNKNOWN: n > 1 ? die(s, "a write is there more than once") : (void)0; break;
		}
	}
}

struct tally {
	uint64_t applied, failed, nothing, unknown, messages, lives;
};

static void run_seed(uint64_t seed, struct tally *tally)
{
	struct sim *s = sim_new(seed, 2 + (int)(seed % 2));

	for (int i = 0; i < 1000; i++)
		happen(s);
	heal(s);
	check(s);
	for (size_t i = 0; i < s->nwrites; i++) {
		tally->applied += s->writes[i]->fate == FATE_APPLIED;
		tally->failed += s->writes[i]->fate == FATE_FAILED;
		tally->nothing += s->writes[i]->fate == FATE_NOTHING;
		tally->unknown += s->writes[i]->fate == FATE_UNKNOWN;
	}
	tally->messages += s->last_seq;
	for (int i = 0; i < s->nnodes; i++)
		tally->lives += s->nodes[i].life;
	sim_free(s);
}

static void every_write_is_applied_exactly_once_or_not_at_all_and_all_nodes_agree(void **state)
{
	const char *seed = getenv("NQLITE_SEED"), *runs = getenv("NQLITE_RUNS");
	uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 1000000;
	uint64_t n = runs != NULL ? strtoull(runs, NULL, 10) : seed != NULL ? 1 : 1000;
	struct tally t = { 0 };

	(void)state;
	print_message("seeds from %" PRIu64 " on, %" PRIu64 " runs\n", first, n);
	for (uint64_t i = 0; i < n; i++)
		run_seed(first + i, &t);
	print_message("%" PRIu64 " applied, %" PRIu64 " failed, %" PRIu64 " refused, %" PRIu64
		      " unknown; %" PRIu64 " messages, %" PRIu64 " starts\n",
	    t.applied, t.failed, t.nothing, t.unknown, t.messages, t.lives);
	/* The faults must not drown what they are for. */
	if (n >= 100) {
		assert_true(t.applied > t.unknown);
		assert_true(t.unknown > 0 && t.nothing > 0 && t.failed > 0);
	}
}

/* The same few writes again and again, with the n-th moment failing, until none fails any more. */

struct fault {
	const char *name;
	void (*arm)(struct sim *s, int n);
	bool (*is_armed)(const struct sim *s);
	enum log_publish fate;
	bool stores;
};

static void arm_crash(struct sim *s, int n)
{
	s->nodes[0].crash_countdown = n;
}

static bool is_crash_armed(const struct sim *s)
{
	return s->nodes[0].crash_countdown > 0;
}

static void arm_failure(struct sim *s, int n)
{
	s->nodes[0].fail_countdown = n;
}

static bool is_failure_armed(const struct sim *s)
{
	return s->nodes[0].fail_countdown > 0;
}

static void arm_publish(struct sim *s, int n)
{
	s->publish_countdown = n;
}

static bool is_publish_armed(const struct sim *s)
{
	return s->publish_countdown > 0;
}

/* Whether it still waited to happen at the end. */
static bool run_with_fault(const struct fault *f, int n)
{
	struct sim *s = sim_new((uint64_t)n, 2);

	s->is_healing = true; /* no other faults */
	heal_round(s);
	s->publish_fault = f->fate;
	s->publish_fault_stores = f->stores;
	f->arm(s, n);
	for (int i = 0; i < 3; i++) {
		for (enum kind kind = 0; kind < KINDS; kind++) {
			submit_kind(s, &s->nodes[0], kind);
			if (kind % 2 == 0)
				heal_round(s);
		}
		heal_round(s);
	}
	bool is_armed = f->is_armed(s);
	heal(s);
	check(s);
	sim_free(s);
	return is_armed;
}

static void a_fault_at_any_single_moment_loses_and_repeats_nothing(void **state)
{
	static const struct fault faults[] = {
		{ "a crash", arm_crash, is_crash_armed, 0, false },
		{ "a failure of the machine", arm_failure, is_failure_armed, 0, false },
		{ "a lost acknowledgement", arm_publish, is_publish_armed, LOG_UNKNOWN, true },
		{ "a lost message", arm_publish, is_publish_armed, LOG_UNKNOWN, false },
		{ "a refused message", arm_publish, is_publish_armed, LOG_REFUSED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		int n = 1;

		while (!run_with_fault(&faults[i], n))
			n++;
		print_message("%s at each of %d moments\n", faults[i].name, n - 1);
		assert_true(n > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_at_any_single_moment_loses_and_repeats_nothing),
		cmocka_unit_test(every_write_is_applied_exactly_once_or_not_at_all_and_all_nodes_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
