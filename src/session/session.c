#include "session/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "session/state.h"

#define OUTPUT_MAX     ((size_t)1536 << 20) /* a row may be 1 GB (SQLite's limit), a slice comes on top */
#define OUTPUT_KEEP    8192                 /* of an idle session's output buffer */
#define OUTPUT_STOP    ((size_t)1 << 20)    /* no new request is taken while so much waits for the client */
#define TURN_US        5000                 /* of messages in a row, while other clients wait */
#define DEFERRED_MAX   4096                 /* some 5 KB each */
#define PROTOCOL_MAJOR 3

/* ---- the state machine ---- */

#define TO(state) (1u << (state))

static const struct {
	const char *name;
	unsigned next;
} states[SESSION_NSTATES] = {
	[SESSION_STARTUP] = { "startup", TO(SESSION_READY) | TO(SESSION_CLOSING) },
	[SESSION_READY] = { "ready", TO(SESSION_READY) | TO(SESSION_BUSY) | TO(SESSION_COPY) |
					 TO(SESSION_SKIPPING) | TO(SESSION_CLOSING) },
	[SESSION_BUSY] = { "busy", TO(SESSION_READY) | TO(SESSION_BUSY) | TO(SESSION_COPY) |
				       TO(SESSION_SKIPPING) | TO(SESSION_CLOSING) },
	[SESSION_COPY] = { "copy",
	    TO(SESSION_READY) | TO(SESSION_BUSY) | TO(SESSION_SKIPPING) | TO(SESSION_CLOSING) },
	[SESSION_SKIPPING] = { "skipping", TO(SESSION_READY) | TO(SESSION_BUSY) | TO(SESSION_CLOSING) },
	[SESSION_CLOSING] = { "closing", TO(SESSION_CLOSING) },
};

/* statement_timeout counts from the message that started the statement. */
static void start_deadline(struct session *s)
{
	const char *timeout = settings_get(&s->settings, SETTING_STATEMENT_TIMEOUT);

	if (timeout[0] == '0' || s->deadline_us != 0)
		return;
	s->deadline_us =
	    clock_mono_us(s->host->clock) + settings_get_ms(&s->settings, SETTING_STATEMENT_TIMEOUT) * 1000;
	s->host->has_deadlines = true;
}

bool session_check_deadline(struct session *s, int64_t mono_us)
{
	if (s->deadline_us == 0)
		return false;
	if (s->state == SESSION_BUSY && mono_us >= s->deadline_us && !s->is_cancelled) {
		s->is_timed_out = true;
		session_interrupt(s);
	}
	return true;
}

void session_move(struct session *s, enum session_state to)
{
	assert(states[s->state].next & TO(to));
	if (to == SESSION_BUSY && s->state != SESSION_BUSY)
		start_deadline(s);
	s->state = to;
}

/* ---- the host, as sessions use it ---- */

void host_refresh_catalog(struct session_host *host)
{
	if (host->catalog != NULL &&
	    host->catalog->schema.version == replication_schema_version(host->replication))
		return;
	const struct catalog *newest = replication_catalog(host->replication);
	catalog_unref(host->catalog);
	host->catalog = newest;
	conn_set_tables_context(host->reader, newest);
}

struct conn *host_reader(struct session_host *host, struct err *err)
{
	/* One more than the applier's, which is 0 until something is applied: here 0 means that no snapshot is held. */
	uint64_t generation = replication_applied_generation(host->replication) + 1;

	if (host->reader_generation == generation)
		return host->reader;
	host_release_reader(host);
	if (conn_hold_snapshot(host->reader, err) != 0)
		return NULL;
	host->reader_generation = generation;
	return host->reader;
}

void host_release_reader(struct session_host *host)
{
	if (host->reader_generation == 0)
		return;
	conn_release_snapshot(host->reader);
	host->reader_generation = 0;
}

/* ---- life ---- */

struct session *session_new(
    struct session_host *host, void *connection, uint32_t pid, const char *client_addr, int client_port)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->host = host;
	s->connection = connection;
	s->pid = pid;
	s->secret = host->random(host->arg);
	snprintf(s->client_addr, sizeof(s->client_addr), "%s", client_addr);
	s->client_port = client_port;
	buf_init(&s->out, OUTPUT_MAX);
	settings_init(&s->settings);
	arena_init(&s->query.arena, SIZE_MAX / 2);
	entry_builder_init(&s->transaction.pending, host->limits->entry_bytes_max);
	entry_builder_init(&s->transaction.entry, host->limits->entry_bytes_max);
	return s;
}

