#include "server/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_PAUSE 65536 /* bytes read ahead while the session is busy */
#define INPUT_KEEP  65536 /* an input buffer larger than this is given back when it is empty */
#define STOP_MS     1000  /* what a client that doesn't read gets when the server stops */

struct connection {
	struct connection_context *context;
	int fd;
	struct event on_readable, on_writable, on_turn;
	struct session *session;
	struct buf in; /* read, and from in_at on not yet taken */
	size_t in_at;
	int64_t stall_timeout_ms;
	bool is_reading; /* on_readable is added */
	bool is_stalled; /* on_writable is added: the socket is full */
	bool is_started; /* the startup time-out is off */
	bool is_pumping; /* connection_pump is on the stack */
	bool must_pump;  /* the session said something meanwhile */
	struct connection *next, **link;
};

/* ---- list ---- */

struct connection *connection_next(struct connection *c)
{
	return c->next;
}

void connection_link(struct connection **list, struct connection *c)
{
	c->next = *list;
	c->link = list;
	if (c->next != NULL)
		c->next->link = &c->next;
	*list = c;
}

void connection_unlink(struct connection **list, struct connection *c)
{
	(void)list;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
}

struct session *connection_session(struct connection *c)
{
	return c->session;
}

/* ---- closing ---- */

static void close_now(struct connection *c)
{
	struct connection_context *context = c->context;

	event_del(&c->on_readable);
	event_del(&c->on_writable);
	event_del(&c->on_turn);
	close(c->fd);
	session_free(c->session);
	buf_release(&c->in);
	context->on_closed(context->arg, c);
	free(c);
}

/* ---- input ---- */

static void read_more(struct connection *c, bool more)
{
	if (more == c->is_reading)
		return;
	c->is_reading = more;
	if (more)
		event_add(&c->on_readable, NULL);
	else
		event_del(&c->on_readable);
}

/* Offers the session what was read before; true when it took something. */
static bool feed_kept(struct connection *c)
{
	size_t len = c->in.len - c->in_at;

	if (len == 0)
		return false;
	size_t taken = session_input(c->session, c->in.data + c->in_at, len);
	c->in_at += taken;
	if (c->in_at == c->in.len) {
		c->in_at = 0;
		if (c->in.cap > INPUT_KEEP || taken < INPUT_KEEP)
			buf_release(&c->in);
		else
			buf_clear(&c->in);
	}
	return taken > 0;
}

static void keep(struct connection *c, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return;
	if (c->in_at > 0) {
		buf_consume(&c->in, c->in_at);
		c->in_at = 0;
	}
	buf_put(&c->in, bytes, len);
	if (c->in.failed) {
		struct err err;
		err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		session_hang_up(c->session, &err);
	}
}

/* ---- output ---- */

static void wait_writable(struct connection *c)
{
	int64_t ms = c->stall_timeout_ms;
	const struct timeval timeout = { ms / 1000, (ms % 1000) * 1000 };

	c->is_stalled = true;
	event_add(&c->on_writable, &timeout);
}

/* Writes what there is; true when all of it went out. */
static bool flush(struct connection *c)
{
	struct buf *out = session_output(c->session);
	size_t len = session_writable(c->session), sent = 0;

	while (sent < len) {
		ssize_t n = send(c->fd, out->data + sent, len - sent, MSG_NOSIGNAL);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		buf_consume(out, sent);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			wait_writable(c);
			return false;
		}
		session_hang_up(c->session, NULL);
		buf_clear(out);
		return true;
	}
	buf_consume(out, sent);
	return true;
}

/* Other clients' events come first. */
static void wait_turn(struct connection *c)
{
	static const struct timeval at_once = { 0, 0 };

	event_add(&c->on_turn, &at_once);
}

