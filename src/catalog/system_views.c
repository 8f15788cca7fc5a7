/* pg_tables, pg_views, pg_indexes, pg_sequences: the same facts for people. */
#include "catalog/system.h"

#include <ctype.h>
#include <string.h>

#include "catalog/ddl_scan.h"

static bool next_table(struct system_scan *scan, struct value *row);
static bool next_view(struct system_scan *scan, struct value *row);
static bool next_index(struct system_scan *scan, struct value *row);
static bool next_sequence(struct system_scan *scan, struct value *row);

PG_CATALOG_VIEW(pg_tables, PG_TABLES_COLUMNS, 12033, next_table);
PG_CATALOG_VIEW(pg_views, PG_VIEWS_COLUMNS, 12028, next_view);
PG_CATALOG_VIEW(pg_indexes, PG_INDEXES_COLUMNS, 12043, next_index);
PG_CATALOG_VIEW(pg_sequences, PG_SEQUENCES_COLUMNS, 12048, next_sequence);

static const struct catalog_relation *next_of_kind(struct system_scan *scan, char kind)
{
	while (scan->at < scan->data->nrelations) {
		const struct relation *r = scan->data->relations[scan->at++];

		if (r->kind == kind)
			return catalog_relation_of(r);
	}
	return NULL;
}

static bool next_table(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r = next_of_kind(scan, 'r');

	if (r == NULL)
		return false;
	row[pg_tables_schemaname] = value_str(r->relation.schema);
	row[pg_tables_tablename] = value_str(r->relation.name);
	row[pg_tables_tableowner] = value_str(CATALOG_OWNER);
	row[pg_tables_hasindexes] = system_bool(r->nindexes > 0);
	row[pg_tables_hasrules] = system_bool(false);
	row[pg_tables_hastriggers] = system_bool(false);
	row[pg_tables_rowsecurity] = system_bool(false);
	return true;
}

static bool next_view(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r = next_of_kind(scan, 'v');

	if (r == NULL)
		return false;
	row[pg_views_schemaname] = value_str(r->relation.schema);
	row[pg_views_viewname] = value_str(r->relation.name);
	row[pg_views_viewowner] = value_str(CATALOG_OWNER);
	row[pg_views_definition] = r->sql == NULL ? value_null() : system_str(ddl_view_query(r->sql));
	return true;
}

/* ---- pg_indexes ---- */

static void put_name(struct buf *out, const char *name)
{
	bool is_plain = islower((unsigned char)name[0]) || name[0] == '_';

	for (const char *p = name; is_plain && *p != '\0'; p++)
		is_plain = islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_';
	if (is_plain) {
		buf_put_text(out, name);
		return;
	}
	buf_put_byte(out, '"');
	for (const char *p = name; *p != '\0'; p++)
		buf_put(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	buf_put_byte(out, '"');
}

static void put_index_columns(struct buf *out, const struct catalog_index *index)
{
	const struct constraint *c = &index->as_constraint;
	size_t len = 0;

	if (index->has_expressions) {
		const char *columns = index->sql == NULL ? NULL : ddl_index_columns(index->sql, &len);

		buf_put(out, columns, len);
		return;
	}
	for (size_t i = 0; i < c->nattnums; i++) {
		buf_put_text(out, i == 0 ? "" : ", ");
		put_name(out, system_column(&index->table->relation, c->attnums[i])->name);
		buf_put_text(out, index->is_descending[i] ? " DESC" : "");
	}
}

static void put_index_definition(struct buf *out, const struct catalog_index *index)
{
	const struct constraint *c = &index->as_constraint;

	buf_put_text(out, c->kind == 'i' ? "CREATE INDEX " : "CREATE UNIQUE INDEX ");
	put_name(out, c->name);
	buf_put_text(out, " ON ");
	put_name(out, index->table->relation.schema);
	buf_put_text(out, ".");
	put_name(out, index->table->relation.name);
	buf_put_text(out, " USING btree (");
	put_index_columns(out, index);
	buf_put_text(out, ")");
	if (c->predicate_sql != NULL)
		buf_printf(out, " WHERE (%s)", c->predicate_sql);
}

static bool next_index(struct system_scan *scan, struct value *row)
{
	if (scan->at == scan->data->nindexes)
		return false;
	const struct catalog_index *index = scan->data->indexes[scan->at++];

	row[pg_indexes_schemaname] = value_str(index->table->relation.schema);
	row[pg_indexes_tablename] = value_str(index->table->relation.name);
	row[pg_indexes_indexname] = value_str(index->as_constraint.name);
	put_index_definition(&scan->text, index);
	row[pg_indexes_indexdef] = system_text(scan, 0);
	return true;
}

/* What a sequence drew last isn't part of the schema: last_value stays NULL, as it is before the first. */
static bool next_sequence(struct system_scan *scan, struct value *row)
{
	if (scan->at == scan->data->nsequences)
		return false;
	const struct catalog_sequence *s = &scan->data->sequences[scan->at++];

	row[pg_sequences_schemaname] = value_str(s->relation->relation.schema);
	row[pg_sequences_sequencename] = value_str(s->relation->relation.name);
	row[pg_sequences_sequenceowner] = value_str(CATALOG_OWNER);
	row[pg_sequences_data_type] = value_int(OID_INT8);
	row[pg_sequences_start_value] = value_int(s->start);
	row[pg_sequences_min_value] = value_int(s->min);
	row[pg_sequences_max_value] = value_int(s->max);
	row[pg_sequences_increment_by] = value_int(s->increment);
	row[pg_sequences_cycle] = system_bool(s->is_cyclic);
	row[pg_sequences_cache_size] = value_int(1);
	return true;
}
