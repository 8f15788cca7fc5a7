/* params.h - the parameters of a statement, from the JSON around it.
 *
 * Owns:     nothing; values borrow from the JSON and from the arena.
 * Runs on:  one thread at a time.
 * Promises: integers stay exact, true and false are 1 and 0, an array of bytes or a text x'..' is a BLOB (docs/http.md has the one
 *           ambiguity and how it is settled). A text of several statements takes its parameters from one list, in order.
 * Fails by: 22023, 54000: a parameter that is missing, left over, or of no SQL type. */
#ifndef NQLITE_HTTP_PARAMS_H
#define NQLITE_HTTP_PARAMS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "http/body.h"

enum params_dialect {
	PARAMS_BOTH, /* [[SQL, [1]]] is the number 1, [[SQL, [1,2]]] with one parameter a BLOB, x'..' a BLOB */
	PARAMS_NQLITE, /* a lone array is a list, texts are texts */
	PARAMS_RQLITE, /* a lone array of bytes is a BLOB */
};

struct params {
	/* private */
	const json_t *list; /* an array; NULL: none or named */
	size_t at;          /* the next one in it */
	const json_t *named;
	bool hex_is_blob, is_settled;
	enum params_dialect dialect;
};

int params_init(struct params *p, const struct element *e, enum params_dialect dialect, struct err *err);

/* Fills values[0..n). `name` gives parameter i's (from 1) with its prefix, or NULL. 0 or -1. */
int params_take(struct params *p, struct value *values, size_t n, const char *(*name)(void *arg, size_t i),
    void *arg, struct arena *arena, struct err *err);
/* After the last statement: all must be used. */
int params_end(const struct params *p, struct err *err);

#endif
