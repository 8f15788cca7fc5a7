/* body.h - the statements of a request's body.
 *
 * Owns:     the parsed JSON; texts borrow from it, or from the request when it is plain text.
 * Runs on:  one thread at a time.
 * Promises: integers stay 64-bit integers; text may hold any character, U+0000 too; nesting is bounded.
 * Fails by: one sentence: the original's own words where it had some. */
#ifndef NQLITE_HTTP_BODY_H
#define NQLITE_HTTP_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct body {
	/* private */
	json_t *root; /* an array, or NULL: one text */
	const char *text;
	size_t text_len;
};

struct element {
	const char *sql;
	size_t sql_len;
	const json_t *args; /* the array that the text stands first in; NULL: a text alone */
};

/* A JSON array of texts and of arrays that begin with a text. */
int body_read_json(struct body *b, const void *bytes, size_t len, struct err *err);
/* One text, which stays the caller's. */
int body_read_text(struct body *b, const void *bytes, size_t len, struct err *err);
void body_release(struct body *b);

size_t body_count(const struct body *b);
struct element body_element(const struct body *b, size_t i);

#endif
