/* One thread leads a session after the other: connect, look at the stream, create a consumer, hand its messages over until
 * something is wrong. nats.c's own reconnection is off: what begins anew begins wholly anew, with new inboxes, so that nothing
 * of an old connection (buffered publishes, late messages) can appear in a new one.
 *
 *      connect --> check the stream --> create a consumer --> deliver ---+
 *         ^               ^   |                                |         |
 *         |               |   | another stream, a gap          | a message or heartbeat is missing
 *         |               +---|--------------------------------+         |
 *         |                   v                                          |
 *         |                stopped                                       |
 *         +------------- the connection is lost <------------------------+
 *
 * Messages come by push to a subscription that this thread reads: the server sends a message as soon as it has it, flow control
 * bounds what is under way, and consecutive delivery numbers show that none is missing. Acknowledgements of publishes come
 * to an inbox whose last token is the number of the request; nats.c calls us for each on a thread of its own. */
#include "replication/log.h"

#include <inttypes.h>
#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "replication/log_jetstream_pending.h"
#include "replication/log_jetstream_stream.h"
#include "replication/log_jetstream_wire.h"

#define HEADER_FORMAT "Nqlite-Format"
#define FORMAT        "1"
#define HEADER_ID     "Nats-Msg-Id"

enum {
	CONNECT_TIMEOUT_MS = 2000,
	REQUEST_TIMEOUT_MS = 2000,
	WRITE_TIMEOUT_MS = 2000,
	PUBLISH_TIMEOUT_MS = 2000, /* default */
	RECONNECT_WAIT_MS = 250,   /* default */
	HEARTBEAT_MS = 1000,
	MISSED_MS = 2500,          /* without a message or a heartbeat */
	SLICE_MS = 250,            /* how long the thread waits before it looks at deadlines */
	MAX_PAYLOAD = 1024 * 1024, /* a server's default, while none is connected */
	HEADERS_MAX = 256,         /* of a publish; they count as payload */
	URLS_MAX = 64,
	NAME_MAX_LEN = 128,
};

/* What may be delivered and not released, or wait in nats.c. A message costs its bytes and nats.c's own around them. */
enum {
	UNRELEASED_MAX = 64 << 20,
	MESSAGE_COST = 512,
	QUEUED_MESSAGES_MAX = 1 << 17,
	QUEUED_BYTES_MAX = 64 << 20
};

struct log_jetstream {
	struct log log;
	/* Set before the thread starts. */
	char *urls[URLS_MAX];
	size_t nurls;
	char *creds, *token, *stream, *subject;
	int64_t publish_timeout_ms, reconnect_wait_ms;
	const struct logger *logger;
	struct log_callbacks callbacks;
	uint64_t start_seq;
	pthread_t thread;
	bool has_thread;

	/* Who uses the connection, or makes or ends it, holds session_mu. */
	pthread_mutex_t session_mu;
	pthread_cond_t session_changed;
	natsConnection *nc; /* NULL: there is none */
	char inbox[64];     /* of answers, new with each connection; a request's number follows */
	bool is_ready;      /* the stream was seen: publishing may begin */
	bool is_stopping;
	struct err why_away; /* while it isn't ready */

	pthread_mutex_t pending_mu;
	struct pending pending;

	pthread_mutex_t identity_mu;
	struct log_identity identity;
	bool has_identity;

	pthread_mutex_t flow_mu;
	pthread_cond_t flow_changed;
	size_t unreleased; /* MESSAGE_COST and bytes of messages handed over and not given back */

	_Atomic size_t message_max;

	/* The thread's alone. */
	uint64_t next_seq; /* to deliver */
	int64_t next_tick_us;
	enum log_state state;
	char *discovered[URLS_MAX]; /* servers of the same cluster that the last connection told of */
	size_t ndiscovered;
};

/* A connection and all that lives as long as it. */
struct session {
	natsConnection *nc;
	jsCtx *js;
	natsSubscription *answers;
	natsInbox *answers_inbox;
	pthread_mutex_t mu;
	pthread_cond_t changed;
	bool are_answers_over; /* nats.c calls us no more */
};

/* A consumer and the subscription that it pushes to. */
struct feed {
	natsSubscription *messages;
	natsInbox *inbox;
	char consumer[NAME_MAX_LEN];
	uint64_t delivery; /* the last number */
};

/* How a session's step ended. */
enum verdict {
	GO_ON,
	CHECK_AGAIN, /* something is missing: look at the stream, take a new consumer */
	LOST,        /* the connection, or the server behind it */
	WRONG,       /* the stream: for good */
};

static struct log_jetstream *jetstream_of(struct log *log)
{
	return (struct log_jetstream *)(void *)log;
}

static int64_t now_us(void)
{
	return clock_mono_us(&clock_system);
}

