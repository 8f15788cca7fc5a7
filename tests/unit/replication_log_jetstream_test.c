/* The JetStream log against a real nats-server: each test starts its own, on a free port with its own store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "replication/log.h"
#include "replication/log_jetstream_pending.h"
#include "replication/log_jetstream_wire.h"

enum { WAIT_S = 30, PUBLISHES_MAX = 200000 };

/* The server. */

struct server {
	pid_t pid;
	int port;
	char dir[96];
	char config[512];
};

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void server_start(struct server *s)
{
	pid_t parent = getpid();

	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* however this test ends */
	if (getppid() != parent)
		_exit(1);
	int null = open("/dev/null", O_WRONLY);
	dup2(null, 1);
	dup2(null, 2);
	execlp("nats-server", "nats-server", "-c", s->config, (char *)NULL);
	_exit(127);
}

static void server_kill(struct server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* Whatever the log makes of it, and whatever it holds at the end. */
struct world {
	struct server server, others[2];
	struct log *log;
	pthread_mutex_t mu;
	pthread_cond_t changed;
	/* mu */
	enum log_state state;
	struct err state_err;
	size_t nconnected;
	uint64_t nmessages, first_seq, last_seq;
	bool is_orderly; /* seqs were contiguous */
	bool keeps;      /* messages aren't released */
	struct log_message kept[256];
	size_t nkept;
	uint64_t last_value;
	bool last_is_ours;
	uint8_t *values_seen; /* how often each value was delivered */
	uint64_t *seq_of;     /* by token: where it was stored */
	uint8_t *refused, *unknown, *fates;
	size_t nstored, nfates;
	struct err publish_err;
	uint64_t head_token, head;
	bool head_ok;
};

static void on_message(void *arg, const struct log_message *m)
{
	struct world *w = arg;
	uint64_t value = 0;

	memcpy(&value, m->data, m->len < sizeof value ? m->len : sizeof value);
	pthread_mutex_lock(&w->mu);
	if (w->nmessages == 0)
		w->first_seq = m->seq;
	else if (m->seq != w->last_seq + 1)
		w->is_orderly = false;
	w->last_seq = m->seq;
	w->last_value = value;
	w->last_is_ours = m->is_ours;
	w->nmessages++;
	if (value < PUBLISHES_MAX)
		w->values_seen[value]++;
	bool keep = w->keeps;
	if (keep)
		w->kept[w->nkept++] = *m;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mu);
	if (!keep)
		w->log->ops->release_message(w->log, m);
}

static void on_published(
    void *arg, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->mu);
	w->fates[token]++;
	w->nfates++;
	if (fate == LOG_STORED) {
		w->seq_of[token] = seq;
		w->nstored++;
	} else {
		w->publish_err = *err;
		(fate == LOG_REFUSED ? w->refused : w->unknown)[token]++;
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mu);
}

static void on_state(void *arg, enum log_state state, const struct err *err)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->mu);
	w->state = state;
	w->nconnected += state == LOG_CONNECTED;
	if (err != NULL)
		w->state_err = *err;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mu);
}

static void on_head(void *arg, uint64_t token, bool ok, uint64_t seq)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->mu);
	w->head_token = token;
	w->head_ok = ok;
	w->head = seq;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mu);
}

/* Waits until `condition` holds; fails the test after WAIT_S. */
#define await(w, condition)                                                                          \
	do {                                                                                         \
		struct timespec until;                                                               \
                                                                                                     \
		clock_gettime(CLOCK_REALTIME, &until);                                               \
		until.tv_sec += WAIT_S;                                                              \
		pthread_mutex_lock(&(w)->mu);                                                        \
		int rc = 0;                                                                          \
		while (!(condition) && rc == 0)                                                      \
			rc = pthread_cond_timedwait(&(w)->changed, &(w)->mu, &until);                \
		bool holds = (condition);                                                            \
		pthread_mutex_unlock(&(w)->mu);                                                      \
		if (!holds)                                                                          \
			fail_msg("waited in vain for %s; state %d, %s", #condition, (int)(w)->state, \
			    (w)->state_err.message);                                                 \
	} while (0)

