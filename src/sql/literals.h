/* literals.h - a text's tokens by PostgreSQL's lexical rules, without parsing it: what its shape is, and which literals it holds.
 *
 * Owns:     nothing; tokens borrow from the text, a shape lies in the arena that was handed in.
 * Runs on:  any thread.
 * Promises: two texts of one shape differ in nothing but blanks, comments and the values of their literals, so that one parse tree
 *           serves both when its constants are exchanged. One pass; far below a microsecond for 100 bytes.
 * Fails by: TOKEN_UNSURE and `false` wherever the rules aren't plain: the caller then takes the slow way, never a wrong one. */
#ifndef NQLITE_SQL_LITERALS_H
#define NQLITE_SQL_LITERALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,     /* identifier or key word, unquoted */
	TOKEN_QUOTED,   /* "identifier" */
	TOKEN_STRING,   /* '..' */
	TOKEN_ESCAPED,  /* E'..' */
	TOKEN_DOLLAR,   /* $tag$..$tag$ */
	TOKEN_INTEGER,  /* digits */
	TOKEN_DECIMAL,  /* a point or an exponent */
	TOKEN_PARAM,    /* $1 */
	TOKEN_OPERATOR, /* one or more of + - * / < > = ~ ! @ # % ^ & | ` ? */
	TOKEN_MARK,     /* one of ( ) [ ] , ; : . */
	TOKEN_OTHER, /* B'', X'', N'', U&'', U&"", strings that go on after a newline: never taken apart here */
	TOKEN_UNSURE, /* what PostgreSQL's scanner refuses: unterminated, junk .. */
};

struct token {
	enum token_kind kind;
	const char *start, *end;
	bool after_blank; /* blanks or comments stand before it */
};

/* Where a walk over the tokens stands. */
struct scanner {
	const char *at, *end;
};

void literals_scanner_init(struct scanner *s, const char *text, size_t len);
/* The next token; TOKEN_END and TOKEN_UNSURE stay. */
void scanner_next(struct scanner *s, struct token *token);
/* Is the token this word (given in lower case)? */
bool token_is_word(const struct token *token, const char *word);

enum literal_class {
	LITERAL_INT4 = 1, /* the types that PostgreSQL's parser gives to numbers, by their value */
	LITERAL_INT8,
	LITERAL_NUMERIC,
	LITERAL_STRING,
};

struct shape_literal {
	uint32_t
	    offset; /* of its first byte, as libpg_query's location: a minus sign that belongs to a number counts */
	uint32_t len;
	const char *text; /* decoded, NUL-terminated */
	enum literal_class class;
};

struct shape {
	const char *
	    text; /* each literal replaced by its class as one byte, blanks and comments by one blank; not NUL-terminated */
	size_t len;
	const struct shape_literal *literals;
	size_t nliterals;
};

#define SHAPE_LITERALS_MAX 1000

/* The shape of one query or data-changing statement; false when there is none to be had: another kind of statement, something
 * unsure, too many literals, out of memory. */
bool shape_scan(const char *text, size_t len, struct arena *arena, struct shape *out);

/* How deep the parse tree of the text can be, at most, in levels of expressions: libpg_query needs about a kilobyte of stack
 * for each, and doesn't check. */
size_t shape_depth(const char *text, size_t len);

#endif