/* Waits at most `ms`, or until the condition is signalled. The mutex is held. */
static void wait_ms(pthread_cond_t *cond, pthread_mutex_t *mu, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(cond, mu, &until);
}

static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static bool is_stopping(struct log_jetstream *l)
{
	pthread_mutex_lock(&l->session_mu);
	bool stopping = l->is_stopping;
	pthread_mutex_unlock(&l->session_mu);
	return stopping;
}

/* Requests and their answers. */

static void answer_request(struct log_jetstream *l, const struct request *r, enum log_publish fate,
    uint64_t seq, const struct err *err)
{
	if (r->kind == REQUEST_PUBLISH)
		l->callbacks.on_published(l->callbacks.arg, r->token, fate, seq, err);
	else
		l->callbacks.on_head(l->callbacks.arg, r->token, fate == LOG_STORED, seq);
}

/* Ends the requests whose time is over; all of them at INT64_MAX. */
static void expire_requests(struct log_jetstream *l, int64_t until_us, const struct err *err)
{
	struct request r;

	while (true) {
		pthread_mutex_lock(&l->pending_mu);
		bool is_taken = pending_take_expired(&l->pending, until_us, &r);
		pthread_mutex_unlock(&l->pending_mu);
		if (!is_taken)
			return;
		answer_request(l, &r, LOG_UNKNOWN, 0, err);
	}
}

static void tick(struct log_jetstream *l)
{
	int64_t now = now_us();
	struct err err;

	if (now < l->next_tick_us)
		return;
	l->next_tick_us = now + SLICE_MS * 1000 / 2;
	err_set(&err, SQLSTATE_UNKNOWN_OUTCOME, "NATS gave no acknowledgement within %" PRId64 " ms",
	    l->publish_timeout_ms);
	expire_requests(l, now, &err);
}

static void answer_publish(struct log_jetstream *l, const struct request *r, natsMsg *m)
{
	struct err err;
	uint64_t seq;

	if (natsMsg_IsNoResponders(m)) {
		err_set(
		    &err, SQLSTATE_CONNECTION_FAILURE, "no stream takes what is published to %s", l->subject);
		answer_request(l, r, LOG_REFUSED, 0, &err);
		return;
	}
	switch (wire_publish_ack(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &seq, &err)) {
	case WIRE_OK: answer_request(l, r, LOG_STORED, seq, NULL); break;
	case WIRE_ERROR: answer_request(l, r, LOG_REFUSED, 0, &err); break;
	case WIRE_BAD: answer_request(l, r, LOG_UNKNOWN, 0, &err); break;
	}
}

static void answer_head(struct log_jetstream *l, const struct request *r, natsMsg *m)
{
	struct err err;
	uint64_t first_seq, last_seq;
	bool ok = !natsMsg_IsNoResponders(m) &&
		  wire_stream_info(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &first_seq,
		      &last_seq, &err) == WIRE_OK;

	answer_request(l, r, ok ? LOG_STORED : LOG_UNKNOWN, ok ? last_seq : 0, NULL);
}

/* A thread of nats.c. The request's number is the subject's last token. */
static void on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *arg)
{
	struct log_jetstream *l = arg;
	const char *dot = strrchr(natsMsg_GetSubject(m), '.');
	struct request r;

	(void)nc;
	(void)sub;
	pthread_mutex_lock(&l->pending_mu);
	bool is_awaited = dot != NULL && pending_take(&l->pending, strtoull(dot + 1, NULL, 10), &r);
	pthread_mutex_unlock(&l->pending_mu);
	if (is_awaited && r.kind == REQUEST_PUBLISH)
		answer_publish(l, &r, m);
	else if (is_awaited)
		answer_head(l, &r, m);
	natsMsg_Destroy(m);
}

/* A failure of nats.c before anything could be sent, as against one of a socket that may have taken it. */
static bool is_surely_unsent(natsStatus status)
{
	switch (status) {
	case NATS_CONNECTION_CLOSED:
	case NATS_CONNECTION_DISCONNECTED:
	case NATS_MAX_PAYLOAD:
	case NATS_INVALID_ARG:
	case NATS_INVALID_SUBJECT:
	case NATS_NO_MEMORY:
	case NATS_DRAINING: return true;
	default: return false;
	}
}