static void write_config(struct server *s, const char *more)
{
	FILE *f = fopen(s->config, "w");

	assert_non_null(f);
	fprintf(f, "host: 127.0.0.1\nport: %d\njetstream { store_dir: \"%s\" }\n%s\n", s->port, s->dir, more);
	fclose(f);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	*state = w;
	w->values_seen = calloc(PUBLISHES_MAX, 1);
	w->seq_of = calloc(PUBLISHES_MAX, sizeof *w->seq_of);
	w->refused = calloc(PUBLISHES_MAX, 1);
	w->unknown = calloc(PUBLISHES_MAX, 1);
	w->fates = calloc(PUBLISHES_MAX, 1);
	w->is_orderly = true;
	pthread_mutex_init(&w->mu, NULL);
	pthread_cond_init(&w->changed, NULL);
	snprintf(w->server.dir, 64, "/tmp/nqlite_log_test_XXXXXX");
	assert_non_null(mkdtemp(w->server.dir));
	snprintf(w->server.config, sizeof w->server.config, "%s/server.conf", w->server.dir);
	w->server.port = free_port();
	write_config(&w->server, "");
	return 0;
}

static void close_log(struct world *w)
{
	if (w->log == NULL)
		return;
	w->log->ops->stop(w->log);
	for (size_t i = 0; i < w->nkept; i++)
		w->log->ops->release_message(w->log, &w->kept[i]);
	w->nkept = 0;
	w->log->ops->free(w->log);
	w->log = NULL;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char command[160];

	close_log(w);
	server_kill(&w->server);
	server_kill(&w->others[0]);
	server_kill(&w->others[1]);
	snprintf(command, sizeof command, "rm -rf %s", w->server.dir);
	if (system(command) != 0)
		return -1;
	free(w->values_seen);
	free(w->seq_of);
	free(w->refused);
	free(w->unknown);
	free(w->fates);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mu);
	free(w);
	return 0;
}

/* Begins to watch anew; what was published before stays known. */
static void open_log(struct world *w, uint64_t start_seq)
{
	char urls[64];
	struct err err;
	struct log_jetstream_options options = { .urls = urls, .reconnect_wait_ms = 50 };
	struct log_callbacks callbacks = { .arg = w,
		.on_message = on_message,
		.on_published = on_published,
		.on_state = on_state,
		.on_head = on_head };

	w->nmessages = 0;
	w->is_orderly = true;
	w->state = LOG_CONNECTING;
	snprintf(urls, sizeof urls, "nats://127.0.0.1:%d", w->server.port);
	assert_int_equal(log_jetstream_new(&w->log, &options, &err), 0);
	assert_int_equal(w->log->ops->start(w->log, start_seq, &callbacks, &err), 0);
}

static struct world *start(void **state)
{
	struct world *w = *state;

	server_start(&w->server);
	open_log(w, 1);
	await(w, w->state == LOG_CONNECTED);
	return w;
}

/* The value is the first eight bytes, the token and the id. */
static void publish(struct world *w, uint64_t value)
{
	char id[32];

	snprintf(id, sizeof id, "test:%" PRIu64, value);
	w->log->ops->publish(w->log, value, id, &value, sizeof value);
}

/* An operator's connection. */
static jsCtx *operator_open(struct world *w, natsConnection **nc)
{
	char url[64];
	jsCtx *js = NULL;

	snprintf(url, sizeof url, "nats://127.0.0.1:%d", w->server.port);
	assert_int_equal(natsConnection_ConnectTo(nc, url), NATS_OK);
	assert_int_equal(natsConnection_JetStream(&js, *nc, NULL), NATS_OK);
	return js;
}

static void operator_close(jsCtx *js, natsConnection *nc)
{
	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
}

static void operator_add_stream(jsCtx *js)
{
	const char *subject = "nqlite.push";
	jsStreamConfig config;

	jsStreamConfig_Init(&config);
	config.Name = "nqlite";
	config.Subjects = &subject;
	config.SubjectsLen = 1;
	assert_int_equal(js_AddStream(NULL, js, &config, NULL, NULL), NATS_OK);
}

