#include "replication/log_jetstream_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/log_jetstream_stream.h"
#include "replication/log_jetstream_wire.h"

#define HEADER_ID "Nats-Msg-Id"

enum { EXPIRY_MS = 100 }; /* how often deadlines are looked at */

static void answer_request(struct log_jetstream *l, const struct request *r, enum log_publish fate,
    uint64_t seq, const struct err *err)
{
	if (r->kind == REQUEST_PUBLISH)
		l->callbacks.on_published(l->callbacks.arg, r->token, fate, seq, err);
	else
		l->callbacks.on_head(l->callbacks.arg, r->token, fate == LOG_STORED, seq);
}

/* Ends those whose deadline is at or before until_us. */
static void end_requests(struct log_jetstream *l, int64_t until_us, const struct err *err)
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

void jetstream_expire_requests(struct log_jetstream *l)
{
	int64_t now = jetstream_now_us();
	struct err err;

	if (now < l->next_expiry_us)
		return;
	l->next_expiry_us = now + EXPIRY_MS * 1000;
	err_set(&err, SQLSTATE_UNKNOWN_OUTCOME, "NATS gave no acknowledgement within %" PRId64 " ms",
	    l->publish_timeout_ms);
	end_requests(l, now, &err);
}

void jetstream_end_requests(struct log_jetstream *l, const struct err *err)
{
	end_requests(l, INT64_MAX, err);
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

/* The request's number is the subject's last token. */
void jetstream_on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *arg)
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
	    pending_add(&l->pending, r->kind, r->token, jetstream_now_us() + l->publish_timeout_ms * 1000);
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

void jetstream_publish(struct log *log, uint64_t token, const char *id, const void *data, size_t len)
{
	struct log_jetstream *l = (struct log_jetstream *)(void *)log;
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

void jetstream_request_head(struct log *log, uint64_t token)
{
	request((struct log_jetstream *)(void *)log, REQUEST_HEAD, token, make_head, log);
}
