/* Loops and connections: clients on real sockets, threads as in the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/thread.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "pgwire/wire.h"
#include "server/loop.h"

#define NLOOPS   2
#define NCLIENTS 8
#define ROUNDS   60

struct rig {
	struct store *store;
	struct replication *replication;
	struct workers *workers;
	struct session_limits session_limits;
	struct server_limits limits;
	struct loop *loops[NLOOPS];
	_Atomic uint32_t next_pid, next_loop;
	bool is_running;
};

static struct rig rig;

static void cancel_everywhere(void *arg, uint32_t pid, uint32_t secret)
{
	(void)arg;
	for (size_t i = 0; i < NLOOPS; i++)
		loop_post_cancel(rig.loops[i], pid, secret);
}

static void check(int rc, const struct err *err)
{
	if (rc != 0)
		fail_msg("%s", err->message);
}

static int set_up(void **state)
{
	const struct store_options store = { .path = ":memory:", .tables = catalog_tables };
	struct err err;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	check(store_open(&rig.store, &store, &err), &err);
	const struct replication_options replication = {
		.store = rig.store, .log = log_local_new(), .is_local = true
	};
	check(replication_start(&rig.replication, &replication, &err), &err);
	check(workers_new(&rig.workers, 4, loop_post_task, &err), &err);
	rig.session_limits = (struct session_limits){
		.message_bytes_max = 1 << 20,
		.entry_bytes_max = 16 << 20,
		.output_pause_bytes = 16 << 10,
		.inline_ops_max = 20000,
		.prepared_max = 100,
		.portals_max = 100,
		.data_directory = "/data",
	};
	rig.limits = (struct server_limits){
		.connections_max = 100, .stall_timeout_ms = 60000, .startup_timeout_ms = 60000
	};
	const struct loop_options options = {
		.store = rig.store,
		.replication = rig.replication,
		.workers = rig.workers,
		.session_limits = &rig.session_limits,
		.limits = &rig.limits,
		.next_pid = &rig.next_pid,
		.cancel_everywhere = cancel_everywhere,
	};
	for (size_t i = 0; i < NLOOPS; i++)
		check(loop_new(&rig.loops[i], &options, &err), &err);
	return 0;
}

static void start_loops(void)
{
	struct err err;

	for (size_t i = 0; i < NLOOPS; i++)
		check(loop_start(rig.loops[i], &err), &err);
	rig.is_running = true;
}

static void stop_loops(void)
{
	for (size_t i = 0; i < NLOOPS; i++)
		loop_post_stop(rig.loops[i]);
	for (size_t i = 0; i < NLOOPS; i++)
		assert_true(loop_join(rig.loops[i], 60000));
	rig.is_running = false;
}

static int tear_down(void **state)
{
	(void)state;
	if (rig.is_running) /* the test has failed */
		stop_loops();
	workers_free(rig.workers);
	replication_stop(rig.replication, 10000);
	for (size_t i = 0; i < NLOOPS; i++)
		loop_free(rig.loops[i]);
	store_close(rig.store);
	return 0;
}

/* ---- clients: blocking sockets ---- */

struct client {
	int fd;
	uint32_t pid, secret;
	struct buf in;
	char sqlstate[6]; /* of the last error; "": none */
	char tag[64];     /* of the last CommandComplete */
	char value[64];   /* first field of the last row */
	size_t rows;
};

/* The next message, its type; 0 when the server has closed. Its body is at c->in.data + 5. */
static char client_read(struct client *c)
{
	uint8_t head[5];
	size_t len = 0;

	for (size_t got = 0; got < sizeof(head);) {
		ssize_t n = read(c->fd, head + got, sizeof(head) - got);
		if (n <= 0)
			return 0;
		got += (size_t)n;
	}
	len = ((size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4]) + 1;
	buf_clear(&c->in);
	buf_put(&c->in, head, sizeof(head));
	while (c->in.len < len) {
		uint8_t bytes[4096];
		size_t want = len - c->in.len < sizeof(bytes) ? len - c->in.len : sizeof(bytes);
		ssize_t n = read(c->fd, bytes, want);
		if (n <= 0)
			return 0;
		buf_put(&c->in, bytes, (size_t)n);
	}
	return (char)head[0];
}