/* Sends one request; its reply subject holds its number. session_mu is held. 0: nobody will answer, err and *fate say why. */
static uint64_t send_request(struct log_jetstream *l, const struct request *r,
    natsMsg *(*make)(void *arg, const char *reply), void *arg, enum log_publish *fate, struct err *err)
{
	char reply[sizeof l->inbox + 24];

	*fate = LOG_REFUSED;
	if (!l->is_ready) {
		*err = l->why_away;
		return 0;
	}
	pthread_mutex_lock(&l->pending_mu);
	uint64_t number =
	    pending_add(&l->pending, r->kind, r->token, now_us() + l->publish_timeout_ms * 1000);
	pthread_mutex_unlock(&l->pending_mu);
	snprintf(reply, sizeof reply, "%s.%" PRIu64, l->inbox, number);
	natsMsg *m = number != 0 ? make(arg, reply) : NULL;
	natsStatus status = m != NULL ? natsConnection_PublishMsg(l->nc, m) : NATS_NO_MEMORY;
	natsMsg_Destroy(m);
	if (status == NATS_OK)
		return number;

	nats_failure(err, status, "publish");
	if (!is_surely_unsent(status))
		*fate = LOG_UNKNOWN;
	struct request taken;
	pthread_mutex_lock(&l->pending_mu);
	bool is_ours = pending_take(&l->pending, number, &taken);
	pthread_mutex_unlock(&l->pending_mu);
	/* If it was taken already, its fate was told. */
	return is_ours || number == 0 ? 0 : number;
}

static void request(struct log_jetstream *l, enum request_kind kind, uint64_t token,
    natsMsg *(*make)(void *arg, const char *reply), void *arg)
{
	struct request r = { .kind = kind, .token = token };
	enum log_publish fate;
	struct err err;

	pthread_mutex_lock(&l->session_mu);
	uint64_t number = send_request(l, &r, make, arg, &fate, &err);
	pthread_mutex_unlock(&l->session_mu);
	if (number == 0)
		answer_request(l, &r, fate, 0, &err);
}

struct publication {
	const char *subject, *id;
	const void *data;
	size_t len;
};

static natsMsg *make_publish(void *arg, const char *reply)
{
	const struct publication *p = arg;
	natsMsg *m = NULL;

	if (natsMsg_Create(&m, p->subject, reply, p->data, (int)p->len) != NATS_OK)
		return NULL;
	if (natsMsgHeader_Set(m, HEADER_FORMAT, FORMAT) != NATS_OK ||
	    natsMsgHeader_Set(m, HEADER_ID, p->id) != NATS_OK) {
		natsMsg_Destroy(m);
		return NULL;
	}
	return m;
}

static void jetstream_publish(struct log *log, uint64_t token, const char *id, const void *data, size_t len)
{
	struct log_jetstream *l = jetstream_of(log);
	struct publication p = { .subject = l->subject, .id = id, .data = data, .len = len };
	size_t max = atomic_load(&l->message_max);

	if (len > max) {
		struct err err;

		err_set(&err, SQLSTATE_LIMIT_EXCEEDED,
		    "a message of %zu bytes is larger than the %zu that NATS takes", len, max);
		l->callbacks.on_published(l->callbacks.arg, token, LOG_REFUSED, 0, &err);
		return;
	}
	request(l, REQUEST_PUBLISH, token, make_publish, &p);
}

static natsMsg *make_head(void *arg, const char *reply)
{
	const struct log_jetstream *l = arg;
	char subject[NAME_MAX_LEN + 32];
	natsMsg *m = NULL;

	snprintf(subject, sizeof subject, "$JS.API.STREAM.INFO.%s", l->stream);
	return natsMsg_Create(&m, subject, reply, NULL, 0) == NATS_OK ? m : NULL;
}

static void jetstream_request_head(struct log *log, uint64_t token)
{
	request(jetstream_of(log), REQUEST_HEAD, token, make_head, log);
}

/* The connection. */

static void on_nats_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *arg)
{
	/* nats.c would print it; whatever it is shows in a missing message or a closed connection. */
	(void)nc;
	(void)sub;
	(void)status;
	(void)arg;
}

static void on_answers_over(void *arg)
{
	struct session *s = arg;

	pthread_mutex_lock(&s->mu);
	s->are_answers_over = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->mu);
}