void session_free(struct session *s)
{
	copy_in_free(s);
	speculate_free(s);
	if (s->after_speculation != NULL)
		portal_unref(s, s->after_speculation);
	portal_drop_all(s);
	transaction_end(s, false);
	if (s->portal_spare != NULL)
		portal_free(s->portal_spare);
	free(s->failure);
	prepared_drop_all(s);
	transaction_release(s);
	settings_release(&s->settings);
	arena_release(&s->query.arena);
	buf_release(&s->out);
	free(s);
}

struct buf *session_output(struct session *s)
{
	return &s->out;
}

size_t session_writable(const struct session *s)
{
	return s->transaction.ndeferred > 0 && s->state != SESSION_CLOSING ? 0 : s->out.len;
}

bool session_is_over(const struct session *s)
{
	return s->state == SESSION_CLOSING;
}

bool session_is_free(const struct session *s)
{
	return s->state == SESSION_CLOSING && s->resume == RESUME_NOTHING;
}

bool session_is_idle(const struct session *s)
{
	return (s->state == SESSION_READY && s->transaction.kind == TRANSACTION_NONE) ||
	       s->state == SESSION_STARTUP;
}

uint32_t session_pid(const struct session *s)
{
	return s->pid;
}

void session_interrupt(struct session *s)
{
	s->is_cancelled = true;
	if (s->resume == RESUME_COMMIT)
		replication_cancel(s->host->replication, &s->transaction.write);
	if (s->resume == RESUME_READ)
		conn_interrupt(s->reading->conn);
	if (s->resume == RESUME_SPECULATE)
		speculate_interrupt(s);
}

void session_cancel(struct session *s, uint32_t secret)
{
	if (s->secret == secret && s->state == SESSION_BUSY)
		session_interrupt(s);
}

/* The connection ends, and answers that are deferred will never come: what stands behind them must not be sent. */
static void cut_unanswered(struct session *s)
{
	if (s->transaction.ndeferred > 0)
		buf_truncate(&s->out, s->transaction.deferred[0].output_at);
}

void session_hang_up(struct session *s, const struct err *err)
{
	if (s->state == SESSION_CLOSING)
		return;
	cut_unanswered(s);
	if (err != NULL)
		wire_put_error(&s->out, "FATAL", err);
	else
		s->is_gone = true;
	if (s->state == SESSION_BUSY)
		session_interrupt(s);
	if (s->is_waiting_drain) { /* nobody will drain it: the read ends here */
		s->is_waiting_drain = false;
		s->resume = RESUME_NOTHING;
	}
	session_move(s, SESSION_CLOSING);
}

void session_drained(struct session *s)
{
	if (s->is_waiting_drain) {
		s->is_waiting_drain = false;
		execute_drained(s);
	} else if (s->state != SESSION_BUSY && s->out.len == 0 && s->out.cap > OUTPUT_KEEP) {
		buf_release(&s->out);
	}
}

/* ---- errors ---- */

void session_notice(struct session *s, const char *severity, const struct err *err)
{
	const char *least = settings_get(&s->settings, SETTING_CLIENT_MIN_MESSAGES);

	if (strcmp(least, "error") == 0 || (strcmp(least, "warning") == 0 && strcmp(severity, "NOTICE") == 0))
		return;
	wire_put_error(&s->out, severity, err);
}

/* What is deferred before the failure hasn't run. It will be rolled back, but its answers come first, or an error of its own
 * comes instead. False: the failure can be told now. */
static bool fail_later(struct session *s, const struct err *err)
{
	struct transaction *x = &s->transaction;

	if (x->ndeferred == 0 || x->is_write_under_way || s->failure != NULL || x->pending.bytes.failed)
		return false;
	s->failure = malloc(sizeof(*s->failure));
	if (s->failure == NULL)
		return false;
	*s->failure = *err;
	if (speculate_pending(s) != PROGRESS_WAIT) { /* it has told its own */
		free(s->failure);
		s->failure = NULL;
	}
	return true;
}

void session_fail(struct session *s, const struct err *err)
{
	struct err canceled;

	if (fail_later(s, err))
		return;
	/* SQLite says "interrupted"; only we know by whom. */
	if (strcmp(err->sqlstate, SQLSTATE_QUERY_CANCELED) == 0 && s->is_cancelled) {
		err_set(&canceled, SQLSTATE_QUERY_CANCELED, "canceling statement due to %s",
		    s->is_timed_out ? "statement timeout" : "user request");
		err = &canceled;
	}
	wire_put_error(&s->out, "ERROR", err);
	transaction_abort(s);
	if (s->is_extended)
		session_move(s, SESSION_SKIPPING);
}

