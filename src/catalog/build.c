#include "catalog/build.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "catalog/declared.h"
#include "catalog/system.h"

static bool oid_is_taken(const struct oid_set *set, oid_t oid)
{
	size_t cursor = 0;
	const oid_t *taken;

	if (set->room == 0)
		return false;
	while ((taken = lookup_next(&set->lookup, lookup_hash_oid(oid), &cursor)) != NULL) {
		if (*taken == oid)
			return true;
	}
	return false;
}

static void oid_take(struct build *b, struct oid_set *set, oid_t oid)
{
	oid_t *kept = arena_memdup(&b->load->scratch, &oid, sizeof(oid));
	const oid_t **slot = rows_add(b->load, &set->oids, sizeof(*slot));

	if (kept == NULL || slot == NULL) {
		b->load->failed = true;
		return;
	}
	*slot = kept;
	if (set->oids.n <= set->room) {
		lookup_add(&set->lookup, lookup_hash_oid(oid), kept);
		return;
	}
	size_t room = set->room == 0 ? 256 : set->room * 2;
	const oid_t *const *all = set->oids.items;

	if (lookup_init(&set->lookup, &b->load->scratch, room) != 0) {
		b->load->failed = true;
		return;
	}
	set->room = room;
	for (size_t i = 0; i < set->oids.n; i++)
		lookup_add(&set->lookup, lookup_hash_oid(*all[i]), all[i]);
}

oid_t build_oid(struct build *b, struct oid_set *set, const char *kind, const char *table, const char *name)
{
	uint64_t hash = hash_chain64(
	    hash_chain64(hash_bytes64(kind, strlen(kind)), table, strlen(table)), name, strlen(name));
	oid_t oid = OID_FIRST_SYNTHETIC + (oid_t)(hash % OID_SYNTHETIC_COUNT);

	while (oid_is_taken(set, oid)) {
		if (++oid == OID_FIRST_SYNTHETIC + OID_SYNTHETIC_COUNT)
			oid = OID_FIRST_SYNTHETIC;
	}
	oid_take(b, set, oid);
	return oid;
}

struct class_row *build_find_class(const struct load *l, const char *sqlite_name, const char *kind)
{
	struct class_row *rows = l->classes.items;
	size_t low = 0, high = l->classes.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(rows[middle].sqlite_name, sqlite_name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < l->classes.n && strcmp(rows[low].sqlite_name, sqlite_name) == 0; low++) {
		if (strcmp(rows[low].kind, kind) == 0)
			return &rows[low];
	}
	return NULL;
}

/* ---- which rows belong to which object ---- */

/* Rows of one table follow each other and share the pointer to its name, which is the first field of each kind of row. */
static void assign_ranges(
    struct load *l, const struct rows *rows, size_t size, size_t first_offset, size_t n_offset)
{
	const char *items = rows->items;
	const char *previous = NULL;
	struct object_row *o = NULL;

	for (size_t i = 0; i < rows->n; i++) {
		const char *table = *(const char *const *)(const void *)(items + i * size);

		if (table != previous) {
			o = load_find_object(l, table);
			previous = table;
			if (o != NULL)
				*(size_t *)(void *)((char *)o + first_offset) = i;
		}
		if (o != NULL)
			++*(size_t *)(void *)((char *)o + n_offset);
	}
}

static void assign_rows(struct load *l)
{
	assign_ranges(l, &l->columns, sizeof(struct column_row), offsetof(struct object_row, first_column),
	    offsetof(struct object_row, ncolumns));
	assign_ranges(l, &l->indexes, sizeof(struct index_row), offsetof(struct object_row, first_index),
	    offsetof(struct object_row, nindexes));
	assign_ranges(l, &l->keys, sizeof(struct key_row), offsetof(struct object_row, first_key),
	    offsetof(struct object_row, nkeys));
}

/* ---- columns ---- */

struct attributes {
	const struct attribute_row *rows;
	size_t n;
};

static struct attributes attributes_of(const struct load *l, const struct class_row *class)
{
	const struct attribute_row *rows = l->attributes.items;
	size_t low = 0, high = l->attributes.n;

	if (class == NULL)
		return (struct attributes){ .rows = NULL, .n = 0 };
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rows[middle].class < class->oid)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < l->attributes.n && rows[high].class == class->oid;)
		high++;
	return (struct attributes){ .rows = rows_from(&l->attributes, low, sizeof(*rows)), .n = high - low };
}

