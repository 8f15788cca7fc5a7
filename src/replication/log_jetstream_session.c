#include "replication/log_jetstream_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/log_jetstream_stream.h"
#include "replication/log_jetstream_wire.h"

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
enum {
	CONNECT_TIMEOUT_MS = 2000,
	REQUEST_TIMEOUT_MS = 2000,
	WRITE_TIMEOUT_MS = 2000,
	HEARTBEAT_MS = 1000,
	MISSED_MS = 2500, /* without a message or a heartbeat */
	REPLICAS_WAIT_MS = 10000,
	DOUBT_MS = 10000,
	QUEUED_MESSAGES_MAX = 1 << 17,
	QUEUED_BYTES_MAX = 64 << 20,
};

/* A connection and all that lives as long as it. */
struct session {
	natsConnection *nc;
	jsCtx *js;
	natsSubscription *answers;
	natsInbox *answers_inbox;
	pthread_mutex_t mu;
	pthread_cond_t changed;
	bool has_answers, are_answers_over; /* nats.c may call us; it calls us no more */
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
		status = natsConnection_Subscribe(&s->answers, s->nc, subject, jetstream_on_answer, l);
	}
	if (status == NATS_OK)
		status = natsSubscription_SetOnCompleteCB(s->answers, on_answers_over, s);
	s->has_answers = status == NATS_OK;
	if (status == NATS_OK)
		status =
		    natsSubscription_SetPendingLimits(s->answers, -1, -1); /* as many as there are requests */
	return status == NATS_OK ? 0 : nats_failure(err, status, "subscribe to answers");
}

static bool is_known(struct log_jetstream *l, const char *url)
{
	for (size_t i = 0; i < l->ndiscovered; i++) {
		if (strcmp(l->discovered[i], url) == 0)
			return true;
	}
	return false;
}

/* Adds the servers that this connection told of, with the user of the first URL: the next may need them. None is forgotten,
 * since nats.c tells only of those that it wasn't given. */