void session_fatal(struct session *s, const struct err *err)
{
	cut_unanswered(s);
	wire_put_error(&s->out, "FATAL", err);
	log_debug(s->host->logger, "connection %u ends: %s", s->pid, err->message);
	session_move(s, SESSION_CLOSING);
}

/* ---- startup ---- */

static int read_options(struct session *s, const char *options, struct err *err);

static int apply_option(struct session *s, const struct startup_option *o, struct err *err)
{
	if (strcmp(o->name, "user") == 0) {
		snprintf(s->user, sizeof(s->user), "%s", o->value);
		return 0;
	}
	if (strcmp(o->name, "database") == 0) {
		snprintf(s->database, sizeof(s->database), "%s", o->value);
		return 0;
	}
	if (strcmp(o->name, "options") == 0)
		return read_options(s, o->value, err);
	if (strcmp(o->name, "replication") == 0) {
		if (strcmp(o->value, "false") == 0 || strcmp(o->value, "off") == 0 ||
		    strcmp(o->value, "0") == 0)
			return 0;
		return err_set(
		    err, SQLSTATE_FEATURE_NOT_SUPPORTED, "replication connections are not supported");
	}
	if (strncmp(o->name, "_pq_.", 5) == 0) /* a protocol extension: told in NegotiateProtocolVersion */
		return 0;
	return settings_set(&s->settings, o->name, o->value, SET_BY_STARTUP, false, false, err);
}

/* "-c a=b --c=d -ca=b": words end at a blank that no backslash stands before (PostgreSQL's pg_split_opts). */
static size_t next_word(const char **text, char *word, size_t size)
{
	const char *t = *text;
	size_t n = 0;

	while (*t == ' ' || *t == '\t' || *t == '\n')
		t++;
	while (*t != '\0' && *t != ' ' && *t != '\t' && *t != '\n') {
		if (*t == '\\' && t[1] != '\0')
			t++;
		if (n < size - 1)
			word[n++] = *t;
		t++;
	}
	word[n] = '\0';
	*text = t;
	return n;
}

static int read_options(struct session *s, const char *options, struct err *err)
{
	char word[1024];

	while (next_word(&options, word, sizeof(word)) > 0) {
		char *assignment = word;
		if (strcmp(word, "-c") == 0) {
			if (next_word(&options, word, sizeof(word)) == 0)
				return err_set(err, SQLSTATE_SYNTAX, "-c requires a value");
		} else if (strncmp(word, "--", 2) == 0 || strncmp(word, "-c", 2) == 0) {
			assignment = word + 2;
		} else {
			return err_set(err, SQLSTATE_SYNTAX,
			    "invalid command-line argument for server process: %s", word);
		}
		char *equals = strchr(assignment, '=');
		if (equals == NULL)
			return err_set(err, SQLSTATE_SYNTAX, "-c %s requires a value", assignment);
		*equals = '\0';
		for (char *c = assignment; *c != '\0'; c++)
			*c = *c == '-' ? '_' : *c;
		if (settings_set(&s->settings, assignment, equals + 1, SET_BY_STARTUP, false, false, err) !=
		    0)
			return -1;
	}
	return 0;
}

/* A newer minor version, or extensions that we don't know, are answered with what we have (chapter 55.2.1). */
static void negotiate(struct session *s, const struct startup *startup)
{
	const char *unknown[STARTUP_OPTIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < startup->noptions; i++) {
		if (strncmp(startup->options[i].name, "_pq_.", 5) == 0)
			unknown[n++] = startup->options[i].name;
	}
	if (startup->minor > 0 || n > 0)
		wire_put_negotiate(&s->out, 0, unknown, n);
}

static bool is_database_known(const struct session *s)
{
	return strcmp(s->database, "nqlite") == 0 || strcmp(s->database, "postgres") == 0 ||
	       strcmp(s->database, s->user) == 0;
}

