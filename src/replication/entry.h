/* entry.h - how entries lie in a message: MessagePack, one object after the other, so that neither side needs a whole in memory.
 *
 * Owns:     nothing; writers append to a buf, readers borrow from the bytes.
 * Runs on:  any thread.
 * Promises: what was written is read back equal; a reader never believes a count that the bytes don't bear out, and allocates
 *           nothing, so an entry of a million rows is read in the memory of one.
 * Fails by: writers by the buf's `failed`; readers by 08P01 with the offset.
 *
 *   batch      [1, level, origin (bin 16), number, attested seq, attested hash, nentries]  then the entries
 *   entry      [now_us, seed, role, timezone, schema_version, isolation, flags, nstatements]  then the statements
 *   statement  [sql, flags, ncolumns, nrows, told changes | nil, told rows hash | nil]     then the rows
 *   row        [value, ..]   nil, int, float, str, bin: SQLite's five storage classes
 *
 *   part       [2, level, origin (bin 16), number, part (from 0), nparts]  then the bytes of a piece of one batch (bin)
 *
 * docs/log-format.md has the whole format. */
#ifndef NQLITE_REPLICATION_ENTRY_H
#define NQLITE_REPLICATION_ENTRY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"

#define ENTRY_FORMAT 1 /* of the header Nqlite-Format */
#define ENTRY_LEVEL  1 /* functions, formats and SQLite version that an entry needs; a node below it stops */
#define ORIGIN_SIZE  16

/* Random, drawn at each start of a process, so that counters needn't be kept. */
struct origin {
	uint8_t bytes[ORIGIN_SIZE];
};

#define ENTRY_COLUMNS_MAX \
	65535 /* parameters of a row: as many as the PostgreSQL protocol can bind, and the store's connections take */

/* Of a message of a higher level than ours the reader gives level, origin and number alone, which stand first in
 * every level: the rest is zero, and nothing after it can be read. */
struct batch_header {
	uint32_t level;
	struct origin origin;
	uint64_t number; /* of the batch at its origin, from 1: with the origin it identifies the batch */
	uint64_t attested_seq;  /* 0: nothing attested */
	uint64_t attested_hash; /* the running hash of the origin after that seq */
	uint32_t nentries;
};

struct part_header {
	uint32_t level;
	struct origin origin;
	uint64_t number; /* of the batch */
	uint32_t part, nparts;
	const uint8_t *bytes; /* of the batch, borrowed */
	size_t len;
};

enum { ENTRY_VERIFY = 1 }; /* statements carry what the client was told; a difference is a conflict (40001) */
enum {
	STATEMENT_INTERNAL = 1 /* may write _nqlite_ tables */,
	STATEMENT_DDL = 2 /* the entry moves the schema version */,
	STATEMENT_SEPARATE = 4 /* HTTP without `transaction`: fails alone, the entry goes on */
};

struct entry_header {
	int64_t now_us;
	uint64_t seed;
	char role[64];
	char timezone[64];
	uint64_t
	    schema_version; /* it was translated for; 0: any. If another is in force: a retry (see write.h) */
	uint8_t isolation;  /* 0 read committed, 1 repeatable read, 2 serializable */
	uint8_t flags;
	uint32_t nstatements;
};

struct statement_header {
	const char *sql; /* borrowed, not NUL-terminated */
	uint32_t sql_len;
	uint8_t flags;
	uint32_t ncolumns; /* parameters of a row */
	uint32_t nrows;    /* it is run once a row; without parameters: 1 row of 0 columns */
	bool has_told;
	int64_t told_changes;
	uint64_t told_rows_hash; /* row_hash_ below, over all rows it returned */
};

void entry_put_batch(struct buf *o, const struct batch_header *h);
void entry_put_part(struct buf *o, const struct part_header *h);
void entry_put_entry(struct buf *o, const struct entry_header *h);
void entry_put_statement(struct buf *o, const struct statement_header *h);
/* A statement without parameters has one row of 0 values. */
void entry_put_row(struct buf *o, const struct value *values, size_t n);

/* Builds an entry whose counts become known as it grows: they are written as fixed-width integers and patched as they
 * change, so that the bytes are whole after each call. */
struct entry_builder {
	struct buf bytes;
	/* private */
	size_t entry_at,
	    statement_at; /* of their counts in bytes; statement_at 0: no statement stands open */
	uint32_t nstatements, nrows;
};
void entry_builder_init(struct entry_builder *b, size_t bytes_max);
void entry_builder_release(struct entry_builder *b);
void entry_builder_clear(struct entry_builder *b);
void entry_builder_begin(struct entry_builder *b, const struct entry_header *h); /* nstatements is counted */
/* nrows is counted: a row follows for each time it runs, an empty one when it has no parameters. */
void entry_builder_statement(struct entry_builder *b, const struct statement_header *h);
void entry_builder_row(struct entry_builder *b, const struct value *values, size_t n);
/* What the client was told of the statement begun last; its rows may be written already. */
void entry_builder_told(struct entry_builder *b, int64_t changes, uint64_t rows_hash);
/* Where the entry stands, to drop statements after a savepoint was rolled back, and a failure with them. */
struct entry_mark {
	size_t len;
	uint32_t nstatements;
};
struct entry_mark entry_builder_mark(const struct entry_builder *b);
void entry_builder_rewind(struct entry_builder *b, struct entry_mark mark);
/* true: bytes hold one whole entry. false: it failed (limit, memory). */
bool entry_builder_end(struct entry_builder *b);

/* Reads in the order in which it lies. */
struct entry_reader {
	const uint8_t *bytes;
	size_t len, at;
};
void entry_reader_init(struct entry_reader *r, const void *bytes, size_t len);
enum message_kind { MESSAGE_BATCH, MESSAGE_PART, MESSAGE_BAD };
enum message_kind entry_read_message(
    struct entry_reader *r, struct batch_header *batch, struct part_header *part, struct err *err);
int entry_read_entry(struct entry_reader *r, struct entry_header *h, struct err *err);
int entry_read_statement(struct entry_reader *r, struct statement_header *h, struct err *err);
/* `n` must be the statement's ncolumns; values borrow from the bytes. */
int entry_read_row(struct entry_reader *r, struct value *values, size_t n, struct err *err);

/* The seed of statement i of an entry: its random values don't depend on what ran before it, so that a speculation, which runs other
 * statements in between, draws the same ones. */
static inline uint64_t entry_statement_seed(uint64_t seed, uint32_t i)
{
	return seed + UINT64_C(0x9e3779b97f4a7c15) * i;
}

/* The hash of returned rows, for told_rows_hash: start with 0, chain each row. */
uint64_t row_hash(uint64_t hash, const struct value *values, size_t n);

#endif
