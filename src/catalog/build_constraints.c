#include "catalog/build.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "catalog/names.h"

#define NO_INDEX ((size_t)-1)

/* One table while its indexes and constraints are put together. Places become pointers when the arrays have their size. */
struct draft_constraint {
	struct constraint constraint;
	struct constraint_detail detail;
	size_t index_at;
	bool is_void; /* recorded, but SQLite has none of it */
};

struct draft_index {
	struct catalog_index index;
	char origin;
	bool is_partial;
	bool is_taken; /* by a constraint */
};

struct draft {
	struct build *b;
	struct load *l;
	struct object_row *o;
	const struct relation *relation;
	struct rows constraints, indexes;
};

static struct draft_constraint *constraint_at(const struct draft *d, size_t i)
{
	return (struct draft_constraint *)d->constraints.items + i;
}

static struct draft_index *index_at(const struct draft *d, size_t i)
{
	return (struct draft_index *)d->indexes.items + i;
}

/* ---- names ---- */

static bool name_is_taken(const void *context, const char *name)
{
	const struct draft *d = context;

	for (size_t i = 0; i < d->constraints.n; i++) {
		const char *taken = constraint_at(d, i)->constraint.name;

		if (taken != NULL && strcmp(taken, name) == 0)
			return true;
	}
	return load_find_object(d->l, name) != NULL;
}

static const struct column *column_of(const struct relation *r, int16_t attnum)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (r->columns[i].attnum == attnum)
			return &r->columns[i];
	}
	return NULL;
}

static const char *join_columns(const struct draft *d, const int16_t *attnums, size_t n)
{
	struct buf names;

	buf_init(&names, 4096);
	for (size_t i = 0; i < n; i++) {
		const struct column *c = column_of(d->relation, attnums[i]);

		buf_put_text(&names, i == 0 ? "" : "_");
		buf_put_text(&names, c == NULL ? "expr" : c->name);
	}
	const char *text = buf_text(&names);
	const char *kept = text == NULL ? NULL : arena_strdup(d->l->arena, text);

	buf_release(&names);
	return kept;
}

/* What was found in a CREATE text lies in the scratch arena. */
static const char *keep_text(struct draft *d, const char *text)
{
	const char *kept = arena_strdup(d->l->arena, text);

	d->l->failed |= kept == NULL;
	return kept;
}

/* The name in the text, or the one that PostgreSQL would give. */
static const char *choose_name(
    struct draft *d, const char *given, const char *label, const int16_t *attnums, size_t n)
{
	if (given != NULL && !name_is_taken(d, given))
		return keep_text(d, given);
	struct name_wish wish = { .table = d->relation->name,
		.columns = n == 0 ? NULL : join_columns(d, attnums, n),
		.label = label,
		.is_taken = name_is_taken,
		.context = d };
	const char *name = name_choose(d->l->arena, &wish);

	d->l->failed |= name == NULL;
	return name == NULL ? "" : name;
}

/* ---- indexes ---- */

static int16_t attnum_at(const struct draft *d, int64_t cid)
{
	return cid >= 0 && (size_t)cid < d->relation->ncolumns ? d->relation->columns[cid].attnum : 0;
}

static void draft_index(struct draft *d, const struct index_row *rows, size_t n)
{
	struct draft_index *draft = rows_add(d->l, &d->indexes, sizeof(*draft));
	int16_t *attnums = load_alloc(d->l, n * sizeof(*attnums));
	bool *is_descending = load_alloc(d->l, n * sizeof(*is_descending));
	const struct object_row *object = load_find_object(d->l, rows[0].index);

	if (draft == NULL || attnums == NULL || is_descending == NULL)
		return;
	struct catalog_index *index = &draft->index;

	for (size_t i = 0; i < n; i++) {
		attnums[i] = attnum_at(d, rows[i].cid);
		is_descending[i] = rows[i].is_descending;
		index->has_expressions |= attnums[i] == 0;
	}
	draft->origin = rows[0].origin;
	draft->is_partial = rows[0].is_partial;
	index->table = d->o->relation;
	index->sqlite_name = rows[0].index;
	index->sql = object == NULL ? NULL : object->sql;
	index->is_descending = is_descending;
	index->as_constraint.name = rows[0].index;
	index->as_constraint.kind = rows[0].is_unique ? 'x' : 'i';
	index->as_constraint.attnums = attnums;
	index->as_constraint.nattnums = n;
	if (draft->is_partial && index->sql != NULL)
		index->as_constraint.predicate_sql = ddl_predicate(d->l->arena, index->sql);
}

