#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/replication_script.h"

#define WAIT_US 10000000

struct bench {
	struct script script;
	struct publisher *p;
	struct test_write writes[200];
	size_t nwrites;
};

static void bench_open(struct bench *b, size_t batch_bytes_max, size_t in_flight_max)
{
	struct err err;

	memset(b, 0, sizeof(*b));
	script_init(&b->script);
	struct publisher_options o = { .log = &b->script.log,
		.origin = { { 0xab, 0xcd } },
		.write_wait_us = WAIT_US,
		.batch_bytes_max = batch_bytes_max,
		.batches_in_flight_max = in_flight_max,
		.pending_bytes_max = 20000,
		.clock = &b->script.clock };
	assert_int_equal(publisher_new(&b->p, &o, &err), 0);
	publisher_open(b->p);
}

static void bench_close(struct bench *b)
{
	publisher_finish(b->p);
	publisher_free(b->p);
	for (size_t i = 0; i < b->nwrites; i++) {
		assert_int_equal(b->writes[i].ndone, 1);
		test_write_release(&b->writes[i]);
	}
	script_release(&b->script);
}

static struct test_write *submit_text(struct bench *b, const char *sql)
{
	struct test_write *t = &b->writes[b->nwrites++];

	test_write_init(t);
	publisher_submit(b->p, test_write_one(t, sql, 0));
	return t;
}

static struct test_write *submit(struct bench *b)
{
	return submit_text(b, "INSERT INTO t VALUES (1)");
}

static struct test_write *submit_large(struct bench *b, size_t bytes)
{
	char *sql = calloc(1, bytes + 1);

	memset(sql, ' ', bytes);
	struct test_write *t = submit_text(b, sql);
	free(sql);
	return t;
}

static struct batch_header read_batch(const struct script_publish *p)
{
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	struct err err;

	entry_reader_init(&r, p->data, p->len);
	assert_int_equal(entry_read_message(&r, &batch, &part, &err), MESSAGE_BATCH);
	return batch;
}

static void tell(struct bench *b, size_t publish, enum log_publish fate, const char *sqlstate)
{
	struct err err;

	err_set(&err, sqlstate != NULL ? sqlstate : "XX000", "from the log");
	publisher_on_published(
	    b->p, b->script.published[publish].token, fate, publish + 1, fate == LOG_REFUSED ? &err : NULL);
	publisher_step(b->p);
}

static void check_answer(const struct test_write *t, enum write_outcome outcome, const char *sqlstate)
{
	assert_int_equal(t->ndone, 1);
	assert_int_equal(t->w.outcome, outcome);
	assert_string_equal(t->w.err.sqlstate, sqlstate);
}

static void pass(struct bench *b, int64_t us)
{
	b->script.now_us += us;
	publisher_step(b->p);
}

static void all_that_wait_travel_in_one_message(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	publisher_attest(b.p, 17, 99);
	for (int i = 0; i < 10; i++)
		submit(&b);
	publisher_step(b.p);
	assert_int_equal(b.script.npublished, 1);
	struct batch_header h = read_batch(&b.script.published[0]);
	assert_int_equal(h.nentries, 10);
	assert_int_equal(h.number, 1);
	assert_int_equal(h.attested_seq, 17);
	assert_int_equal(h.attested_hash, 99);
	assert_string_equal(b.script.published[0].id, "abcd0000000000000000000000000000-1");
	bench_close(&b);
}

static void a_message_holds_no_more_than_it_may(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 400, 8);
	for (int i = 0; i < 10; i++)
		submit(&b);
	publisher_step(b.p);
	assert_true(b.script.npublished > 1);
	size_t n = 0;
	for (size_t i = 0; i < b.script.npublished; i++) {
		assert_true(b.script.published[i].len <= 400);
		n += read_batch(&b.script.published[i]).nentries;
	}
	assert_int_equal(n, 10);
	bench_close(&b);
}

