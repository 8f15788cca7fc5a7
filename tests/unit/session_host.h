/* session_host.h - sessions without sockets: a real database, and a test that decides when work runs and when it comes back.
 *
 * Owns:     the store, its replication, the host of the sessions; a client owns its session and what it has received.
 * Runs on:  the test's thread, which plays the loop and the workers; only replication has a thread of its own.
 * Promises: tasks run in the order in which they were given away, when the test says so (host_run_one, host_settle); writes come back
 *           when the test asks for them; what a client received can be compared as one line of text.
 * Fails by: failing the test. */
#ifndef NQLITE_TESTS_UNIT_SESSION_HOST_H
#define NQLITE_TESTS_UNIT_SESSION_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "session/state.h"

#define ELSEWHERE_MAX 64

/* Includes the struct session_host that sessions know. */
struct test_host {
	struct session_host host; /* first */
	struct session_limits limits;
	struct clock clock;
	int64_t mono_us; /* what the monotonic clock says; the test moves it */
	struct store *store;
	struct replication *replication;
	struct client *clients;
	struct task *elsewhere[ELSEWHERE_MAX]; /* oldest first */
	size_t nelsewhere;
	struct queue_node *arrived; /* taken from `back`, not yet done */
	uint32_t random, next_pid;
	uint32_t cancelled_pid, cancelled_secret; /* of the last CancelRequest */
	struct queue back;
	pthread_mutex_t lock; /* for `has_arrived` */
	pthread_cond_t arrival;
	bool has_arrived;
};

struct client {
	struct test_host *h;
	struct session *session;
	struct buf in;       /* sent, not yet taken */
	struct buf received; /* from the session */
	struct buf line;     /* of client_line */
	bool is_deaf;        /* reads nothing: its socket is full */
	bool is_pumping, must_pump;
	struct client *next;
};

/* ---- the host ---- */

static inline void host_wake(void *arg)
{
	struct test_host *h = arg;

	pthread_mutex_lock(&h->lock);
	h->has_arrived = true;
	pthread_cond_signal(&h->arrival);
	pthread_mutex_unlock(&h->lock);
}

static inline uint32_t host_random(void *arg)
{
	struct test_host *h = arg;

	h->random = h->random * 1664525u + 1013904223u;
	return h->random;
}

static inline int64_t host_now(void *arg)
{
	(void)arg;
	return clock_now_us(&clock_system);
}

static inline int64_t host_mono(void *arg)
{
	return ((struct test_host *)arg)->mono_us;
}

static inline void host_run_elsewhere(void *arg, struct task *task)
{
	struct test_host *h = arg;

	assert_true(h->nelsewhere < ELSEWHERE_MAX);
	h->elsewhere[h->nelsewhere++] = task;
}

static inline void host_bring_back(struct task *task)
{
	queue_push(&((struct test_host *)(void *)task->host)->back, &task->node);
}

static inline void host_cancel(void *arg, uint32_t pid, uint32_t secret)
{
	struct test_host *h = arg;

	h->cancelled_pid = pid;
	h->cancelled_secret = secret;
}

static inline void client_pump(void *arg);

static inline void host_open(struct test_host *h)
{
	const struct store_options store = { .path = ":memory:", .tables = catalog_tables };
	struct err err;

	memset(h, 0, sizeof(*h));
	h->limits = (struct session_limits){
		.message_bytes_max = 1 << 20,
		.entry_bytes_max = 1 << 20,
		.output_pause_bytes = 4096,
		.inline_ops_max = 20000,
		.prepared_max = 10,
		.portals_max = 10,
		.data_directory = "/data",
	};
	h->clock = (struct clock){ host_now, host_mono, h };
	h->mono_us = 1;
	h->next_pid = 100;
	queue_init(&h->back, host_wake, h);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->arrival, NULL);
	if (store_open(&h->store, &store, &err) != 0)
		fail_msg("store_open: %s", err.message);
	const struct replication_options options = {
		.store = h->store, .log = log_local_new(), .is_local = true
	};
	if (replication_start(&h->replication, &options, &err) != 0)
		fail_msg("replication_start: %s", err.message);
	h->host = (struct session_host){
		.store = h->store,
		.replication = h->replication,
		.translator = translator_new(64, 65536),
		.limits = &h->limits,
		.clock = &h->clock,
		.random = host_random,
		.run_elsewhere = host_run_elsewhere,
		.bring_back = host_bring_back,
		.on_output = client_pump,
		.cancel = host_cancel,
		.arg = h,
	};
	assert_non_null(h->host.translator);
	if (store_open_reader(h->store, &h->host.reader, &err) != 0)
		fail_msg("store_open_reader: %s", err.message);
}

