#include "server/loop.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "pgwire/wire.h"
#include "server/connection.h"

#define TRANSLATIONS_MAX     2048
#define TRANSLATION_TEXT_MAX 65536
#define TICK_MS              20 /* how late a statement_timeout may fire */

enum post_kind { POST_CLIENT, POST_CANCEL, POST_STOP };

/* A message from another thread. */
struct post {
	struct queue_node node;
	enum post_kind kind;
	int fd;
	uint32_t pid, secret;
};

struct loop {
	struct session_host host; /* first: sessions know their loop by it */
	struct loop_options options;
	struct event_base *base;
	struct event on_wake, on_tick;
	int wake_fd;
	struct queue tasks, posts; /* from other threads */
	struct connection_context context;
	struct connection *connections;
	size_t nconnections;
	size_t nholds; /* of others that wait for something to come back */
	uint8_t scratch[SCRATCH_SIZE];
	uint32_t random[256]; /* from the kernel, by the kilobyte */
	size_t random_left;
	pthread_t thread;
	bool is_stopping;
};

/* ---- from other threads ---- */

static void wake(void *arg)
{
	struct loop *loop = arg;
	uint64_t one = 1;
	ssize_t n = write(loop->wake_fd, &one, sizeof(one));

	(void)n; /* full: it is awake already */
}

static bool post(struct loop *loop, struct post what)
{
	struct post *p = malloc(sizeof(*p));

	if (p == NULL)
		return false;
	*p = what;
	queue_push(&loop->posts, &p->node);
	return true;
}

void loop_post_client(struct loop *loop, int fd)
{
	if (!post(loop, (struct post){ .kind = POST_CLIENT, .fd = fd }))
		close(fd);
}

void loop_post_cancel(struct loop *loop, uint32_t pid, uint32_t secret)
{
	post(loop, (struct post){ .kind = POST_CANCEL, .pid = pid, .secret = secret });
}

void loop_post_stop(struct loop *loop)
{
	post(loop, (struct post){ .kind = POST_STOP });
}

void loop_post_task(struct task *task)
{
	struct loop *loop = (struct loop *)(void *)task->host;

	queue_push(&loop->tasks, &task->node);
}

/* ---- what sessions ask of their host ---- */

static void run_elsewhere(void *arg, struct task *task)
{
	struct loop *loop = arg;

	workers_submit(loop->options.workers, task);
}

static void cancel(void *arg, uint32_t pid, uint32_t secret)
{
	struct loop *loop = arg;

	loop->options.cancel_everywhere(loop->options.arg, pid, secret);
}

static uint32_t next_random(void *arg)
{
	struct loop *loop = arg;

	if (loop->random_left == 0) {
		size_t filled = 0;
		while (filled < sizeof(loop->random)) {
			ssize_t n =
			    getrandom((uint8_t *)loop->random + filled, sizeof(loop->random) - filled, 0);
			if (n > 0)
				filled += (size_t)n;
			else if (errno != EINTR)
				abort(); /* Linux gives random numbers, or it is no Linux that we know */
		}
		loop->random_left = sizeof(loop->random) / sizeof(loop->random[0]);
	}
	return loop->random[--loop->random_left];
}

/* ---- on the loop's thread ---- */

static void end_if_done(struct loop *loop)
{
	if (loop->is_stopping && loop->nconnections == 0 && loop->nholds == 0)
		event_base_loopbreak(loop->base);
}

static void on_closed(void *arg, struct connection *c)
{
	struct loop *loop = arg;

	connection_unlink(&loop->connections, c);
	loop->nconnections--;
	end_if_done(loop);
}

void loop_hold(struct loop *loop)
{
	loop->nholds++;
}

void loop_release(struct loop *loop)
{
	loop->nholds--;
	end_if_done(loop);
}

bool loop_is_stopping(const struct loop *loop)
{
	return loop->is_stopping;
}

