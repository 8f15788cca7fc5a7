/* pg_class, pg_attribute, pg_attrdef, pg_type, pg_namespace: what there is. */
#include "catalog/system.h"

#include <string.h>

#include "base/hash.h"
#include "sql/types.h"

static bool next_class(struct system_scan *scan, struct value *row);
static bool next_attribute(struct system_scan *scan, struct value *row);
static bool next_default(struct system_scan *scan, struct value *row);
static bool next_type(struct system_scan *scan, struct value *row);
static bool next_namespace(struct system_scan *scan, struct value *row);

PG_CATALOG_TABLE(pg_class, PG_CLASS_COLUMNS, 1259, next_class);
PG_CATALOG_TABLE(pg_attribute, PG_ATTRIBUTE_COLUMNS, 1249, next_attribute);
PG_CATALOG_TABLE(pg_attrdef, PG_ATTRDEF_COLUMNS, 2604, next_default);
PG_CATALOG_TABLE(pg_type, PG_TYPE_COLUMNS, 1247, next_type);
PG_CATALOG_TABLE(pg_namespace, PG_NAMESPACE_COLUMNS, 2615, next_namespace);

/* ---- pg_class: relations, then indexes ---- */

static size_t count_constraints(const struct relation *r, char kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nconstraints; i++)
		n += r->constraints[i].kind == kind;
	return n;
}

static void fill_class(
    struct system_scan *scan, struct value *row, const char *schema, const char *name, char kind)
{
	bool is_index = kind == 'i';

	row[pg_class_relname] = value_str(name);
	row[pg_class_relnamespace] = value_int(system_schema_oid(scan->data, schema));
	row[pg_class_relowner] = value_int(OID_ROLE_SUPERUSER);
	row[pg_class_relam] = value_int(is_index ? OID_AM_BTREE : kind == 'r' ? OID_AM_HEAP : 0);
	row[pg_class_reltuples] = value_float(-1); /* never analyzed */
	row[pg_class_relpersistence] = system_char("p");
	row[pg_class_relispopulated] = system_bool(true);
	row[pg_class_relreplident] = system_char(kind == 'r' ? "d" : "n");
}

static void fill_class_of_relation(struct system_scan *scan, struct value *row, const struct relation *r)
{
	fill_class(scan, row, r->schema, r->name, r->kind);
	row[pg_class_oid] = value_int(r->oid);
	row[pg_class_relfilenode] = value_int(r->kind == 'v' ? 0 : r->oid);
	row[pg_class_relkind] = value_text(&r->kind, 1);
	row[pg_class_relnatts] = value_int((int64_t)r->ncolumns);
	row[pg_class_relhasindex] = system_bool(catalog_relation_of(r)->nindexes > 0);
	row[pg_class_relchecks] = value_int((int64_t)count_constraints(r, 'c'));
	row[pg_class_relhasrules] = system_bool(r->kind == 'v');
}

static void fill_class_of_index(
    struct system_scan *scan, struct value *row, const struct catalog_index *index)
{
	fill_class(scan, row, index->table->relation.schema, index->as_constraint.name, 'i');
	row[pg_class_oid] = value_int(index->oid);
	row[pg_class_relfilenode] = value_int(index->oid);
	row[pg_class_relkind] = system_char("i");
	row[pg_class_relnatts] = value_int((int64_t)index->as_constraint.nattnums);
}

static bool next_class(struct system_scan *scan, struct value *row)
{
	const struct catalog_data *d = scan->data;
	size_t at = scan->at++;

	if (at < d->nrelations)
		fill_class_of_relation(scan, row, d->relations[at]);
	else if (at < d->nrelations + d->nindexes)
		fill_class_of_index(scan, row, d->indexes[at - d->nrelations]);
	else
		return false;
	return true;
}

/* ---- pg_attribute: columns of relations, then of indexes ---- */

static bool is_array(const struct type *t)
{
	return t->category == 'A' && t->name[0] == '_';
}

/* typalign as PostgreSQL has it follows from the length, but for some that are made of bytes or hold an int8. */
static const char *align_of(const struct type *t)
{
	const struct type *element = is_array(t) ? type_find(t->element) : NULL;

	if (element != NULL)
		return align_of(element)[0] == 'd' ? "d" : "i";
	if (t->oid == OID_UUID)
		return "c";
	if (t->oid == OID_INTERVAL || t->oid == OID_TIMETZ || (t->kind == 'p' && t->len == -1))
		return "d";
	switch (t->len) {
	case 2: return "s";
	case 8: return "d";
	case 1:
	case 64:
	case -2: return "c";
	default: return "i";
	}
}

static const char *storage_of(const struct type *t)
{
	if (t->len != -1 || t->oid == OID_INT2VECTOR || t->oid == OID_OIDVECTOR)
		return "p";
	return t->oid == OID_NUMERIC ? "m" : "x";
}

static oid_t collation_of(const struct type *t)
{
	const struct type *element = is_array(t) ? type_find(t->element) : NULL;

	if (element != NULL)
		return collation_of(element);
	if (t->oid == OID_NAME)
		return OID_COLLATION_C;
	return t->category == 'S' || t->oid == OID_PG_NODE_TREE ? OID_COLLATION_DEFAULT : 0;
}

static void fill_attribute_type(struct value *row, oid_t oid)
{
	const struct type *t = type_find(oid);

	row[pg_attribute_atttypid] = value_int(oid);
	if (t == NULL)
		return;
	row[pg_attribute_attlen] = value_int(t->len);
	row[pg_attribute_attbyval] = system_bool(t->by_value);
	row[pg_attribute_attalign] = value_str(align_of(t));
	row[pg_attribute_attstorage] = value_str(storage_of(t));
	row[pg_attribute_attcollation] = value_int(collation_of(t));
	row[pg_attribute_attndims] = value_int(is_array(t));
}