static natsStatus set_options(struct log_jetstream *l, natsOptions *o)
{
	const char *servers[2 * URLS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < l->nurls; i++)
		servers[n++] = l->urls[i];
	for (size_t i = 0; i < l->ndiscovered; i++)
		servers[n++] = l->discovered[i];
	natsStatus s = natsOptions_SetServers(o, servers, (int)n);
	if (s == NATS_OK)
		s = natsOptions_SetName(o, "nqlite");
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, CONNECT_TIMEOUT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(o, WRITE_TIMEOUT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(o, false);
	if (s == NATS_OK)
		s = natsOptions_SetSendAsap(o, true); /* else a publish waits up to a millisecond for more */
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(o, on_nats_error, NULL);
	if (s == NATS_OK && l->token != NULL)
		s = natsOptions_SetToken(o, l->token);
	if (s == NATS_OK && l->creds != NULL)
		s = natsOptions_SetUserCredentialsFromFiles(o, l->creds, NULL);
	return s;
}

static int connect_session(struct log_jetstream *l, struct session *s, struct err *err)
{
	natsOptions *o = NULL;
	natsStatus status = natsOptions_Create(&o);

	if (status == NATS_OK)
		status = set_options(l, o);
	if (status == NATS_OK)
		status = natsConnection_Connect(&s->nc, o);
	natsOptions_Destroy(o);
	if (status != NATS_OK)
		return nats_failure(err, status, "connect to NATS");
	return 0;
}

static int open_answers(struct log_jetstream *l, struct session *s, struct err *err)
{
	char subject[sizeof l->inbox + 2];
	jsOptions options;

	jsOptions_Init(&options);
	options.Wait = REQUEST_TIMEOUT_MS;
	natsStatus status = natsConnection_JetStream(&s->js, s->nc, &options);
	if (status == NATS_OK)
		status = natsInbox_Create(&s->answers_inbox);
	if (status == NATS_OK) {
		snprintf(subject, sizeof subject, "%s.*", s->answers_inbox);
		status = natsConnection_Subscribe(&s->answers, s->nc, subject, on_answer, l);
	}
	if (status == NATS_OK)
		status = natsSubscription_SetOnCompleteCB(s->answers, on_answers_over, s);
	if (status == NATS_OK)
		status =
		    natsSubscription_SetPendingLimits(s->answers, -1, -1); /* as many as there are requests */
	return status == NATS_OK ? 0 : nats_failure(err, status, "subscribe to answers");
}

/* Forgets what earlier connections told and keeps what this one does, with the user of the first URL. */
static void keep_discovered(struct log_jetstream *l, natsConnection *nc)
{
	char **servers = NULL, text[512];
	int n = 0;
	const char *user = strstr(l->urls[0], "://"), *at = strrchr(l->urls[0], '@');

	user = user != NULL ? user + 3 : l->urls[0];
	int user_len = at != NULL && at > user ? (int)(at + 1 - user) : 0;
	if (natsConnection_GetDiscoveredServers(nc, &servers, &n) != NATS_OK)
		return;
	while (l->ndiscovered > 0)
		free(l->discovered[--l->ndiscovered]);
	for (int i = 0; i < n; i++) {
		const char *host = strstr(servers[i], "://");

		host = host != NULL ? host + 3 : servers[i];
		snprintf(text, sizeof text, "%.*s%.*s%s", (int)(host - servers[i]), servers[i], user_len,
		    user, host);
		char *copy = l->ndiscovered < URLS_MAX ? strdup(text) : NULL;
		if (copy != NULL)
			l->discovered[l->ndiscovered++] = copy;
		free(servers[i]);
	}
	free(servers);
}

static void close_session(struct log_jetstream *l, struct session *s, const struct err *err)
{
	pthread_mutex_lock(&l->session_mu);
	l->nc = NULL;
	l->is_ready = false;
	pthread_mutex_unlock(&l->session_mu);

	keep_discovered(l, s->nc);
	natsConnection_Close(s->nc);
	pthread_mutex_lock(&s->mu);
	while (s->answers != NULL && !s->are_answers_over)
		pthread_cond_wait(&s->changed, &s->mu);
	pthread_mutex_unlock(&s->mu);
	natsSubscription_Destroy(s->answers);
	natsInbox_Destroy(s->answers_inbox);
	jsCtx_Destroy(s->js);
	natsConnection_Destroy(s->nc);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->mu);
	expire_requests(l, INT64_MAX, err);
}

/* Everybody may use the connection from here on; publishing has to wait for is_ready. */
static bool lend_connection(struct log_jetstream *l, struct session *s)
{
	pthread_mutex_lock(&l->session_mu);
	bool may = !l->is_stopping;
	if (may) {
		l->nc = s->nc;
		snprintf(l->inbox, sizeof l->inbox, "%s", s->answers_inbox);
	}
	pthread_mutex_unlock(&l->session_mu);
	return may;
}

/* The stream. */

static enum verdict wrong_stream(struct log_jetstream *l, const struct log_identity *is, struct err *err)
{
	err_set(err, SQLSTATE_CORRUPTED, "stream \"%s\" was deleted and made again: it was %s, now it is %s",
	    l->stream, l->identity.cluster_id, is->cluster_id);
	err_hint(err,
	    "Bring the former stream back, or give this node an empty data directory to join the new one.");
	return WRONG;
}

static enum verdict missing_stream(struct log_jetstream *l, struct err *err)
{
	err_set(err, SQLSTATE_CORRUPTED,
	    "stream \"%s\" is gone, and this node has what it held up to seq %" PRIu64, l->stream,
	    l->next_seq - 1);
	err_hint(err, "Bring the stream back, or give this node an empty data directory to begin a new one.");
	return WRONG;
}