static int check_startup(struct session *s, const struct startup *startup, struct err *err)
{
	if (startup->major != PROTOCOL_MAJOR)
		return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0", startup->major,
		    startup->minor);
	for (size_t i = 0; i < startup->noptions; i++) {
		const struct startup_option *o = &startup->options[i];
		if (utf8_valid_len(o->value, strlen(o->value)) != strlen(o->value))
			return err_set(
			    err, SQLSTATE_BAD_ENCODING, "invalid byte sequence for encoding \"UTF8\"");
		if (apply_option(s, o, err) != 0)
			return -1;
	}
	if (s->user[0] == '\0')
		return err_set(err, "28000", "no PostgreSQL user name specified in startup packet");
	if (s->database[0] == '\0')
		snprintf(s->database, sizeof(s->database), "%s", s->user);
	if (!is_database_known(s))
		return err_set(err, SQLSTATE_NO_SUCH_DATABASE, "database \"%s\" does not exist", s->database);
	return 0;
}

static void start(struct session *s, const struct startup *startup)
{
	struct err err;

	if (check_startup(s, startup, &err) != 0) {
		session_fatal(s, &err);
		return;
	}
	settings_put(&s->settings, SETTING_SESSION_AUTHORIZATION, s->user);
	settings_put(&s->settings, SETTING_DATA_DIRECTORY, s->host->limits->data_directory);
	negotiate(s, startup);
	wire_put_auth_ok(&s->out);
	settings_report(&s->settings, &s->out, true);
	wire_put_backend_key(&s->out, s->pid, s->secret);
	session_move(s, SESSION_READY);
	wire_put_ready(&s->out, 'I');
}

/* Returns the bytes used, 0 when more are needed. */
static size_t startup_input(struct session *s, const uint8_t *bytes, size_t len)
{
	struct startup startup;
	struct err err;
	size_t used = 0;

	switch (wire_read_startup(bytes, len, &startup, &used, &err)) {
	case WIRE_MORE: return 0;
	case WIRE_FAILED: session_fatal(s, &err); return len;
	case WIRE_READY: break;
	}
	switch (startup.kind) {
	case STARTUP_SSL:
	case STARTUP_GSSENC: buf_put_byte(&s->out, 'N'); break;
	case STARTUP_CANCEL:
		s->host->cancel(s->host->arg, startup.cancel_pid, startup.cancel_secret);
		session_move(s, SESSION_CLOSING);
		break;
	case STARTUP_PROTOCOL: start(s, &startup); break;
	}
	return used;
}

/* ---- messages ---- */

void session_ready(struct session *s)
{
	/* Portals live as long as their transaction. */
	if (s->transaction.kind == TRANSACTION_NONE)
		portal_drop_all(s);
	settings_report(&s->settings, &s->out, false);
	wire_put_ready(&s->out, transaction_status(s));
	s->is_extended = false;
	s->deadline_us = 0;
	s->is_timed_out = false;
	session_move(s, SESSION_READY);
}

static void simple_query(struct session *s, const struct message *m)
{
	struct err err;
	const char *text;
	size_t len;

	s->is_extended = false;
	if (wire_parse_text(m, &text, &len, &err) != 0) {
		query_fail(s, &err);
		return;
	}
	query_start(s, text, len);
}

static void function_call(struct session *s)
{
	struct err err;

	err_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED, "the FunctionCall message is not supported");
	err_hint(&err, "Call the function with SELECT.");
	s->is_extended = false;
	query_fail(s, &err);
}

static void take_message(struct session *s, const struct message *m)
{
	s->now_us = clock_now_us(s->host->clock);
	if (s->state == SESSION_COPY) {
		copy_in_message(s, m);
		return;
	}
	switch (m->type) {
	case 'X':
		cut_unanswered(s);
		session_move(s, SESSION_CLOSING);
		break;
	case 'Q': simple_query(s, m); break;
	case 'F': function_call(s); break;
	case 'd':
	case 'c':
	case 'f': break; /* the rest of a COPY that has failed (chapter 55.2.6) */
	default: extended_message(s, m); break;
	}
}

/* Out of memory for answers: what the client has seen can't be completed. */
static void end_if_full(struct session *s)
{
	if (s->out.failed && s->state != SESSION_CLOSING)
		session_hang_up(s, NULL);
}

bool session_turn_is_over(const struct session *s)
{
	return s->is_turn_over;
}

bool session_is_starting(const struct session *s)
{
	return s->state == SESSION_STARTUP;
}

bool session_takes_input(const struct session *s)
{
	return s->state != SESSION_BUSY && s->state != SESSION_CLOSING &&
	       (s->out.len < OUTPUT_STOP || s->transaction.ndeferred > 0);
}

/* Answers that are deferred can't wait for the end of the transaction: the message may be about a table that they make, or too much
 * waits with them. */
