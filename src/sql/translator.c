#include "sql/translate.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "pgwire/format.h"
#include "sql/parse.h"
#include "sql/pass.h"
#include "sql/translation.h"
#include "sql/translation_cache.h"

/* What parsing and the passes of one statement may take; the tree of a text is some fifty times its size. */
#define ARENA_MAX ((size_t)1 << 30)
/* More than this is given back after a statement. */
#define ARENA_KEEP  ((size_t)1 << 20)
#define SCRATCH_MAX ((size_t)1 << 30)

struct translator {
	struct translation_cache by_text, by_shape;
	size_t text_max;
	struct arena arena; /* of the translation that is being made */
	struct buf scratch; /* of the literal that is being read */
	struct translator_counts counts;
};

struct translator *translator_new(size_t entries_max, size_t text_max)
{
	struct translator *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->text_max = text_max;
	arena_init(&t->arena, ARENA_MAX);
	buf_init(&t->scratch, SCRATCH_MAX);
	if (!translation_cache_init(&t->by_text, entries_max))
		goto free_translator;
	if (!translation_cache_init(&t->by_shape, entries_max))
		goto release_texts;
	return t;

release_texts:
	translation_cache_release(&t->by_text);
free_translator:
	free(t);
	return NULL;
}

void translator_free(struct translator *t)
{
	if (t == NULL)
		return;
	translation_cache_release(&t->by_text);
	translation_cache_release(&t->by_shape);
	buf_release(&t->scratch);
	arena_release(&t->arena);
	free(t);
}

struct translator_counts translator_counts(const struct translator *t)
{
	return t->counts;
}

static void reset_arena(struct translator *t)
{
	if (t->arena.bytes > ARENA_KEEP)
		arena_release(&t->arena);
	else
		arena_reset(&t->arena);
}

/* ---- split ---- */

/* The one statement of a text that needs no parser to be told from others; false: parse it. `n` 0: there is none. */
static bool split_plainly(const char *text, size_t len, struct piece *piece, size_t *n)
{
	struct scanner s;
	struct token token;
	const char *start = NULL, *end = NULL;
	bool has_ended = false;

	literals_scanner_init(&s, text, len);
	for (scanner_next(&s, &token); token.kind != TOKEN_END; scanner_next(&s, &token)) {
		if (token.kind == TOKEN_UNSURE)
			return false;
		if (token.kind == TOKEN_MARK && *token.start == ';') {
			has_ended = start != NULL;
			continue;
		}
		if (has_ended)
			return false;
		start = start == NULL ? token.start : start;
		end = token.end;
	}
	*n = start != NULL;
	if (start != NULL)
		*piece = (struct piece){ (size_t)(start - text), (size_t)(end - start) };
	return true;
}

/* A statement's place as libpg_query says it, without the blanks around it. */
static struct piece trim(const char *text, size_t len, const PgQuery__RawStmt *stmt)
{
	size_t start = (size_t)stmt->stmt_location;
	size_t end = stmt->stmt_len > 0 ? start + (size_t)stmt->stmt_len : len;

	while (start < end && strchr(" \t\r\n\f", text[start]) != NULL)
		start++;
	while (start < end && strchr(" \t\r\n\f", text[end - 1]) != NULL)
		end--;
	return (struct piece){ start, end - start };
}

static int split_by_parsing(struct translator *t, const char *text, size_t len, struct arena *arena,
    struct piece **pieces, size_t *n, struct err *err)
{
	const PgQuery__ParseResult *tree;

	if (parse_text(text, len, &t->arena, &tree, err) != 0)
		return -1;
	*n = tree->n_stmts;
	*pieces = arena_alloc(arena, *n * sizeof(**pieces));
	if (*pieces == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < *n; i++)
		(*pieces)[i] = trim(text, len, tree->stmts[i]);
	return 0;
}

int translator_split(struct translator *t, const char *text, size_t len, struct arena *arena,
    struct piece **pieces, size_t *n, struct err *err)
{
	struct piece one;