static void draft_indexes(struct draft *d)
{
	const struct index_row *rows = rows_from(&d->l->indexes, d->o->first_index, sizeof(struct index_row));

	for (size_t i = 0, next; i < d->o->nindexes; i = next) {
		for (next = i + 1; next < d->o->nindexes && rows[next].index == rows[i].index;)
			next++;
		draft_index(d, &rows[i], next - i);
	}
}

static bool equal_attnums(const int16_t *a, size_t na, const int16_t *b, size_t nb)
{
	return na == nb && (na == 0 || memcmp(a, b, na * sizeof(*a)) == 0);
}

/* The free index that enforces uniqueness over these columns: by its name in SQLite, else by its columns. */
static size_t find_index(const struct draft *d, const char *sqlite_name, const int16_t *attnums, size_t n)
{
	for (size_t i = 0; i < d->indexes.n; i++) {
		const struct draft_index *x = index_at(d, i);

		if (x->is_taken || x->index.as_constraint.kind != 'x')
			continue;
		if (sqlite_name != NULL
			? strcmp(x->index.sqlite_name, sqlite_name) == 0
			: x->origin != 'c' && equal_attnums(x->index.as_constraint.attnums,
						  x->index.as_constraint.nattnums, attnums, n))
			return i;
	}
	return NO_INDEX;
}

/* The index that PostgreSQL has for a key that is the rowid in SQLite. */
static size_t add_rowid_index(struct draft *d, const int16_t *attnums, size_t n)
{
	struct draft_index *draft = rows_add(d->l, &d->indexes, sizeof(*draft));
	bool *is_descending = load_alloc(d->l, n * sizeof(*is_descending));

	if (draft == NULL || is_descending == NULL)
		return NO_INDEX;
	draft->origin = 'p';
	draft->index.table = d->o->relation;
	draft->index.is_descending = is_descending;
	draft->index.as_constraint.attnums = attnums;
	draft->index.as_constraint.nattnums = n;
	return d->indexes.n - 1;
}

/* ---- constraints ---- */

static struct draft_constraint *add_constraint(
    struct draft *d, char kind, const char *name, oid_t oid, const int16_t *attnums, size_t n)
{
	struct draft_constraint *c = rows_add(d->l, &d->constraints, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->index_at = NO_INDEX;
	c->constraint.kind = kind;
	c->constraint.name = name;
	c->constraint.attnums = attnums;
	c->constraint.nattnums = n;
	c->constraint.oid = oid != 0 || kind == 'x'
				? oid
				: build_oid(d->b, &d->b->constraint_oids, "constraint", d->o->name, name);
	return c;
}

static bool is_rowid_key(const struct draft *d, const int16_t *attnums, size_t n)
{
	const struct column *c = n == 1 ? column_of(d->relation, attnums[0]) : NULL;

	return c != NULL && c->is_rowid;
}

/* A primary key or unique constraint with the index behind it; nothing where SQLite doesn't enforce it. */
static void add_key(
    struct draft *d, const struct constraint *key, const char *definition, const char *sqlite_index)
{
	size_t at = find_index(d, sqlite_index, key->attnums, key->nattnums);

	if (at == NO_INDEX && is_rowid_key(d, key->attnums, key->nattnums))
		at = add_rowid_index(d, key->attnums, key->nattnums);
	if (at == NO_INDEX)
		return;
	struct draft_constraint *c =
	    add_constraint(d, key->kind, key->name, key->oid, key->attnums, key->nattnums);

	if (c == NULL)
		return;
	struct draft_index *x = index_at(d, at);