static void what_is_published_is_stored_and_delivered(void **state)
{
	struct world *w = start(state);
	struct log_identity identity;

	for (uint64_t i = 1; i <= 3; i++)
		publish(w, i);
	await(w, w->nmessages == 3 && w->nstored == 3);
	assert_true(w->is_orderly && w->first_seq == 1 && w->last_value == 3 && w->last_is_ours);
	assert_true(w->seq_of[1] == 1 && w->seq_of[2] == 2 && w->seq_of[3] == 3);
	assert_true(w->log->ops->identity(w->log, &identity));
	assert_int_equal(strlen(identity.cluster_id), 36);
	assert_true(identity.created_us > 1600000000000000);
	assert_int_equal(w->log->ops->message_max(w->log), 1024 * 1024 - 256);
}

static void the_head_is_the_last_seq_of_the_stream(void **state)
{
	struct world *w = start(state);

	w->log->ops->request_head(w->log, 1);
	await(w, w->head_token == 1);
	assert_true(w->head_ok && w->head == 0);
	publish(w, 1);
	await(w, w->nstored == 1);
	w->log->ops->request_head(w->log, 2);
	await(w, w->head_token == 2);
	assert_true(w->head_ok && w->head == 1);
}

static void a_node_goes_on_from_its_own_seq_in_the_same_cluster(void **state)
{
	struct world *w = start(state);
	struct log_identity before, after;

	for (uint64_t i = 1; i <= 10; i++)
		publish(w, i);
	await(w, w->nmessages == 10);
	assert_true(w->log->ops->identity(w->log, &before));
	close_log(w);
	open_log(w, 8);
	await(w, w->nmessages == 3);
	assert_true(w->first_seq == 8 && w->is_orderly);
	assert_true(w->log->ops->identity(w->log, &after));
	assert_string_equal(before.cluster_id, after.cluster_id);
	assert_true(before.created_us == after.created_us);
}

static void a_repetition_is_stored_once_and_has_the_same_seq(void **state)
{
	struct world *w = start(state);

	publish(w, 1);
	await(w, w->nstored == 1);
	publish(w, 1);
	await(w, w->nstored == 2);
	assert_true(w->seq_of[1] == 1);
	publish(w, 2);
	await(w, w->nstored == 3 && w->nmessages == 2);
	assert_true(w->last_seq == 2 && w->values_seen[1] == 1);
}

/* Publishes 1..n, at most `window` under way, each again until it is stored; kills and restarts the server on the way. */
static void acknowledged_messages_outlive_a_killed_server(void **state)
{
	struct world *w = start(state);
	enum { N = 3000, WINDOW = 32, KILLS = 4 };
	uint64_t next = 1;
	size_t nkills = 0;

	while (true) {
		uint64_t again = 0;

		pthread_mutex_lock(&w->mu);
		size_t nstored = w->nstored, nunder_way = next - 1 - nstored;
		for (uint64_t i = 1; i < next && again == 0; i++) {
			if (w->seq_of[i] == 0 && w->fates[i] > 0 && w->state == LOG_CONNECTED) {
				again = i;
				w->fates[i] = 0;
			}
		}
		if (nstored < N && again == 0 && (next > N || nunder_way >= WINDOW)) {
			struct timespec until;

			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_sec += WAIT_S;
			assert_int_equal(pthread_cond_timedwait(&w->changed, &w->mu, &until), 0);
		}
		pthread_mutex_unlock(&w->mu);
		if (nstored == N)
			break;
		if (again != 0)
			publish(w, again);
		else if (next <= N && nunder_way < WINDOW)
			publish(w, next++);
		if (nkills < KILLS && nstored > (nkills + 1) * N / (KILLS + 1)) {
			server_kill(&w->server);
			server_start(&w->server);
			nkills++;
		}
	}
	assert_int_equal(nkills, KILLS);
	await(w, w->nmessages == N);
	assert_true(w->is_orderly && w->last_seq == N);
	for (uint64_t i = 1; i <= N; i++)
		assert_int_equal(w->values_seen[i], 1);
	assert_true(w->nconnected > KILLS);
}

