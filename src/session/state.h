/* state.h - what a session is made of; shared by the files of src/session only.
 *
 * Owns:     see the structs: each says who frees it.
 * Runs on:  the session's loop thread, except what a struct task or struct write is given while it is under way (state BUSY): then the
 *           session touches none of it.
 * Promises: one function moves the state (session_move), and asserts the move.
 * Fails by: not at all; it holds no code but inline helpers. */
#ifndef NQLITE_SESSION_STATE_H
#define NQLITE_SESSION_STATE_H

#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned)hash_bytes64((key), (len)))
#include <stdlib.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "pgwire/copy.h"
#include "pgwire/format.h"
#include "pgwire/wire.h"
#include "session/rows.h"
#include "session/session.h"
#include "session/settings.h"
#include "sql/types.h"
#include "store/speculation.h"

/*
 *   STARTUP --> READY <--> BUSY        BUSY: a task or a write is under way, or its rows wait for the client to read
 *      |         |  ^ \      |
 *      |         |  |  COPY--+         COPY: the client sends CopyData
 *      |         v  |
 *      |       SKIPPING                SKIPPING: an extended query failed; all is dropped until Sync
 *      v         v
 *      +--> CLOSING                    CLOSING: the last bytes go out; work under way is waited for
 */
enum session_state {
	SESSION_STARTUP,
	SESSION_READY,
	SESSION_BUSY,
	SESSION_COPY,
	SESSION_SKIPPING,
	SESSION_CLOSING,
	SESSION_NSTATES
};

struct prepared {
	UT_hash_handle hh;
	char *name;
	char *text;
	size_t text_len;
	oid_t *declared; /* by Parse */
	size_t ndeclared;
	const struct translation *translation; /* one reference; NULL: an empty query */
};

/* A read that goes on beyond the loop's turn: on a reader of its own, slice by slice. */
struct read {
	struct task task;
	struct session *session;
	struct portal *portal;
	struct conn *conn; /* pooled and ours, or the transaction's */
	bool is_pooled;
	bool is_open; /* cursor */
	struct cursor cursor;
	struct row_writer writer;
	struct buf rows; /* filled by the worker, moved to the session's output on the loop */
	struct query query;
	struct environment env;
	const struct catalog *catalog; /* one reference */
	struct copy_options copy;
	uint64_t rows_max;  /* of this Execute; 0: all */
	uint64_t rows_done; /* in this Execute */
	enum cursor_result result;
	struct err err;
};

struct portal {
	UT_hash_handle hh;
	char *name;
	struct arena arena; /* params, literals, formats: everything below that is pointed to */
	const char *text;   /* of the statement, to translate it again */
	size_t text_len;
	size_t position_base;
	const oid_t *declared;
	size_t ndeclared;
	bool literals_stay;
	const struct translation *translation; /* one reference */
	const struct value *literals;
	size_t nliterals;
	struct value *params;
	size_t nparams;
	struct format_column *formats; /* of the result columns */
	bool is_done;
	unsigned refs;     /* the session's table, and each deferred answer */
	struct read *read; /* suspended, or running; owned */
};

/* A write whose answer waits for the end of its implicit transaction. */
struct deferred {
	size_t output_at;         /* where in the output its answer belongs */
	uint32_t first_statement; /* of the entry */
	uint32_t nstatements;
	uint32_t result_statement; /* whose rows and count are the answer's */
	struct portal *portal;     /* one reference */
	struct row_writer writer;  /* RETURNING; writes to rows on the applier's thread */
	struct buf rows;
	int64_t count_known; /* COPY: the rows that were sent; -1: the statement's changes */
};

struct savepoint {
	struct savepoint *outer;
	char *name;
	unsigned id; /* "s<id>" on the speculation */
	struct entry_mark entry;
	uint32_t nentry;
	void *settings;
};

enum transaction_kind { TRANSACTION_NONE, TRANSACTION_IMPLICIT, TRANSACTION_EXPLICIT };

struct transaction {
	enum transaction_kind kind;
	bool has_failed; /* 25P02 until ROLLBACK */
	bool is_read_only;
	bool is_snapshot;  /* repeatable read or serializable: one snapshot for all statements */
	uint8_t isolation; /* as in entry_header */
	int64_t start_us;
	const struct catalog *catalog; /* one reference; NULL: none taken yet */
	uint64_t schema_version;       /* that the entry is translated for */
	bool is_ddl_done;              /* the speculation's schema differs from schema_version's */

