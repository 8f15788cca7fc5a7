/* rows.h - a row sink that writes DataRow messages.
 *
 * Owns:     nothing; it appends to a buf of its user's.
 * Runs on:  whichever thread runs the statement; the buf must be that thread's meanwhile.
 * Promises: a row is written whole or not at all.
 * Fails by: what format_put_field says; 53200 or 54000 when the buf is full. */
#ifndef NQLITE_SESSION_ROWS_H
#define NQLITE_SESSION_ROWS_H

#include "pgwire/copy.h"
#include "pgwire/format.h"
#include "store/conn.h"

enum row_form { ROW_DATA, ROW_COPY, ROW_EXPLAIN };

#define EXPLAIN_NODES_MAX 64

struct row_writer {
	struct row_sink sink; /* first */
	struct buf *out;
	const struct format_column *columns;
	size_t ncolumns;
	struct format_settings settings;
	enum row_form form;
	const struct copy_options *copy; /* ROW_COPY */
	size_t pause_bytes;              /* ask for a pause when out holds so many; 0: never */
	uint64_t rows;                   /* written */
	bool has_failed;                 /* a row found no room, or couldn't be written */
	bool is_hashed;
	uint64_t hash; /* row_hash over what SQLite gave */
	/* private */
	struct {
		int64_t id;
		int depth;
	} nodes[EXPLAIN_NODES_MAX]; /* ROW_EXPLAIN */
	size_t nnodes;
};

void row_writer_init(struct row_writer *w, enum row_form form, struct buf *out,
    const struct format_column *columns, size_t ncolumns, const struct format_settings *settings);

#endif
