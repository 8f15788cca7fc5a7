/* translate.h - PostgreSQL's SQL in, SQLite's SQL out.
 *
 * Owns:     a translator: the cache of translations, by text and by normalised text.
 * Runs on:  the thread that made it (libpg_query's tree lives in that thread's memory context); no locks.
 * Promises: three passes: check (do we support it), qualify (names and types), emit (print; no decisions left). What isn't
 *           accepted is refused. Result types come from the qualify pass. A translation is a function of text, parameter types
 *           and schema version alone.
 * Fails by: 42601 with PostgreSQL's message and position for syntax, 0A000 naming the construct for what isn't supported,
 *           42P01, 42703, 42883, 42804 .. as PostgreSQL gives them, 53200, 54001 for a text that nests too deep. */
#ifndef NQLITE_SQL_TRANSLATE_H
#define NQLITE_SQL_TRANSLATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "sql/schema.h"

enum statement_kind {
	STATEMENT_READ,      /* SELECT, VALUES, TABLE, EXPLAIN: one step, rows */
	STATEMENT_WRITE,     /* INSERT, UPDATE, DELETE, TRUNCATE, DDL, ANALYZE: steps for an entry */
	STATEMENT_COPY_FROM, /* COPY t FROM STDIN: one step, an INSERT with one parameter a column */
	STATEMENT_COPY_TO,   /* COPY .. TO STDOUT: one step, rows */
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_SAVEPOINT,
	STATEMENT_RELEASE,
	STATEMENT_ROLLBACK_TO,
	STATEMENT_SET_TRANSACTION,
	STATEMENT_SET,
	STATEMENT_RESET,
	STATEMENT_SHOW,
	STATEMENT_PREPARE,
	STATEMENT_EXECUTE,
	STATEMENT_DEALLOCATE,
	STATEMENT_DISCARD,
	STATEMENT_NOTHING, /* done when its tag is answered: VACUUM, CHECKPOINT, LOCK TABLE ..; tag "": there is no statement in the text */
};

enum slot_source {
	SLOT_PARAM,   /* the client's parameter $index+1 */
	SLOT_LITERAL, /* literals[index] of the text at hand */
	SLOT_SESSION, /* something that the session knows: enum session_fact index */
	SLOT_SETTING, /* current_setting(name) */
};

enum session_fact {
	FACT_USER,        /* text: current_user, session_user */
	FACT_DATABASE,    /* text: current_database() */
	FACT_BACKEND_PID, /* int */
	FACT_SCHEMA,      /* text: current_schema() */
	FACT_SCHEMAS,     /* text, JSON array: current_schemas(false) */
	FACT_SCHEMAS_ALL, /* the same with pg_catalog: current_schemas(true) */
	FACT_CLIENT_ADDR, /* text or NULL */
	FACT_CLIENT_PORT, /* int or NULL */
};

/* Where the value of ?N of a step comes from. */
struct slot {
	enum slot_source source;
	uint32_t index;
	const char *setting; /* SLOT_SETTING */
};

/* One SQLite statement. */
struct step {
	const char *sql; /* NUL-terminated; parameters are ?1 .. ?nslots */
	size_t sql_len;
	const struct slot *slots;
	size_t nslots;
	bool is_internal;  /* may write _nqlite_ tables: made by the DDL emitter, never from a user's text */
	bool gives_result; /* its rows and its count of changes are the statement's */
};

struct result_column {
	const char *name;
	oid_t type;
	int32_t typmod;
	oid_t table_oid; /* 0 unless the column is a table's */
	int16_t attnum;
};

struct translation {
	enum statement_kind kind;
	/* The command tag. WRITE and COPY: followed by a blank and the count when tag_has_count ("INSERT 0" -> "INSERT 0 5");
	 * READ: "SELECT" + count, "EXPLAIN" without. */
	const char *tag;
	bool tag_has_count;
	const struct step *steps;
	size_t nsteps;
	const struct result_column *columns; /* ncolumns 0: no rows (NoData) */
	size_t ncolumns;
	const oid_t *param_types; /* of the client's parameters, resolved */
	size_t nparams;
	bool is_ddl;  /* moves the schema version */
	bool is_slow; /* never try it on a loop thread: pg_sleep .. */
	bool
	    is_explain; /* rows are EXPLAIN QUERY PLAN's (id, parent, unused, detail): shown as one text column, indented */
	bool is_for_update; /* SELECT .. FOR UPDATE / SHARE */
	bool is_volatile;   /* calls something whose result differs from call to call */
	uint64_t schema_version;
	/* NOTICEs to send with it, e.g. 'table "t" does not exist, skipping' (sqlstate 00000); NULL-terminated texts */
	const char *const *notices;
	size_t nnotices;