static void take_error(struct client *c)
{
	for (const char *p = (const char *)c->in.data + 5; *p != '\0'; p += strlen(p) + 1) {
		if (*p == 'C')
			snprintf(c->sqlstate, sizeof(c->sqlstate), "%s", p + 1);
	}
}

static void take_row(struct client *c)
{
	const uint8_t *p = c->in.data + 7;
	size_t len = (size_t)p[2] << 8 | p[3];

	c->rows++;
	snprintf(c->value, sizeof(c->value), "%.*s", (int)(len < 60 ? len : 60), (const char *)p + 4);
}

/* Reads answers until ReadyForQuery; false when the server has closed. */
static bool client_answers(struct client *c)
{
	c->sqlstate[0] = c->tag[0] = '\0';
	c->rows = 0;
	for (;;) {
		switch (client_read(c)) {
		case 0: return false;
		case 'Z': return true;
		case 'E': take_error(c); break;
		case 'C': snprintf(c->tag, sizeof(c->tag), "%s", (const char *)c->in.data + 5); break;
		case 'D': take_row(c); break;
		case 'K':
			memcpy(&c->pid, c->in.data + 5, 4);
			memcpy(&c->secret, c->in.data + 9, 4);
			break;
		default: break;
		}
	}
}

static void client_write(struct client *c, const void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(c->fd, (const char *)bytes + at, len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

/* `room`: of the socket's buffer towards the client, 0: as usual. */
static int connect_socket(int room)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	if (room > 0 && setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) != 0)
		abort();
	int on = 1;
	if (ioctl(fds[1], FIONBIO, &on) != 0)
		abort();
	loop_post_client(rig.loops[atomic_fetch_add(&rig.next_loop, 1) % NLOOPS], fds[1]);
	return fds[0];
}

static void client_open_room(struct client *c, int room)
{
	static const char startup[] = "\0\0\0\x23\0\x03\0\0user\0test\0database\0nqlite\0\0";

	memset(c, 0, sizeof(*c));
	buf_init(&c->in, 16 << 20);
	c->fd = connect_socket(room);
	client_write(c, startup, 0x23);
}

static void client_open(struct client *c)
{
	client_open_room(c, 0);
}

static void client_close(struct client *c)
{
	close(c->fd);
	buf_release(&c->in);
}

static void client_send(struct client *c, const char *sql)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	size_t at = wire_begin(&b, 'Q');
	wire_put_str(&b, sql);
	wire_end(&b, at);
	client_write(c, b.data, b.len);
	buf_release(&b);
}

static bool client_query(struct client *c, const char *sql)
{
	client_send(c, sql);
	return client_answers(c);
}

/* ---- tests ---- */

static void a_client_is_served_and_leaves(void **state)
{
	struct client c;

	(void)state;
	start_loops();
	client_open(&c);
	assert_true(client_answers(&c));
	assert_true(client_query(&c, "SELECT 'x' FROM generate_series(1, 100000)"));
	assert_int_equal(c.rows, 100000);
	assert_string_equal(c.tag, "SELECT 100000");
	client_write(&c, "X\0\0\0\4", 5);
	assert_false(client_answers(&c));
	client_close(&c);
	stop_loops();
}

struct player {
	pthread_t thread;
	unsigned seed;
	int64_t acknowledged, unknown;
	bool is_lost;
};

static unsigned dice(struct player *p, unsigned sides)
{
	p->seed = p->seed * 1664525u + 1013904223u;
	return (p->seed >> 16) % sides;
}

static void put_insert(struct buf *b)
{
	static const char parse[] = "\0INSERT INTO t VALUES (1) RETURNING a\0\0";
	static const char bind[] = "\0\0\0\0\0\0\0";
	size_t at = wire_begin(b, 'P');

	buf_put(b, parse, sizeof(parse));
	wire_end(b, at);
	at = wire_begin(b, 'B');
	buf_put(b, bind, sizeof(bind));
	wire_end(b, at);
	at = wire_begin(b, 'E');
	buf_put(b, "\0\0\0\0", 5);
	wire_end(b, at);
}

static bool play_pipeline(struct player *p, struct client *c)
{
	unsigned n = 1 + dice(p, 20);
	struct buf b;

	buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < n; i++)
		put_insert(&b);
	if (dice(p, 2) == 0)
		wire_put_bare(&b, 'H');
	put_insert(&b);
	wire_put_bare(&b, 'S');
	client_write(c, b.data, b.len);
	buf_release(&b);
	if (!client_answers(c) || c->sqlstate[0] != '\0' || c->rows != n + 1)
		return false;
	p->acknowledged += n + 1;
	return true;
}

