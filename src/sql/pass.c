#include "sql/pass.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static void set_position(struct pass *p, int location)
{
	if (location >= 0 && p->text != NULL && strlen(p->text) >= (size_t)location)
		p->err->position = (int)(p->position_base + utf8_chars(p->text, (size_t)location) + 1);
}

void pass_fail(struct pass *p, int location, const char *sqlstate, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_vset(p->err, sqlstate, fmt, args);
	va_end(args);
	set_position(p, location);
	longjmp(p->failed, 1);
}

void pass_fail_hint(struct pass *p, int location, const char *sqlstate, const char *detail, const char *hint,
    const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_vset(p->err, sqlstate, fmt, args);
	va_end(args);
	if (detail != NULL)
		err_detail(p->err, "%s", detail);
	if (hint != NULL)
		err_hint(p->err, "%s", hint);
	set_position(p, location);
	longjmp(p->failed, 1);
}

void pass_fail_with(struct pass *p, int location)
{
	set_position(p, location);
	longjmp(p->failed, 1);
}

void pass_refuse(struct pass *p, int location, const char *construct)
{
	pass_fail(p, location, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", construct);
}

void *pass_alloc(struct pass *p, size_t size)
{
	void *memory = arena_zalloc(p->arena, size);

	if (memory == NULL)
		pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return memory;
}

void *pass_grow(struct pass *p, void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	size_t more = *cap == 0 ? 8 : *cap * 2;
	void *grown = pass_alloc(p, more * size);

	if (n > 0)
		memcpy(grown, array, n * size);
	*cap = more;
	return grown;
}

char *pass_strdup(struct pass *p, const char *text)
{
	size_t len = strlen(text);

	return memcpy(pass_alloc(p, len + 1), text, len + 1);
}

char *pass_printf(struct pass *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = arena_vprintf(p->arena, fmt, args);
	va_end(args);
	if (text == NULL)
		pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return text;
}

void pass_enter(struct pass *p, int location)
{
	if (++p->depth > PASS_DEPTH_MAX)
		pass_fail_hint(p, location, SQLSTATE_TOO_COMPLEX, NULL,
		    "Split the statement, or use fewer nested parentheses.", "the statement nests too deep");
}

void pass_leave(struct pass *p)
{
	p->depth--;
}

static bool slot_equals(const struct slot *a, const struct slot *b)
{
	if (a->source != b->source || a->index != b->index)
		return false;
	return a->source != SLOT_SETTING || strcmp(a->setting, b->setting) == 0;
}

/* Forms that use an argument twice use it close by, and $n is often the n-th: looking further would make a row of thousands of
 * parameters slow, and a second slot for the same value is as good. */
#define SLOTS_LOOKED_AT 16

static size_t find_slot(const struct pass *p, const struct slot *slot)
{
	size_t first = p->nslots > SLOTS_LOOKED_AT ? p->nslots - SLOTS_LOOKED_AT : 0;

	if (slot->index < p->nslots && slot_equals(&p->slots[slot->index], slot))
		return slot->index;
	for (size_t i = first; i < p->nslots; i++)
		if (slot_equals(&p->slots[i], slot))
			return i;
	return p->nslots;
}

void emit_slot(struct pass *p, struct buf *out, struct slot slot)
{
	size_t i = find_slot(p, &slot);

	if (i == p->nslots && i == p->slots_cap) {
		size_t cap = i == 0 ? 8 : i * 2;
		struct slot *grown = arena_alloc(p->arena, cap * sizeof *grown);

		if (grown == NULL) { /* emission never jumps: its buf would leak */
			out->failed = true;
			return;
		}
		if (i > 0)
			memcpy(grown, p->slots, i * sizeof *grown);
		p->slots = grown;
		p->slots_cap = cap;
	}
	if (i == p->nslots)
		p->slots[p->nslots++] = slot;
	buf_printf(out, "?%zu", i + 1);
}

#define NUMBERED_MAX 500

/* "?" for "?7" where 7 is next in order anyway: SQLite looks for the name of each numbered parameter among all of them, which takes
 * seconds for the 65,535 that the protocol allows. */
static void drop_numbers(char *sql, size_t *len)
{
	size_t to = 0, n = 0; /* n: what SQLite has counted so far */
	char quote = '\0';

	for (size_t i = 0; i < *len; i++) {
		char c = sql[i];

		sql[to++] = c;
		if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		if (quote != '\0' || c != '?')
			continue;
		char *end;
		size_t number = strtoul(sql + i + 1, &end, 10);
		if (number == n + 1)
			i = (size_t)(end - sql) - 1;
		n = number > n ? number : n;
	}
	sql[to] = '\0';
	*len = to;
}

void pass_add_step(
    struct pass *p, struct translation *t, struct buf *sql, bool is_internal, bool gives_result)
{
	const char *text = buf_text(sql);
	char *copy = text != NULL ? arena_strndup(p->arena, text, sql->len) : NULL;
	struct step *steps = arena_zalloc(p->arena, (t->nsteps + 1) * sizeof *steps);
	bool is_too_long = sql->failed && sql->len >= sql->max / 2;

	if (copy == NULL || steps == NULL) {
		buf_release(sql);
		pass_fail(p, -1, is_too_long ? SQLSTATE_LIMIT_EXCEEDED : SQLSTATE_OUT_OF_MEMORY,
		    is_too_long ? "the statement is too long" : "out of memory");
	}
	size_t len = sql->len;
	if (p->nslots > NUMBERED_MAX)
		drop_numbers(copy, &len);
	if (t->nsteps > 0)
		memcpy(steps, t->steps, t->nsteps * sizeof *steps);
	steps[t->nsteps] = (struct step){ .sql = copy,
		.sql_len = len,
		.slots = p->slots,
		.nslots = p->nslots,
		.is_internal = is_internal,
		.gives_result = gives_result };
	t->steps = steps;
	t->nsteps++;
	p->slots = NULL;
	p->nslots = p->slots_cap = 0;
}

static void put_quoted(struct buf *out, const char *text, char quote)
{
	buf_put_byte(out, (uint8_t)quote);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == quote)
			buf_put_byte(out, (uint8_t)quote);
		buf_put_byte(out, (uint8_t)*c);
	}
	buf_put_byte(out, (uint8_t)quote);
}

void emit_name(struct buf *out, const char *name)
{
	put_quoted(out, name, '"');
}

void emit_string(struct buf *out, const char *text)
{
	put_quoted(out, text, '\'');
}

const struct column *relation_column(const struct relation *r, const char *name)
{
	for (size_t i = 0; i < r->ncolumns; i++)
		if (strcmp(r->columns[i].name, name) == 0)
			return &r->columns[i];
	return NULL;
}