static void no_more_batches_are_undecided_than_allowed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 3);
	for (int i = 0; i < 5; i++) {
		submit(&b);
		publisher_step(b.p);
	}
	assert_int_equal(b.script.npublished, 3);
	tell(&b, 1, LOG_STORED, NULL);
	assert_int_equal(b.script.npublished, 4); /* the two that waited travel together */
	assert_int_equal(read_batch(&b.script.published[3]).nentries, 2);
	bench_close(&b);
}

static void a_batch_of_unknown_fate_is_published_again_as_it_was(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	publisher_attest(b.p, 5, 5);
	tell(&b, 0, LOG_UNKNOWN, NULL);
	assert_int_equal(b.script.npublished, 1); /* not in a hurry */
	pass(&b, 1000000);
	assert_int_equal(b.script.npublished, 2);
	assert_string_equal(b.script.published[1].id, b.script.published[0].id);
	assert_int_equal(b.script.published[1].len, b.script.published[0].len);
	assert_memory_equal(
	    b.script.published[1].data, b.script.published[0].data, b.script.published[0].len);
	tell(&b, 1, LOG_UNKNOWN, NULL);
	publisher_open(b.p); /* connected anew: at once */
	publisher_step(b.p);
	assert_int_equal(b.script.npublished, 3);
	assert_int_equal(t->ndone, 0);
	bench_close(&b);
	check_answer(t, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
}

static void a_refusal_is_told_unless_the_batch_may_be_stored_already(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *first = submit(&b);
	publisher_step(b.p);
	tell(&b, 0, LOG_REFUSED, SQLSTATE_DISK_FULL);
	check_answer(first, WRITE_REFUSED, SQLSTATE_DISK_FULL);
	struct test_write *second = submit(&b);
	publisher_step(b.p);
	tell(&b, 1, LOG_UNKNOWN, NULL);
	pass(&b, 1000000);
	tell(&b, 2, LOG_REFUSED, SQLSTATE_DISK_FULL);
	check_answer(second, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
	assert_true(publisher_is_idle(b.p));
	bench_close(&b);
}

static void while_the_log_is_away_writes_wait_and_then_are_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	publisher_close(b.p, NULL);
	struct test_write *early = submit(&b);
	pass(&b, WAIT_US - 1000);
	struct test_write *late = submit(&b);
	publisher_step(b.p);
	assert_int_equal(early->ndone, 0);
	pass(&b, 1000);
	check_answer(early, WRITE_REFUSED, SQLSTATE_CONNECTION_FAILURE);
	assert_string_equal(early->w.err.message, "the write log is not reachable");
	assert_true(early->w.err.hint[0] != '\0');
	assert_int_equal(late->ndone, 0);
	assert_int_equal(b.script.npublished, 0);
	publisher_open(b.p); /* it goes on by itself */
	publisher_step(b.p);
	assert_int_equal(b.script.npublished, 1);
	assert_int_equal(read_batch(&b.script.published[0]).nentries, 1);
	bench_close(&b);
}

static void a_batch_that_was_turned_away_waits_and_travels_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	tell(&b, 0, LOG_REFUSED, SQLSTATE_CONNECTION_FAILURE);
	submit(&b);
	publisher_step(b.p);
	assert_int_equal(b.script.npublished, 1);
	pass(&b, 1000000);
	assert_int_equal(b.script.npublished, 2); /* both, the older first */
	assert_int_equal(read_batch(&b.script.published[1]).nentries, 2);
	assert_int_equal(read_batch(&b.script.published[1]).number, 2);
	size_t n;
	struct write **writes = publisher_claim(b.p, 2, &n);
	assert_int_equal(n, 2);
	assert_ptr_equal(writes[0], &t->w);
	for (size_t i = 0; i < n; i++)
		writes[i]->on_done(writes[i]);
	free(writes);
	bench_close(&b);
}