static void a_log_that_is_away_at_the_start_is_waited_for(void **state)
{
	struct world *w = *state;
	struct log_identity identity;

	open_log(w, 1);
	await(w, w->state == LOG_DISCONNECTED);
	assert_string_equal(w->state_err.sqlstate, SQLSTATE_CONNECTION_FAILURE);
	assert_false(w->log->ops->identity(w->log, &identity));
	publish(w, 1);
	await(w, w->refused[1] == 1);
	assert_string_equal(w->publish_err.sqlstate, SQLSTATE_CONNECTION_FAILURE);
	w->log->ops->request_head(w->log, 5);
	await(w, w->head_token == 5);
	assert_false(w->head_ok);
	server_start(&w->server);
	await(w, w->state == LOG_CONNECTED);
	publish(w, 1);
	await(w, w->nmessages == 1);
}

static void a_frozen_server_leaves_publishes_unknown(void **state)
{
	struct world *w = start(state);

	int status;
	kill(w->server.pid, SIGSTOP);
	assert_int_equal(waitpid(w->server.pid, &status, WUNTRACED), w->server.pid);
	assert_true(WIFSTOPPED(status));
	publish(w, 1);
	await(w, w->unknown[1] == 1);
	assert_string_equal(w->publish_err.sqlstate, SQLSTATE_UNKNOWN_OUTCOME);
	kill(w->server.pid, SIGCONT);
	await(w, w->nmessages == 1); /* it was stored after all */
	await(w, w->state == LOG_CONNECTED);
	publish(w, 1);
	await(w, w->nstored == 1);
	publish(w, 2);
	await(w, w->nmessages == 2 && w->nstored == 2);
	assert_true(w->is_orderly && w->seq_of[1] == 1 && w->seq_of[2] == 2);
}

static void a_deleted_stream_is_noticed(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	jsCtx *js = operator_open(w, &nc);

	publish(w, 1);
	await(w, w->nmessages == 1);
	assert_int_equal(js_DeleteStream(js, "nqlite", NULL, NULL), NATS_OK);
	operator_close(js, nc);
	publish(w, 2);
	await(w, w->refused[2] == 1);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "stream \"nqlite\" is gone"));
	publish(w, 3);
	await(w, w->refused[3] == 1);
	assert_string_equal(w->publish_err.message, w->state_err.message);
}

static void a_stream_that_was_made_again_is_noticed(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	jsCtx *js = operator_open(w, &nc);

	publish(w, 1);
	await(w, w->nmessages == 1);
	assert_int_equal(js_DeleteStream(js, "nqlite", NULL, NULL), NATS_OK);
	operator_add_stream(js);
	operator_close(js, nc);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "deleted and made again"));
	assert_int_equal(w->nmessages, 1);
}

static void a_stream_that_ends_before_this_node_is_refused(void **state)
{
	struct world *w = start(state);

	publish(w, 1);
	await(w, w->nmessages == 1);
	close_log(w);
	open_log(w, 2); /* all it has: fine */
	await(w, w->state == LOG_CONNECTED);
	close_log(w);
	open_log(w, 3);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(
	    strstr(w->state_err.message, "ends at seq 1, but this node has what it held up to seq 2"));
}

static void a_node_that_had_a_stream_makes_no_new_one(void **state)
{
	struct world *w = *state;

	server_start(&w->server);
	open_log(w, 7);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "is gone, and this node has what it held up to seq 6"));
}

static void purged_messages_that_a_node_lacks_are_a_gap(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	jsCtx *js = operator_open(w, &nc);
	jsOptions options;

	for (uint64_t i = 1; i <= 10; i++)
		publish(w, i);
	await(w, w->nmessages == 10);
	close_log(w);
	jsOptions_Init(&options);
	options.Stream.Purge.Sequence = 6; /* the first to stay */
	assert_int_equal(js_PurgeStream(js, "nqlite", &options, NULL), NATS_OK);
	operator_close(js, nc);
	open_log(w, 6);
	await(w, w->nmessages == 5);
	close_log(w);
	open_log(w, 3);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "messages 3 to 5 are gone"));
	assert_int_equal(w->nmessages, 0);
}

