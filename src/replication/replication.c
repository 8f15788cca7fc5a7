#include "replication/replication.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "replication/applier.h"
#include "replication/publisher.h"
#include "replication/waits.h"

#define WRITE_WAIT_MS         10000
#define BATCH_BYTES_MAX       (512 * 1024)
#define BATCHES_IN_FLIGHT     8
#define BATCHES_IN_FLIGHT_MAX 32
#define PENDING_BYTES_MAX     (256 * 1024 * 1024)

/* What a thread sleeps on. */
struct alarm {
	pthread_mutex_t lock;
	pthread_cond_t rung; /* on CLOCK_MONOTONIC */
	bool is_ringing;
};

struct worker {
	struct replication *r;
	int64_t (*step)(struct replication *r); /* when to step again, monotonic */
	void (*finish)(struct replication *r);
	struct alarm *alarm;
	pthread_t thread;
	bool is_started;
};

/* Local: one worker steps both. Else each has its own thread and alarm. */
struct replication {
	struct replication_options o;
	struct log *log;
	struct publisher *publisher;
	struct applier *applier;
	struct waits waits;
	struct alarm publisher_alarm, applier_alarm;
	struct worker workers[2];
	_Atomic bool is_stopping; /* workers end */

	pthread_mutex_t idle_lock; /* for all below */
	pthread_cond_t idle_changed;
	bool wants_idle, is_publisher_idle;
};

/* Alarms. */

static void cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static void alarm_init(struct alarm *a)
{
	pthread_mutex_init(&a->lock, NULL);
	cond_init_monotonic(&a->rung);
	a->is_ringing = false;
}

static void alarm_release(struct alarm *a)
{
	pthread_cond_destroy(&a->rung);
	pthread_mutex_destroy(&a->lock);
}

static void alarm_ring(void *arg)
{
	struct alarm *a = arg;

	pthread_mutex_lock(&a->lock);
	bool was_ringing = a->is_ringing;
	a->is_ringing = true;
	pthread_mutex_unlock(&a->lock);
	if (!was_ringing)
		pthread_cond_signal(&a->rung);
}

