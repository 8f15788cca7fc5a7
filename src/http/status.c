/* What a node tells of itself: /health, /readyz, /status, /metrics. */
#include "http/call.h"

#include <inttypes.h>
#include <string.h>

#include "http/json_text.h"
#include "http/options.h"

static const char *phase_name(enum replication_phase phase)
{
	switch (phase) {
	case PHASE_CONNECTING: return "connecting";
	case PHASE_CATCHING_UP: return "catching up";
	case PHASE_READY: return "ready";
	case PHASE_DISCONNECTED: return "disconnected";
	case PHASE_STOPPED: return "stopped";
	}
	return "unknown";
}

static void put_health(struct api *api, const struct api_request *request, struct api_answer *a)
{
	(void)api, (void)request;
	buf_put_text(&a->body, "{\"status\":\"ok\"}");
}

/* In rqlite's words; the reason after them. */
static void put_readyz(struct api *api, const struct api_request *request, struct api_answer *a)
{
	struct replication_status s;
	struct options options;
	struct err err;

	replication_status(api->o.host->replication, &s);
	bool noleader = options_read(&options, request->query, &err) == 0 && options.noleader;
	options_release(&options);
	a->content_type = "text/plain; charset=utf-8";
	bool is_ready = s.phase == PHASE_READY || (noleader && s.phase != PHASE_STOPPED);
	if (is_ready) {
		buf_put_text(&a->body, noleader ? "[+]node ok\n" : "[+]node ok\n[+]leader ok\n[+]store ok\n");
		return;
	}
	a->status = 503;
	buf_printf(&a->body, "[+]node ok\n[-]store %s: applied %" PRIu64 " of %" PRIu64, phase_name(s.phase),
	    s.applied_seq, s.head_seq);
	if (s.err.message[0] != '\0')
		buf_printf(&a->body, ", %s", s.err.message);
	buf_put_byte(&a->body, '\n');
}

static void put_text_member(struct buf *o, const char *key, const char *text)
{
	buf_printf(o, "\"%s\":", key);
	json_put_string(o, text, strlen(text));
	buf_put_byte(o, ',');
}

static void put_status(struct api *api, const struct api_request *request, struct api_answer *a)
{
	struct replication_status s;
	struct buf *o = &a->body;

	(void)request;
	replication_status(api->o.host->replication, &s);
	buf_put_text(o, "{\"node\":{");
	put_text_member(o, "version", NQLITE_VERSION);
	put_text_member(o, "phase", phase_name(s.phase));
	if (s.err.message[0] != '\0')
		put_text_member(o, "reason", s.err.message);
	buf_printf(o, "\"ready\":%s},\"log\":{", s.phase == PHASE_READY ? "true" : "false");
	put_text_member(o, "stream", "nqlite");
	put_text_member(o, "cluster_id", s.cluster_id);
	buf_printf(o,
	    "\"applied_seq\":%" PRIu64 ",\"head_seq\":%" PRIu64 ",\"applied_hash\":\"%016" PRIx64
	    "\",\"entries\":%" PRIu64 ",\"failures\":%" PRIu64 ",\"duplicates\":%" PRIu64 "},\"store\":{",
	    s.applied_seq, s.head_seq, s.applied_hash, s.entries, s.failures, s.duplicates);
	put_text_member(o, "path", store_path(api->o.host->store));
	o->len--;
	buf_printf(o, "},\"http\":{\"requests\":%" PRIu64 ",\"under_way\":%zu}}", api->requests, api->ncalls);
}

struct metric {
	const char *name, *type, *help;
	uint64_t value;
};

static void put_metrics(struct api *api, const struct api_request *request, struct api_answer *a)
{
	struct replication_status s;

	(void)request;
	replication_status(api->o.host->replication, &s);
	const struct metric metrics[] = {
		{ "nqlite_ready", "gauge", "1 when the node has caught up with the log",
		    s.phase == PHASE_READY },
		{ "nqlite_connected", "gauge", "1 when the log can be reached",
		    s.phase == PHASE_READY || s.phase == PHASE_CATCHING_UP },
		{ "nqlite_applied_seq", "gauge", "Last sequence of the log that is applied here",
		    s.applied_seq },
		{ "nqlite_head_seq", "gauge", "Newest sequence of the log that is known here", s.head_seq },
		{ "nqlite_entries_total", "counter", "Entries applied", s.entries },
		{ "nqlite_entry_failures_total", "counter", "Entries that failed and were rolled back",
		    s.failures },
		{ "nqlite_duplicates_total", "counter", "Messages recognised as applied before",
		    s.duplicates },
		{ "nqlite_http_requests_total", "counter", "HTTP requests", api->requests },
		{ "nqlite_http_reads_total", "counter", "HTTP requests answered without the log",
		    api->reads },
		{ "nqlite_http_writes_total", "counter", "HTTP requests that went through the log",
		    api->writes },
		{ "nqlite_http_errors_total", "counter", "HTTP answers with a status of 400 or more",
		    api->errors },
		{ "nqlite_http_requests_under_way", "gauge", "HTTP requests that aren't answered yet",
		    api->ncalls },
	};
	a->content_type = "text/plain; version=0.0.4; charset=utf-8";
	buf_printf(&a->body,
	    "# HELP nqlite_info The version that runs\n# TYPE nqlite_info gauge\nnqlite_info{version=\"%s\"} "
	    "1\n",
	    NQLITE_VERSION);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];
		buf_printf(&a->body, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", m->name, m->help,
		    m->name, m->type, m->name, m->value);
	}
}

static const struct {
	const char *path;
	void (*put)(struct api *api, const struct api_request *request, struct api_answer *a);
} pages[] = {
	{ "/health", put_health },
	{ "/readyz", put_readyz },
	{ "/status", put_status },
	{ "/metrics", put_metrics },
};

bool status_answer(struct api *api, const struct api_request *request, struct api_answer *a)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(request->path, pages[i].path) != 0)
			continue;
		a->content_type = "application/json; charset=utf-8";
		if (request->method == API_GET || request->method == API_HEAD) {
			pages[i].put(api, request, a);
			return true;
		}
		a->status = 405;
		a->allow = "GET, HEAD, OPTIONS";
		buf_put_text(&a->body, "{\"error\":\"method not allowed\"}");
		return true;
	}
	return false;
}