static void a_purge_of_all_is_no_gap_for_a_node_that_has_all(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	jsCtx *js = operator_open(w, &nc);

	for (uint64_t i = 1; i <= 5; i++)
		publish(w, i);
	await(w, w->nmessages == 5);
	assert_int_equal(js_PurgeStream(js, "nqlite", NULL, NULL), NATS_OK);
	operator_close(js, nc);
	publish(w, 6);
	await(w, w->nmessages == 6);
	close_log(w);
	open_log(w, 6);
	await(w, w->nmessages == 1);
	assert_true(w->last_seq == 6 && w->last_value == 6);
}

static void a_message_deleted_from_the_middle_is_a_gap(void **state)
{
	struct world *w = *state;
	natsConnection *nc;

	server_start(&w->server);
	open_log(w, 1);
	await(w, w->state == LOG_CONNECTED);
	close_log(w);
	jsCtx *js = operator_open(w, &nc);
	assert_int_equal(js_DeleteStream(js, "nqlite", NULL, NULL), NATS_OK);
	operator_add_stream(js); /* ours would deny it */
	open_log(w, 1);
	await(w, w->state == LOG_CONNECTED);
	for (uint64_t i = 1; i <= 3; i++)
		publish(w, i);
	await(w, w->nmessages == 3);
	close_log(w);
	assert_int_equal(js_DeleteMsg(js, "nqlite", 2, NULL, NULL), NATS_OK);
	operator_close(js, nc);
	open_log(w, 1);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "messages 2 to 2 are gone"));
	assert_int_equal(w->nmessages, 1);
}

static void a_stream_of_an_original_nqlite_is_taken_over(void **state)
{
	struct world *w = *state;
	natsConnection *nc;
	struct log_identity identity;

	server_start(&w->server);
	open_log(w, 1); /* waits for the server */
	await(w, w->state == LOG_CONNECTED);
	close_log(w);
	jsCtx *js = operator_open(w, &nc);
	assert_int_equal(js_DeleteStream(js, "nqlite", NULL, NULL), NATS_OK);
	operator_add_stream(js);
	assert_int_equal(js_Publish(NULL, js, "nqlite.push", "[\"SELECT 1\"]", 12, NULL, NULL), NATS_OK);
	operator_close(js, nc);
	open_log(w, 1);
	await(w, w->nmessages == 1);
	assert_false(w->last_is_ours);
	assert_true(w->log->ops->identity(w->log, &identity));
	assert_int_equal(strncmp(identity.cluster_id, "created-", 8), 0);
	publish(w, 1);
	await(w, w->nmessages == 2);
	assert_true(w->last_is_ours);
}

static void a_message_of_a_newer_format_stops_the_node(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	natsMsg *m = NULL;
	jsCtx *js = operator_open(w, &nc);

	assert_int_equal(natsMsg_Create(&m, "nqlite.push", NULL, "new", 3), NATS_OK);
	assert_int_equal(natsMsgHeader_Set(m, "Nqlite-Format", "2"), NATS_OK);
	assert_int_equal(js_PublishMsg(NULL, js, m, NULL, NULL), NATS_OK);
	natsMsg_Destroy(m);
	operator_close(js, nc);
	await(w, w->state == LOG_STOPPED);
	assert_non_null(strstr(w->state_err.message, "message 1 has format 2"));
	assert_int_equal(w->nmessages, 0);
}

static void a_message_larger_than_nats_takes_is_refused(void **state)
{
	struct world *w = *state;
	static char data[8192];

	write_config(&w->server, "max_payload: 4096");
	server_start(&w->server);
	open_log(w, 1);
	await(w, w->state == LOG_CONNECTED);
	size_t max = w->log->ops->message_max(w->log);
	assert_int_equal(max, 4096 - 256);
	w->log->ops->publish(w->log, 1, "test:1", data, max + 1);
	await(w, w->refused[1] == 1);
	assert_string_equal(w->publish_err.sqlstate, SQLSTATE_LIMIT_EXCEEDED);
	w->log->ops->publish(
	    w->log, 2, "an id of sixty-three bytes, which is the longest that there is..", data, max);
	await(w, w->nstored == 1 && w->nmessages == 1);
}