static bool must_answer_first(const struct session *s, const struct message *m)
{
	const struct transaction *x = &s->transaction;

	if (s->state != SESSION_READY || x->ndeferred == 0)
		return false;
	return x->ndeferred >= DEFERRED_MAX || s->out.len >= OUTPUT_STOP ||
	       (x->is_ddl_deferred && (m->type == 'P' || m->type == 'B' || m->type == 'E'));
}

size_t session_input(struct session *s, const uint8_t *bytes, size_t len)
{
	int64_t turn_ends_us = clock_mono_us(s->host->clock) + TURN_US;
	size_t taken = 0;

	s->is_turn_over = false;
	while (taken < len && s->state == SESSION_STARTUP) {
		size_t used = startup_input(s, bytes + taken, len - taken);
		if (used == 0)
			return taken;
		taken += used;
	}
	while (taken < len && session_takes_input(s) && !s->is_turn_over) {
		struct message m;
		struct err err;
		size_t used = 0;

		switch (wire_read_message(
		    bytes + taken, len - taken, s->host->limits->message_bytes_max, &m, &used, &err)) {
		case WIRE_MORE: return taken;
		case WIRE_FAILED: session_fatal(s, &err); return len;
		case WIRE_READY: break;
		}
		if (must_answer_first(s, &m)) {
			if (transaction_materialise(s) == PROGRESS_WAIT)
				return taken;
			continue;
		}
		/* While skipping, only Sync and Terminate count (chapter 55.2.3). */
		if (s->state != SESSION_SKIPPING || m.type == 'S' || m.type == 'X')
			take_message(s, &m);
		taken += used;
		s->is_turn_over = taken < len && clock_mono_us(s->host->clock) >= turn_ends_us;
	}
	end_if_full(s);
	return s->state == SESSION_CLOSING ? len : taken;
}

/* ---- work that came back ---- */

static void end_if_gone(struct session *s)
{
	if (s->state == SESSION_CLOSING)
		s->host->on_output(s->connection);
}

void session_resume(struct session *s, enum progress progress)
{
	if (s->state == SESSION_BUSY)
		session_move(s, SESSION_READY);
	s->is_cancelled = s->is_timed_out = false;
	if (!s->query.is_active) {
		s->deadline_us = 0; /* the next Execute has its own time */
		return;
	}
	if (progress == PROGRESS_FAILED)
		query_end(s);
	else
		query_step(s);
}

static enum progress resume(struct session *s)
{
	enum resume what = s->resume;

	s->resume = RESUME_NOTHING;
	switch (what) {
	case RESUME_READ: return execute_resume_read(s);
	case RESUME_SPECULATE: return speculate_resume(s);
	case RESUME_COMMIT:
	case RESUME_NOTHING: break;
	}
	return PROGRESS_WAIT;
}

void session_work_done(struct session *s)
{
	if (s->state == SESSION_CLOSING) {
		s->resume = RESUME_NOTHING;
		end_if_gone(s);
		return;
	}
	enum progress progress = resume(s);
	if (progress != PROGRESS_WAIT)
		session_resume(s, progress);
	end_if_full(s);
	s->host->on_output(s->connection);
}

void session_write_done(struct session *s)
{
	s->transaction.is_write_under_way = false;
	s->resume = RESUME_NOTHING;
	if (s->state == SESSION_CLOSING) {
		end_if_gone(s);
		return;
	}
	transaction_commit_done(s);
	end_if_full(s);
	s->host->on_output(s->connection);
}

struct format_settings session_formats(const struct session *s)
{
	const char *zone = settings_get(&s->settings, SETTING_TIMEZONE);

	return (struct format_settings){
		.bytea_escape = settings_get(&s->settings, SETTING_BYTEA_OUTPUT)[0] == 'e',
		.extra_float_digits = atoi(settings_get(&s->settings, SETTING_EXTRA_FLOAT_DIGITS)) - 1,
		.timezone = strcmp(zone, "UTC") == 0 ? NULL : zone,
	};
}

void session_environment(struct session *s, struct environment *env)
{
	const char *zone = settings_get(&s->settings, SETTING_TIMEZONE);

	env->now_us = s->transaction.kind == TRANSACTION_NONE ? s->now_us : s->transaction.start_us;
	env->seed = (uint64_t)s->host->random(s->host->arg) << 32 | s->host->random(s->host->arg);
	env->ops_max = 0;
	snprintf(env->role, sizeof(env->role), "%s", s->user);
	snprintf(env->timezone, sizeof(env->timezone), "%s", strcmp(zone, "UTC") == 0 ? "" : zone);
}