static enum verdict shorter_stream(struct log_jetstream *l, uint64_t last_seq, struct err *err)
{
	err_set(err, SQLSTATE_CORRUPTED,
	    "stream \"%s\" ends at seq %" PRIu64 ", but this node has what it held up to seq %" PRIu64,
	    l->stream, last_seq, l->next_seq - 1);
	err_hint(err, "The stream lost messages or is another one. Bring it back, or restore all nodes from "
		      "one snapshot.");
	return WRONG;
}

static enum verdict gap(struct log_jetstream *l, uint64_t first_seq, struct err *err)
{
	err_set(err, SQLSTATE_CORRUPTED,
	    "messages %" PRIu64 " to %" PRIu64 " are gone from stream \"%s\", and this node lacks them",
	    l->next_seq, first_seq - 1, l->stream);
	err_hint(err, "Restore this node from a snapshot of seq %" PRIu64 " or later.", first_seq - 1);
	return WRONG;
}

/* Looks whether it is the stream that we know and still holds what we need; makes it if nobody ever had one. */
static enum verdict check_stream(struct log_jetstream *l, struct session *s, struct err *err)
{
	struct stream_info info;
	bool is_missing;

	if (stream_read(s->js, l->stream, &info, &is_missing, err) != 0)
		return LOST;
	if (is_missing && (l->has_identity || l->next_seq > 1))
		return missing_stream(l, err);
	if (is_missing) {
		if (stream_create(s->js, l->stream, l->subject, err) != 0 ||
		    stream_read(s->js, l->stream, &info, &is_missing, err) != 0)
			return LOST;
		if (is_missing)
			return err_set(err, SQLSTATE_CONNECTION_FAILURE,
				   "stream \"%s\" vanished when it was made", l->stream),
			       LOST;
	}
	const struct log_identity *is = &info.identity;
	if (l->has_identity &&
	    (strcmp(is->cluster_id, l->identity.cluster_id) != 0 || is->created_us != l->identity.created_us))
		return wrong_stream(l, is, err);
	pthread_mutex_lock(&l->identity_mu);
	l->identity = *is;
	l->has_identity = true;
	pthread_mutex_unlock(&l->identity_mu);
	if (is->last_seq + 1 < l->next_seq)
		return shorter_stream(l, is->last_seq, err);
	if (is->first_seq > l->next_seq)
		return gap(l, is->first_seq, err);

	size_t max = (size_t)natsConnection_GetMaxPayload(s->nc);
	max = info.message_max < max ? info.message_max : max;
	atomic_store(&l->message_max, max > HEADERS_MAX ? max - HEADERS_MAX : 0);
	return GO_ON;
}

/* Messages. */

static int open_feed(struct log_jetstream *l, struct session *s, struct feed *f, struct err *err)
{
	*f = (struct feed){ 0 };
	natsStatus status = natsInbox_Create(&f->inbox);
	if (status == NATS_OK)
		status = natsConnection_SubscribeSync(&f->messages, s->nc, f->inbox);
	if (status == NATS_OK)
		status =
		    natsSubscription_SetPendingLimits(f->messages, QUEUED_MESSAGES_MAX, QUEUED_BYTES_MAX);
	if (status != NATS_OK)
		return nats_failure(err, status, "subscribe to the stream");
	return consumer_create(
	    s->js, l->stream, f->inbox, l->next_seq, HEARTBEAT_MS, f->consumer, sizeof f->consumer, err);
}

static void close_feed(struct log_jetstream *l, struct session *s, struct feed *f, bool is_connected)
{
	natsSubscription_Destroy(f->messages);
	if (is_connected && f->consumer[0] != '\0')
		js_DeleteConsumer(s->js, l->stream, f->consumer, NULL, NULL); /* else it dies of loneliness */
	natsInbox_Destroy(f->inbox);
}

/* Waits while too much is handed over and not given back: then the server's flow control holds the rest. */
static void wait_for_room(struct log_jetstream *l)
{
	pthread_mutex_lock(&l->flow_mu);
	while (l->unreleased > UNRELEASED_MAX) {
		wait_ms(&l->flow_changed, &l->flow_mu, SLICE_MS);
		pthread_mutex_unlock(&l->flow_mu);
		tick(l);
		if (is_stopping(l))
			return;
		pthread_mutex_lock(&l->flow_mu);
	}
	pthread_mutex_unlock(&l->flow_mu);
}

static void hand_over(struct log_jetstream *l, natsMsg *m, const struct wire_position *at, bool is_ours)
{
	struct log_message message = {
		.seq = at->seq,
		.time_us = at->time_us,
		.is_ours = is_ours,
		.data = natsMsg_GetData(m),
		.len = (size_t)natsMsg_GetDataLength(m),
		.lease = m,
	};

	pthread_mutex_lock(&l->flow_mu);
	l->unreleased += message.len + MESSAGE_COST;
	pthread_mutex_unlock(&l->flow_mu);
	l->next_seq = at->seq + 1;
	l->callbacks.on_message(l->callbacks.arg, &message);
}

