/* plan.h - what a request's statements are, before anything runs: reads, writes, refused; and the entry that they make.
 *
 * Owns:     the items and everything that they point at, but for the bytes of the body.
 * Runs on:  one thread at a time; plan_make: a worker, with a reader that holds a snapshot.
 * Promises: nothing reaches the log that SQLite doesn't prepare or users may not run. After DDL in the same request a statement may refer
 *           to what isn't there yet: then only what is forbidden is refused, and the rest left to the applier.
 * Fails by: an item's own error, or err for the whole request. */
#ifndef NQLITE_HTTP_PLAN_H
#define NQLITE_HTTP_PLAN_H

#include "base/arena.h"
#include "http/body.h"
#include "http/params.h"
#include "replication/entry.h"
#include "store/conn.h"

enum item_kind {
	ITEM_EMPTY, /* blanks and comments */
	ITEM_READ,  /* SQLite says that it is read-only */
	ITEM_WRITE,
	ITEM_UNSEEN, /* left to the applier */
	ITEM_ERROR,
};

struct item_column {
	const char *name, *decltype; /* decltype NULL: an expression */
};

struct item {
	enum item_kind kind;
	bool is_ddl;
	const char *sql; /* borrowed from the body */
	size_t sql_len;
	struct value *params;
	size_t nparams;
	struct item_column
	    *columns; /* of the rows that a write gives (RETURNING); NULL: none, or not known yet */
	size_t ncolumns;
	bool is_columns_unknown; /* only after it has run can it be asked */
	const char *error;       /* ITEM_ERROR; or that it failed alone */
	struct buf *rows;        /* what it gave when it was applied: nrows rows, as they lie in an entry */
	uint64_t nrows;
	size_t row_size; /* values in a row, if there is one */
};

struct plan {
	struct item *items;
	size_t n;
	size_t nwrites, nerrors; /* ITEM_WRITE and ITEM_UNSEEN; ITEM_ERROR */
	size_t first_error;      /* an index, if there are any */
	bool has_ddl;
	struct arena arena;
	/* private */
	size_t cap;
};

#define PLAN_BYTES_MAX (512 << 20)

void plan_init(struct plan *p);
void plan_release(struct plan *p);

/* Looks at every statement of the body. 0, or -1 with err: out of memory. */
int plan_make(struct plan *p, const struct body *body, struct conn *reader, enum params_dialect dialect,
    struct err *err);

/* All that isn't an error or empty, in order, into one entry. `is_atomic`: it commits whole or not at all. */
int plan_build_entry(const struct plan *p, const struct entry_header *header, bool is_atomic,
    struct entry_builder *b, struct err *err);
/* Does the item stand in the entry? */
bool item_is_in_entry(const struct item *item);

/* Asks the reader for the columns of an item whose columns were unknown, and whether it reads; it may still not know. */
void item_learn_columns(struct item *item, struct plan *p, struct conn *reader);

#endif
