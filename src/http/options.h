/* options.h - what a request asks for besides its SQL: the part of the URI after '?'.
 *
 * Owns:     the decoded texts, until options_release.
 * Runs on:  any thread.
 * Promises: presence is true ("?pretty", "?pretty=" and "?pretty=true"; "=false" and "=0" are false); unknown names are passed over,
 *           as both originals do.
 * Fails by: one sentence (22023) that names the parameter. */
#ifndef NQLITE_HTTP_OPTIONS_H
#define NQLITE_HTTP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum read_level { LEVEL_LOCAL /* none, weak */, LEVEL_LINEARIZABLE /* linearizable, strong */ };

struct options {
	bool timings, pretty, associative, blob_array, raft_index;
	bool transaction, queue;
	bool noleader;
	enum read_level level;
	uint64_t min_seq;   /* 0: none */
	int64_t timeout_ms; /* 0: none was given */
	char *q;            /* the SQL of a GET; NULL: none */
	size_t q_len;
	/* private */
	char *memory;
};

/* `query` may be NULL. 0 or -1. */
int options_read(struct options *o, const char *query, struct err *err);
void options_release(struct options *o);

#endif
