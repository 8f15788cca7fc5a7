/* Any bytes as a message: reading must end, stay inside them and, where it succeeds, give what writes the same again. */
#include "replication/entry.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct value row[ENTRY_COLUMNS_MAX];

/* Touches the bytes of every value, so that a sanitizer sees those that aren't ours. */
static uint64_t read_statement(struct entry_reader *r, struct err *err)
{
	struct statement_header h;
	uint64_t hash = 0;

	if (entry_read_statement(r, &h, err) != 0)
		return 0;
	for (uint32_t i = 0; i < h.nrows; i++) {
		size_t at = r->at;
		struct entry_reader again;
		struct buf o;

		if (entry_read_row(r, row, h.ncolumns, err) != 0)
			return 0;
		hash = row_hash(hash, row, h.ncolumns);
		buf_init(&o, r->len * 2 + 16);
		entry_put_row(&o, row, h.ncolumns);
		if (o.failed || o.len > r->at - at) /* ours is the shortest form */
			abort();
		entry_reader_init(&again, o.data, o.len);
		if (entry_read_row(&again, row, h.ncolumns, err) != 0 || again.at != o.len)
			abort();
		buf_release(&o);
	}
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	struct err err;

	err_clear(&err);
	entry_reader_init(&r, data, size);
	switch (entry_read_message(&r, &batch, &part, &err)) {
	case MESSAGE_BAD: break;
	case MESSAGE_PART:
		if (part.level <= ENTRY_LEVEL && (part.len > size || part.part >= part.nparts))
			abort();
		break;
	case MESSAGE_BATCH:
		for (uint32_t e = 0; e < batch.nentries && err.sqlstate[0] == '\0'; e++) {
			struct entry_header entry;

			if (entry_read_entry(&r, &entry, &err) != 0)
				break;
			for (uint32_t s = 0; s < entry.nstatements && err.sqlstate[0] == '\0'; s++)
				read_statement(&r, &err);
		}
	}
	if (r.at > r.len)
		abort();
	return 0;
}