static void a_full_stream_refuses_and_says_so(void **state)
{
	struct world *w = start(state);
	natsConnection *nc;
	jsStreamInfo *info = NULL;
	jsCtx *js = operator_open(w, &nc);

	publish(w, 1);
	await(w, w->nmessages == 1);
	assert_int_equal(js_GetStreamInfo(&info, js, "nqlite", NULL, NULL), NATS_OK);
	info->Config->MaxMsgs = 1;
	assert_int_equal(js_UpdateStream(NULL, js, info->Config, NULL, NULL), NATS_OK);
	jsStreamInfo_Destroy(info);
	operator_close(js, nc);
	publish(w, 2);
	await(w, w->refused[2] == 1);
	assert_string_equal(w->publish_err.sqlstate, SQLSTATE_DISK_FULL);
	assert_non_null(strstr(w->publish_err.message, "maximum messages exceeded"));
	assert_true(w->state == LOG_CONNECTED && w->nmessages == 1);
}

static void a_receiver_that_keeps_messages_is_sent_no_more(void **state)
{
	struct world *w = start(state);
	enum { SIZE = 1000 * 1000, N = 100, FIT = (64 << 20) / SIZE };
	char *data = calloc(1, SIZE), id[32];

	w->keeps = true;
	for (uint64_t i = 1; i <= N; i++) {
		snprintf(id, sizeof id, "test:%" PRIu64, i);
		w->log->ops->publish(w->log, i, id, data, SIZE);
		await(w, w->nstored == i);
	}
	await(w, w->nmessages >= FIT);
	publish(w, N + 1); /* acknowledgements go on */
	await(w, w->nstored == N + 1);
	assert_in_range(w->nmessages, FIT, FIT + 2);
	pthread_mutex_lock(&w->mu);
	w->keeps = false;
	size_t nkept = w->nkept;
	pthread_mutex_unlock(&w->mu);
	for (size_t i = 0; i < nkept; i++)
		w->log->ops->release_message(w->log, &w->kept[i]);
	w->nkept = 0;
	await(w, w->nmessages == N + 1);
	assert_true(w->is_orderly);
	free(data);
}

static void configure_cluster(struct world *w)
{
	struct server *servers[3] = { &w->server, &w->others[0], &w->others[1] };
	int ports[3];
	char text[512];

	for (int i = 0; i < 3; i++)
		ports[i] = free_port();
	for (int i = 1; i < 3; i++) {
		snprintf(servers[i]->dir, sizeof servers[i]->dir, "%.64s/%d", w->server.dir, i);
		snprintf(servers[i]->config, sizeof servers[i]->config, "%s/%d.conf", w->server.dir, i);
		servers[i]->port = free_port();
	}
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof text,
		    "server_name: s%d\ncluster { name: c, listen: \"127.0.0.1:%d\", routes: "
		    "[\"nats://127.0.0.1:%d\", "
		    "\"nats://127.0.0.1:%d\", \"nats://127.0.0.1:%d\"] }",
		    i, ports[i], ports[0], ports[1], ports[2]);
		write_config(servers[i], text);
	}
}

/* Again and again until it is stored. */
static void publish_until_stored(struct world *w, uint64_t value)
{
	while (true) {
		await(w, w->state == LOG_CONNECTED);
		w->fates[value] = 0;
		publish(w, value);
		await(w, w->fates[value] > 0);
		if (w->seq_of[value] != 0)
			return;
	}
}

