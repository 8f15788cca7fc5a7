/* session.h - one client connection as a state machine: bytes and finished work in, bytes and work out.
 *
 * Owns:     the client's settings, prepared statements, portals and transaction; its output until somebody writes it out.
 * Runs on:  the loop thread that it was made on. Work that may take long runs elsewhere (struct task) or through the log
 *           (struct write); at most one such thing is under way for a session, and it comes back to the loop thread.
 * Promises: answers in the order of the requests; a write is answered after it is applied here; after an error nothing is answered
 *           until Sync; what the client sends while work is under way stays unread.
 * Fails by: ErrorResponse; FATAL and session_is_over for what can't go on. */
#ifndef NQLITE_SESSION_SESSION_H
#define NQLITE_SESSION_SESSION_H

#include "base/clock.h"
#include "base/queue.h"
#include "replication/replication.h"
#include "sql/translate.h"

/* Work for another thread. */
struct task {
	struct queue_node node;
	void (*run)(struct task *task);  /* there */
	void (*done)(struct task *task); /* on the loop thread afterwards */
	struct session_host *host;       /* whose loop it returns to */
};

/* Configured once, shared by all loops. */
struct session_limits {
	size_t message_bytes_max;  /* of one frontend message: default 1 GiB - 1, PostgreSQL's own limit */
	size_t entry_bytes_max;    /* of a transaction's entry: default 256 MiB */
	size_t output_pause_bytes; /* rows are produced in slices of about this: default 256 KiB */
	uint64_t
	    inline_ops_max; /* VM operations that a statement may take on a loop thread: default 20,000 (well under a millisecond) */
	size_t prepared_max;        /* prepared statements of one session: default 10,000 */
	size_t portals_max;         /* portals of one session: default 1,000 */
	const char *data_directory; /* SHOW data_directory */
};

/* What the sessions of one loop share, and their way to the outside world. */
struct session_host {
	struct store *store;
	struct replication *replication;
	struct translator *translator;
	struct conn *reader;           /* for short reads on the loop thread */
	const struct catalog *catalog; /* the newest that this loop has seen */
	uint64_t reader_generation;    /* what the reader's snapshot holds; 0: it holds none */
	const struct session_limits *limits;
	const struct clock *clock;
	const struct logger *logger;
	uint32_t (*random)(void *arg);
	/* Runs a task on some worker; its `done` comes back to this loop. */
	void (*run_elsewhere)(void *arg, struct task *task);
	/* Brings a task to its loop, where `done` is called; any thread. */
	void (*bring_back)(struct task *task);
	/* The session has output to write, or may be closed. Loop thread. */
	void (*on_output)(void *connection);
	/* Asks all loops to cancel what the session with this key runs. */
	void (*cancel)(void *arg, uint32_t pid, uint32_t secret);
	void *arg;
	bool
	    has_deadlines; /* some session has a statement_timeout running: call session_check_deadline on all, now and then */
};

/* Takes the newest catalog if there is a newer one. */
void host_refresh_catalog(struct session_host *host);
/* The reader, with a snapshot that holds everything applied so far. NULL with err. */
struct conn *host_reader(struct session_host *host, struct err *err);
/* Before the loop sleeps: lets go of the snapshot. */
void host_release_reader(struct session_host *host);

struct session;

/* `connection` is handed to host->on_output. `is_local_peer`: trust is allowed. `pid` is the backend key's first half, unique in the process.
 * NULL: out of memory. */
struct session *session_new(
    struct session_host *host, void *connection, uint32_t pid, const char *client_addr, int client_port);

/* Takes what it can from the front of `bytes` and says how much: the rest is to be offered again, with more behind it, after the next input
 * or when on_output was called. */
size_t session_input(struct session *s, const uint8_t *bytes, size_t len);

/* It stopped taking bytes because others want the loop too: to be offered again when they had their turn. */
bool session_turn_is_over(const struct session *s);

/* Would it take bytes now? Not while it is busy, or while too much waits for the client to read. */
bool session_takes_input(const struct session *s);
/* Is it before the end of startup? */
bool session_is_starting(const struct session *s);

/* Bytes for the client: the caller writes from data as many as session_writable says, consumes what it wrote, and calls
 * session_drained when all is written. (While answers are deferred nothing is writable: they may belong before what is there.) */
struct buf *session_output(struct session *s);
size_t session_writable(const struct session *s);
void session_drained(struct session *s);

/* Nothing more is wanted from the client: close when the output is written. */
bool session_is_over(const struct session *s);

/* The client has gone, or the server stops (`err` not NULL: said as FATAL). Work under way is interrupted. */
void session_hang_up(struct session *s, const struct err *err);

/* True: nothing is under way and session_free may be called. on_output is called when it becomes true after a hang-up. */
bool session_is_free(const struct session *s);
void session_free(struct session *s);

uint32_t session_pid(const struct session *s);
/* CancelRequest: stops what runs, if the secret is the session's. */
void session_cancel(struct session *s, uint32_t secret);
/* Cancels what has run past its statement_timeout; false: no deadline is running. */
bool session_check_deadline(struct session *s, int64_t mono_us);
/* Waits for its client, outside any statement: can be closed without loss. */
bool session_is_idle(const struct session *s);

#endif