static void refuse(int fd)
{
	struct buf out;
	struct err err;

	buf_init(&out, 4096);
	err_set(&err, SQLSTATE_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
	err_hint(&err, "Raise max_connections, or use a pool.");
	wire_put_error(&out, "FATAL", &err);
	ssize_t n = write(fd, out.data, out.len);
	(void)n;
	buf_release(&out);
	close(fd);
}

static void add_client(struct loop *loop, int fd)
{
	if (loop->is_stopping) {
		close(fd);
		return;
	}
	if (loop->nconnections >= loop->options.limits->connections_max) {
		refuse(fd);
		return;
	}
	uint32_t pid = atomic_fetch_add(loop->options.next_pid, 1) & 0x7fffffff;
	struct connection *c = connection_new(&loop->context, fd, pid);
	if (c == NULL)
		return;
	connection_link(&loop->connections, c);
	loop->nconnections++;
}

static void cancel_here(struct loop *loop, uint32_t pid, uint32_t secret)
{
	for (struct connection *c = loop->connections; c != NULL; c = connection_next(c)) {
		if (session_pid(connection_session(c)) == pid)
			session_cancel(connection_session(c), secret);
	}
}

static void stop(struct loop *loop)
{
	struct connection *c, *next;
	struct err err;

	err_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
	loop->is_stopping = true;
	for (c = loop->connections; c != NULL; c = next) {
		next = connection_next(c);
		connection_stop(c, &err);
	}
	end_if_done(loop);
}

static void take_posts(struct loop *loop)
{
	struct queue_node *node = queue_take(&loop->posts);

	while (node != NULL) {
		struct post *p = QUEUE_OBJECT(node, struct post, node);
		node = node->next;
		switch (p->kind) {
		case POST_CLIENT: add_client(loop, p->fd); break;
		case POST_CANCEL: cancel_here(loop, p->pid, p->secret); break;
		case POST_STOP: stop(loop); break;
		}
		free(p);
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof(count));

	(void)n;
	(void)what;
	struct queue_node *node = queue_take(&loop->tasks);
	while (node != NULL) {
		struct task *task = QUEUE_OBJECT(node, struct task, node);
		node = node->next;
		task->done(task);
	}
	take_posts(loop);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	int64_t now = clock_mono_us(loop->host.clock);
	bool any = false;

	(void)fd;
	(void)what;
	if (!loop->host.has_deadlines)
		return;
	for (struct connection *c = loop->connections; c != NULL; c = connection_next(c))
		any |= session_check_deadline(connection_session(c), now);
	loop->host.has_deadlines = any;
}

static void *run(void *arg)
{
	struct loop *loop = arg;

	while (!event_base_got_break(loop->base)) {
		if (event_base_loop(loop->base, EVLOOP_ONCE) < 0)
			break;
		/* A snapshot that is held keeps the WAL from being reset. */
		host_release_reader(&loop->host);
	}
	return NULL;
}

/* ---- life ---- */

static int fill_host(struct loop *loop, struct err *err)
{
	const struct loop_options *o = &loop->options;

	loop->host = (struct session_host){
		.store = o->store,
		.replication = o->replication,
		.translator = translator_new(TRANSLATIONS_MAX, TRANSLATION_TEXT_MAX),
		.limits = o->session_limits,
		.clock = &clock_system,
		.logger = o->logger,
		.random = next_random,
		.run_elsewhere = run_elsewhere,
		.bring_back = loop_post_task,
		.on_output = connection_on_output,
		.cancel = cancel,
		.arg = loop,
	};
	if (loop->host.translator == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return store_open_reader(o->store, &loop->host.reader, err);
}

static int make_events(struct loop *loop, struct err *err)
{
	const struct timeval tick = { 0, TICK_MS * 1000 };

	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return err_sys(err, "eventfd");
	loop->base = event_base_new();
	if (loop->base == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	event_assign(&loop->on_wake, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	event_assign(&loop->on_tick, loop->base, -1, EV_PERSIST, on_tick, loop);
	event_add(&loop->on_wake, NULL);
	event_add(&loop->on_tick, &tick);
	return 0;
}

int loop_new(struct loop **out, const struct loop_options *options, struct err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	loop->options = *options;
	loop->wake_fd = -1;
	queue_init(&loop->tasks, wake, loop);
	queue_init(&loop->posts, wake, loop);
	if (make_events(loop, err) != 0 || fill_host(loop, err) != 0) {
		loop_free(loop);
		return -1;
	}
	loop->context = (struct connection_context){ loop->base, &loop->host, options->limits, loop->scratch,
		on_closed, loop };
	*out = loop;
	return 0;
}

int loop_start(struct loop *loop, struct err *err)
{
	int rc = pthread_create(&loop->thread, NULL, run, loop);

	if (rc == 0)
		return 0;
	errno = rc;
	return err_sys(err, "start an event loop");
}

bool loop_join(struct loop *loop, int64_t wait_ms)
{
	struct timespec until;

	/* The wall clock is what pthread_timedjoin_np knows; its sister for other clocks is unknown to ThreadSanitizer. */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return pthread_timedjoin_np(loop->thread, NULL, &until) == 0;
}

void loop_free(struct loop *loop)
{
	if (loop->wake_fd >= 0)
		take_posts(loop);
	if (loop->host.reader != NULL) {
		host_release_reader(&loop->host);
		conn_close(loop->host.reader);
	}
	catalog_unref(loop->host.catalog);
	if (loop->host.translator != NULL)
		translator_free(loop->host.translator);
	if (loop->base != NULL) {
		event_del(&loop->on_wake);
		event_del(&loop->on_tick);
		event_base_free(loop->base);
	}
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct session_host *loop_host(struct loop *loop)
{
	return &loop->host;
}
