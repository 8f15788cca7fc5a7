#include "replication/log_jetstream_wire.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* $JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<delivery>.<ns>.<pending>; since 2.9 a server may also put
 * <domain>.<account> before the stream, and a random token at the end. */
enum { TOKENS_OLD = 9, TOKENS_NEW_MIN = 11, TOKENS_MAX = 13 };
enum { SEQ_TOKEN = 5, DOMAIN_TOKENS = 2 };

static bool token_uint(const char *token, uint64_t *out)
{
	char *end;

	if (*token < '0' || *token > '9')
		return false;
	*out = strtoull(token, &end, 10);
	return *end == '.' || *end == '\0';
}

bool wire_position(const char *reply, struct wire_position *out)
{
	const char *tokens[TOKENS_MAX];
	size_t n = 0;
	uint64_t ns;

	if (reply == NULL || strncmp(reply, "$JS.ACK.", 8) != 0)
		return false;
	for (const char *p = reply; p != NULL && n < TOKENS_MAX; n++) {
		tokens[n] = p;
		p = strchr(p, '.');
		if (p != NULL)
			p++;
	}
	if (n != TOKENS_OLD && n < TOKENS_NEW_MIN)
		return false;
	const char **at = tokens + SEQ_TOKEN + (n == TOKENS_OLD ? 0 : DOMAIN_TOKENS);
	if (!token_uint(at[0], &out->seq) || !token_uint(at[1], &out->delivery) || !token_uint(at[2], &ns))
		return false;
	out->time_us = (int64_t)(ns / 1000);
	return true;
}

/* Server's error codes (server/errors.json of nats-server) whose cause has a SQLSTATE of its own. */
static const char *sqlstate_of(json_int_t err_code)
{
	switch (err_code) {
	case 10002: /* resource limits exceeded for account */
	case 10023: /* insufficient resources */
	case 10028: /* insufficient memory resources available */
	case 10047: /* insufficient storage resources available */
	case 10077: /* storing failed: maximum bytes or messages exceeded, no space */
	case 10122: /* stream max bytes exceeds account limit */ return SQLSTATE_DISK_FULL;
	case 10054: /* message size exceeds maximum allowed */ return SQLSTATE_LIMIT_EXCEEDED;
	default: return SQLSTATE_IO;
	}
}

static enum wire_answer parse_error(const json_t *error, struct err *err)
{
	const char *description = json_string_value(json_object_get(error, "description"));
	json_int_t err_code = json_integer_value(json_object_get(error, "err_code"));

	err_set(err, sqlstate_of(err_code), "NATS refuses it: %s",
	    description != NULL ? description : "no reason given");
	err_detail(err, "JetStream error %" JSON_INTEGER_FORMAT, err_code);
	return WIRE_ERROR;
}

static bool uint_of(const json_t *object, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static enum wire_answer bad(struct err *err)
{
	err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "NATS gave an answer that can't be read");
	return WIRE_BAD;
}

enum wire_answer wire_publish_ack(const char *json, size_t len, uint64_t *seq, struct err *err)
{
	json_t *root = json_loadb(json, len, 0, NULL);
	const json_t *error = json_object_get(root, "error");
	enum wire_answer answer = WIRE_OK;

	if (error != NULL)
		answer = parse_error(error, err);
	else if (!uint_of(root, "seq", seq) || *seq == 0)
		answer = bad(err);
	json_decref(root);
	return answer;
}

enum wire_answer wire_stream_info(
    const char *json, size_t len, uint64_t *first_seq, uint64_t *last_seq, struct err *err)
{
	json_t *root = json_loadb(json, len, 0, NULL);
	const json_t *error = json_object_get(root, "error"), *state = json_object_get(root, "state");
	enum wire_answer answer = WIRE_OK;

	if (error != NULL)
		answer = parse_error(error, err);
	else if (!uint_of(state, "first_seq", first_seq) || !uint_of(state, "last_seq", last_seq))
		answer = bad(err);
	json_decref(root);
	return answer;
}

void wire_cluster_id(const char *description, int64_t created_ns, char *out, size_t size)
{
	static const char prefix[] = "nqlite ";
	size_t prefix_len = sizeof prefix - 1;

	if (description != NULL && strncmp(description, prefix, prefix_len) == 0 &&
	    strlen(description + prefix_len) == 36)
		snprintf(out, size, "%s", description + prefix_len);
	else
		snprintf(out, size, "created-%" PRId64, created_ns);
}