static struct timespec after_us(int64_t us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += us / 1000000;
	t.tv_nsec += us % 1000000 * 1000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Until it rings or `us` have passed. */
static void alarm_wait(struct alarm *a, int64_t us)
{
	struct timespec until = after_us(us);

	pthread_mutex_lock(&a->lock);
	while (!a->is_ringing && pthread_cond_timedwait(&a->rung, &a->lock, &until) != ETIMEDOUT) {}
	a->is_ringing = false;
	pthread_mutex_unlock(&a->lock);
}

static struct alarm *applier_alarm(struct replication *r)
{
	return r->o.is_local ? &r->publisher_alarm : &r->applier_alarm;
}

/* The log's callbacks. */

static void on_message(void *arg, const struct log_message *m)
{
	struct replication *r = arg;

	applier_on_message(r->applier, m);
}

static void on_published(
    void *arg, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err)
{
	struct replication *r = arg;

	if (fate == LOG_STORED)
		applier_on_head(r->applier, seq);
	publisher_on_published(r->publisher, token, fate, seq, err);
}

static void on_state(void *arg, enum log_state state, const struct err *err)
{
	struct replication *r = arg;

	applier_on_state(r->applier, state, err);
}

static void on_head(void *arg, uint64_t token, bool ok, uint64_t seq)
{
	struct replication *r = arg;

	if (ok)
		applier_on_head(r->applier, seq);
	waits_on_head(&r->waits, token, ok, seq);
	alarm_ring(applier_alarm(r));
}

/* Workers. */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t step_publisher(struct replication *r)
{
	waits_ask(&r->waits, r->log);
	int64_t at = publisher_step(r->publisher);

	pthread_mutex_lock(&r->idle_lock);
	if (r->wants_idle) {
		r->is_publisher_idle = publisher_is_idle(r->publisher);
		pthread_cond_signal(&r->idle_changed);
	}
	pthread_mutex_unlock(&r->idle_lock);
	return at;
}

static int64_t step_applier(struct replication *r)
{
	int64_t at = applier_step(r->applier);

	at = earlier(at, waits_answer(&r->waits, applier_applied_seq(r->applier), clock_mono_us(r->o.clock)));
	pthread_mutex_lock(&r->idle_lock);
	if (r->wants_idle)
		pthread_cond_signal(&r->idle_changed);
	pthread_mutex_unlock(&r->idle_lock);
	return at;
}

/* What waits is gathered, handed to the log, delivered, applied, committed with one fsync and answered: no thread hop. */
static int64_t step_both(struct replication *r)
{
	int64_t at = step_publisher(r);

	return earlier(at, step_applier(r));
}

static void finish_publisher(struct replication *r)
{
	publisher_finish(r->publisher);
}

static void finish_nothing(struct replication *r)
{
	(void)r;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct replication *r = w->r;

	while (!atomic_load(&r->is_stopping)) {
		int64_t at = w->step(r);
		int64_t now = clock_mono_us(r->o.clock);

		if (at > now)
			alarm_wait(w->alarm,
			    at - now < 3600 * INT64_C(1000000) ? at - now : 3600 * INT64_C(1000000));
	}
	w->finish(r);
	return NULL;
}

static int start_worker(struct worker *w, struct err *err)
{
	int rc = pthread_create(&w->thread, NULL, work, w);

	if (rc != 0) {
		errno = rc;
		return err_sys(err, "start a thread of replication");
	}
	w->is_started = true;
	return 0;
}

static int start_workers(struct replication *r, struct err *err)
{
	if (r->o.is_local) {
		r->workers[0] = (struct worker){
			.r = r, .step = step_both, .finish = finish_publisher, .alarm = &r->publisher_alarm
		};
		return start_worker(&r->workers[0], err);
	}
	r->workers[0] = (struct worker){
		.r = r, .step = step_publisher, .finish = finish_publisher, .alarm = &r->publisher_alarm
	};
	r->workers[1] = (struct worker){
		.r = r, .step = step_applier, .finish = finish_nothing, .alarm = &r->applier_alarm
	};
	return start_worker(&r->workers[0], err) == 0 ? start_worker(&r->workers[1], err) : -1;
}

static void join_workers(struct replication *r)
{
	atomic_store(&r->is_stopping, true);
	alarm_ring(&r->publisher_alarm);
	alarm_ring(&r->applier_alarm);
	for (size_t i = 0; i < 2; i++) {
		if (r->workers[i].is_started)
			pthread_join(r->workers[i].thread, NULL);
	}
}

/* Start and stop. */

static void set_defaults(struct replication_options *o)
{
	if (o->write_wait_ms <= 0)
		o->write_wait_ms = WRITE_WAIT_MS;
	if (o->batch_bytes_max == 0)
		o->batch_bytes_max = BATCH_BYTES_MAX;
	if (o->batches_in_flight_max == 0)
		o->batches_in_flight_max = BATCHES_IN_FLIGHT;
	if (o->batches_in_flight_max > BATCHES_IN_FLIGHT_MAX)
		o->batches_in_flight_max = BATCHES_IN_FLIGHT_MAX;
	if (o->pending_bytes_max == 0)
		o->pending_bytes_max = PENDING_BYTES_MAX;
	if (o->clock == NULL)
		o->clock = &clock_system;
}

static int draw_origin(struct origin *origin, struct err *err)
{
	if (getrandom(origin->bytes, ORIGIN_SIZE, 0) != ORIGIN_SIZE)
		return err_sys(err, "draw a random origin");
	return 0;
}

static int make_publisher(struct replication *r, const struct origin *origin, struct err *err)
{
	struct publisher_options options = { .log = r->log,
		.origin = *origin,
		.write_wait_us = r->o.write_wait_ms * 1000,
		.batch_bytes_max = r->o.batch_bytes_max,
		.batches_in_flight_max = r->o.batches_in_flight_max,
		.pending_bytes_max = r->o.pending_bytes_max,
		.clock = r->o.clock,
		.logger = r->o.logger,
		.wake = alarm_ring,
		.wake_arg = &r->publisher_alarm };

	return publisher_new(&r->publisher, &options, err);
}

static int make_applier(struct replication *r, const struct origin *origin, struct err *err)
{
	struct applier_options options = { .store = r->o.store,
		.log = r->log,
		.publisher = r->publisher,
		.origin = *origin,
		.is_local = r->o.is_local,
		.clock = r->o.clock,
		.logger = r->o.logger,
		.wake = alarm_ring,
		.wake_arg = applier_alarm(r) };

	return applier_open(&r->applier, &options, err);
}

static void replication_free(struct replication *r)
{
	if (r->publisher != NULL)
		publisher_finish(r->publisher);
	applier_close(r->applier);
	publisher_free(r->publisher);
	waits_release(&r->waits);
	r->log->ops->free(r->log);
	alarm_release(&r->publisher_alarm);
	alarm_release(&r->applier_alarm);
	pthread_cond_destroy(&r->idle_changed);
	pthread_mutex_destroy(&r->idle_lock);
	free(r);
}

static int start(struct replication *r, struct err *err)
{
	struct origin origin;
	struct log_callbacks callbacks = { .arg = r,
		.on_message = on_message,
		.on_published = on_published,
		.on_state = on_state,
		.on_head = on_head };

	if (draw_origin(&origin, err) != 0 || make_publisher(r, &origin, err) != 0 ||
	    make_applier(r, &origin, err) != 0)
		return -1;
	if (r->log->ops->start(r->log, applier_applied_seq(r->applier) + 1, &callbacks, err) != 0)
		return -1;
	if (start_workers(r, err) == 0)
		return 0;
	r->log->ops->stop(r->log);
	join_workers(r);
	return -1;
}

int replication_start(struct replication **out, const struct replication_options *options, struct err *err)
{
	struct replication *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL) {
		options->log->ops->free(options->log);
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for replication");
	}
	r->o = *options;
	r->log = options->log;
	set_defaults(&r->o);
	waits_init(&r->waits);
	alarm_init(&r->publisher_alarm);
	alarm_init(&r->applier_alarm);
	pthread_mutex_init(&r->idle_lock, NULL);
	cond_init_monotonic(&r->idle_changed);
	if (start(r, err) != 0) {
		replication_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

/* Until nothing is under way, or wait_ms have passed. */
static void wait_until_idle(struct replication *r, int64_t wait_ms)
{
	struct timespec until = after_us(wait_ms * 1000);

	pthread_mutex_lock(&r->idle_lock);
	r->wants_idle = true;
	r->is_publisher_idle = false;
	pthread_mutex_unlock(&r->idle_lock);
	alarm_ring(&r->publisher_alarm);
	pthread_mutex_lock(&r->idle_lock);
	while (!(r->is_publisher_idle && applier_is_idle(r->applier)) &&
	       pthread_cond_timedwait(&r->idle_changed, &r->idle_lock, &until) != ETIMEDOUT) {}
	pthread_mutex_unlock(&r->idle_lock);
}

void replication_stop(struct replication *r, int64_t wait_ms)
{
	if (r == NULL)
		return;
	if (wait_ms > 0)
		wait_until_idle(r, wait_ms);
	r->log->ops->stop(r->log);
	join_workers(r);
	replication_free(r);
}

/* Any thread. */

void replication_submit(struct replication *r, struct write *w)
{
	publisher_submit(r->publisher, w);
}

void replication_cancel(struct replication *r, struct write *w)
{
	publisher_cancel(r->publisher, w);
}

const struct catalog *replication_catalog(struct replication *r)
{
	return applier_catalog(r->applier);
}

uint64_t replication_schema_version(struct replication *r)
{
	return applier_schema_version(r->applier);
}

uint64_t replication_applied_generation(struct replication *r)
{
	return applier_generation(r->applier);
}

void replication_status(struct replication *r, struct replication_status *out)
{
	applier_status(r->applier, out);
}

void replication_wait(
    struct replication *r, uint64_t seq, int64_t wait_ms, void (*on_reached)(void *arg, bool ok), void *arg)
{
	int64_t deadline = clock_mono_us(r->o.clock) + wait_ms * 1000;

	if (!waits_add(&r->waits, seq, deadline, on_reached, arg)) {
		on_reached(arg, false);
		return;
	}
	/* The publisher's thread asks for the head; the applier's answers what is reached already. */
	alarm_ring(&r->publisher_alarm);
	alarm_ring(applier_alarm(r));
}
