/* Any bytes as COPY data: read whole and read in pieces they yield the same rows, the same end and the same error; and rows that are
 * written again read as the same rows. */
#include <stdlib.h>
#include <string.h>

#include "pgwire/copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS_MAX 5
#define ROW_MAX    200

static const struct copy_options options = { .delimiter = '\t', .null_text = "\\N" };

/* Appends the row in the reader's own format, so that two readings can be compared, and read again. */
static void put_row(struct buf *o, const struct copy_field *f, size_t n)
{
	for (size_t i = 0; i < n && i < FIELDS_MAX; i++) {
		if (i > 0)
			buf_put_byte(o, '\t');
		copy_put_field(o, &options, f[i].text, f[i].len);
	}
	if (n > FIELDS_MAX)
		buf_put_text(o, "\ttoo many");
	buf_put_byte(o, '\n');
}

/* Reads all, `step` bytes at a time; the rows into `o`, how it ended into `err` ("" for well). */
static void read_all(const uint8_t *data, size_t size, size_t step, struct buf *o, struct err *err)
{
	struct copy_reader r;
	enum copy_read got = COPY_MORE;

	err_clear(err);
	if (copy_reader_init(&r, &options, FIELDS_MAX, ROW_MAX, err) != 0)
		abort();
	for (size_t at = 0; got == COPY_MORE;) {
		size_t n = size - at < step ? size - at : step;
		char *piece = malloc(n + 1);
		if (piece == NULL)
			abort();
		memcpy(piece, data + at, n);
		at += n;

		const char *p = piece;
		size_t len = n;
		const struct copy_field *f;
		size_t nfields;
		while ((got = copy_read_row(&r, &p, &len, at == size, &f, &nfields, err)) == COPY_ROW)
			put_row(o, f, nfields);
		if (got == COPY_MORE && (len != 0 || at == size))
			abort();
		free(piece);
	}
	if ((got == COPY_FAILED) != (err->sqlstate[0] != '\0'))
		abort();
	copy_reader_release(&r);
}

static void same(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 2, 3, 7, 64 };
	struct err whole_err, err;
	struct buf whole, pieces;

	buf_init(&whole, 1 << 24);
	buf_init(&pieces, 1 << 24);
	read_all(data, size, size + 1, &whole, &whole_err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		buf_clear(&pieces);
		read_all(data, size, steps[i], &pieces, &err);
		same(&whole, &pieces);
		/* A row may be too long, and end in a bad way behind the limit: which is seen first depends on the pieces. */
		if (strcmp(whole_err.sqlstate, err.sqlstate) != 0 &&
		    (whole_err.sqlstate[0] == '\0' || strcmp(err.sqlstate, SQLSTATE_LIMIT_EXCEEDED) != 0))
			abort();
	}
	/* Escapes make rows longer, perhaps too long to be read again. */
	buf_clear(&pieces);
	read_all(
	    whole.data == NULL ? (const uint8_t *)"" : whole.data, whole.len, whole.len + 1, &pieces, &err);
	if (err.sqlstate[0] == '\0')
		same(&whole, &pieces);
	else if (strcmp(err.sqlstate, SQLSTATE_LIMIT_EXCEEDED) != 0)
		abort();
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