/* A view's columns have no declared type of their own: there the name decides. `hint`: where it most likely stands. */
static const struct attribute_row *find_attribute(
    const struct attributes *a, const struct column_row *column, bool is_view, size_t hint)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct attribute_row *row = &a->rows[(hint + i) % a->n];

		if (strcasecmp(row->name, column->name) !=
		    0) /* SQLite tells no column from another by case */
			continue;
		const char *declared = column->declared == NULL ? "" : column->declared;
		bool fits = is_view || strcasecmp(row->declared == NULL ? "" : row->declared, declared) == 0;

		return fits ? row : NULL;
	}
	return NULL;
}

/* The number of a column without a row: the one after its neighbour's, unless another column has it. */
static int16_t free_attnum(const struct attributes *a, int16_t last)
{
	int16_t attnum = (int16_t)(last + 1);

	for (size_t i = 0; i < a->n; i++) {
		if (a->rows[i].attnum == attnum) {
			attnum = (int16_t)(attnum + 1);
			i = (size_t)-1;
		}
	}
	return attnum;
}

/* A name made in SQLite's dialect without quotes is the one that PostgreSQL would have made of it: in lower case. */
static const char *fold(struct load *l, const char *name, bool is_quoted)
{
	const char *upper = name;

	while (*upper != '\0' && !(*upper >= 'A' && *upper <= 'Z'))
		upper++;
	if (is_quoted || *upper == '\0')
		return name;
	char *folded = arena_strdup(l->arena, name);

	l->failed |= folded == NULL;
	for (char *p = folded; p != NULL && *p != '\0'; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	return folded == NULL ? name : folded;
}

/* A view's text isn't scanned for its columns: a name counts as quoted when it stands somewhere in quotes. */
static bool is_quoted_column(const struct object_row *o, size_t i, const char *name)
{
	size_t len = strlen(name);

	if (o->kind != 'v')
		return i >= o->ddl.ncolumns || strcasecmp(o->ddl.columns[i].text, name) != 0 ||
		       o->ddl.columns[i].is_quoted;
	if (len == 0 || o->sql == NULL)
		return true;
	for (const char *at = o->sql; (at = strstr(at, name)) != NULL; at++) {
		if (at > o->sql && at[-1] == '"' && at[len] == '"')
			return true;
	}
	return false;
}

static void fill_column(
    struct column *out, const struct column_row *row, const struct attribute_row *attribute)
{
	struct declared_type declared = declared_type(row->declared);

	out->type = declared.oid;
	out->typmod = declared.typmod;
	out->not_null = row->is_not_null || out->is_rowid;
	out->default_sql = row->default_sql;
	out->default_pg = row->default_sql;
	out->is_generated = row->hidden == 2 || row->hidden == 3;
	if (attribute == NULL)
		return;
	out->name = attribute->name;
	out->type = attribute->type;
	out->typmod = attribute->typmod;
	out->not_null |= attribute->is_not_null;
	out->default_pg = attribute->default_pg;
	out->identity = attribute->identity;
}

/* The place in `rows` of the column that is the rowid, or n. */
static size_t rowid_column(const struct load *l, const struct object_row *o, const struct column_row *rows)
{
	const struct index_row *indexes = rows_from(&l->indexes, o->first_index, sizeof(struct index_row));
	size_t found = o->ncolumns, npk = 0;

	if (o->kind != 't')
		return o->ncolumns;
	for (size_t i = 0; i < o->nindexes; i++) {
		if (indexes[i].origin ==
		    'p') /* then the key is an index: WITHOUT ROWID, INTEGER PRIMARY KEY DESC */
			return o->ncolumns;
	}
	for (size_t i = 0; i < o->ncolumns; i++) {
		if (rows[i].pk == 0)
			continue;
		npk++;
		found = i;
	}
	if (npk != 1 || rows[found].declared == NULL || strcasecmp(rows[found].declared, "INTEGER") != 0)
		return o->ncolumns;
	return found;
}

static void build_columns(struct load *l, struct object_row *o, struct relation *r)
{
	const struct column_row *rows = rows_from(&l->columns, o->first_column, sizeof(struct column_row));
	struct attributes attributes = attributes_of(l, o->class);
	struct column *columns = load_alloc(l, o->ncolumns * sizeof(*columns));
	size_t rowid = rowid_column(l, o, rows), n = 0;
	int16_t last = 0;

	if (columns == NULL)
		return;
	for (size_t i = 0; i < o->ncolumns; i++) {
		const struct attribute_row *attribute =
		    find_attribute(&attributes, &rows[i], o->kind == 'v', n);

		if (rows[i].hidden == 1) /* of a virtual table: not in SELECT * */
			continue;
		columns[n].is_rowid = i == rowid;
		columns[n].name = fold(l, rows[i].name, is_quoted_column(o, i, rows[i].name));
		fill_column(&columns[n], &rows[i], attribute);
		last = attribute != NULL ? attribute->attnum : free_attnum(&attributes, last);
		columns[n++].attnum = last;
	}
	r->columns = columns;
	r->ncolumns = n;
}

/* A view that SQLite can't resolve now still has the columns that it was made with. */
static void build_recorded_columns(struct load *l, struct object_row *o, struct relation *r)
{
	struct attributes attributes = attributes_of(l, o->class);
	struct column *columns = load_alloc(l, attributes.n * sizeof(*columns));

	if (columns == NULL)
		return;
	for (size_t i = 0; i < attributes.n; i++) {
		columns[i] = (struct column){ .name = attributes.rows[i].name,
			.type = attributes.rows[i].type,
			.typmod = attributes.rows[i].typmod,
			.attnum = attributes.rows[i].attnum };
	}
	r->columns = columns;
	r->ncolumns = attributes.n;
}

/* ---- relations ---- */

static void build_relation(struct build *b, struct object_row *o)
{
	struct load *l = b->load;
	struct catalog_relation *made = load_alloc(l, sizeof(*made));

	if (made == NULL)
		return;
	struct relation *r = &made->relation;

	if (o->kind != 'u' && ddl_scan_table(&o->ddl, &l->scratch, o->sql) != 0) {
		l->failed = true;
		return;
	}
	o->relation = made;
	o->class = build_find_class(l, o->name, o->kind == 'v' ? "v" : "r");
	made->sql = o->sql;
	made->is_made_in_sqlite = o->class == NULL;
	r->sqlite_name = o->name;
	r->kind = o->kind == 'v' ? 'v' : 'r';
	r->schema = o->class == NULL ? "public" : o->class->schema;
	r->name = o->class == NULL ? fold(l, o->name, o->ddl.name.text == NULL || o->ddl.name.is_quoted)
				   : o->class->name;
	r->oid = o->class == NULL ? build_oid(b, &b->class_oids, "relation", "", o->name) : o->class->oid;
	if (o->kind == 'v' && o->ncolumns == 0)
		build_recorded_columns(l, o, r);
	else
		build_columns(l, o, r);
}

static const struct column sequence_columns[] = {
	{ .name = "last_value", .type = OID_INT8, .typmod = -1, .attnum = 1, .not_null = true },
	{ .name = "log_cnt", .type = OID_INT8, .typmod = -1, .attnum = 2, .not_null = true },
	{ .name = "is_called", .type = OID_BOOL, .typmod = -1, .attnum = 3, .not_null = true },
};

static const struct class_row *sequence_class(const struct load *l, const struct sequence_row *row)
{
	const struct class_row *classes = l->classes.items;

	for (size_t i = 0; i < l->classes.n; i++) {
		if (classes[i].kind[0] == 'S' &&
		    (classes[i].oid == row->class || strcmp(classes[i].name, row->name) == 0))
			return &classes[i];
	}
	return NULL;
}

static void build_sequences(struct build *b, struct catalog_data *data)
{
	struct load *l = b->load;
	const struct sequence_row *rows = l->sequences.items;
	struct catalog_sequence *sequences = load_alloc(l, l->sequences.n * sizeof(*sequences));

	for (size_t i = 0; sequences != NULL && i < l->sequences.n; i++) {
		const struct class_row *class = sequence_class(l, &rows[i]);
		struct catalog_relation *made = load_alloc(l, sizeof(*made));

		if (made == NULL)
			return;
		made->relation = (struct relation){
			.oid = class != NULL ? class->oid
					     : build_oid(b, &b->class_oids, "relation", "", rows[i].name),
			.schema = class != NULL ? class->schema : "public",
			.name = class != NULL ? class->name : rows[i].name,
			.sqlite_name = rows[i].name,
			.kind = 'S',
			.columns = sequence_columns,
			.ncolumns = sizeof(sequence_columns) / sizeof(sequence_columns[0]),
		};
		sequences[i] = (struct catalog_sequence){ .relation = made,
			.start = rows[i].start,
			.increment = rows[i].increment,
			.min = rows[i].min,
			.max = rows[i].max,
			.is_cyclic = rows[i].is_cyclic };
		data->nsequences = i + 1;
	}
	data->sequences = sequences;
}

/* ---- the whole ---- */

static int compare_relations(const void *a, const void *b)
{
	const struct relation *x = *(const struct relation *const *)a,
			      *y = *(const struct relation *const *)b;
	int order = strcmp(x->schema, y->schema);

	return order != 0 ? order : strcmp(x->name, y->name);
}

static int list_relations(struct load *l, struct catalog_data *data)
{
	size_t nsystem = 0, n = 0;
	const struct object_row *objects = l->objects.items;

	while (system_tables[nsystem] != NULL)
		nsystem++;
	const struct relation **all =
	    load_alloc(l, (nsystem + l->objects.n + data->nsequences) * sizeof(struct relation *));

	if (all == NULL)
		return -1;
	for (; n < nsystem; n++)
		all[n] = &system_tables[n]->relation.relation;
	for (size_t i = 0; i < l->objects.n; i++) {
		if (objects[i].relation != NULL)
			all[n++] = &objects[i].relation->relation;
	}
	for (size_t i = 0; i < data->nsequences; i++)
		all[n++] = &data->sequences[i].relation->relation;
	qsort(all + nsystem, n - nsystem, sizeof(struct relation *), compare_relations);
	data->relations = all;
	data->nrelations = n;
	data->nsystem = nsystem;
	return 0;
}

static int list_schemas(struct load *l, struct catalog_data *data, struct build *b)
{
	const char **schemas = load_alloc(l, (data->nrelations - data->nsystem + 1) * sizeof(*schemas));
	oid_t *oids = load_alloc(l, (data->nrelations - data->nsystem + 1) * sizeof(*oids));
	bool has_public = false;
	size_t n = 0;

	if (schemas == NULL || oids == NULL)
		return -1;
	for (size_t i = data->nsystem; i < data->nrelations; i++) {
		const char *schema = data->relations[i]->schema;

		has_public |= strcmp(schema, "public") == 0;
		if (n == 0 || strcmp(schemas[n - 1], schema) != 0)
			schemas[n++] = schema;
	}
	if (!has_public)
		schemas[n++] = "public";
	for (size_t i = 0; i < n; i++)
		oids[i] = strcmp(schemas[i], "public") == 0
			      ? OID_SCHEMA_PUBLIC
			      : build_oid(b, &b->class_oids, "schema", "", schemas[i]);
	data->schemas = schemas;
	data->schema_oids = oids;
	data->nschemas = n;
	return 0;
}

static int fill_lookups(struct load *l, struct catalog_data *data)
{
	if (lookup_init(&data->relation_names, l->arena, data->nrelations) != 0 ||
	    lookup_init(&data->relation_oids, l->arena, data->nrelations) != 0 ||
	    lookup_init(&data->index_names, l->arena, data->nindexes) != 0)
		return -1;
	for (size_t i = 0; i < data->nrelations; i++) {
		const struct relation *r = data->relations[i];

		lookup_add(&data->relation_names, lookup_hash_name(r->name), r);
		lookup_add(&data->relation_oids, lookup_hash_oid(r->oid), r);
	}
	for (size_t i = 0; i < data->nindexes; i++) {
		const struct catalog_index *index = data->indexes[i];

		lookup_add(&data->index_names, lookup_hash_name(index->as_constraint.name), index);
	}
	return 0;
}

int load_build(struct load *l, struct catalog_data *data)
{
	struct build b = { .load = l };
	struct object_row *objects = l->objects.items;

	assign_rows(l);
	for (size_t i = 0; i < l->objects.n && !l->failed; i++) {
		if (objects[i].kind != 'i')
			build_relation(&b, &objects[i]);
	}
	for (size_t i = 0; i < l->objects.n && !l->failed; i++) {
		if (objects[i].kind == 't')
			build_constraints(&b, &objects[i]);
	}
	build_sequences(&b, data);
	if (l->failed || list_relations(l, data) != 0 || list_schemas(l, data, &b) != 0)
		return -1;
	data->nindexes = b.indexes.n;
	if (b.indexes.n > 0) {
		data->indexes =
		    arena_memdup(l->arena, b.indexes.items, b.indexes.n * sizeof(struct catalog_index *));
		if (data->indexes == NULL)
			return -1;
	}
	return fill_lookups(l, data) != 0 || l->failed ? -1 : 0;
}
