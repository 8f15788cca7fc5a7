/* replication_script.h - a log that does what a test says, a clock that stands still, and what was published.
 *
 * Owns:     the bytes published, until script_release.
 * Runs on:  the test's thread. */
#ifndef NQLITE_TESTS_SIM_REPLICATION_SCRIPT_H
#define NQLITE_TESTS_SIM_REPLICATION_SCRIPT_H

#include "replication/applier.h"
#include "replication/publisher.h"
#include "sim/replication_support.h"

struct script_publish {
	uint64_t token;
	char id[64];
	uint8_t *data;
	size_t len;
};

struct script {
	struct log log; /* first */
	int64_t now_us;
	struct clock clock;
	struct script_publish published[256];
	size_t npublished;
	size_t message_max;
	struct log_identity identity;
	bool has_identity;
	int nleases;
};

static inline void script_publish(
    struct log *log, uint64_t token, const char *id, const void *data, size_t len)
{
	struct script *s = (struct script *)(void *)log;
	struct script_publish *p = &s->published[s->npublished++];

	if (s->npublished == sizeof(s->published) / sizeof(s->published[0]))
		abort();
	p->token = token;
	snprintf(p->id, sizeof(p->id), "%s", id);
	p->data = malloc(len);
	p->len = len;
	memcpy(p->data, data, len);
}

static inline bool script_identity(struct log *log, struct log_identity *out)
{
	struct script *s = (struct script *)(void *)log;

	*out = s->identity;
	return s->has_identity;
}

static inline size_t script_message_max(struct log *log)
{
	return ((struct script *)(void *)log)->message_max;
}

static inline void script_release_message(struct log *log, const struct log_message *m)
{
	(void)m;
	((struct script *)(void *)log)->nleases--;
}

static inline int64_t script_now(void *arg)
{
	return ((struct script *)arg)->now_us;
}

static inline void script_init(struct script *s)
{
	static const struct log_ops ops = { .publish = script_publish,
		.identity = script_identity,
		.message_max = script_message_max,
		.release_message = script_release_message };

	memset(s, 0, sizeof(*s));
	s->log.ops = &ops;
	s->now_us = 1000000;
	s->clock = (struct clock){ script_now, script_now, s };
	s->message_max = 1 << 20;
	s->has_identity = true;
	s->identity = (struct log_identity){ .cluster_id = "cluster-1", .created_us = 77, .first_seq = 1 };
}

static inline void script_release(struct script *s)
{
	for (size_t i = 0; i < s->npublished; i++)
		free(s->published[i].data);
}

#endif
