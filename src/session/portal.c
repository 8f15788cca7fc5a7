/* Prepared statements and portals: what Parse and Bind make. */
#include <stdlib.h>

#include "session/state.h"

#define PORTAL_BYTES_MAX ((size_t)1100 << 20) /* parameters of one Bind: a message is shorter than 1 GiB */

/* ---- portals ---- */

struct portal *portal_new(struct session *s)
{
	struct portal *p = s->portal_spare;

	s->portal_spare = NULL;
	if (p == NULL) {
		p = calloc(1, sizeof(*p));
		if (p == NULL)
			return NULL;
		arena_init(&p->arena, PORTAL_BYTES_MAX);
	}
	p->refs = 1;
	return p;
}

static void clear(struct portal *p)
{
	struct arena arena = p->arena;

	if (p->read != NULL)
		read_free(p->read);
	if (p->translation != NULL)
		translation_unref(p->translation);
	free(p->name);
	arena_reset(&arena);
	memset(p, 0, sizeof(*p));
	p->arena = arena;
}

void portal_free(struct portal *p)
{
	clear(p);
	arena_release(&p->arena);
	free(p);
}

void portal_unref(struct session *s, struct portal *p)
{
	if (--p->refs > 0)
		return;
	/* The spare keeps one small chunk, so that a client that binds again and again costs no malloc. */
	clear(p);
	if (s->portal_spare == NULL && p->arena.bytes <= 8192)
		s->portal_spare = p;
	else
		portal_free(p);
}

struct portal *portal_find(struct session *s, const char *name)
{
	struct portal *p;

	if (name[0] == '\0')
		return s->portal_unnamed;
	HASH_FIND_STR(s->portals, name, p);
	return p;
}