static void a_write_that_may_be_stored_ends_as_unknown_and_its_delivery_finds_nobody(void **state)
{
	struct bench b;
	size_t n;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	tell(&b, 0, LOG_UNKNOWN, NULL);
	publisher_close(b.p, NULL);
	pass(&b, WAIT_US);
	check_answer(t, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
	publisher_open(b.p);
	publisher_step(b.p);
	assert_int_equal(b.script.npublished, 2); /* it is still brought into the log */
	struct write **writes = publisher_claim(b.p, 1, &n);
	assert_int_equal(n, 1);
	assert_null(writes[0]);
	free(writes);
	assert_null(publisher_claim(b.p, 1, &n));
	publisher_step(b.p);
	assert_true(publisher_is_idle(b.p));
	bench_close(&b);
}

static void a_stored_batch_is_waited_for_as_long_as_the_log_stands(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	tell(&b, 0, LOG_STORED, NULL);
	pass(&b, 10 * WAIT_US);
	assert_int_equal(t->ndone, 0);
	publisher_close(b.p, NULL);
	publisher_step(b.p);
	check_answer(t, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
	bench_close(&b);
}

static void a_stored_batch_that_was_passed_over_ends_as_unknown(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	tell(&b, 0, LOG_STORED, NULL); /* at seq 1 */
	publisher_attest(b.p, 0, 0);
	publisher_step(b.p);
	assert_int_equal(t->ndone, 0);
	publisher_attest(b.p, 1, 0);
	publisher_step(b.p);
	check_answer(t, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
	assert_true(publisher_is_idle(b.p));
	bench_close(&b);
}

static void a_delivery_decides_a_batch_that_nobody_acknowledged(void **state)
{
	struct bench b;
	size_t n;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *t = submit(&b);
	publisher_step(b.p);
	struct write **writes = publisher_claim(b.p, 1, &n);
	assert_int_equal(n, 1);
	assert_ptr_equal(writes[0], &t->w);
	writes[0]->on_done(writes[0]);
	free(writes);
	tell(&b, 0, LOG_UNKNOWN, NULL);
	pass(&b, 2 * WAIT_US);
	assert_int_equal(b.script.npublished, 1);
	assert_true(publisher_is_idle(b.p));
	bench_close(&b);
}

static void a_cancelled_write_is_refused_while_it_waits(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *published = submit(&b);
	publisher_step(b.p);
	publisher_close(b.p, NULL);
	struct test_write *waiting = submit(&b), *other = submit(&b);
	publisher_step(b.p);
	publisher_cancel(b.p, &published->w);
	publisher_cancel(b.p, &waiting->w);
	publisher_step(b.p);
	check_answer(waiting, WRITE_REFUSED, SQLSTATE_QUERY_CANCELED);
	assert_int_equal(published->ndone, 0);
	assert_int_equal(other->ndone, 0);
	bench_close(&b);
}

static void a_large_write_travels_in_parts_that_make_the_batch_again(void **state)
{
	struct bench b;
	struct buf bytes;
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	struct err err;

	(void)state;
	bench_open(&b, 100000, 8);
	b.script.message_max = 1000;
	submit(&b);
	struct test_write *t = submit_large(&b, 5000);
	submit(&b);
	publisher_step(b.p);
	buf_init(&bytes, 1 << 20);
	assert_int_equal(b.script.npublished, 1 + 6 + 1);
	for (size_t i = 1; i < 7; i++) {
		const struct script_publish *p = &b.script.published[i];

		assert_true(p->len <= 1000);
		entry_reader_init(&r, p->data, p->len);
		assert_int_equal(entry_read_message(&r, &batch, &part, &err), MESSAGE_PART);
		assert_int_equal(part.part, i - 1);
		assert_int_equal(part.nparts, 6);
		assert_int_equal(part.number, 2);
		buf_put(&bytes, part.bytes, part.len);
	}
	assert_string_equal(b.script.published[3].id, "abcd0000000000000000000000000000-2-2");
	entry_reader_init(&r, bytes.data, bytes.len);
	assert_int_equal(entry_read_message(&r, &batch, &part, &err), MESSAGE_BATCH);
	assert_int_equal(batch.nentries, 1);
	buf_release(&bytes);

	/* One part that was never stored: then none of it counts. */
	for (size_t i = 1; i < 6; i++)
		tell(&b, i, LOG_STORED, NULL);
	tell(&b, 6, LOG_REFUSED, SQLSTATE_CONNECTION_FAILURE);
	publisher_close(b.p, NULL);
	pass(&b, WAIT_US);
	check_answer(t, WRITE_REFUSED, SQLSTATE_CONNECTION_FAILURE);
	bench_close(&b);
}

static void too_much_that_waits_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	publisher_close(b.p, NULL);
	struct test_write *first = submit_large(&b, 15000), *second = submit_large(&b, 15000);
	publisher_step(b.p);
	assert_int_equal(first->ndone, 0);
	check_answer(second, WRITE_REFUSED, SQLSTATE_OUT_OF_MEMORY);
	bench_close(&b);
}

static void a_reason_is_told_to_those_that_waited_in_vain(void **state)
{
	struct bench b;
	struct err reason;

	(void)state;
	bench_open(&b, 100000, 8);
	err_set(&reason, SQLSTATE_DISK_FULL, "the disk is full");
	publisher_close(b.p, &reason);
	struct test_write *t = submit(&b);
	pass(&b, WAIT_US);
	check_answer(t, WRITE_REFUSED, SQLSTATE_DISK_FULL);
	bench_close(&b);
}

static void when_all_is_refused_those_under_way_are_unknown(void **state)
{
	struct bench b;
	struct err reason;

	(void)state;
	bench_open(&b, 100000, 8);
	struct test_write *published = submit(&b);
	publisher_step(b.p);
	struct test_write *waiting = submit(&b);
	err_set(&reason, SQLSTATE_CORRUPTED, "stopped");
	publisher_refuse(b.p, &reason);
	publisher_step(b.p);
	check_answer(published, WRITE_UNKNOWN, SQLSTATE_UNKNOWN_OUTCOME);
	check_answer(waiting, WRITE_REFUSED, SQLSTATE_CORRUPTED);
	publisher_open(b.p); /* there is no way back */
	struct test_write *later = submit(&b);
	publisher_step(b.p);
	check_answer(later, WRITE_REFUSED, SQLSTATE_CORRUPTED);
	bench_close(&b);
}

static void the_oldest_undecided_batch_keeps_the_newest_within_the_window(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 100000, 8);
	for (int i = 0; i < 100; i++) {
		submit(&b);
		publisher_step(b.p);
		size_t last = b.script.npublished - 1;
		if (last > 0)
			tell(&b, last, LOG_STORED, NULL);
	}
	assert_int_equal(b.script.npublished, 64); /* number 65 would be 64 past the first */
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_wait_travel_in_one_message),
		cmocka_unit_test(a_message_holds_no_more_than_it_may),
		cmocka_unit_test(no_more_batches_are_undecided_than_allowed),
		cmocka_unit_test(a_batch_of_unknown_fate_is_published_again_as_it_was),
		cmocka_unit_test(a_refusal_is_told_unless_the_batch_may_be_stored_already),
		cmocka_unit_test(while_the_log_is_away_writes_wait_and_then_are_refused),
		cmocka_unit_test(a_batch_that_was_turned_away_waits_and_travels_again),
		cmocka_unit_test(a_write_that_may_be_stored_ends_as_unknown_and_its_delivery_finds_nobody),
		cmocka_unit_test(a_stored_batch_is_waited_for_as_long_as_the_log_stands),
		cmocka_unit_test(a_stored_batch_that_was_passed_over_ends_as_unknown),
		cmocka_unit_test(a_delivery_decides_a_batch_that_nobody_acknowledged),
		cmocka_unit_test(a_cancelled_write_is_refused_while_it_waits),
		cmocka_unit_test(a_large_write_travels_in_parts_that_make_the_batch_again),
		cmocka_unit_test(too_much_that_waits_is_refused),
		cmocka_unit_test(a_reason_is_told_to_those_that_waited_in_vain),
		cmocka_unit_test(when_all_is_refused_those_under_way_are_unknown),
		cmocka_unit_test(the_oldest_undecided_batch_keeps_the_newest_within_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