static bool play_transaction(struct player *p, struct client *c)
{
	bool commits = dice(p, 2) == 0;

	if (!client_query(c, "BEGIN; INSERT INTO t VALUES (2); SAVEPOINT s; INSERT INTO t VALUES (3)") ||
	    !client_query(c, "ROLLBACK TO s; SELECT count(*) FROM t") ||
	    !client_query(c, commits ? "COMMIT" : "ROLLBACK"))
		return false;
	p->acknowledged += commits;
	return c->sqlstate[0] == '\0';
}

/* The request is sent and nobody waits for what becomes of it. */
static bool play_leave(struct player *p, struct client *c)
{
	static const char *const what[] = { "SELECT count(*) FROM generate_series(1, 100000000)",
		"SELECT g FROM generate_series(1, 100000) AS g",
		"BEGIN; CREATE TABLE never (a int); SELECT count(*) FROM t" };
	unsigned i = dice(p, 4);

	if (i < 3) {
		client_send(c, what[i]);
	} else {
		client_send(c, "INSERT INTO t VALUES (4)");
		p->unknown++;
	}
	client_close(c);
	client_open(c);
	return client_answers(c);
}

static bool play_cancel(struct client *c)
{
	struct client other = { .fd = connect_socket(0) };
	const uint32_t code[2] = { __builtin_bswap32(16), __builtin_bswap32(80877102) };

	client_send(c, "SELECT count(*) FROM generate_series(1, 100000000)");
	/* The rows' description comes first: then it runs, and the cancel reaches it. */
	if (client_read(c) != 'T')
		return false;
	client_write(&other, code, sizeof(code));
	client_write(&other, &c->pid, 4);
	client_write(&other, &c->secret, 4);
	bool ok = client_answers(c) && strcmp(c->sqlstate, "57014") == 0;
	close(other.fd);
	return ok;
}

static bool play_round(struct player *p, struct client *c)
{
	switch (dice(p, 8)) {
	case 0: return play_leave(p, c);
	case 1: return play_cancel(c);
	case 2: return play_transaction(p, c);
	case 3:
		return client_query(c, "SELECT g, 'text' FROM generate_series(1, 5000) AS g") &&
		       c->rows == 5000;
	case 4: return client_query(c, "SELECT nosuch") && strcmp(c->sqlstate, "42703") == 0;
	default: return play_pipeline(p, c);
	}
}

static void *play(void *arg)
{
	struct player *p = arg;
	struct client c;

	client_open(&c);
	p->is_lost = !client_answers(&c);
	for (int i = 0; i < ROUNDS && !p->is_lost; i++)
		p->is_lost = !play_round(p, &c);
	if (p->is_lost)
		fprintf(stderr, "a player is lost: %s, %zu rows, '%s'\n", c.sqlstate, c.rows, c.tag);
	client_close(&c);
	return NULL;
}

static void what_is_acknowledged_is_there_once(void **state)
{
	struct player players[NCLIENTS] = { 0 };
	int64_t acknowledged = 0, unknown = 0, nlost = 0;
	struct client c;

	(void)state;
	start_loops();
	client_open(&c);
	assert_true(client_answers(&c));
	assert_true(client_query(&c, "CREATE TABLE t (a int)"));
	for (size_t i = 0; i < NCLIENTS; i++) {
		players[i].seed = (unsigned)i * 7919u + 1;
		assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
	}
	for (size_t i = 0; i < NCLIENTS; i++) {
		pthread_join(players[i].thread, NULL);
		acknowledged += players[i].acknowledged;
		unknown += players[i].unknown;
		nlost += players[i].is_lost;
	}
	assert_int_equal(nlost, 0);
	assert_true(client_query(&c, "SELECT count(*) FROM t"));
	int64_t n = atoll(c.value);
	assert_true(n >= acknowledged && n <= acknowledged + unknown);
	client_close(&c);
	stop_loops();
}