static void jetstream_release_message(struct log *log, const struct log_message *m)
{
	struct log_jetstream *l = jetstream_of(log);

	pthread_mutex_lock(&l->flow_mu);
	bool was_full = l->unreleased > UNRELEASED_MAX;
	l->unreleased -= m->len + MESSAGE_COST;
	if (was_full && l->unreleased <= UNRELEASED_MAX)
		pthread_cond_signal(&l->flow_changed);
	pthread_mutex_unlock(&l->flow_mu);
	natsMsg_Destroy(m->lease);
}

static enum verdict on_stored(
    struct log_jetstream *l, struct feed *f, natsMsg *m, const struct wire_position *at, struct err *err)
{
	const char *format = NULL;
	bool is_ours = natsMsgHeader_Get(m, HEADER_FORMAT, &format) == NATS_OK;
	enum verdict verdict = GO_ON;

	if (at->delivery != f->delivery + 1)
		verdict = CHECK_AGAIN; /* one was lost between the server and us */
	else if (at->seq > l->next_seq)
		verdict = gap(l, at->seq, err);
	else if (is_ours && strcmp(format, FORMAT) != 0) {
		err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "message %" PRIu64 " has format %s, this node reads format %s only", at->seq, format,
		    FORMAT);
		err_hint(err, "Upgrade this node.");
		verdict = WRONG;
	}
	if (verdict == GO_ON) {
		f->delivery = at->delivery;
		if (at->seq == l->next_seq) {
			hand_over(l, m, at, is_ours);
			return GO_ON;
		}
	}
	natsMsg_Destroy(m);
	return verdict;
}

static uint64_t header_uint(natsMsg *m, const char *name, uint64_t otherwise)
{
	const char *text = NULL;

	return natsMsgHeader_Get(m, name, &text) == NATS_OK ? strtoull(text, NULL, 10) : otherwise;
}

/* A heartbeat tells how far the server is; flow control asks to be answered when all before it was taken. */
static enum verdict on_status(struct log_jetstream *l, struct session *s, struct feed *f, natsMsg *m)
{
	const char *status = NULL, *stalled = NULL, *reply = natsMsg_GetReply(m);
	enum verdict verdict = GO_ON;

	if (reply == NULL && natsMsgHeader_Get(m, "Nats-Consumer-Stalled", &stalled) == NATS_OK)
		reply = stalled;
	if (natsMsgHeader_Get(m, "Status", &status) != NATS_OK || strcmp(status, "100") != 0)
		verdict = CHECK_AGAIN; /* the consumer was deleted, or moves to another server */
	else if (reply != NULL)
		natsConnection_Publish(s->nc, reply, NULL, 0);
	else if (header_uint(m, "Nats-Last-Consumer", f->delivery) != f->delivery ||
		 header_uint(m, "Nats-Last-Stream", l->next_seq - 1) != l->next_seq - 1)
		verdict = CHECK_AGAIN;
	natsMsg_Destroy(m);
	return verdict;
}

static enum verdict deliver(struct log_jetstream *l, struct session *s, struct feed *f, struct err *err)
{
	int64_t heard_us = now_us();
	enum verdict verdict = GO_ON;

	while (verdict == GO_ON) {
		natsMsg *m = NULL;
		struct wire_position at;

		wait_for_room(l);
		natsStatus status = natsSubscription_NextMsg(&m, f->messages, SLICE_MS);
		tick(l);
		if (status == NATS_OK) {
			heard_us = now_us();
			verdict = wire_position(natsMsg_GetReply(m), &at) ? on_stored(l, f, m, &at, err)
									  : on_status(l, s, f, m);
		} else if (status == NATS_TIMEOUT) {
			if (now_us() - heard_us > MISSED_MS * 1000)
				verdict = CHECK_AGAIN;
		} else if (status == NATS_SLOW_CONSUMER || status == NATS_NO_RESPONDERS) {
			verdict = CHECK_AGAIN; /* nats.c dropped messages */
		} else {
			nats_failure(err, status, "the connection to NATS is lost");
			verdict = LOST;
		}
	}
	return verdict;
}

static void tell_state(struct log_jetstream *l, enum log_state state, const struct err *err)
{
	if (state == l->state && state != LOG_STOPPED)
		return;
	l->state = state;
	if (state == LOG_CONNECTED)
		log_info(
		    l->logger, "connected to stream \"%s\", cluster %s", l->stream, l->identity.cluster_id);
	else if (state == LOG_STOPPED)
		log_error(l->logger, "%s", err->message);
	else if (state == LOG_DISCONNECTED)
		log_warning(l->logger, "%s", err->message);
	l->callbacks.on_state(l->callbacks.arg, state, err);
}

