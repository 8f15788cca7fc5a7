#include "catalog/system.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_BYTES_MAX = 1 << 20 };

/* Every system catalog, once: X(table). */
#define ALL_TABLES(X)                 \
	X(is_columns)                 \
	X(is_constraint_column_usage) \
	X(is_key_column_usage)        \
	X(is_referential_constraints) \
	X(is_schemata)                \
	X(is_sequences)               \
	X(is_table_constraints)       \
	X(is_tables)                  \
	X(is_views)                   \
	X(pg_am)                      \
	X(pg_attrdef)                 \
	X(pg_attribute)               \
	X(pg_auth_members)            \
	X(pg_authid)                  \
	X(pg_available_extensions)    \
	X(pg_class)                   \
	X(pg_collation)               \
	X(pg_constraint)              \
	X(pg_database)                \
	X(pg_depend)                  \
	X(pg_description)             \
	X(pg_enum)                    \
	X(pg_event_trigger)           \
	X(pg_extension)               \
	X(pg_foreign_table)           \
	X(pg_index)                   \
	X(pg_indexes)                 \
	X(pg_inherits)                \
	X(pg_language)                \
	X(pg_matviews)                \
	X(pg_namespace)               \
	X(pg_opclass)                 \
	X(pg_partitioned_table)       \
	X(pg_policy)                  \
	X(pg_proc)                    \
	X(pg_publication)             \
	X(pg_publication_namespace)   \
	X(pg_publication_rel)         \
	X(pg_range)                   \
	X(pg_rewrite)                 \
	X(pg_roles)                   \
	X(pg_sequence)                \
	X(pg_sequences)               \
	X(pg_settings)                \
	X(pg_shdescription)           \
	X(pg_statistic_ext)           \
	X(pg_tables)                  \
	X(pg_tablespace)              \
	X(pg_trigger)                 \
	X(pg_type)                    \
	X(pg_user)                    \
	X(pg_views)

#define DECLARE(table) extern const struct system_table table##_table;
#define SYSTEM(table)  &table##_table,
#define SOURCE(table)  &table##_table.source,

ALL_TABLES(DECLARE)

const struct system_table *const system_tables[] = { ALL_TABLES(SYSTEM) NULL };
const struct table_source *const catalog_tables[] = { ALL_TABLES(SOURCE) NULL };

/* What a column is that the generator doesn't set. */
static struct value blank_value(const struct column *c)
{
	if (!c->not_null)
		return value_null();
	switch (c->type) {
	case OID_BOOL:
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_OID:
	case OID_XID:
	case OID_REGPROC: return value_int(0);
	case OID_FLOAT4: return value_float(0);
	default: return value_text("", 0);
	}
}

int system_open(const struct table_source *source, const void *context, void **scan, struct err *err)
{
	const struct system_table *table = source->arg;
	const struct catalog *catalog = context;
	struct system_scan *s;

	if (catalog == NULL)
		return err_set(err, SQLSTATE_INTERNAL, "%s is read without a catalog", source->name);
	s = calloc(1, sizeof(*s) + source->ncolumns * sizeof(struct value));
	if (s == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	s->table = table;
	s->catalog = catalog;
	s->data = catalog->data;
	s->blank = (struct value *)(void *)(s + 1);
	for (size_t i = 0; i < source->ncolumns; i++)
		s->blank[i] = blank_value(&table->relation.relation.columns[i]);
	buf_init(&s->text, ROW_BYTES_MAX);
	*scan = s;
	return 0;
}

int system_next(void *scan, struct value *row, struct err *err)
{
	struct system_scan *s = scan;

	memcpy(row, s->blank, s->table->source.ncolumns * sizeof(*row));
	buf_clear(&s->text);
	bool is_row = s->table->next(s, row);

	if (s->text.failed)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return is_row;
}

void system_close(void *scan)
{
	struct system_scan *s = scan;

	buf_release(&s->text);
	free(s);
}

bool system_no_rows(struct system_scan *scan, struct value *row)
{
	(void)scan;
	(void)row;
	return false;
}

struct value system_text(struct system_scan *scan, size_t start)
{
	if (scan->text.failed)
		return value_null();
	return value_text((const char *)scan->text.data + start, scan->text.len - start);
}

oid_t system_schema_oid(const struct catalog_data *data, const char *schema)
{
	for (size_t i = 0; i < data->nschemas; i++) {
		if (strcmp(data->schemas[i], schema) == 0)
			return data->schema_oids[i];
	}
	return strcmp(schema, "pg_catalog") == 0 ? OID_SCHEMA_PG_CATALOG : OID_SCHEMA_INFORMATION;
}

void system_put_array(struct buf *out, const int16_t *numbers, size_t n)
{
	buf_put_text(out, "[");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%d", i == 0 ? "" : ",", numbers[i]);
	buf_put_text(out, "]");
}

bool system_next_constraint(
    struct system_scan *scan, const char *kinds, const struct catalog_relation **r, size_t *i)
{
	const struct catalog_data *d = scan->data;

	for (; scan->at < d->nrelations; scan->at++, scan->within = 0) {
		*r = catalog_relation_of(d->relations[scan->at]);
		while (scan->within < (*r)->relation.nconstraints) {
			*i = scan->within++;
			if (strchr(kinds, (*r)->relation.constraints[*i].kind) != NULL)
				return true;
		}
	}
	return false;
}

bool system_next_constraint_column(
    struct system_scan *scan, const char *kinds, const struct catalog_relation **r, size_t *i, size_t *k)
{
	while (system_next_constraint(scan, kinds, r, i)) {
		if (scan->place == (*r)->relation.constraints[*i].nattnums) {
			scan->place = 0;
			continue;
		}
		*k = scan->place++;
		scan->within--; /* the same constraint again, until its columns are through */
		return true;
	}
	return false;
}

const struct catalog_index *system_target_index(const struct constraint_detail *foreign_key)
{
	const struct catalog_relation *target = foreign_key->target;

	for (size_t i = 0; target != NULL && i < target->nindexes; i++) {
		const struct constraint *key = &target->indexes[i].as_constraint;
		bool fits =
		    key->kind != 'i' && key->predicate_sql == NULL && key->nattnums == foreign_key->ntarget;

		for (size_t k = 0; fits && k < key->nattnums; k++)
			fits = key->attnums[k] == foreign_key->target_attnums[k];
		if (fits)
			return &target->indexes[i];
	}
	return NULL;
}

const struct column *system_column(const struct relation *r, int16_t attnum)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (r->columns[i].attnum == attnum)
			return &r->columns[i];
	}
	return NULL;
}
