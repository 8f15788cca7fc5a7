#include "http/api.h"

#include <stdlib.h>
#include <string.h>

#include "http/call.h"
#include "http/json_text.h"

#define ANSWER_BYTES_MAX (64 << 20)
#define CALLS_MAX        10000
#define WAIT_MS          10000 /* for the log, when no timeout is given */
#define WAIT_SLICE_MS    1000 /* a wait can't be taken back: so late we see that nobody wants it any longer */

static const char json_content[] = "application/json; charset=utf-8";

struct api *api_new(const struct api_options *options)
{
	struct api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		return NULL;
	api->o = *options;
	if (api->o.answer_bytes_max == 0)
		api->o.answer_bytes_max = ANSWER_BYTES_MAX;
	if (api->o.calls_max == 0)
		api->o.calls_max = CALLS_MAX;
	return api;
}

void api_free(struct api *api)
{
	free(api);
}

/* ---- calls ---- */

bool call_is_rqlite(const struct api_call *call)
{
	return call->style.shape == SHAPE_RQLITE;
}

/* A bulk on /db/query always was one message. */
bool call_is_atomic(const struct api_call *call)
{
	return call->kind == CALL_QUERY || call->options.transaction;
}

int64_t call_elapsed_us(const struct api_call *call)
{
	return clock_mono_us(call->api->o.host->clock) - call->started_us;
}

static void put_error(struct buf *o, const struct answer_style *style, const char *message)
{
	const struct answer_tail tail = { .us = -1 };

	answer_begin(o);
	answer_result(o);
	answer_result_error(o, message);
	buf_put_byte(o, '}');
	answer_end(o, style, &tail);
}

void call_fail(struct api_call *call, int status, const char *message)
{
	call->status = status;
	buf_clear(&call->out);
	put_error(&call->out, &call->style, message);
}

static void call_free(struct api_call *call)
{
	free(call->write.results);
	free(call->item_of);
	buf_release(&call->write.entry);
	plan_release(&call->plan);
	body_release(&call->body);
	options_release(&call->options);
	buf_release(&call->out);
	pthread_mutex_destroy(&call->lock);
	free(call);
}

static void make_pretty(struct api_call *call)
{
	struct buf pretty;

	buf_init(&pretty, call->out.max * 2);
	json_indent(&pretty, (const char *)call->out.data, call->out.len);
	if (pretty.failed) {
		buf_release(&pretty);
		return;
	}
	buf_release(&call->out);
	call->out = pretty;
}

static void finish(struct api_call *call)
{
	struct api *api = call->api;

	if (call->options.pretty)
		make_pretty(call);
	api->ncalls--;
	api->writes += call->is_in_log;
	api->reads += !call->is_in_log;
	api->errors += call->status >= 400;
	struct api_answer answer = {
		.status = call->status, .content_type = json_content, .body = call->out
	};
	buf_init(&call->out, 0);
	call->on_answer(call->arg, &answer);
	call_free(call);
}

/* ---- steps; `done` functions run on the loop ---- */

static void finished(struct task *task)
{
	finish((struct api_call *)(void *)task);
}

static void run_finish(struct task *task)
{
	call_write_answer((struct api_call *)(void *)task);
}

static void run_elsewhere(struct api_call *call, void (*run)(struct task *), void (*done)(struct task *))
{
	struct session_host *host = call->api->o.host;

	call->task = (struct task){ .run = run, .done = done, .host = host };
	host->run_elsewhere(host->arg, &call->task);
}

static void written(struct task *task)
{
	struct api_call *call = (struct api_call *)(void *)task;

	if (call_has_rows(call)) {
		run_elsewhere(call, run_finish, finished);
		return;
	}
	call_write_answer(call);
	finish(call);
}

/* A thread of replication's. */
static void on_written(struct write *w)
{
	struct api_call *call = w->owner;

	call->task = (struct task){ .done = written, .host = call->api->o.host };
	call->task.host->bring_back(&call->task);
}

static void run_plan(struct task *task)
{
	call_plan((struct api_call *)(void *)task);
}

static void planned(struct task *task)
{
	struct api_call *call = (struct api_call *)(void *)task;

	if (call->write.nstatements > 0 && call->status < 400)
		call_submit(call, on_written);
	else
		finish(call);
}

static void waited(struct task *task);

/* Some thread, or this one at once. */
static void on_reached(void *arg, bool ok)
{
	struct api_call *call = arg;

	call->is_reached = ok;
	call->task = (struct task){ .done = waited, .host = call->api->o.host };
	call->task.host->bring_back(&call->task);
}

static void wait_for_log(struct api_call *call, int64_t left_us)
{
	int64_t ms = left_us / 1000 + 1;

	replication_wait(call->api->o.host->replication, call->options.min_seq,
	    ms < WAIT_SLICE_MS ? ms : WAIT_SLICE_MS, on_reached, call);
}

static void waited(struct task *task)
{
	struct api_call *call = (struct api_call *)(void *)task;
	int64_t left_us = call->wait_us - call_elapsed_us(call);

	if (call->is_reached) {
		run_elsewhere(call, run_plan, planned);
	} else if (left_us > 0 && !call->is_abandoned) {
		wait_for_log(call, left_us);
	} else {
		call_fail(call, 503,
		    call->options.min_seq != 0 ? "min_seq was not reached in time"
					       : "the log could not be asked in time");
		finish(call);
	}
}

/* ---- starting ---- */