static void set_ready(struct log_jetstream *l)
{
	pthread_mutex_lock(&l->session_mu);
	l->is_ready = true;
	pthread_mutex_unlock(&l->session_mu);
}

static void set_away(struct log_jetstream *l, const struct err *err)
{
	pthread_mutex_lock(&l->session_mu);
	l->is_ready = false;
	l->why_away = *err;
	pthread_mutex_unlock(&l->session_mu);
}

/* Before the next attempt, unless it is to stop. */
static void pause_before_retry(struct log_jetstream *l)
{
	int64_t until = now_us() + l->reconnect_wait_ms * 1000;

	pthread_mutex_lock(&l->session_mu);
	for (int64_t now = now_us(); !l->is_stopping && now < until; now = now_us())
		wait_ms(&l->session_changed, &l->session_mu, (until - now) / 1000 + 1);
	pthread_mutex_unlock(&l->session_mu);
}

static enum verdict serve(struct log_jetstream *l, struct session *s, struct err *err)
{
	enum verdict verdict = CHECK_AGAIN;

	while (verdict == CHECK_AGAIN && !is_stopping(l)) {
		uint64_t from_seq = l->next_seq;
		struct feed f;

		verdict = check_stream(l, s, err);
		if (verdict != GO_ON)
			break;
		if (open_feed(l, s, &f, err) != 0) {
			verdict = LOST;
		} else {
			set_ready(l);
			tell_state(l, LOG_CONNECTED, NULL);
			verdict = deliver(l, s, &f, err);
		}
		close_feed(l, s, &f, verdict != LOST);
		if (verdict == CHECK_AGAIN && l->next_seq == from_seq)
			pause_before_retry(l);
	}
	return verdict;
}

/* One connection, from its first byte to its last. */
static enum verdict run_session(struct log_jetstream *l, struct err *err)
{
	struct session s = { 0 };
	enum verdict verdict = LOST;

	if (connect_session(l, &s, err) != 0) {
		set_away(l, err);
		if (!is_stopping(l))
			tell_state(l, LOG_DISCONNECTED, err);
		return LOST;
	}
	pthread_mutex_init(&s.mu, NULL);
	cond_init(&s.changed);
	if (open_answers(l, &s, err) == 0 && lend_connection(l, &s))
		verdict = serve(l, &s, err);
	if (is_stopping(l)) {
		err_set(err, SQLSTATE_ADMIN_SHUTDOWN, "the log is stopped");
		verdict = LOST;
	}
	set_away(l, err);
	if (!is_stopping(l))
		tell_state(l, verdict == WRONG ? LOG_STOPPED : LOG_DISCONNECTED, err);
	close_session(l, &s, err);
	return verdict;
}

static void *run(void *arg)
{
	struct log_jetstream *l = arg;
	struct err err;

	l->callbacks.on_state(l->callbacks.arg, LOG_CONNECTING, NULL);
	while (!is_stopping(l) && run_session(l, &err) != WRONG)
		pause_before_retry(l);
	return NULL;
}

/* The outside. */

static int jetstream_start(
    struct log *log, uint64_t start_seq, const struct log_callbacks *callbacks, struct err *err)
{
	struct log_jetstream *l = jetstream_of(log);

	l->callbacks = *callbacks;
	l->start_seq = l->next_seq = start_seq > 0 ? start_seq : 1;
	l->state = LOG_CONNECTING;
	err_set(&l->why_away, SQLSTATE_CONNECTION_FAILURE, "NATS is not connected yet");
	int rc = pthread_create(&l->thread, NULL, run, l);
	if (rc != 0)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "start the log's thread: %s", strerror(rc));
	l->has_thread = true;
	return 0;
}

static void jetstream_stop(struct log *log)
{
	struct log_jetstream *l = jetstream_of(log);

	if (!l->has_thread)
		return;
	pthread_mutex_lock(&l->session_mu);
	l->is_stopping = true;
	if (l->nc != NULL)
		natsConnection_Close(l->nc); /* wakes whoever waits for it */
	pthread_cond_signal(&l->session_changed);
	pthread_mutex_unlock(&l->session_mu);
	pthread_mutex_lock(&l->flow_mu);
	pthread_cond_signal(&l->flow_changed);
	pthread_mutex_unlock(&l->flow_mu);
	pthread_join(l->thread, NULL);
	l->has_thread = false;
}

static bool jetstream_identity(struct log *log, struct log_identity *out)
{
	struct log_jetstream *l = jetstream_of(log);

	pthread_mutex_lock(&l->identity_mu);
	bool is_known = l->has_identity;
	*out = l->identity;
	pthread_mutex_unlock(&l->identity_mu);
	return is_known;
}

static size_t jetstream_message_max(struct log *log)
{
	return atomic_load(&jetstream_of(log)->message_max);
}