/* Moves bytes between socket and session until neither has more for the other, or others want their turn. May free the connection. */
static void pump(struct connection *c)
{
	if (c->is_pumping) {
		c->must_pump = true;
		return;
	}
	c->is_pumping = true;
	do {
		c->must_pump = false;
		if (c->is_stalled)
			break;
		size_t before = session_writable(c->session);
		if (!flush(c))
			break;
		if (before > 0)
			c->must_pump = true;
		session_drained(c->session);
		if (feed_kept(c))
			c->must_pump = true;
		if (session_turn_is_over(c->session)) {
			wait_turn(c);
			break;
		}
	} while (c->must_pump);
	c->is_pumping = false;

	if (session_is_over(c->session)) {
		bool written = session_writable(c->session) == 0;
		read_more(c, false);
		if (written && session_is_free(c->session))
			close_now(c);
		return;
	}
	if (!c->is_started && !session_is_starting(c->session)) {
		c->is_started = true;
		event_remove_timer(&c->on_readable);
	}
	/* A message may be longer than what is read ahead; what waits for its turn need not be. */
	bool wants_more = session_takes_input(c->session) && !session_turn_is_over(c->session);
	read_more(c, c->in.len - c->in_at < INPUT_PAUSE || wants_more);
}

void connection_on_output(void *connection)
{
	pump(connection);
}

void connection_stop(struct connection *c, const struct err *err)
{
	session_hang_up(c->session, err);
	if (c->stall_timeout_ms > STOP_MS)
		c->stall_timeout_ms = STOP_MS;
	if (c->is_stalled)
		wait_writable(c);
	pump(c);
}

/* ---- events ---- */

static void hang_up(struct connection *c)
{
	session_hang_up(c->session, NULL);
	buf_clear(session_output(c->session));
	pump(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	struct connection_context *context = c->context;

	(void)fd;
	if (what & EV_TIMEOUT) { /* nothing, or half a startup packet: no client of ours */
		hang_up(c);
		return;
	}
	ssize_t n = recv(c->fd, context->scratch, SCRATCH_SIZE, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	/* Nearly always the session takes all at once, and nothing needs to be kept. */
	size_t taken = 0;
	c->is_pumping = true;
	if (c->in.len == c->in_at)
		taken = session_input(c->session, context->scratch, (size_t)n);
	keep(c, context->scratch + taken, (size_t)n - taken);
	if (taken == 0)
		feed_kept(c);
	c->is_pumping = false;
	pump(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	c->is_stalled = false;
	if (what & EV_TIMEOUT) {
		log_warning(c->context->host->logger,
		    "client of process %u does not read its results: connection closed",
		    session_pid(c->session));
		hang_up(c);
		return;
	}
	pump(c);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* ---- making ---- */

static void peer_name(int fd, char *host, size_t size, int *port)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	host[0] = '\0';
	*port = 0;
	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0)
		return;
	if (a.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&a;
		inet_ntop(AF_INET, &in->sin_addr, host, (socklen_t)size);
		*port = ntohs(in->sin_port);
	} else if (a.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)&a;
		inet_ntop(AF_INET6, &in->sin6_addr, host, (socklen_t)size);
		*port = ntohs(in->sin6_port);
	}
}

struct connection *connection_new(struct connection_context *context, int fd, uint32_t pid)
{
	struct connection *c = calloc(1, sizeof(*c));
	int64_t ms = context->limits->startup_timeout_ms;
	const struct timeval timeout = { ms / 1000, (ms % 1000) * 1000 };
	char host[64];
	int port, on = 1;

	peer_name(fd, host, sizeof(host), &port);
	if (c != NULL)
		c->session = session_new(context->host, c, pid, host, port);
	if (c == NULL || c->session == NULL) {
		close(fd);
		free(c);
		return NULL;
	}
	c->context = context;
	c->fd = fd;
	c->stall_timeout_ms = context->limits->stall_timeout_ms;
	buf_init(&c->in, context->host->limits->message_bytes_max + SCRATCH_SIZE + 16);
	setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails on a unix socket, which needs none */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	event_assign(&c->on_readable, context->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->on_writable, context->base, fd, EV_WRITE, on_writable, c);
	event_assign(&c->on_turn, context->base, -1, 0, on_turn, c);
	event_add(&c->on_readable, &timeout);
	c->is_reading = true;
	return c;
}