	*n = 0;
	*pieces = NULL;
	if (parse_check_encoding(text, len, err) != 0)
		return -1;
	if (!split_plainly(text, len, &one, n)) {
		int rc = split_by_parsing(t, text, len, arena, pieces, n, err);
		reset_arena(t);
		return rc;
	}
	if (*n == 0)
		return 0;
	*pieces = arena_memdup(arena, &one, sizeof(one));
	return *pieces != NULL ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* ---- translate ---- */

static void finish_params(struct pass *p, struct translation *t)
{
	for (size_t i = 0; i < p->nparams; i++) {
		if (p->param_types[i] == OID_NONE || p->param_types[i] == OID_UNKNOWN)
			pass_fail(p, -1, SQLSTATE_INDETERMINATE_TYPE,
			    "could not determine data type of parameter $%zu", i + 1);
	}
	t->param_types = p->param_types;
	t->nparams = p->nparams;
	t->is_slow |= p->is_slow;
	t->is_volatile |= p->is_volatile;
	t->schema_version = p->schema->version;
}

/* The passes leave by longjmp when they fail: nothing but their arena is in their hands. */
static int run_passes(struct pass *p, const PgQuery__ParseResult *tree, struct translation *t)
{
	if (setjmp(p->failed) != 0)
		return -1;
	if (tree->n_stmts > 1)
		pass_fail(
		    p, -1, SQLSTATE_SYNTAX, "cannot insert multiple commands into a prepared statement");
	if (tree->n_stmts == 0)
		*t = (struct translation){ .kind = STATEMENT_NOTHING, .tag = "" };
	else
		translate_statement(p, tree->stmts[0]->stmt, t);
	finish_params(p, t);
	return 0;
}

static int init_pass(struct pass *p, struct translator *t, const struct translate_request *request,
    const struct shape *shape, struct err *err)
{
	*p = (struct pass){ .arena = &t->arena,
		.err = err,
		.text = request->text,
		.position_base = request->position_base,
		.schema = request->schema,
		.nparams = request->nparam_types,
		.params_fixed = !request->literals_stay,
		.nliterals = shape->nliterals };
	if (p->nparams > 0)
		p->param_types = arena_memdup(&t->arena, request->param_types, p->nparams * sizeof(oid_t));
	if (p->nliterals > 0)
		p->literals = arena_zalloc(&t->arena, p->nliterals * sizeof(*p->literals));
	if ((p->nparams > 0 && p->param_types == NULL) || (p->nliterals > 0 && p->literals == NULL))
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < p->nliterals; i++)
		p->literals[i] = (struct literal){ .offset = shape->literals[i].offset, .typmod = -1 };
	return 0;
}

/* A literal that no slot took may have been used for anything: it is pinned. */
static struct literal_use *uses_of(const struct pass *p)
{
	struct literal_use *uses = arena_alloc(p->arena, (p->nliterals + 1) * sizeof(*uses));

	for (size_t i = 0; uses != NULL && i < p->nliterals; i++) {
		const struct literal *l = &p->literals[i];

		uses[i] = (struct literal_use){ l->is_used, l->is_pinned || !l->is_used, l->type, l->typmod };
	}
	return uses;
}