	struct entry_builder pending; /* deferred statements, not yet run anywhere */
	struct deferred *deferred;
	size_t ndeferred, deferred_cap;
	uint32_t npending;    /* statements in pending */
	bool is_ddl_deferred; /* what comes next may be about what it makes: it must have run */

	struct speculation *speculation; /* NULL: nothing needed one yet */
	struct entry_builder entry;      /* what ran there, with what the client was told */
	uint32_t nentry;                 /* statements in entry */
	bool has_written;
	struct savepoint *savepoints; /* innermost first */
	unsigned savepoint_id;

	struct write write;     /* on its way, while BUSY */
	struct task write_back; /* brings it back to the loop */
	bool is_write_under_way;
	struct write_result *results;
	uint32_t results_cap;
	unsigned retries; /* of a translation that was overtaken by DDL */
};

/* What goes on when the work under way has come back. */
enum resume { RESUME_NOTHING, RESUME_READ, RESUME_SPECULATE, RESUME_COMMIT };
/* What a commit's answer ends. */
enum after_commit { AFTER_SYNC, AFTER_QUERY, AFTER_COMMIT_STATEMENT };

/* A simple query in progress: its statements one after the other. */
struct query_run {
	bool is_active;
	struct arena arena;
	const char *text;
	struct piece *pieces;
	size_t n, next;
};

struct copy_run {
	struct portal *portal; /* one reference */
	struct copy_options options;
	struct copy_reader reader;
	const char *table; /* for error context */
	size_t ntargets;
	struct value *row;
	struct buf *scratch; /* one a column: what a value needs to be read */
	int64_t rows;
};

struct session {
	struct session_host *host;
	void *connection;
	enum session_state state;
	bool is_extended;      /* an error now makes us skip until Sync */
	bool is_gone;          /* the client hung up: nobody reads the output */
	bool is_waiting_drain; /* BUSY: the next slice waits until the output is written */
	bool is_cancelled;     /* of the work under way */
	bool is_timed_out;     /* by statement_timeout */
	bool is_turn_over;     /* it has had the loop for long enough */
	enum resume resume;
	enum after_commit after_commit;
	uint32_t pid, secret;
	char client_addr[64];
	int client_port;
	char user[64], database[64];
	struct buf out;
	struct settings settings;
	struct prepared *prepared; /* the named ones */
	struct prepared *prepared_unnamed;
	struct portal *portals; /* the named ones */
	struct portal *portal_unnamed;
	struct portal *portal_spare;      /* a dropped portal's memory, kept for the next Bind */
	struct portal *after_speculation; /* to be run when the speculation is there; one reference */
	uint64_t after_speculation_rows_max;
	struct err *failure; /* to be told when what is deferred before it is answered */
	struct query_run query;
	struct copy_run *copy;
	struct read *reading; /* RESUME_READ: its portal owns it */
	struct transaction transaction;
	struct speculate *speculate; /* work on the speculation, under way; owned */
	int64_t now_us;              /* wall time when the message at hand began */
	int64_t deadline_us;         /* monotonic, of statement_timeout; 0: none */
};

/* DONE: answered, or deferred. WAIT: work is under way, state BUSY. FAILED: session_fail was called. */
enum progress { PROGRESS_DONE, PROGRESS_WAIT, PROGRESS_FAILED };

/* ---- session.c ---- */
/* What was under way is answered: goes on with the simple query, or with the next message. */
void session_resume(struct session *s, enum progress progress);
void session_move(struct session *s, enum session_state to);
/* ErrorResponse, and what follows from it for transaction and message flow. */
void session_fail(struct session *s, const struct err *err);
void session_fatal(struct session *s, const struct err *err);
void session_notice(struct session *s, const char *severity, const struct err *err);
void session_ready(struct session *s); /* ReadyForQuery, state READY */
/* A task of the session is back on the loop. */
void session_work_done(struct session *s);
/* The transaction's write is back on the loop. */
void session_write_done(struct session *s);
void session_interrupt(struct session *s);
struct format_settings session_formats(const struct session *s);
void session_environment(struct session *s, struct environment *env);

/* ---- execute.c: runs a portal ---- */
/* Runs at most rows_max rows (0: all) and writes the answer, CommandComplete or PortalSuspended included. FAILED: session_fail was called. */
enum progress execute_portal(struct session *s, struct portal *p, uint64_t rows_max);
enum progress execute_resume_read(struct session *s);
void execute_drained(struct session *s);
/* CommandComplete; count < 0: the tag alone. */
void execute_complete(struct session *s, const struct translation *t, int64_t count);
/* The values of a step's slots, in the arena; false with err. */
bool execute_slots(
    struct session *s, struct portal *p, const struct step *step, struct value **out, struct err *err);