static void jetstream_free(struct log *log)
{
	struct log_jetstream *l = jetstream_of(log);

	for (size_t i = 0; i < l->nurls; i++)
		free(l->urls[i]);
	for (size_t i = 0; i < l->ndiscovered; i++)
		free(l->discovered[i]);
	free(l->creds);
	free(l->token);
	free(l->stream);
	free(l->subject);
	pending_release(&l->pending);
	pthread_cond_destroy(&l->flow_changed);
	pthread_cond_destroy(&l->session_changed);
	pthread_mutex_destroy(&l->flow_mu);
	pthread_mutex_destroy(&l->identity_mu);
	pthread_mutex_destroy(&l->pending_mu);
	pthread_mutex_destroy(&l->session_mu);
	free(l);
}

static int add_url(struct log_jetstream *l, const char *url, size_t len, struct err *err)
{
	const char *scheme_end = memmem(url, len, "://", 3);
	size_t scheme_len = scheme_end != NULL ? (size_t)(scheme_end - url) : 0;

	if (scheme_end != NULL && !(scheme_len == 4 && memcmp(url, "nats", 4) == 0) &&
	    !(scheme_len == 3 && memcmp(url, "tls", 3) == 0))
		return err_set(err, SQLSTATE_CONFIG, "NATS is reached by nats:// or tls://, not by \"%.*s\"",
		    (int)len, url);
	if (len == 0 || len == scheme_len + 3)
		return err_set(err, SQLSTATE_CONFIG, "a NATS server's address is empty");
	if (l->nurls == URLS_MAX)
		return err_set(err, SQLSTATE_CONFIG, "more than %d addresses of NATS servers", URLS_MAX);
	l->urls[l->nurls] = strndup(url, len);
	if (l->urls[l->nurls] == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	l->nurls++;
	return 0;
}

static int add_urls(struct log_jetstream *l, const char *urls, struct err *err)
{
	while (true) {
		urls += strspn(urls, " ");
		size_t len = strcspn(urls, ","), trimmed = len;

		while (trimmed > 0 && urls[trimmed - 1] == ' ')
			trimmed--;
		if (add_url(l, urls, trimmed, err) != 0)
			return -1;
		if (urls[len] == '\0')
			return 0;
		urls += len + 1;
	}
}

static bool copy_text(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

static int take_options(struct log_jetstream *l, const struct log_jetstream_options *o, struct err *err)
{
	const char *stream = o->stream != NULL ? o->stream : "nqlite";

	if (o->creds != NULL && o->token != NULL)
		return err_set(err, SQLSTATE_CONFIG, "NATS takes either credentials or a token, not both");
	if (o->creds != NULL && access(o->creds, R_OK) != 0)
		return err_sys(err, "read the NATS credentials in %s", o->creds);
	if (*stream == '\0' || strlen(stream) >= NAME_MAX_LEN || strpbrk(stream, ". *>\t/\\") != NULL)
		return err_set(err, SQLSTATE_CONFIG, "\"%s\" can't be the name of a stream", stream);
	if (add_urls(l, o->urls != NULL ? o->urls : "", err) != 0)
		return -1;
	if (!copy_text(&l->creds, o->creds) || !copy_text(&l->token, o->token) ||
	    !copy_text(&l->stream, stream) || asprintf(&l->subject, "%s.push", stream) < 0)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	l->publish_timeout_ms = o->publish_timeout_ms > 0 ? o->publish_timeout_ms : PUBLISH_TIMEOUT_MS;
	l->reconnect_wait_ms = o->reconnect_wait_ms > 0 ? o->reconnect_wait_ms : RECONNECT_WAIT_MS;
	l->logger = o->logger;
	return 0;
}

int log_jetstream_new(struct log **out, const struct log_jetstream_options *options, struct err *err)
{
	static const struct log_ops ops = {
		.start = jetstream_start,
		.publish = jetstream_publish,
		.request_head = jetstream_request_head,
		.identity = jetstream_identity,
		.message_max = jetstream_message_max,
		.release_message = jetstream_release_message,
		.stop = jetstream_stop,
		.free = jetstream_free,
	};
	struct log_jetstream *l = calloc(1, sizeof *l);

	if (l == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	l->log.ops = &ops;
	pthread_mutex_init(&l->session_mu, NULL);
	pthread_mutex_init(&l->pending_mu, NULL);
	pthread_mutex_init(&l->identity_mu, NULL);
	pthread_mutex_init(&l->flow_mu, NULL);
	cond_init(&l->session_changed);
	cond_init(&l->flow_changed);
	pending_init(&l->pending);
	atomic_store(&l->message_max, MAX_PAYLOAD - HEADERS_MAX);
	if (take_options(l, options, err) != 0) {
		jetstream_free(&l->log);
		return -1;
	}
	*out = &l->log;
	return 0;
}
