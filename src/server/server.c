#include "server/server.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "server/http_listener.h"
#include "server/listener.h"
#include "server/loop.h"

#define LOOPS_MAX          64
#define STOP_WAIT_MS       10000
#define STARTUP_TIMEOUT_MS 60000
#define READERS_MAX        256

/* One file and one stream. */
struct database {
	char path[4096];
	struct store *store;
	struct replication *replication;
};

struct server {
	const struct config *config;
	struct logger logger;
	struct database database;
	struct session_limits session_limits;
	struct server_limits limits;
	struct workers *workers;
	struct loop *loops[LOOPS_MAX];
	size_t nloops, nstarted, next_loop;
	_Atomic uint32_t next_pid;
	struct listener pg;
	struct event on_client;
	bool is_accepting;
	struct http_listener *http;
};

/* ---- the database ---- */

static int make_directories(const char *path, struct err *err)
{
	char part[4096];

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0750) != 0 && errno != EEXIST)
			return err_sys(err, "create directory %s", part);
	}
	return 0;
}

static int open_store(struct server *s, struct err *err)
{
	const char *dir = s->config->data_dir;
	struct database *d = &s->database;

	if (strcmp(dir, ":memory:") == 0) {
		snprintf(d->path, sizeof(d->path), ":memory:");
	} else {
		int n = snprintf(d->path, sizeof(d->path), "%s/nqlite/nqlite.db", dir);
		if (n < 0 || (size_t)n >= sizeof(d->path))
			return err_set(err, SQLSTATE_CONFIG, "--data-dir is too long");
		if (make_directories(d->path, err) != 0)
			return -1;
	}
	const struct store_options options = {
		.path = d->path,
		.is_durable = s->config->nats_host == NULL,
		.readers_max = READERS_MAX,
		.tables = catalog_tables,
		.logger = &s->logger,
	};
	return store_open(&d->store, &options, err);
}

static int open_log(struct server *s, struct log **out, struct err *err)
{
	if (s->config->nats_host == NULL) {
		*out = log_local_new();
		return *out == NULL ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
	}
	const struct log_jetstream_options options = {
		.urls = s->config->nats_host,
		.creds = s->config->creds,
		.token = s->config->token,
		.stream = "nqlite",
		.logger = &s->logger,
	};
	return log_jetstream_new(out, &options, err);
}

static int start_replication(struct server *s, struct err *err)
{
	struct log *log;

	if (open_log(s, &log, err) != 0)
		return -1;
	const struct replication_options options = {
		.store = s->database.store,
		.log = log,
		.is_local = s->config->nats_host == NULL,
		.write_wait_ms = s->config->write_wait_ms,
		.clock = &clock_system,
		.logger = &s->logger,
	};
	return replication_start(&s->database.replication, &options, err);
}

/* ---- loops ---- */

static void cancel_everywhere(void *arg, uint32_t pid, uint32_t secret)
{
	struct server *s = arg;

	for (size_t i = 0; i < s->nloops; i++)
		loop_post_cancel(s->loops[i], pid, secret);
}

static size_t choose_loops(const struct config *c)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = c->loops > 0 ? (size_t)c->loops : processors > 1 ? (size_t)processors : 1;

	return n > LOOPS_MAX ? LOOPS_MAX : n;
}

static int make_loops(struct server *s, struct err *err)
{
	size_t n = choose_loops(s->config);

	s->session_limits = (struct session_limits){
		.message_bytes_max = 0x3fffffff,
		.entry_bytes_max = (size_t)s->config->entry_bytes_max,
		.output_pause_bytes = 256 << 10,
		.inline_ops_max = 20000,
		.prepared_max = 10000,
		.portals_max = 1000,
		.data_directory = s->config->data_dir,
	};
	s->limits = (struct server_limits){
		.connections_max = ((size_t)s->config->max_connections + n - 1) / n,
		.stall_timeout_ms = s->config->stall_timeout_ms,
		.startup_timeout_ms = STARTUP_TIMEOUT_MS,
	};
	const struct loop_options options = {
		.store = s->database.store,
		.replication = s->database.replication,
		.workers = s->workers,
		.session_limits = &s->session_limits,
		.limits = &s->limits,
		.logger = &s->logger,
		.next_pid = &s->next_pid,
		.cancel_everywhere = cancel_everywhere,
		.arg = s,
	};
	for (; s->nloops < n; s->nloops++) {
		if (loop_new(&s->loops[s->nloops], &options, err) != 0)
			return -1;
	}
	return 0;
}