static void stopping_tells_clients_and_ends_their_work(void **state)
{
	struct client idle, busy, open;

	(void)state;
	start_loops();
	client_open(&idle);
	client_open(&busy);
	client_open(&open);
	assert_true(client_answers(&idle) && client_answers(&busy) && client_answers(&open));
	assert_true(client_query(&open, "BEGIN; CREATE TABLE u (a int)"));
	client_send(&busy, "SELECT count(*) FROM generate_series(1, 100000000)");
	assert_int_equal(client_read(&busy), 'T');
	stop_loops();
	assert_false(client_answers(&idle) || client_answers(&busy) || client_answers(&open));
	assert_string_equal(idle.sqlstate, "57P01");
	client_close(&idle);
	client_close(&busy);
	client_close(&open);
}

static int64_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void stopping_does_not_wait_for_a_client_that_reads_nothing(void **state)
{
	struct client deaf;
	int64_t before;
	int waiting = 0;

	(void)state;
	start_loops();
	client_open_room(&deaf, 4096);
	assert_true(client_answers(&deaf));
	client_send(&deaf, "SELECT g, 'some text' FROM generate_series(1, 1000000) AS g");
	assert_int_equal(client_read(&deaf), 'T');
	/* Rows have come, more than the socket holds are on their way. */
	while (waiting < 1000)
		assert_int_equal(ioctl(deaf.fd, FIONREAD, &waiting), 0);
	before = seconds();
	stop_loops();
	assert_true(seconds() - before < 30);
	client_close(&deaf);
}

static void a_client_that_reads_nothing_is_closed(void **state)
{
	struct client deaf;

	(void)state;
	rig.limits.stall_timeout_ms = 100;
	start_loops();
	client_open(&deaf);
	assert_true(client_answers(&deaf));
	client_send(&deaf, "SELECT g, 'some text' FROM generate_series(1, 1000000) AS g");
	/* Seen from here: the socket takes no more, and then the peer is gone. */
	while (send(deaf.fd, "H\0\0\0\4", 5, MSG_NOSIGNAL) > 0) {}
	client_close(&deaf);
	stop_loops();
}

static void a_client_that_says_nothing_is_closed(void **state)
{
	struct client mute = { 0 };

	(void)state;
	rig.limits.startup_timeout_ms = 50;
	start_loops();
	mute.fd = connect_socket(0);
	assert_int_equal(client_read(&mute), 0);
	close(mute.fd);
	stop_loops();
}

static void a_pipeline_of_many_queries_lets_others_have_their_turn(void **state)
{
	struct client greedy, other;
	struct buf b;
	int after_other, n = 1000;
	size_t received = 0;

	(void)state;
	start_loops();
	client_open(&greedy);
	rig.next_loop = 0; /* the same one */
	client_open(&other);
	assert_true(client_answers(&greedy) && client_answers(&other));
	buf_init(&b, 1 << 20);
	for (int i = 0; i < n; i++) {
		size_t at = wire_begin(&b, 'Q');
		wire_put_str(&b, "SELECT count(*) FROM generate_series(1, 1000)");
		wire_end(&b, at);
	}
	client_write(&greedy, b.data, b.len);
	assert_true(client_query(&other, "SELECT 1"));
	assert_int_equal(ioctl(greedy.fd, FIONREAD, &after_other), 0);
	for (int i = 0; i < n;) {
		i += client_read(&greedy) == 'Z';
		received += greedy.in.len;
	}
	assert_true((size_t)after_other < received);
	buf_release(&b);
	client_close(&greedy);
	client_close(&other);
	stop_loops();
}

static void too_many_clients_are_told_so(void **state)
{
	struct client first, second, third;

	(void)state;
	rig.limits.connections_max = 1;
	start_loops();
	client_open(&first);
	client_open(&second);
	assert_true(client_answers(&first) && client_answers(&second));
	client_open(&third);
	assert_false(client_answers(&third));
	assert_string_equal(third.sqlstate, "53300");
	client_close(&first);
	client_close(&second);
	client_close(&third);
	stop_loops();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_client_is_served_and_leaves),
		TEST(what_is_acknowledged_is_there_once),
		TEST(stopping_tells_clients_and_ends_their_work),
		TEST(stopping_does_not_wait_for_a_client_that_reads_nothing),
		TEST(a_client_that_reads_nothing_is_closed),
		TEST(a_client_that_says_nothing_is_closed),
		TEST(a_pipeline_of_many_queries_lets_others_have_their_turn),
		TEST(too_many_clients_are_told_so),
	};

	evthread_use_pthreads();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