static int translate(struct translator *t, const struct translate_request *request, const struct shape *shape,
    const struct translation **out, const struct literal_use **uses, struct err *err)
{
	struct pass pass;
	const PgQuery__ParseResult *tree;
	struct translation made = { .kind = STATEMENT_NOTHING };

	if (parse_text(request->text, request->len, &t->arena, &tree, err) != 0) {
		err->position += err->position > 0 ? (int)request->position_base : 0;
		return -1;
	}
	if (init_pass(&pass, t, request, shape, err) != 0 || run_passes(&pass, tree, &made) != 0)
		return -1;
	*uses = uses_of(&pass);
	*out = *uses == NULL ? NULL : translation_pack(&made);
	return *out != NULL ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* ---- literals ---- */

/* The digits of a number whose class says that it fits, as most that pass here. */
static bool read_integer(const struct shape_literal *literal, oid_t type, struct value *out)
{
	bool fits = (literal->class == LITERAL_INT4 && (type == OID_INT4 || type == OID_INT8)) ||
		    (literal->class == LITERAL_INT8 && type == OID_INT8);

	if (!fits)
		return false;

	const char *p = literal->text;
	bool is_negative = *p == '-';
	uint64_t n = 0;
	for (p += is_negative; *p != '\0'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	*out = value_int((int64_t)(is_negative ? 0 - n : n));
	return true;
}

static int read_literal(struct translator *t, const struct shape_literal *literal,
    const struct literal_use *use, struct arena *arena, struct value *out, struct err *err)
{
	*out = value_null();
	if (!use->is_slot || read_integer(literal, use->type, out))
		return 0;
	buf_clear(&t->scratch);
	if (format_read_text(use->type, use->typmod, literal->text, literal->len, &t->scratch, out, err) != 0)
		return -1;

	bool is_bytes = out->kind == VALUE_TEXT || out->kind == VALUE_BLOB;
	if (is_bytes && out->text != literal->text) {
		out->text = arena_strndup(arena, out->text, out->len);
		if (out->text == NULL)
			return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	return 0;
}

/* Hits and misses come through here alike, so that a bad literal is the same error on both. */
static int read_literals(struct translator *t, const struct translate_request *request,
    const struct shape *shape, const struct literal_use *uses, struct arena *arena, struct translated *out,
    struct err *err)
{
	struct value *values = arena_alloc(arena, shape->nliterals * sizeof(*values));

	if (values == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < shape->nliterals; i++) {
		if (read_literal(t, &shape->literals[i], &uses[i], arena, &values[i], err) != 0) {
			err->position = (int)(request->position_base +
					      utf8_chars(request->text, shape->literals[i].offset) + 1);
			return -1;
		}
	}
	out->literals = values;
	out->nliterals = shape->nliterals;
	return 0;
}

/* Translates, and keeps it. */
static int get_new(struct translator *t, const struct translate_request *request, const struct shape *shape,
    struct translation_cache *cache, const struct cache_key *key, struct arena *arena, struct translated *out,
    struct err *err)
{
	const struct literal_use *uses = NULL;

	t->counts.misses++;
	if (translate(t, request, shape, &out->translation, &uses, err) != 0)
		return -1;
	if (key->len <= t->text_max)
		translation_cache_add(cache, key, uses, out->translation);
	if (read_literals(t, request, shape, uses, arena, out, err) != 0) {
		translation_unref(out->translation);
		out->translation = NULL;
		return -1;
	}
	return 0;
}

static int get_by_text(struct translator *t, const struct translate_request *request, struct arena *arena,
    struct translated *out, struct err *err)
{
	const struct cache_key key = { .text = request->text,
		.len = request->len,
		.types = request->param_types,
		.ntypes = request->nparam_types,
		.schema_version = request->schema->version,
		.params_fixed = !request->literals_stay };
	const struct cache_entry *hit = translation_cache_find(&t->by_text, &key);

	if (hit != NULL) {
		t->counts.text_hits++;
		translation_ref(hit->translation);
		*out = (struct translated){ .translation = hit->translation };
		return 0;
	}
	return get_new(t, request, &(struct shape){ .nliterals = 0 }, &t->by_text, &key, arena, out, err);
}

static int get_by_shape(struct translator *t, const struct translate_request *request,
    const struct shape *shape, struct arena *arena, struct translated *out, struct err *err)
{
	const struct cache_key key = { .text = shape->text,
		.len = shape->len,
		.schema_version = request->schema->version,
		.params_fixed = true,
		.literals = shape->literals,
		.nliterals = shape->nliterals };
	const struct cache_entry *hit = translation_cache_find(&t->by_shape, &key);

	if (hit == NULL)
		return get_new(t, request, shape, &t->by_shape, &key, arena, out, err);
	t->counts.normalised_hits++;
	if (read_literals(t, request, shape, hit->uses, arena, out, err) != 0)
		return -1;
	translation_ref(hit->translation);
	out->translation = hit->translation;
	return 0;
}

int translator_get(struct translator *t, const struct translate_request *request, struct arena *arena,
    struct translated *out, struct err *err)
{
	struct shape shape;
	bool has_shape = !request->literals_stay && request->nparam_types == 0;
	int rc;

	*out = (struct translated){ .translation = NULL };
	if (!request->literals_stay && parse_check_encoding(request->text, request->len, err) != 0)
		return -1;
	if (has_shape && shape_scan(request->text, request->len, arena, &shape))
		rc = get_by_shape(t, request, &shape, arena, out, err);
	else
		rc = get_by_text(t, request, arena, out, err);
	reset_arena(t);
	return rc;
}