int portal_add(struct session *s, const char *name, struct portal *p, struct err *err)
{
	if (name[0] == '\0') {
		if (s->portal_unnamed != NULL)
			portal_drop(s, s->portal_unnamed);
		s->portal_unnamed = p;
		return 0;
	}
	if (portal_find(s, name) != NULL)
		return err_set(err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
	if (HASH_COUNT(s->portals) >= s->host->limits->portals_max)
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "too many portals are open (%zu)",
		    s->host->limits->portals_max);
	p->name = strdup(name);
	if (p->name == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	HASH_ADD_KEYPTR(hh, s->portals, p->name, strlen(p->name), p);
	return 0;
}

static void end_read(struct portal *p)
{
	if (p->read == NULL)
		return;
	read_free(p->read);
	p->read = NULL;
	p->is_done = true;
}

void portal_drop(struct session *s, struct portal *p)
{
	if (p == s->portal_unnamed)
		s->portal_unnamed = NULL;
	else
		HASH_DELETE(hh, s->portals, p);
	/* Who still waits for its answer doesn't need its rows. */
	end_read(p);
	portal_unref(s, p);
}

void portal_end_reads(struct session *s)
{
	if (s->portal_unnamed != NULL)
		end_read(s->portal_unnamed);
	for (struct portal *p = s->portals; p != NULL; p = p->hh.next)
		end_read(p);
}

void portal_drop_all(struct session *s)
{
	struct portal *p, *next;

	if (s->portal_unnamed != NULL)
		portal_drop(s, s->portal_unnamed);
	HASH_ITER(hh, s->portals, p, next)
	portal_drop(s, p);
}

/* ---- translations ---- */

static bool same_columns(const struct translation *a, const struct translation *b)
{
	if (a->ncolumns != b->ncolumns)
		return false;
	for (size_t i = 0; i < a->ncolumns; i++) {
		if (a->columns[i].type != b->columns[i].type ||
		    strcmp(a->columns[i].name, b->columns[i].name) != 0)
			return false;
	}
	return true;
}

int portal_translate(struct session *s, struct portal *p, struct err *err)
{
	struct translated out;
	const struct translate_request request = {
		.text = p->text,
		.len = p->text_len,
		.schema = &transaction_catalog(s)->schema,
		/* The values were read as what the parameters were then. */
		.param_types = p->params != NULL ? p->translation->param_types : p->declared,
		.nparam_types = p->params != NULL ? p->translation->nparams : p->ndeclared,
		.literals_stay = p->literals_stay,
		.position_base = p->position_base,
	};

	if (translator_get(s->host->translator, &request, &p->arena, &out, err) != 0)
		return -1;
	if (p->translation != NULL) {
		bool same = same_columns(p->translation, out.translation);
		translation_unref(p->translation);
		p->translation = out.translation;
		if (!same)
			return err_set(
			    err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
	}
	p->translation = out.translation;
	p->literals = out.literals;
	p->nliterals = out.nliterals;
	return 0;
}

int portal_refresh(struct session *s, struct portal *p, struct err *err)
{
	if (p->translation->schema_version == transaction_catalog(s)->schema.version)
		return 0;
	return portal_translate(s, p, err);
}

int portal_set_formats(struct session *s, struct portal *p, uint16_t n, const uint8_t *codes, struct err *err)
{
	const struct translation *t = p->translation;

	if (n > 1 && n != t->ncolumns)
		return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
		    "bind message has %u result formats but query has %zu columns", n, t->ncolumns);
	p->formats = arena_alloc(&p->arena, t->ncolumns * sizeof(*p->formats));
	if (p->formats == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < t->ncolumns; i++) {
		int format = wire_format_code(n, codes, i);
		if (format != 0 && format != 1)
			return err_set(
			    err, SQLSTATE_INVALID_PARAMETER, "unsupported format code: %d", format);
		p->formats[i] = (struct format_column){ t->columns[i].type, t->columns[i].typmod, format };
	}
	(void)s;
	return 0;
}

void portal_put_row_description(
    struct session *s, const struct translation *t, const struct format_column *formats)
{
	if (t->ncolumns == 0) {
		wire_put_bare(&s->out, 'n');
		return;
	}
	size_t at = wire_begin(&s->out, 'T');
	wire_put_int16(&s->out, (uint16_t)t->ncolumns);
	for (size_t i = 0; i < t->ncolumns; i++) {
		const struct result_column *c = &t->columns[i];
		const struct type *type = type_find(c->type);
		wire_put_str(&s->out, c->name);
		wire_put_int32(&s->out, c->table_oid);
		wire_put_int16(&s->out, (uint16_t)c->attnum);
		wire_put_int32(&s->out, c->type);
		wire_put_int16(&s->out, type == NULL ? (uint16_t)-1 : (uint16_t)type->len);
		wire_put_int32(&s->out, (uint32_t)c->typmod);
		wire_put_int16(&s->out, formats == NULL ? 0 : (uint16_t)formats[i].format);
	}
	wire_end(&s->out, at);
}

/* ---- prepared statements ---- */

struct prepared *prepared_find(struct session *s, const char *name)
{
	struct prepared *p;

	if (name[0] == '\0')
		return s->prepared_unnamed;
	HASH_FIND_STR(s->prepared, name, p);
	return p;
}

static void prepared_free(struct prepared *p)
{
	if (p->translation != NULL)
		translation_unref(p->translation);
	free(p->name);
	free(p->text);
	free(p->declared);
	free(p);
}

void prepared_drop(struct session *s, struct prepared *p)
{
	if (p == s->prepared_unnamed)
		s->prepared_unnamed = NULL;
	else
		HASH_DELETE(hh, s->prepared, p);
	prepared_free(p);
}

void prepared_drop_all(struct session *s)
{
	struct prepared *p, *next;

	if (s->prepared_unnamed != NULL)
		prepared_drop(s, s->prepared_unnamed);
	HASH_ITER(hh, s->prepared, p, next)
	prepared_drop(s, p);
}

static struct prepared *prepared_new(
    const char *name, const char *text, size_t len, const oid_t *declared, size_t ndeclared)
{
	struct prepared *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->name = strdup(name);
	p->text = malloc(len + 1);
	p->declared = malloc((ndeclared + 1) * sizeof(*declared));
	if (p->name == NULL || p->text == NULL || p->declared == NULL) {
		prepared_free(p);
		return NULL;
	}
	memcpy(p->text, text, len);
	p->text[len] = '\0';
	p->text_len = len;
	if (ndeclared > 0)
		memcpy(p->declared, declared, ndeclared * sizeof(*declared));
	p->ndeclared = ndeclared;
	return p;
}

/* Translates at Parse, so that its errors come here and Describe can be answered at once. NULL stays for an empty text. */
static int translate(struct session *s, struct prepared *p, struct err *err)
{
	struct arena arena;
	struct piece *pieces;
	struct translated out = { 0 };
	size_t n;

	arena_init(&arena, PORTAL_BYTES_MAX);
	int rc = translator_split(s->host->translator, p->text, p->text_len, &arena, &pieces, &n, err);
	if (rc == 0 && n > 1)
		rc = err_set(
		    err, SQLSTATE_SYNTAX, "cannot insert multiple commands into a prepared statement");
	if (rc == 0 && n == 1) {
		const struct translate_request request = {
			.text = p->text,
			.len = p->text_len,
			.schema = &transaction_catalog(s)->schema,
			.param_types = p->declared,
			.nparam_types = p->ndeclared,
			.literals_stay = true,
		};
		rc = translator_get(s->host->translator, &request, &arena, &out, err);
		p->translation = out.translation;
	}
	arena_release(&arena);
	return rc;
}

int prepared_add(struct session *s, const char *name, const char *text, size_t len, const oid_t *declared,
    size_t ndeclared, struct err *err)
{
	if (name[0] != '\0' && prepared_find(s, name) != NULL)
		return err_set(
		    err, SQLSTATE_DUPLICATE_STATEMENT, "prepared statement \"%s\" already exists", name);
	if (name[0] == '\0' && s->prepared_unnamed != NULL)
		prepared_drop(s, s->prepared_unnamed);
	if (HASH_COUNT(s->prepared) >= s->host->limits->prepared_max)
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "too many prepared statements (%zu)",
		    s->host->limits->prepared_max);

	struct prepared *p = prepared_new(name, text, len, declared, ndeclared);
	if (p == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	if (translate(s, p, err) != 0) {
		prepared_free(p);
		return -1;
	}
	if (name[0] == '\0')
		s->prepared_unnamed = p;
	else
		HASH_ADD_KEYPTR(hh, s->prepared, p->name, strlen(p->name), p);
	return 0;
}