/* All clients must have left. */
static inline void host_close(struct test_host *h)
{
	assert_null(h->clients);
	assert_int_equal(h->nelsewhere, 0);
	replication_stop(h->replication, 1000);
	host_release_reader(&h->host);
	conn_close(h->host.reader);
	catalog_unref(h->host.catalog);
	translator_free(h->host.translator);
	store_close(h->store);
	pthread_cond_destroy(&h->arrival);
	pthread_mutex_destroy(&h->lock);
}

/* A worker runs the oldest task; it isn't back yet. */
static inline struct task *host_run_begin(struct test_host *h)
{
	struct task *task = h->elsewhere[0];

	assert_true(h->nelsewhere > 0);
	memmove(h->elsewhere, h->elsewhere + 1, --h->nelsewhere * sizeof(h->elsewhere[0]));
	task->run(task);
	return task;
}

static inline void host_run_end(struct test_host *h, struct task *task)
{
	task->done(task);
	host_release_reader(&h->host);
}

static inline void host_run_one(struct test_host *h)
{
	host_run_end(h, host_run_begin(h));
}

/* Waits until a write has come back, and lets its session have it. */
static inline void host_take_write(struct test_host *h)
{
	while (h->arrived == NULL) {
		pthread_mutex_lock(&h->lock);
		while (!h->has_arrived)
			pthread_cond_wait(&h->arrival, &h->lock);
		h->has_arrived = false;
		pthread_mutex_unlock(&h->lock);
		h->arrived = queue_take(&h->back);
	}
	struct task *task = QUEUE_OBJECT(h->arrived, struct task, node);
	h->arrived = h->arrived->next;
	task->done(task);
	host_release_reader(&h->host);
}

static inline bool host_waits_for_write(const struct test_host *h)
{
	for (const struct client *c = h->clients; c != NULL; c = c->next) {
		if (c->session->resume == RESUME_COMMIT)
			return true;
	}
	return false;
}

/* Until nothing is under way. */
static inline void host_settle(struct test_host *h)
{
	for (;;) {
		if (h->nelsewhere > 0)
			host_run_one(h);
		else if (host_waits_for_write(h))
			host_take_write(h);
		else
			return;
	}
}

/* ---- clients ---- */

/* Moves bytes between the client and its session, as a connection does. */
static inline void client_pump(void *arg)
{
	struct client *c = arg;

	if (c->is_pumping) {
		c->must_pump = true;
		return;
	}
	c->is_pumping = true;
	do {
		c->must_pump = false;
		size_t n = session_writable(c->session);
		if (n > 0 && c->is_deaf)
			break;
		struct buf *out = session_output(c->session);
		buf_put(&c->received, out->data, n);
		buf_consume(out, n);
		session_drained(c->session);
		size_t taken = session_input(c->session, c->in.data, c->in.len);
		buf_consume(&c->in, taken);
		if (n > 0 || taken > 0)
			c->must_pump = true;
	} while (c->must_pump);
	c->is_pumping = false;
}