	x->is_taken = true;
	c->index_at = at;
	c->detail.definition = definition;
	c->constraint.predicate_sql = x->index.as_constraint.predicate_sql;
	x->index.as_constraint = c->constraint;
}

/* "[1, 2]" -> attnums; false when a column isn't there any more. */
static bool read_attnums(struct draft *d, const char *json, const int16_t **attnums, size_t *n)
{
	size_t room = 0, count = 0;

	for (const char *p = json; p != NULL && *p != '\0'; p++)
		room += *p == ',' || *p == '[';
	int16_t *out = load_alloc(d->l, room * sizeof(*out));

	for (const char *p = json; out != NULL && p != NULL && *p != '\0' && count < room;) {
		char *end;
		long number = strtol(p + strspn(p, "[, "), &end, 10);

		if (*end != ',' && *end != ']' && *end != ' ')
			break;
		if (number < 1 || number > INT16_MAX || column_of(d->relation, (int16_t)number) == NULL)
			return false;
		out[count++] = (int16_t)number;
		p = end;
	}
	*attnums = out;
	*n = count;
	return out != NULL;
}

/* Does the table's text hold the check? One that was made in SQLite's dialect may have no name there. */
static bool is_checked(const struct draft *d, const struct constraint_row *row)
{
	for (size_t i = 0; i < d->o->ddl.nconstraints; i++) {
		const struct ddl_constraint *c = &d->o->ddl.constraints[i];

		if (c->kind != 'c')
			continue;
		if (c->name != NULL ? strcmp(c->name, row->name) == 0
				    : row->definition != NULL && strcmp(c->expression, row->definition) == 0)
			return true;
	}
	return false;
}

static void add_recorded(struct draft *d, const struct constraint_row *row)
{
	struct constraint c = { .name = row->name, .oid = row->oid, .kind = row->kind };
	struct draft_constraint *made;

	if (!read_attnums(d, row->attnums, &c.attnums, &c.nattnums))
		return;
	switch (row->kind) {
	case 'p':
	case 'u': add_key(d, &c, row->definition, row->sqlite_index); break;
	case 'f':
	case 'c':
		if (row->kind == 'c' && !is_checked(d, row))
			return;
		made = add_constraint(d, row->kind, row->name, row->oid, c.attnums, c.nattnums);
		if (made == NULL)
			return;
		made->detail.definition = row->definition;
		made->constraint.expression = row->kind == 'c' ? row->definition : NULL;
		made->is_void = row->kind == 'f'; /* until SQLite's key is found */
		break;
	default: break;
	}
}

static void add_all_recorded(struct draft *d)
{
	const struct constraint_row *rows = d->l->constraints.items;
	size_t low = 0, high = d->l->constraints.n;

	if (d->o->class == NULL)
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rows[middle].class < d->o->class->oid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < d->l->constraints.n && rows[low].class == d->o->class->oid; low++)
		add_recorded(d, &rows[low]);
}

/* ---- what SQLite enforces without a row of ours ---- */

static bool has_kind(const struct draft *d, char kind)
{
	for (size_t i = 0; i < d->constraints.n; i++) {
		if (constraint_at(d, i)->constraint.kind == kind)
			return true;
	}
	return false;
}

static void add_primary_key(struct draft *d)
{
	const struct column_row *rows =
	    rows_from(&d->l->columns, d->o->first_column, sizeof(struct column_row));
	int16_t *attnums = load_alloc(d->l, d->o->ncolumns * sizeof(*attnums));
	size_t n = 0;

	if (attnums == NULL || has_kind(d, 'p'))
		return;
	for (size_t i = 0; i < d->o->ncolumns; i++) {
		if (rows[i].pk == 0 || (size_t)rows[i].pk > d->o->ncolumns)
			continue;
		attnums[rows[i].pk - 1] = attnum_at(d, (int64_t)i);
		n++;
	}
	if (n == 0)
		return;
	struct constraint key = { .kind = 'p',
		.name = choose_name(d, ddl_key_name(&d->o->ddl, 'p', NULL, 0), "pkey", NULL, 0),
		.attnums = attnums,
		.nattnums = n };

	add_key(d, &key, NULL, NULL);
}

/* The names of an index' columns, for finding the constraint in the text. */
static const char **column_names(const struct draft *d, const int16_t *attnums, size_t n)
{
	const char **names = load_alloc(d->l, n * sizeof(*names));

	for (size_t i = 0; names != NULL && i < n; i++) {
		const struct column *c = column_of(d->relation, attnums[i]);

		names[i] = c == NULL ? "" : c->name;
	}
	return names;
}