static void fill_attribute(
    struct value *row, oid_t relation, int16_t attnum, const char *name, const struct column *c)
{
	row[pg_attribute_attrelid] = value_int(relation);
	row[pg_attribute_attnum] = value_int(attnum);
	row[pg_attribute_attname] = value_str(name);
	row[pg_attribute_attstattarget] = value_int(-1);
	row[pg_attribute_attcacheoff] = value_int(-1);
	row[pg_attribute_attislocal] = system_bool(true);
	row[pg_attribute_atttypmod] = value_int(c == NULL ? -1 : c->typmod);
	fill_attribute_type(row, c == NULL ? OID_TEXT : c->type);
}

static bool has_default(const struct column *c)
{
	return c->identity == 0 && !c->is_generated && (c->default_pg != NULL || c->default_sql != NULL);
}

static void fill_attribute_of_relation(struct value *row, const struct relation *r, const struct column *c)
{
	fill_attribute(row, r->oid, c->attnum, c->name, c);
	row[pg_attribute_attnotnull] = system_bool(c->not_null);
	row[pg_attribute_atthasdef] = system_bool(has_default(c));
	row[pg_attribute_attidentity] = value_text(&c->identity, c->identity != 0);
	row[pg_attribute_attgenerated] = value_str(c->is_generated ? "s" : "");
}

static void fill_attribute_of_index(struct value *row, const struct catalog_index *index, size_t i)
{
	const struct column *c = system_column(&index->table->relation, index->as_constraint.attnums[i]);

	fill_attribute(row, index->oid, (int16_t)(i + 1), c == NULL ? "expr" : c->name, c);
}

static bool next_attribute(struct system_scan *scan, struct value *row)
{
	const struct catalog_data *d = scan->data;

	for (; scan->at < d->nrelations + d->nindexes; scan->at++, scan->within = 0) {
		size_t i = scan->within;

		if (scan->at < d->nrelations) {
			const struct relation *r = d->relations[scan->at];

			if (i == r->ncolumns)
				continue;
			fill_attribute_of_relation(row, r, &r->columns[i]);
		} else {
			const struct catalog_index *index = d->indexes[scan->at - d->nrelations];

			if (i == index->as_constraint.nattnums)
				continue;
			fill_attribute_of_index(row, index, i);
		}
		scan->within++;
		return true;
	}
	return false;
}

/* ---- pg_attrdef ---- */

/* adbin is the expression's text: pg_get_expr hands it back as it is. */
static bool next_default(struct system_scan *scan, struct value *row)
{
	const struct catalog_data *d = scan->data;

	for (; scan->at < d->nrelations; scan->at++, scan->within = 0) {
		const struct relation *r = d->relations[scan->at];

		while (scan->within < r->ncolumns) {
			const struct column *c = &r->columns[scan->within++];
			const uint32_t key[] = { r->oid, (uint32_t)c->attnum };

			if (!has_default(c))
				continue;
			row[pg_attrdef_oid] =
			    value_int(OID_FIRST_SYNTHETIC +
				      (int64_t)(hash_bytes64(key, sizeof(key)) % OID_SYNTHETIC_COUNT));
			row[pg_attrdef_adrelid] = value_int(r->oid);
			row[pg_attrdef_adnum] = value_int(c->attnum);
			row[pg_attrdef_adbin] =
			    value_str(c->default_pg != NULL ? c->default_pg : c->default_sql);
			return true;
		}
	}
	return false;
}

/* ---- pg_type ---- */

static bool next_type(struct system_scan *scan, struct value *row)
{
	if (scan->at == sql_ntypes)
		return false;
	const struct type *t = &sql_types[scan->at++];

	row[pg_type_oid] = value_int(t->oid);
	row[pg_type_typname] = value_str(t->name);
	row[pg_type_typnamespace] = value_int(OID_SCHEMA_PG_CATALOG);
	row[pg_type_typowner] = value_int(OID_ROLE_SUPERUSER);
	row[pg_type_typlen] = value_int(t->len);
	row[pg_type_typbyval] = system_bool(t->by_value);
	row[pg_type_typtype] = value_text(&t->kind, 1);
	row[pg_type_typcategory] = value_text(&t->category, 1);
	row[pg_type_typispreferred] = system_bool(t->is_preferred);
	row[pg_type_typisdefined] = system_bool(true);
	row[pg_type_typdelim] = system_char(",");
	row[pg_type_typelem] = value_int(t->element);
	row[pg_type_typarray] = value_int(t->array);
	row[pg_type_typalign] = value_str(align_of(t));
	row[pg_type_typstorage] = value_str(storage_of(t));
	row[pg_type_typtypmod] = value_int(-1);
	row[pg_type_typcollation] = value_int(collation_of(t));
	return true;
}

/* ---- pg_namespace ---- */

static bool next_namespace(struct system_scan *scan, struct value *row)
{
	static const char *const system_schemas[] = { "pg_catalog", "information_schema" };
	const struct catalog_data *d = scan->data;
	size_t at = scan->at++;

	if (at >= d->nschemas + 2)
		return false;
	const char *name = at < 2 ? system_schemas[at] : d->schemas[at - 2];

	row[pg_namespace_oid] = value_int(system_schema_oid(d, name));
	row[pg_namespace_nspname] = value_str(name);
	row[pg_namespace_nspowner] = value_int(OID_ROLE_SUPERUSER);
	return true;
}