static void set_style(struct api_call *call)
{
	const struct options *o = &call->options;
	bool is_rqlite = call->kind != CALL_QUERY && call->kind != CALL_GET;

	call->style = (struct answer_style){ .shape = is_rqlite ? SHAPE_RQLITE : call->api->o.shape,
		.associative = o->associative,
		.blob_array = o->blob_array,
		.timings = o->timings };
}

static struct api_call *call_new(struct api *api, const struct api_request *request, enum call_kind kind)
{
	struct session_host *host = api->o.host;
	struct api_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->api = api;
	call->is_post = request->method == API_POST;
	call->is_plain_text =
	    request->content_type != NULL && strncasecmp(request->content_type, "text/plain", 10) == 0;
	call->request_body = request->body;
	call->request_body_len = request->body_len;
	call->kind = kind;
	call->status = 200;
	call->started_us = clock_mono_us(host->clock);
	call->now_us = clock_now_us(host->clock);
	call->seed = (uint64_t)host->random(host->arg) << 32;
	call->seed |= host->random(host->arg);
	pthread_mutex_init(&call->lock, NULL);
	plan_init(&call->plan);
	buf_init(&call->out, api->o.answer_bytes_max);
	set_style(call);
	return call;
}

static bool needs_wait(const struct api_call *call)
{
	return call->options.min_seq != 0 ||
	       (call->options.level == LEVEL_LINEARIZABLE && call->kind != CALL_EXECUTE);
}

/* false: it was answered. */
static bool begin(struct api_call *call, const char *query)
{
	const struct options *o = &call->options;
	struct err err;

	int rc = options_read(&call->options, query, &err);
	set_style(call);
	if (rc == 0 && !call->is_post && o->q == NULL)
		rc = err_set(&err, SQLSTATE_INVALID_PARAMETER, "Missing query");
	if (rc != 0) {
		call_fail(call, 400, err.message);
		finish(call);
		return false;
	}
	call->wait_us = 1000 * (o->timeout_ms != 0 ? o->timeout_ms : WAIT_MS);
	if (needs_wait(call))
		wait_for_log(call, call->wait_us);
	else
		run_elsewhere(call, run_plan, planned);
	return true;
}

/* ---- routes ---- */

struct route {
	const char *path;
	bool takes_get;
	bool is_nqlite, is_rqlite; /* which families know it */
	enum call_kind kind;       /* in rqlite's shape alone: CALL_RQLITE_QUERY for CALL_QUERY */
};

static const struct route routes[] = {
	{ "/db/query", true, true, true, CALL_QUERY },
	{ "/db/execute", false, false, true, CALL_EXECUTE },
	{ "/db/request", false, false, true, CALL_REQUEST },
};

static const struct route *find_route(const struct api *api, const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];
		bool is_served = api->o.shape == SHAPE_BOTH ||
				 (api->o.shape == SHAPE_NQLITE ? r->is_nqlite : r->is_rqlite);
		if (is_served && strcmp(path, r->path) == 0)
			return r;
	}
	return NULL;
}

static enum call_kind choose_kind(const struct api *api, const struct route *route, enum api_method method)
{
	if (route->kind != CALL_QUERY)
		return route->kind;
	if (api->o.shape == SHAPE_RQLITE)
		return CALL_RQLITE_QUERY;
	return method == API_POST ? CALL_QUERY : CALL_GET;
}

static void answer_error(struct api *api, struct api_answer *a, int status, const char *message)
{
	const struct answer_style style = { .shape = api->o.shape };

	a->status = status;
	a->content_type = json_content;
	put_error(&a->body, &style, message);
}

/* Everything that is answered at once. false: it is a call. */
static bool answer_at_once(
    struct api *api, const struct api_request *request, const struct route *route, struct api_answer *a)
{
	if (request->method == API_OPTIONS) {
		*a = (struct api_answer){ .status = 200, .content_type = json_content, .body = a->body };
		return true;
	}
	if (route == NULL) {
		if (!status_answer(api, request, a))
			answer_error(api, a, 404, "no such path");
		return true;
	}
	bool is_read = request->method == API_GET || request->method == API_HEAD;
	if (request->method != API_POST && !(is_read && route->takes_get)) {
		answer_error(api, a, 405, "method not allowed");
		a->allow = route->takes_get ? "GET, HEAD, POST, OPTIONS" : "POST, OPTIONS";
		return true;
	}
	if (api->ncalls < api->o.calls_max)
		return false;
	answer_error(api, a, 503, "too many requests are under way");
	return true;
}

struct api_call *api_start(struct api *api, const struct api_request *request,
    void (*on_answer)(void *arg, struct api_answer *answer), void *arg)
{
	const struct route *route = find_route(api, request->path);
	struct api_answer answer = { .status = 200 };
	struct api_call *call = NULL;

	api->requests++;
	buf_init(&answer.body, 1 << 20);
	bool is_answered = answer_at_once(api, request, route, &answer);
	if (!is_answered) {
		call = call_new(api, request, choose_kind(api, route, request->method));
		if (call == NULL)
			answer_error(api, &answer, 503, "out of memory");
	}
	if (call == NULL) {
		api->errors += answer.status >= 400;
		on_answer(arg, &answer);
		return NULL;
	}
	call->on_answer = on_answer;
	call->arg = arg;
	api->ncalls++;
	return begin(call, request->query) ? call : NULL;
}

void api_abandon(struct api_call *call)
{
	pthread_mutex_lock(&call->lock);
	call->is_abandoned = true;
	if (call->running != NULL)
		conn_interrupt(call->running);
	pthread_mutex_unlock(&call->lock);
}

void api_cancel(struct api_call *call)
{
	api_abandon(call);
	if (call->is_in_log)
		replication_cancel(call->api->o.host->replication, &call->write);
}