void read_free(struct read *r);

/* ---- portal.c ---- */
struct portal *portal_new(struct session *s); /* one reference, in no table; NULL: out of memory */
void portal_free(struct portal *p);
void portal_unref(struct session *s, struct portal *p); /* the last one frees it, or keeps it as the spare */
int portal_add(
    struct session *s, const char *name, struct portal *p, struct err *err); /* takes the reference */
void portal_drop(struct session *s, struct portal *p);                       /* out of the session's table */
void portal_drop_all(struct session *s);
/* What reads from the transaction's speculation can't go on; the portals themselves stay: one of them may be running now. */
void portal_end_reads(struct session *s);
struct portal *portal_find(struct session *s, const char *name);
/* Translates p->text against the catalog of the moment, keeping what the client was told: 0A000 "cached plan must not change result type". */
int portal_translate(struct session *s, struct portal *p, struct err *err);
int portal_refresh(struct session *s, struct portal *p, struct err *err);
int portal_set_formats(
    struct session *s, struct portal *p, uint16_t n, const uint8_t *codes, struct err *err);
void portal_put_row_description(
    struct session *s, const struct translation *t, const struct format_column *formats);
struct prepared *prepared_find(struct session *s, const char *name);
int prepared_add(struct session *s, const char *name, const char *text, size_t len, const oid_t *declared,
    size_t ndeclared, struct err *err);
void prepared_drop(struct session *s, struct prepared *p);
void prepared_drop_all(struct session *s);

/* ---- query.c, extended.c ---- */
void query_start(struct session *s, const char *text, size_t len);
void query_step(struct session *s);
void query_fail(struct session *s, const struct err *err);
void query_end(struct session *s);
void extended_message(struct session *s, const struct message *m);

/* ---- transaction.c ---- */
/* What a statement may use: begins an implicit transaction where there is none, and pins the catalog. */
const struct catalog *transaction_catalog(struct session *s);
/* In a failed transaction no error is worth more than 25P02, but a syntax error. */
void transaction_explain(const struct session *s, struct err *err);
int transaction_check(struct session *s, const struct translation *t, struct err *err);
enum progress transaction_write(struct session *s, struct portal *p);
/* Before a statement is put into `pending`: a transaction, and an entry that is begun. */
void transaction_begin_write(struct session *s);
void transaction_begin_entry(struct session *s, struct entry_builder *b, uint8_t flags);
enum progress transaction_statement(struct session *s, struct portal *p);
/* Runs what is deferred in a speculation, so that a result can be seen before the commit. DONE when nothing is deferred. */
enum progress transaction_materialise(struct session *s);
bool transaction_needs_speculation(const struct session *s);
/* Ends the implicit transaction: DONE when there was nothing to wait for. */
enum progress transaction_commit(struct session *s, enum after_commit after);
void transaction_commit_done(struct session *s);
void transaction_abort(
    struct session *s); /* an error: the implicit one is dropped, the explicit one has failed */
void transaction_end(struct session *s, bool committed);
void transaction_release(struct session *s);
char transaction_status(const struct session *s); /* I, T or E */

/* ---- deferred.c ---- */
int deferred_add(struct session *s, struct portal *p, int64_t count_known, struct err *err);
void deferred_drop(struct session *s);
/* Puts the answers of all deferred statements where they belong. failed < ndeferred: that one's is the error, and what follows it is
 * dropped. changes[i] is of deferred i. */
void deferred_answer(struct session *s, size_t failed, const struct err *err, const int64_t *changes);

int deferred_too_large(struct session *s, struct err *err); /* -1 */

/* ---- savepoint.c ---- */
enum progress savepoint_statement(struct session *s, const struct translation *t);
void savepoint_drop(struct transaction *x); /* the innermost */

/* ---- speculate.c ---- */
enum progress speculate_pending(struct session *s);
enum progress speculate_resume(struct session *s);
/* After a rollback to a savepoint the speculation's schema may be an older one. */
int speculate_reload_catalog(struct session *s, struct err *err);
/* Makes the work under way fail with 57014. */
void speculate_interrupt(struct session *s);
void speculate_free(struct session *s);

/* ---- utility.c ---- */
enum progress utility_execute(struct session *s, struct portal *p, uint64_t rows_max);

/* ---- copy_in.c ---- */
enum progress copy_in_start(struct session *s, struct portal *p);
void copy_in_message(struct session *s, const struct message *m);
void copy_in_free(struct session *s);

#endif