/* A client that has said nothing yet. */
static inline struct client *client_new(struct test_host *h)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->h = h;
	buf_init(&c->in, 16 << 20);
	buf_init(&c->received, 64 << 20);
	buf_init(&c->line, 64 << 20);
	c->session = session_new(&h->host, c, h->next_pid++, "127.0.0.1", 5555);
	assert_non_null(c->session);
	c->next = h->clients;
	h->clients = c;
	return c;
}

/* The client is gone; what runs for it is waited for. */
static inline void client_free(struct client *c)
{
	struct client **link = &c->h->clients;

	session_hang_up(c->session, NULL);
	host_settle(c->h);
	assert_true(session_is_free(c->session));
	session_free(c->session);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	buf_release(&c->in);
	buf_release(&c->received);
	buf_release(&c->line);
	free(c);
}

static inline void client_send_bytes(struct client *c, const void *bytes, size_t len)
{
	buf_put(&c->in, bytes, len);
	client_pump(c);
	host_release_reader(&c->h->host);
}

/* ---- what clients say ---- */

static inline void put_startup(struct buf *b, uint32_t version, const char *const *options)
{
	struct buf body;

	buf_init(&body, 1 << 20);
	wire_put_int32(&body, version);
	for (size_t i = 0; options[i] != NULL; i++)
		wire_put_str(&body, options[i]);
	buf_put_byte(&body, 0);
	wire_put_int32(b, (uint32_t)body.len + 4);
	buf_put(b, body.data, body.len);
	buf_release(&body);
}

static inline void put_text(struct buf *b, char type, const char *text)
{
	size_t at = wire_begin(b, type);

	wire_put_str(b, text);
	wire_end(b, at);
}

static inline void put_parse(struct buf *b, const char *name, const char *sql)
{
	size_t at = wire_begin(b, 'P');

	wire_put_str(b, name);
	wire_put_str(b, sql);
	wire_put_int16(b, 0);
	wire_end(b, at);
}

/* Parameters are texts, `-` alone a NULL. */
static inline void put_bind(
    struct buf *b, const char *portal, const char *statement, const char *const *params)
{
	size_t at = wire_begin(b, 'B'), n = 0;

	wire_put_str(b, portal);
	wire_put_str(b, statement);
	wire_put_int16(b, 0);
	while (params != NULL && params[n] != NULL)
		n++;
	wire_put_int16(b, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		bool is_null = strcmp(params[i], "-") == 0;
		wire_put_int32(b, is_null ? UINT32_MAX : (uint32_t)strlen(params[i]));
		if (!is_null)
			buf_put_text(b, params[i]);
	}
	wire_put_int16(b, 0);
	wire_end(b, at);
}

static inline void put_target(struct buf *b, char type, char kind, const char *name)
{
	size_t at = wire_begin(b, type);

	buf_put_byte(b, (uint8_t)kind);
	wire_put_str(b, name);
	wire_end(b, at);
}

static inline void put_execute(struct buf *b, const char *portal, int32_t rows_max)
{
	size_t at = wire_begin(b, 'E');

	wire_put_str(b, portal);
	wire_put_int32(b, (uint32_t)rows_max);
	wire_end(b, at);
}

/* Parse, Bind, Execute of one statement without a name. */
static inline void put_statement(struct buf *b, const char *sql)
{
	put_parse(b, "", sql);
	put_bind(b, "", "", NULL);
	put_execute(b, "", 0);
}

static inline void client_send(struct client *c, struct buf *b)
{
	client_send_bytes(c, b->data, b->len);
	buf_clear(b);
}

static inline void client_send_query(struct client *c, const char *sql)
{
	struct buf b;

	buf_init(&b, 16 << 20);
	put_text(&b, 'Q', sql);
	client_send(c, &b);
	buf_release(&b);
}

/* ---- what they hear, as text: "T[a,b] D[1|x] C[SELECT 1] Z[I]" ---- */