static void keep_discovered(struct log_jetstream *l, natsConnection *nc)
{
	char **servers = NULL, url[512];
	int n = 0;
	const char *user = strstr(l->urls[0], "://"), *at = strrchr(l->urls[0], '@');

	user = user != NULL ? user + 3 : l->urls[0];
	int user_len = at != NULL && at > user ? (int)(at + 1 - user) : 0;
	if (natsConnection_GetDiscoveredServers(nc, &servers, &n) != NATS_OK)
		return;
	for (int i = 0; i < n; i++) {
		const char *host = strstr(servers[i], "://");

		host = host != NULL ? host + 3 : servers[i];
		snprintf(url, sizeof url, "%.*s%.*s%s", (int)(host - servers[i]), servers[i], user_len, user,
		    host);
		char *copy = l->ndiscovered < URLS_MAX && !is_known(l, url) ? strdup(url) : NULL;
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
	while (s->has_answers && !s->are_answers_over)
		pthread_cond_wait(&s->changed, &s->mu);
	pthread_mutex_unlock(&s->mu);
	natsSubscription_Destroy(s->answers);
	natsInbox_Destroy(s->answers_inbox);
	jsCtx_Destroy(s->js);
	natsConnection_Destroy(s->nc);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->mu);
	jetstream_end_requests(l, err);
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

static bool is_cluster(struct session *s)
{
	char **servers = NULL;
	int n = 0;

	if (natsConnection_GetServers(s->nc, &servers, &n) != NATS_OK)
		return true;
	for (int i = 0; i < n; i++)
		free(servers[i]);
	free(servers);
	return n > 1;
}

/* A server that has just become the leader of a cluster answers before it has applied all that was acknowledged: what it says
 * is missing may come yet. It is believed when it stays so. */
static enum verdict doubt(struct log_jetstream *l, struct session *s, enum verdict verdict)
{
	int64_t now = jetstream_now_us();

	if (l->doubt_since_us == 0)
		l->doubt_since_us = now;
	return is_cluster(s) && now - l->doubt_since_us < DOUBT_MS * 1000 ? LOST : verdict;
}

/* A cluster that is just starting has too few members for three replicas; one that stays so gets one. */
static int create_stream(struct log_jetstream *l, struct session *s, struct err *err)
{
	int64_t now = jetstream_now_us();

	if (l->create_since_us == 0)
		l->create_since_us = now;
	return stream_create(
	    s->js, l->stream, l->subject, now - l->create_since_us > REPLICAS_WAIT_MS * 1000, err);
}

/* Looks whether it is the stream that we know and still holds what we need; makes it if nobody ever had one. */
static enum verdict check_stream(struct log_jetstream *l, struct session *s, struct err *err)
{
	struct stream_info info;
	bool is_missing;

	if (stream_read(s->js, l->stream, &info, &is_missing, err) != 0)
		return LOST;
	if (is_missing && (l->has_identity || l->next_seq > 1))
		return doubt(l, s, missing_stream(l, err));
	if (is_missing &&
	    (create_stream(l, s, err) != 0 || stream_read(s->js, l->stream, &info, &is_missing, err) != 0))
		return LOST;
	if (is_missing) {
		err_set(
		    err, SQLSTATE_CONNECTION_FAILURE, "stream \"%s\" vanished when it was made", l->stream);
		return LOST;
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
		return doubt(l, s, shorter_stream(l, is->last_seq, err));
	if (is->first_seq > l->next_seq)
		return gap(l, is->first_seq, err);

	l->doubt_since_us = 0;
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
		jetstream_wait(&l->flow_changed, &l->flow_mu, SLICE_MS);
		pthread_mutex_unlock(&l->flow_mu);
		jetstream_expire_requests(l);
		if (jetstream_is_stopping(l))
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
	int64_t heard_us = jetstream_now_us();
	enum verdict verdict = GO_ON;

	while (verdict == GO_ON) {
		natsMsg *m = NULL;
		struct wire_position at;

		wait_for_room(l);
		natsStatus status = natsSubscription_NextMsg(&m, f->messages, SLICE_MS);
		jetstream_expire_requests(l);
		if (status == NATS_OK) {
			heard_us = jetstream_now_us();
			verdict = wire_position(natsMsg_GetReply(m), &at) ? on_stored(l, f, m, &at, err)
									  : on_status(l, s, f, m);
		} else if (status == NATS_TIMEOUT) {
			if (jetstream_now_us() - heard_us > MISSED_MS * 1000)
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
	int64_t until = jetstream_now_us() + l->reconnect_wait_ms * 1000;

	pthread_mutex_lock(&l->session_mu);
	for (int64_t now = jetstream_now_us(); !l->is_stopping && now < until; now = jetstream_now_us())
		jetstream_wait(&l->session_changed, &l->session_mu, (until - now) / 1000 + 1);
	pthread_mutex_unlock(&l->session_mu);
}

static enum verdict serve(struct log_jetstream *l, struct session *s, struct err *err)
{
	enum verdict verdict = CHECK_AGAIN;

	while (verdict == CHECK_AGAIN && !jetstream_is_stopping(l)) {
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
		if (!jetstream_is_stopping(l))
			tell_state(l, LOG_DISCONNECTED, err);
		return LOST;
	}
	pthread_mutex_init(&s.mu, NULL);
	jetstream_cond_init(&s.changed);
	if (open_answers(l, &s, err) == 0 && lend_connection(l, &s))
		verdict = serve(l, &s, err);
	if (jetstream_is_stopping(l)) {
		err_set(err, SQLSTATE_ADMIN_SHUTDOWN, "the log is stopped");
		verdict = LOST;
	}
	set_away(l, err);
	if (!jetstream_is_stopping(l))
		tell_state(l, verdict == WRONG ? LOG_STOPPED : LOG_DISCONNECTED, err);
	close_session(l, &s, err);
	return verdict;
}

void *jetstream_run(void *arg)
{
	struct log_jetstream *l = arg;
	struct err err;

	l->callbacks.on_state(l->callbacks.arg, LOG_CONNECTING, NULL);
	while (!jetstream_is_stopping(l) && run_session(l, &err) != WRONG)
		pause_before_retry(l);
	return NULL;
}
