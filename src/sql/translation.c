#include "sql/translation.h"

#include <assert.h>
#include <stdlib.h>

struct translation_owner {
	size_t references;
	struct translation translation;
	_Alignas(max_align_t) char bytes[];
};

/* The copying runs twice: first without a block, to learn its size. */
struct packer {
	char *block;
	size_t used;
};

/* Room for `size` bytes, filled with a copy; NULL while measuring, and for nothing. */
static void *pack(struct packer *p, const void *from, size_t size)
{
	if (size == 0)
		return NULL;

	size_t at = (p->used + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	p->used = at + size;
	return p->block == NULL ? NULL : memcpy(p->block + at, from, size);
}

static const char *pack_text(struct packer *p, const char *text)
{
	return text == NULL ? NULL : pack(p, text, strlen(text) + 1);
}

static const struct slot *pack_slots(struct packer *p, const struct slot *slots, size_t n)
{
	struct slot *to = pack(p, slots, n * sizeof(*slots));

	for (size_t i = 0; i < n; i++) {
		if (slots[i].source != SLOT_SETTING)
			continue;
		const char *setting = pack_text(p, slots[i].setting);
		if (to != NULL)
			to[i].setting = setting;
	}
	return to;
}

static const struct step *pack_steps(struct packer *p, const struct step *steps, size_t n)
{
	struct step *to = pack(p, steps, n * sizeof(*steps));

	for (size_t i = 0; i < n; i++) {
		const char *sql = pack(p, steps[i].sql, steps[i].sql_len + 1);
		const struct slot *slots = pack_slots(p, steps[i].slots, steps[i].nslots);

		if (to != NULL) {
			to[i].sql = sql;
			to[i].slots = slots;
		}
	}
	return to;
}

static const struct result_column *pack_columns(
    struct packer *p, const struct result_column *columns, size_t n)
{
	struct result_column *to = pack(p, columns, n * sizeof(*columns));

	for (size_t i = 0; i < n; i++) {
		const char *name = pack_text(p, columns[i].name);
		if (to != NULL)
			to[i].name = name;
	}
	return to;
}

static const char *const *pack_texts(struct packer *p, const char *const *texts, size_t n)
{
	const char **to = pack(p, texts, n * sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		const char *text = pack_text(p, texts[i]);
		if (to != NULL)
			to[i] = text;
	}
	return to;
}

static const struct value *pack_values(struct packer *p, const struct value *values, size_t n)
{
	struct value *to = pack(p, values, n * sizeof(*values));

	for (size_t i = 0; i < n; i++) {
		if (values[i].kind != VALUE_TEXT && values[i].kind != VALUE_BLOB)
			continue;
		const char *text = pack(p, values[i].text, values[i].len);
		if (to != NULL)
			to[i].text = text;
	}
	return to;
}

static const struct column *pack_column(struct packer *p, const struct column *column)
{
	struct column *to = pack(p, column, sizeof(*column));
	const char *name = pack_text(p, column->name);
	const char *default_sql = pack_text(p, column->default_sql);
	const char *default_pg = pack_text(p, column->default_pg);

	if (to != NULL) {
		to->name = name;
		to->default_sql = default_sql;
		to->default_pg = default_pg;
	}
	return to;
}

static const struct column *const *pack_targets(
    struct packer *p, const struct column *const *targets, size_t n)
{
	const struct column **to = pack(p, targets, n * sizeof(*targets));

	for (size_t i = 0; i < n; i++) {
		const struct column *column = pack_column(p, targets[i]);
		if (to != NULL)
			to[i] = column;
	}
	return to;
}

/* What only statements of one kind have. */
static void pack_details(struct packer *p, struct translation *t)
{
	switch (t->kind) {
	case STATEMENT_SET:
	case STATEMENT_RESET:
	case STATEMENT_SHOW:
		t->setting.name = pack_text(p, t->setting.name);
		t->setting.value = pack_text(p, t->setting.value);
		break;
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_SET_TRANSACTION:
		t->transaction.isolation = pack_text(p, t->transaction.isolation);
		break;
	case STATEMENT_SAVEPOINT:
	case STATEMENT_RELEASE:
	case STATEMENT_ROLLBACK_TO:
	case STATEMENT_DEALLOCATE:
	case STATEMENT_DISCARD: t->name = pack_text(p, t->name); break;
	case STATEMENT_PREPARE:
	case STATEMENT_EXECUTE:
		t->prepare.name = pack_text(p, t->prepare.name);
		t->prepare.text = pack_text(p, t->prepare.text);
		t->prepare.types = pack(p, t->prepare.types, t->prepare.ntypes * sizeof(oid_t));
		t->prepare.args = pack_values(p, t->prepare.args, t->prepare.nargs);
		break;
	case STATEMENT_COPY_FROM:
	case STATEMENT_COPY_TO:
		t->copy.table = pack_text(p, t->copy.table);
		t->copy.null_text = pack_text(p, t->copy.null_text);
		t->copy.targets = pack_targets(p, t->copy.targets, t->copy.ntargets);
		break;
	case STATEMENT_READ:
	case STATEMENT_WRITE:
	case STATEMENT_NOTHING: break;
	}
}

static struct translation pack_all(struct packer *p, const struct translation *made)
{
	struct translation t = *made;

	t.tag = pack_text(p, t.tag);
	t.steps = pack_steps(p, t.steps, t.nsteps);
	t.columns = pack_columns(p, t.columns, t.ncolumns);
	t.param_types = pack(p, t.param_types, t.nparams * sizeof(oid_t));
	t.notices = pack_texts(p, t.notices, t.nnotices);
	pack_details(p, &t);
	return t;
}

const struct translation *translation_pack(const struct translation *made)
{
	struct packer p = { NULL, 0 };

	pack_all(&p, made);
	struct translation_owner *owner = malloc(sizeof(*owner) + p.used);
	if (owner == NULL)
		return NULL;
	p = (struct packer){ owner->bytes, 0 };
	owner->translation = pack_all(&p, made);
	owner->translation.owner = owner;
	owner->references = 1;
	return &owner->translation;
}

void translation_ref(const struct translation *t)
{
	t->owner->references++;
}

void translation_unref(const struct translation *t)
{
	assert(t->owner->references > 0);
	if (--t->owner->references == 0)
		free(t->owner);
}