static inline uint32_t get_int(const uint8_t *p, int n)
{
	uint32_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline void say_columns(struct buf *o, const uint8_t *p)
{
	uint32_t n = get_int(p, 2);

	p += 2;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_byte(o, ',');
		buf_put_text(o, (const char *)p);
		p += strlen((const char *)p) + 1 + 18;
	}
}

static inline void say_row(struct buf *o, const uint8_t *p)
{
	uint32_t n = get_int(p, 2);

	p += 2;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = get_int(p, 4);
		p += 4;
		if (i > 0)
			buf_put_byte(o, '|');
		if (len == UINT32_MAX) {
			buf_put_text(o, "NULL");
			continue;
		}
		buf_put(o, p, len);
		p += len;
	}
}

/* The SQLSTATE; FATAL is told apart. */
static inline void say_error(struct buf *o, const uint8_t *p)
{
	for (; *p != 0; p += strlen((const char *)p) + 1) {
		if (*p == 'S' && strcmp((const char *)p + 1, "FATAL") == 0)
			buf_put_text(o, "FATAL ");
		if (*p == 'C')
			buf_put_text(o, (const char *)p + 1);
	}
}

static inline void say_message(struct buf *o, char type, const uint8_t *body, uint32_t len)
{
	buf_put_byte(o, (uint8_t)type);
	if (strchr("TDEZCNSd", type) == NULL)
		return;
	buf_put_byte(o, '[');
	switch (type) {
	case 'T': say_columns(o, body); break;
	case 'D': say_row(o, body); break;
	case 'E':
	case 'N': say_error(o, body); break;
	case 'S':
		buf_printf(
		    o, "%s=%s", (const char *)body, (const char *)body + strlen((const char *)body) + 1);
		break;
	case 'C': buf_put(o, body, len - 1); break;
	default: buf_put(o, body, len > 0 && body[len - 1] == '\n' ? len - 1 : len); break;
	}
	buf_put_byte(o, ']');
}

/* All that was received since the last time; lent until the next. A message that isn't whole is a failure. */
static inline const char *client_line(struct client *c)
{
	const uint8_t *p = c->received.data;
	size_t left = c->received.len;

	buf_clear(&c->line);
	while (left > 0) {
		assert_true(left >= 5 && get_int(p + 1, 4) >= 4 && left > get_int(p + 1, 4));
		uint32_t len = get_int(p + 1, 4) - 4;
		if (c->line.len > 0)
			buf_put_byte(&c->line, ' ');
		say_message(&c->line, (char)p[0], p + 5, len);
		p += 5 + len;
		left -= 5 + len;
	}
	buf_clear(&c->received);
	return buf_text(&c->line);
}

static inline void expect_at(struct client *c, const char *expected, int line)
{
	const char *got = client_line(c);

	if (strcmp(got, expected) != 0)
		fail_msg("line %d\n  expected: %s\n  received: %s", line, expected, got);
}

/* What the client has received since the last time. */
#define EXPECT(client, expected) expect_at(client, expected, __LINE__)
/* A simple query, run to its end. */
#define ASK(client, sql, expected)                     \
	do {                                           \
		client_send_query(client, sql);        \
		host_settle((client)->h);              \
		expect_at(client, expected, __LINE__); \
	} while (0)
/* Messages, run to their end. */
#define SAY(client, b, expected)                       \
	do {                                           \
		client_send(client, b);                \
		host_settle((client)->h);              \
		expect_at(client, expected, __LINE__); \
	} while (0)

/* A client past its startup, as user "test" of database "nqlite". */
static inline struct client *client_started(struct test_host *h)
{
	static const char *const options[] = { "user", "test", "database", "nqlite", NULL };
	struct client *c = client_new(h);
	struct buf b;

	buf_init(&b, 1 << 20);
	put_startup(&b, 3 << 16, options);
	client_send(c, &b);
	buf_release(&b);
	const char *line = client_line(c);
	assert_true(strlen(line) > 5 && strcmp(line + strlen(line) - 4, "Z[I]") == 0);
	return c;
}

#endif