static void add_unique_constraints(struct draft *d)
{
	/* add_key may move d->indexes, but takes none away */
	for (size_t i = 0; i < d->indexes.n && !d->l->failed; i++) {
		const struct draft_index *x = index_at(d, i);
		struct constraint key = x->index.as_constraint;

		if (x->is_taken || x->origin != 'u')
			continue;
		const char **names = column_names(d, key.attnums, key.nattnums);

		if (names == NULL)
			return;
		const char *given = ddl_key_name(&d->o->ddl, 'u', names, key.nattnums);

		key.kind = 'u';
		key.name = choose_name(d, given, "key", key.attnums, key.nattnums);
		add_key(d, &key, NULL, x->index.sqlite_name);
	}
}

/* Indexes that are no constraints; the unique ones are listed as 'x', since ON CONFLICT may name their columns. */
static void finish_indexes(struct draft *d)
{
	for (size_t i = 0; i < d->indexes.n; i++) {
		struct draft_index *x = index_at(d, i);
		struct constraint *c = &x->index.as_constraint;
		const struct class_row *class =
		    x->index.sqlite_name == NULL ? NULL : build_find_class(d->l, x->index.sqlite_name, "i");

		if (!x->is_taken && class != NULL)
			c->name = class->name;
		x->index.oid = class != NULL
				   ? class->oid
				   : build_oid(d->b, &d->b->class_oids, "index", d->o->name, c->name);
		if (x->is_taken || c->kind != 'x' || x->index.has_expressions)
			continue;
		struct draft_constraint *made = add_constraint(d, 'x', c->name, 0, c->attnums, c->nattnums);

		if (made == NULL)
			return;
		made->index_at = i;
		made->constraint.predicate_sql = c->predicate_sql;
	}
}

static void add_checks(struct draft *d)
{
	if (d->o->class != NULL) /* its checks were recorded */
		return;
	for (size_t i = 0; i < d->o->ddl.nconstraints && !d->l->failed; i++) {
		const struct ddl_constraint *check = &d->o->ddl.constraints[i];
		int16_t attnum = 0;

		if (check->kind != 'c')
			continue;
		for (size_t j = 0; check->ncolumns == 1 && j < d->relation->ncolumns; j++) {
			if (strcasecmp(d->relation->columns[j].name, check->columns[0]) == 0)
				attnum = d->relation->columns[j].attnum;
		}
		const int16_t *attnums =
		    attnum == 0 ? NULL : arena_memdup(d->l->arena, &attnum, sizeof(attnum));
		size_t n = attnums == NULL ? 0 : 1;
		const char *name = choose_name(d, check->name, "check", attnums, n);
		struct draft_constraint *c = add_constraint(d, 'c', name, 0, attnums, n);

		if (c != NULL)
			c->constraint.expression = keep_text(d, check->expression);
	}
}

/* ---- foreign keys ---- */

static char action_of(const char *action)
{
	static const struct {
		const char *action;
		char letter;
	} letters[] = { { "RESTRICT", 'r' }, { "CASCADE", 'c' }, { "SET NULL", 'n' },
		{ "SET DEFAULT", 'd' } };

	for (size_t i = 0; action != NULL && i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (strcasecmp(action, letters[i].action) == 0)
			return letters[i].letter;
	}
	return 'a';
}

