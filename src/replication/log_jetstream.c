#include "replication/log_jetstream_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PUBLISH_TIMEOUT_MS = 2000, /* default */
	RECONNECT_WAIT_MS = 250,   /* default */
	MAX_PAYLOAD = 1024 * 1024, /* a server's default, while none is connected */
};

static struct log_jetstream *jetstream_of(struct log *log)
{
	return (struct log_jetstream *)(void *)log;
}

void jetstream_wait(pthread_cond_t *cond, pthread_mutex_t *mu, int64_t ms)
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

void jetstream_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool jetstream_is_stopping(struct log_jetstream *l)
{
	pthread_mutex_lock(&l->session_mu);
	bool stopping = l->is_stopping;
	pthread_mutex_unlock(&l->session_mu);
	return stopping;
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

static int jetstream_start(
    struct log *log, uint64_t start_seq, const struct log_callbacks *callbacks, struct err *err)
{
	struct log_jetstream *l = jetstream_of(log);

	l->callbacks = *callbacks;
	l->next_seq = start_seq > 0 ? start_seq : 1;
	l->state = LOG_CONNECTING;
	err_set(&l->why_away, SQLSTATE_CONNECTION_FAILURE, "NATS is not connected yet");
	int rc = pthread_create(&l->thread, NULL, jetstream_run, l);
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
	jetstream_cond_init(&l->session_changed);
	jetstream_cond_init(&l->flow_changed);
	pending_init(&l->pending);
	atomic_store(&l->message_max, MAX_PAYLOAD - HEADERS_MAX);
	if (take_options(l, options, err) != 0) {
		jetstream_free(&l->log);
		return -1;
	}
	*out = &l->log;
	return 0;
}