	union {
		struct { /* SET, RESET, SHOW. name is lower case; NULL with RESET ALL, SHOW ALL */
			const char *name;
			const char *value; /* NULL: to default. Lists are joined with ", " */
			bool is_local;
		} setting;
		struct { /* BEGIN, SET_TRANSACTION, and AND CHAIN of COMMIT and ROLLBACK */
			const char *
			    isolation; /* as transaction_isolation shows it ("read committed"), NULL: not said */
			int read_only;           /* -1 not said, 0, 1 */
			int deferrable;          /* likewise */
			bool is_session_default; /* SET SESSION CHARACTERISTICS */
			bool chain;
		} transaction;
		const char *
		    name; /* SAVEPOINT, RELEASE, ROLLBACK_TO, DEALLOCATE (NULL: all), DISCARD (all, plans ..) */
		struct { /* PREPARE, EXECUTE */
			const char *name;
			const char *text; /* PREPARE: the statement, as written */
			const oid_t *types;
			size_t ntypes;
			const struct value *
			    args; /* EXECUTE: constants, as text values to be read by type input (NULL stays NULL) */
			size_t nargs;
		} prepare;
		struct {                   /* COPY */
			const char *table; /* for error context; NULL: COPY (query) */
			char delimiter;
			const char *null_text;
			const struct column *const
			    *targets; /* COPY_FROM: the column of each field; also ?N of the step */
			size_t ntargets;
		} copy;
	};

	/* private: of the translator */
	struct translation_owner *owner;
};

/* A translation is shared by its cache, prepared statements and portals; it is freed with the last reference. References are
 * taken and dropped on the translator's thread; other threads may read it while somebody holds one. */
void translation_ref(const struct translation *t);
void translation_unref(const struct translation *t);

/* A translation and the values of the literals in the text that was asked for. */
struct translated {
	const struct translation *translation; /* one reference, the caller's */
	const struct value *literals;          /* in the arena that was handed in */
	size_t nliterals;
};

struct translator;

/* Caches at most `entries_max` texts and as many normalised texts, least recently used out first, none longer than
 * `text_max` bytes. NULL: out of memory. */
struct translator *translator_new(size_t entries_max, size_t text_max);
void translator_free(struct translator *t);

/* Splits a simple query's text into statements, by parsing all of it (so that a syntax error anywhere means that nothing runs).
 * `n` statements (0: only blanks and comments); offset and length of each in *pieces, which lies in the arena. A text of one
 * statement that is cached isn't parsed again. */
struct piece {
	size_t offset, len; /* bytes */
};
int translator_split(struct translator *t, const char *text, size_t len, struct arena *arena,
    struct piece **pieces, size_t *n, struct err *err);

/* What a translation depends on besides its text. */
struct translate_request {
	const char *text; /* one statement, UTF-8 (22021), NUL-terminated after len */
	size_t len;
	const struct schema *schema;
	const oid_t *param_types; /* declared by Parse; OID_NONE: to be inferred (42P18 when that fails) */
	size_t nparam_types;
	bool literals_stay; /* Parse: literals are the same each time, so they stay in the text */
	size_t
	    position_base; /* characters before this statement in the client's text, added to error positions */
};

/* Translates one statement; *out's literals live in `arena`. */
int translator_get(struct translator *t, const struct translate_request *request, struct arena *arena,
    struct translated *out, struct err *err);

/* Hits and misses, for /metrics and tests. */
struct translator_counts {
	uint64_t text_hits, normalised_hits, misses;
};
struct translator_counts translator_counts(const struct translator *t);

#endif