/* As SQLite finds a table: in any case of letters. */
static const struct object_row *find_table(const struct load *l, const char *name)
{
	const struct object_row *objects = l->objects.items, *exact = load_find_object(l, name);

	if (exact != NULL)
		return exact->relation == NULL ? NULL : exact;
	for (size_t i = 0; i < l->objects.n; i++) {
		if (objects[i].relation != NULL && strcasecmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

static int16_t attnum_named(const struct relation *r, const char *name)
{
	for (size_t i = 0; name != NULL && i < r->ncolumns; i++) {
		if (strcasecmp(r->columns[i].name, name) == 0)
			return r->columns[i].attnum;
	}
	return 0;
}

/* Without a list of columns REFERENCES means the primary key. */
static void fill_target_key(const struct load *l, const struct object_row *target, int16_t *attnums, size_t n)
{
	const struct column_row *rows =
	    rows_from(&l->columns, target->first_column, sizeof(struct column_row));

	for (size_t i = 0; i < target->ncolumns && i < target->relation->relation.ncolumns; i++) {
		if (rows[i].pk > 0 && (size_t)rows[i].pk <= n)
			attnums[rows[i].pk - 1] = target->relation->relation.columns[i].attnum;
	}
}

static struct draft_constraint *foreign_key_of(struct draft *d, const int16_t *attnums, size_t n)
{
	for (size_t i = 0; i < d->constraints.n; i++) {
		struct draft_constraint *c = constraint_at(d, i);

		if (c->constraint.kind == 'f' && c->is_void &&
		    equal_attnums(c->constraint.attnums, c->constraint.nattnums, attnums, n))
			return c;
	}
	return NULL;
}

static void add_foreign_key(struct draft *d, const struct key_row *rows, size_t n, const char *given)
{
	int16_t *attnums = load_alloc(d->l, n * sizeof(*attnums));
	int16_t *target_attnums = load_alloc(d->l, n * sizeof(*target_attnums));
	const struct object_row *target = rows[0].target == NULL ? NULL : find_table(d->l, rows[0].target);

	if (attnums == NULL || target_attnums == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		attnums[i] = attnum_named(d->relation, rows[i].from);
		if (target != NULL && rows[i].to != NULL)
			target_attnums[i] = attnum_named(&target->relation->relation, rows[i].to);
	}
	if (target != NULL && rows[0].to == NULL)
		fill_target_key(d->l, target, target_attnums, n);
	struct draft_constraint *c = foreign_key_of(d, attnums, n);

	if (c == NULL)
		c = add_constraint(d, 'f', choose_name(d, given, "fkey", attnums, n), 0, attnums, n);
	if (c == NULL)
		return;
	c->is_void = false;
	c->detail.target = target == NULL ? NULL : target->relation;
	c->detail.target_attnums = target_attnums;
	c->detail.ntarget = n;
	c->detail.on_update = action_of(rows[0].on_update);
	c->detail.on_delete = action_of(rows[0].on_delete);
}

/* SQLite lists the key that was written last first, so that they are taken backwards, in the order of the text. */
static void add_foreign_keys(struct draft *d)
{
	const struct key_row *rows = rows_from(&d->l->keys, d->o->first_key, sizeof(struct key_row));
	size_t end = d->o->nkeys, nth = 0;

	while (end > 0 && !d->l->failed) {
		size_t start = end - 1;

		while (start > 0 && rows[start - 1].id == rows[end - 1].id)
			start--;
		add_foreign_key(d, &rows[start], end - start, ddl_foreign_key_name(&d->o->ddl, nth++));
		end = start;
	}
}

/* ---- the whole ---- */

static const struct catalog_index *keep_indexes(struct draft *d, struct catalog_relation *r)
{
	struct catalog_index *indexes = load_alloc(d->l, d->indexes.n * sizeof(*indexes));

	for (size_t i = 0; indexes != NULL && i < d->indexes.n; i++) {
		const struct catalog_index **listed =
		    rows_add(d->l, &d->b->indexes, sizeof(struct catalog_index *));

		indexes[i] = index_at(d, i)->index;
		if (listed != NULL)
			*listed = &indexes[i];
	}
	r->indexes = indexes;
	r->nindexes = indexes == NULL ? 0 : d->indexes.n;
	return indexes;
}

static void keep(struct draft *d)
{
	struct catalog_relation *r = d->o->relation;
	const struct catalog_index *indexes = keep_indexes(d, r);
	struct constraint *constraints = load_alloc(d->l, d->constraints.n * sizeof(*constraints));
	struct constraint_detail *details = load_alloc(d->l, d->constraints.n * sizeof(*details));

	if (indexes == NULL || constraints == NULL || details == NULL)
		return;
	size_t n = 0;

	for (size_t i = 0; i < d->constraints.n; i++) {
		const struct draft_constraint *c = constraint_at(d, i);

		if (c->is_void)
			continue;
		constraints[n] = c->constraint;
		details[n] = c->detail;
		if (c->index_at != NO_INDEX)
			details[n].index = &indexes[c->index_at];
		n++;
	}
	r->relation.constraints = constraints;
	r->relation.nconstraints = n;
	r->details = details;
}

void build_constraints(struct build *b, struct object_row *o)
{
	struct draft d = { .b = b, .l = b->load, .o = o, .relation = &o->relation->relation };

	if (o->nindexes == 0 && o->nkeys == 0 && o->sql == NULL)
		return;
	draft_indexes(&d);
	add_all_recorded(&d);
	add_primary_key(&d);
	add_unique_constraints(&d);
	finish_indexes(&d);
	add_checks(&d);
	add_foreign_keys(&d);
	if (!b->load->failed)
		keep(&d);
}
