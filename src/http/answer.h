/* answer.h - the JSON of an answer, in the shape that one family of clients or both read.
 *
 * Owns:     struct rows: its copies of column names, and rows that have to stand twice, until rows_release.
 * Runs on:  one thread at a time.
 * Promises: docs/http.md, "Answers". Numbers of members that are zero are left out, as rqlite does. Of columns with one name the last
 *           is an object's member, as in the original.
 * Fails by: the buf's `failed`: the answer is larger than its limit, or memory is out. */
#ifndef NQLITE_HTTP_ANSWER_H
#define NQLITE_HTTP_ANSWER_H

#include "base/buf.h"
#include "base/value.h"

enum http_shape { SHAPE_BOTH, SHAPE_NQLITE, SHAPE_RQLITE };

struct answer_style {
	enum http_shape shape;
	bool associative, blob_array;
	bool timings; /* seconds, for each result too; else milliseconds for the whole */
};

/* The results stand between answer_begin and answer_end; each begins with answer_result and ends with answer_result_end. */
void answer_begin(struct buf *o);
void answer_result(struct buf *o);
void answer_result_error(struct buf *o, const char *message);
struct written {
	uint64_t seq;
	bool is_duplicate;
	int64_t last_insert_id, rows_affected;
};
/* `with_rows`: it has RETURNING, and rows follow. */
void answer_result_written(
    struct buf *o, const struct answer_style *style, const struct written *w, bool with_rows);
void answer_result_end(struct buf *o, const struct answer_style *style, int64_t us);

struct answer_tail {
	int64_t us; /* that the request took; negative: it failed, and the original says 0 */
	bool with_seq;
	uint64_t seq;
	bool is_queued; /* sequence_number */
};
void answer_end(struct buf *o, const struct answer_style *style, const struct answer_tail *tail);

/* The members of a result that hold rows. */
struct rows {
	/* private */
	const struct answer_style *style;
	struct buf *out;
	struct buf objects; /* "rows", while "values" are written */
	struct buf names;   /* as JSON, one after the other */
	struct buf types;
	struct span {
		size_t name, name_end, type, type_end; /* in names, types; an expression has no type */
		bool is_shadowed;
	} * columns;
	size_t ncolumns;
	uint64_t nrows;
};

void rows_init(struct rows *r, const struct answer_style *style, struct buf *out);
void rows_release(struct rows *r);
/* The columns, before the first row, or before the end when there is none. They are copied. false: out of memory. */
bool rows_columns(struct rows *r, size_t n);
void rows_name_column(struct rows *r, size_t i, const char *name, const char *decltype);
bool rows_have_columns(const struct rows *r);
/* One row; false: the answer grew too large. */
bool rows_put(struct rows *r, const struct value *values, size_t n);
void rows_end(struct rows *r);

#endif