static int start_loops(struct server *s, struct err *err)
{
	for (; s->nstarted < s->nloops; s->nstarted++) {
		if (loop_start(s->loops[s->nstarted], err) != 0)
			return -1;
	}
	return 0;
}

/* ---- clients ---- */

/* On the first loop's thread. */
static void on_client(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			if (errno != EAGAIN)
				log_warning(&s->logger, "accept: %s", strerror(errno));
			return;
		}
		loop_post_client(s->loops[s->next_loop++ % s->nloops], client);
	}
}

static int open_listeners(struct server *s, struct err *err)
{
	if (listener_open(&s->pg, &s->config->pg_listen, err) != 0)
		return err_prefix(err, "--pg-listen");
	event_assign(&s->on_client, loop_base(s->loops[0]), s->pg.fd, EV_READ | EV_PERSIST, on_client, s);
	event_add(&s->on_client, NULL);
	s->is_accepting = true;
	const struct http_listener_options options = {
		.address = &s->config->http_listen,
		.loop = s->loops[0],
		.shape = s->config->http_shape,
		.logger = &s->logger,
	};
	if (http_listener_new(&s->http, &options, err) != 0)
		return err_prefix(err, "--http-listen");
	return 0;
}

/* ---- life ---- */

/* A statement that takes minutes in the applier can't be waited for. Nothing is lost by leaving it: what isn't committed was not
 * acknowledged, and is applied at the next start if it is in the log. */
static noreturn void abandon(const struct server *s)
{
	log_warning(
	    &s->logger, "a write is still being applied after %d s: stopped without it", STOP_WAIT_MS / 1000);
	_exit(0);
}

static void stop(struct server *s)
{
	if (s->is_accepting)
		event_del(&s->on_client);
	for (size_t i = 0; i < s->nstarted; i++)
		loop_post_stop(s->loops[i]);
	for (size_t i = 0; i < s->nstarted; i++) {
		if (!loop_join(s->loops[i], STOP_WAIT_MS))
			abandon(s);
	}
	if (s->http != NULL)
		http_listener_free(s->http);
	if (s->is_accepting)
		listener_close(&s->pg);
	if (s->workers != NULL)
		workers_free(s->workers);
	if (s->database.replication != NULL)
		replication_stop(s->database.replication, STOP_WAIT_MS);
	for (size_t i = 0; i < s->nloops; i++)
		loop_free(s->loops[i]);
	if (s->database.store != NULL)
		store_close(s->database.store);
}

static int start(struct server *s, struct err *err)
{
	if (open_store(s, err) != 0 || start_replication(s, err) != 0)
		return -1;
	if (workers_new(&s->workers, (size_t)s->config->workers, loop_post_task, err) != 0)
		return -1;
	if (make_loops(s, err) != 0 || open_listeners(s, err) != 0 || start_loops(s, err) != 0)
		return -1;
	log_info(&s->logger, "nqlite %s: %s, PostgreSQL on %s:%u, HTTP on %s:%u, database %s", NQLITE_VERSION,
	    s->config->nats_host == NULL ? "embedded" : "JetStream", s->config->pg_listen.host, s->pg.port,
	    s->config->http_listen.host, http_listener_port(s->http), s->database.path);
	return 0;
}

/* Ten thousand clients need as many descriptors. */
static void raise_descriptors(const struct logger *logger)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning(logger, "can't raise the limit of open files: %s", strerror(errno));
}

int server_run(const struct config *config, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	sigset_t signals;
	int number;

	if (s == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	s->config = config;
	s->logger.level = config->log_level;
	s->pg.fd = -1;
	atomic_init(&s->next_pid, (uint32_t)getpid());
	/* Threads inherit the mask: only this one waits for signals. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	evthread_use_pthreads();
	raise_descriptors(&s->logger);

	int rc = start(s, err);
	if (rc == 0 && sigwait(&signals, &number) == 0)
		log_info(&s->logger, "%s: stopping", strsignal(number));
	stop(s);
	if (rc == 0)
		log_info(&s->logger, "stopped");
	free(s);
	return rc;
}
