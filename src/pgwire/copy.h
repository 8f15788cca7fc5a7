/* copy.h - COPY's text format (PostgreSQL 15, COPY, "Text Format"): bytes <-> fields.
 *
 * Owns:     the bytes of a row that is split over two CopyData messages.
 * Runs on:  one thread at a time.
 * Promises: rows come out as they went in, however the stream is cut into messages; `\.` ends the data.
 * Fails by: 22P04 (too many or missing columns are the caller's to find, from the field count), 54000 for a row over the limit. */
#ifndef NQLITE_PGWIRE_COPY_H
#define NQLITE_PGWIRE_COPY_H

#include "base/buf.h"
#include "base/err.h"

struct copy_options {
	char delimiter;        /* default TAB */
	const char *null_text; /* default \N; NUL-terminated, outlives the reader */
};

struct copy_field {
	const char *text; /* NULL: a NULL */
	size_t len;
};

/* The first line says how all of them end. */
enum copy_newline { COPY_NEWLINE_UNKNOWN, COPY_NEWLINE_LF, COPY_NEWLINE_CR, COPY_NEWLINE_CRLF };

struct copy_reader {
	struct copy_options options;
	size_t line; /* number of the row read last, from 1, for error context */
	/* private */
	struct buf pending;  /* the start of a row whose end hasn't come yet */
	size_t pending_read; /* bytes of pending that the row lent last was made of */
	size_t scanned;      /* bytes of the row that are known to hold no end of it */
	size_t row_max;
	struct buf unescaped;
	struct copy_field *fields;
	size_t nfields_max;
	enum copy_newline newline;
	bool ended;
};

enum copy_read { COPY_MORE, COPY_ROW, COPY_END, COPY_FAILED };

/* Reads rows of at most `nfields_max` fields (more is found and counted as nfields_max + 1) and `row_max` bytes. */
int copy_reader_init(struct copy_reader *r, const struct copy_options *options, size_t nfields_max,
    size_t row_max, struct err *err);
void copy_reader_release(struct copy_reader *r);

/* Takes the next row from *bytes (advancing *bytes and *len). COPY_ROW lends the fields until the next call. COPY_MORE: all
 * bytes taken, no whole row. COPY_END: the end marker was read and what follows is ignored, or `last` and nothing is left.
 * `last`: no more bytes will come, so that a row without a newline is whole. Fields lie in *bytes or in the reader; their UTF-8 is not checked here. */
enum copy_read copy_read_row(struct copy_reader *r, const char **bytes, size_t *len, bool last,
    const struct copy_field **fields, size_t *nfields, struct err *err);

/* Appends one field, escaped (text NULL: the null text). Fields are set apart and rows ended by the caller. */
void copy_put_field(struct buf *o, const struct copy_options *options, const char *text, size_t len);

#endif
