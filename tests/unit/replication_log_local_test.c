/* The log of one embedded node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "replication/log.h"

struct seen {
	struct log *log;
	struct log_message messages[4];
	size_t nmessages;
	uint64_t tokens[4], seqs[4];
	size_t nfates;
	bool is_connected, knew_identity;
	uint64_t head, head_token;
};

static void on_message(void *arg, const struct log_message *m)
{
	struct seen *s = arg;

	assert_int_equal(s->nfates, s->nmessages + 1); /* the fate comes first */
	s->messages[s->nmessages++] = *m;
}

static void on_published(
    void *arg, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err)
{
	struct seen *s = arg;

	assert_int_equal(fate, LOG_STORED);
	assert_null(err);
	s->tokens[s->nfates] = token;
	s->seqs[s->nfates++] = seq;
}

static void on_state(void *arg, enum log_state state, const struct err *err)
{
	struct seen *s = arg;
	struct log_identity identity;

	assert_null(err);
	s->is_connected = state == LOG_CONNECTED;
	s->knew_identity = s->log->ops->identity(s->log, &identity);
}

static void on_head(void *arg, uint64_t token, bool ok, uint64_t seq)
{
	struct seen *s = arg;

	assert_true(ok);
	s->head_token = token;
	s->head = seq;
}

static struct log *start(struct seen *s, uint64_t start_seq)
{
	struct log_callbacks callbacks = { .arg = s,
		.on_message = on_message,
		.on_published = on_published,
		.on_state = on_state,
		.on_head = on_head };
	struct err err;

	*s = (struct seen){ .log = log_local_new() };
	assert_non_null(s->log);
	assert_int_equal(s->log->ops->start(s->log, start_seq, &callbacks, &err), 0);
	return s->log;
}

static void end(struct log *log)
{
	log->ops->stop(log);
	log->ops->free(log);
}

static void what_is_published_is_delivered_at_once_from_the_start_seq_on(void **state)
{
	(void)state;
	struct seen s;
	struct log *log = start(&s, 42);
	char data[] = "one";

	log->ops->publish(log, 7, "a:1", data, 3);
	log->ops->publish(log, 8, "a:2", "", 0);
	memset(data, 'x', 3); /* a message has its own bytes */
	assert_int_equal(s.nmessages, 2);
	assert_true(s.messages[0].seq == 42 && s.messages[1].seq == 43);
	assert_true(s.tokens[0] == 7 && s.seqs[0] == 42 && s.tokens[1] == 8 && s.seqs[1] == 43);
	assert_true(s.messages[0].is_ours && s.messages[0].len == 3 && s.messages[1].len == 0);
	assert_memory_equal(s.messages[0].data, "one", 3);
	log->ops->release_message(log, &s.messages[1]); /* in any order */
	log->ops->release_message(log, &s.messages[0]);
	end(log);
}

static void the_head_is_the_last_seq(void **state)
{
	(void)state;
	struct seen s;
	struct log *log = start(&s, 0);

	log->ops->request_head(log, 3);
	assert_true(s.head == 0 && s.head_token == 3);
	log->ops->publish(log, 1, "a:1", "x", 1);
	log->ops->request_head(log, 4);
	assert_true(s.head == 1 && s.head_token == 4);
	log->ops->release_message(log, &s.messages[0]);
	end(log);
}

static void each_log_has_a_uuid_of_its_own_when_it_is_connected(void **state)
{
	(void)state;
	struct seen s;
	struct log_identity a, b;
	struct log *log = log_local_new();

	assert_false(log->ops->identity(log, &a));
	end(log);
	log = start(&s, 1);
	assert_true(s.is_connected && s.knew_identity);
	assert_true(log->ops->identity(log, &a));
	end(log);
	log = start(&s, 100);
	assert_true(log->ops->identity(log, &b));
	end(log);
	assert_int_equal(strlen(a.cluster_id), 36);
	assert_string_not_equal(a.cluster_id, b.cluster_id);
	assert_true(b.first_seq == 100 && b.last_seq == 99 && b.created_us > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_published_is_delivered_at_once_from_the_start_seq_on),
		cmocka_unit_test(the_head_is_the_last_seq),
		cmocka_unit_test(each_log_has_a_uuid_of_its_own_when_it_is_connected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