static void a_cluster_of_three_outlives_the_one_server_that_was_named(void **state)
{
	struct world *w = *state;
	natsConnection *nc;
	jsStreamInfo *info = NULL;

	configure_cluster(w);
	server_start(&w->server);
	server_start(&w->others[0]);
	server_start(&w->others[1]);
	open_log(w, 1);
	await(w, w->state == LOG_CONNECTED);
	jsCtx *js = operator_open(w, &nc);
	assert_int_equal(js_GetStreamInfo(&info, js, "nqlite", NULL, NULL), NATS_OK);
	assert_int_equal(info->Config->Replicas, 3);
	jsStreamInfo_Destroy(info);
	operator_close(js, nc);

	for (uint64_t i = 1; i <= 50; i++)
		publish_until_stored(w, i);
	server_kill(&w->server); /* wherever the log is connected, it learnt of it, or will, from this one */
	for (uint64_t i = 51; i <= 100; i++)
		publish_until_stored(w, i);
	await(w, w->nmessages == 100);
	assert_true(w->is_orderly && w->last_seq == 100);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(w->values_seen[i], 1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void a_hundred_thousand_messages_pass(void **state)
{
	struct world *w = start(state);
	enum { N = 100000, WINDOW = 1000, ALONE = 500 };
	int64_t begin = now_ns(), alone[ALONE];

	for (uint64_t i = 1; i <= N; i++) {
		publish(w, i);
		if (i % (WINDOW / 2) == 0)
			await(w, w->nstored + WINDOW > i);
	}
	await(w, w->nmessages == N && w->nstored == N);
	assert_true(w->is_orderly && w->last_seq == N);
	printf("%d messages in %.2f s\n", N, (double)(now_ns() - begin) / 1e9);

	close_log(w);
	begin = now_ns();
	open_log(w, 1);
	await(w, w->nmessages == N);
	assert_true(w->is_orderly);
	printf("delivered again in %.2f s\n", (double)(now_ns() - begin) / 1e9);

	for (uint64_t i = 0; i < ALONE; i++) {
		int64_t sent = now_ns();

		publish(w, N + 1 + i);
		await(w, w->nmessages == N + 1 + i);
		alone[i] = now_ns() - sent;
	}
	qsort(alone, ALONE, sizeof alone[0], compare);
	printf("one alone, from publish to delivery: median %" PRId64 " us, 99 %% %" PRId64 " us\n",
	    alone[ALONE / 2] / 1000, alone[ALONE * 99 / 100] / 1000);
}

static void wrong_options_are_refused(void **state)
{
	(void)state;
	static const struct {
		struct log_jetstream_options options;
		const char *message;
	} cases[] = {
		{ { .urls = NULL }, "empty" },
		{ { .urls = "nats://a:4222,," }, "empty" },
		{ { .urls = "nats://" }, "empty" },
		{ { .urls = "nats://a:1, ws://b:80" }, "not by \"ws://b:80\"" },
		{ { .urls = "nats://a:1", .creds = "/etc/hostname", .token = "t" }, "not both" },
		{ { .urls = "nats://a:1", .creds = "/nowhere/user.creds" }, "/nowhere/user.creds" },
		{ { .urls = "nats://a:1", .stream = "a.b" }, "name of a stream" },
		{ { .urls = "nats://a:1", .stream = "" }, "name of a stream" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct log *log = NULL;
		struct err err;

		assert_int_equal(log_jetstream_new(&log, &cases[i].options, &err), -1);
		assert_null(log);
		assert_non_null(strstr(err.message, cases[i].message));
	}
}

static void the_position_of_a_message_is_in_its_reply_subject(void **state)
{
	(void)state;
	struct wire_position at;

	assert_true(wire_position("$JS.ACK.nqlite.abc.1.42.7.1764000000123456789.3", &at));
	assert_true(at.seq == 42 && at.delivery == 7 && at.time_us == 1764000000123456);
	assert_true(wire_position("$JS.ACK.hub.hash.nqlite.abc.1.42.7.1764000000123456789.3.random", &at));
	assert_true(at.seq == 42 && at.delivery == 7 && at.time_us == 1764000000123456);
	static const char *const others[] = { NULL, "", "_INBOX.x", "$JS.FC.nqlite.abc.x",
		"$JS.ACK.nqlite.abc.1.42.7", "$JS.ACK.nqlite.abc.1.x.7.1764000000123456789.3",
		"$JS.ACK.nqlite.abc.1.4x.7.1764000000123456789.3",
		"$JS.ACK.nqlite.abc.1.-1.7.1764000000123456789.3" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(wire_position(others[i], &at));
}

static void an_answer_counts_only_if_it_says_that_it_worked(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		enum wire_answer answer;
		const char *sqlstate;
	} cases[] = {
		{ "{\"stream\":\"nqlite\",\"seq\":5}", WIRE_OK, "" },
		{ "{\"stream\":\"nqlite\",\"seq\":5,\"duplicate\":true}", WIRE_OK, "" },
		{ "{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"maximum bytes exceeded\"}}",
		    WIRE_ERROR, SQLSTATE_DISK_FULL },
		{ "{\"error\":{\"code\":400,\"err_code\":10054,\"description\":\"too long\"},\"seq\":5}",
		    WIRE_ERROR, SQLSTATE_LIMIT_EXCEEDED },
		{ "{\"error\":{}}", WIRE_ERROR, SQLSTATE_IO },
		{ "{\"stream\":\"nqlite\",\"seq\":0}", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
		{ "{\"stream\":\"nqlite\",\"seq\":\"5\"}", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
		{ "{}", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
		{ "[]", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
		{ "{\"seq\":5", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
		{ "", WIRE_BAD, SQLSTATE_PROTOCOL_VIOLATION },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err err;
		uint64_t seq = 0;

		err_clear(&err);
		assert_int_equal(
		    wire_publish_ack(cases[i].json, strlen(cases[i].json), &seq, &err), cases[i].answer);
		assert_string_equal(err.sqlstate, cases[i].sqlstate);
		assert_true(cases[i].answer != WIRE_OK || seq == 5);
	}
}

static void a_waiting_request_is_taken_once(void **state)
{
	(void)state;
	struct pending p;
	struct request r;

	pending_init(&p);
	assert_false(pending_take(&p, 1, &r));
	assert_false(pending_take_expired(&p, INT64_MAX, &r));
	for (uint64_t i = 1; i <= 1000; i++) { /* the ring grows while it is in use */
		assert_int_equal(pending_add(&p, REQUEST_PUBLISH, i * 10, (int64_t)i), i);
		if (i % 3 == 0) {
			assert_true(pending_take(&p, i - 1, &r));
			assert_true(r.token == (i - 1) * 10);
			assert_false(pending_take(&p, i - 1, &r));
		}
	}
	assert_false(pending_take(&p, 0, &r));
	assert_false(pending_take(&p, 1001, &r));
	uint64_t expected = 1;
	while (pending_take_expired(&p, 500, &r)) {
		assert_true(r.token == expected * 10);
		expected += expected % 3 == 1 ? 2 : 1; /* 2, 5, 8 .. were taken */
	}
	assert_int_equal(expected, 501);
	while (pending_take_expired(&p, INT64_MAX, &r))
		expected += expected % 3 == 1 ? 2 : 1;
	assert_int_equal(expected, 1002 - 1 + (1000 % 3 == 1 ? 1 : 0));
	pending_release(&p);
}

static void a_stopped_log_can_be_stopped_at_any_time(void **state)
{
	struct world *w = *state;

	open_log(w, 1); /* while it connects in vain */
	close_log(w);
	server_start(&w->server);
	for (int i = 0; i < 10; i++) { /* while it connects, looks at the stream, begins to deliver */
		open_log(w, 1);
		if (i % 2 == 0)
			publish(w, 1);
		if (i > 5)
			await(w, w->state == LOG_CONNECTED);
		close_log(w);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(the_position_of_a_message_is_in_its_reply_subject),
		cmocka_unit_test(an_answer_counts_only_if_it_says_that_it_worked),
		cmocka_unit_test(a_waiting_request_is_taken_once),
		cmocka_unit_test_setup_teardown(what_is_published_is_stored_and_delivered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_head_is_the_last_seq_of_the_stream, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_node_goes_on_from_its_own_seq_in_the_same_cluster, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_repetition_is_stored_once_and_has_the_same_seq, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_log_that_is_away_at_the_start_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stopped_log_can_be_stopped_at_any_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_stream_that_ends_before_this_node_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_node_that_had_a_stream_makes_no_new_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    purged_messages_that_a_node_lacks_are_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_purge_of_all_is_no_gap_for_a_node_that_has_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_message_deleted_from_the_middle_is_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_stream_of_an_original_nqlite_is_taken_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_message_of_a_newer_format_stops_the_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_message_larger_than_nats_takes_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_stream_refuses_and_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_deleted_stream_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stream_that_was_made_again_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_frozen_server_leaves_publishes_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_receiver_that_keeps_messages_is_sent_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    acknowledged_messages_outlive_a_killed_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_cluster_of_three_outlives_the_one_server_that_was_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_hundred_thousand_messages_pass, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	nats_CloseAndWait(0); /* so that a leak checker finds nothing of nats.c's */
	return failed;
}
