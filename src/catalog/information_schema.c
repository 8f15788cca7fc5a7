/* information_schema: the SQL standard's view of the user's relations (PostgreSQL 15, chapter 37). */
#include "catalog/system.h"

#include <string.h>

#include "catalog/ddl_scan.h"
#include "sql/types.h"

static bool next_table(struct system_scan *scan, struct value *row);
static bool next_column(struct system_scan *scan, struct value *row);
static bool next_schema(struct system_scan *scan, struct value *row);
static bool next_constraint(struct system_scan *scan, struct value *row);
static bool next_key_column(struct system_scan *scan, struct value *row);
static bool next_column_usage(struct system_scan *scan, struct value *row);
static bool next_reference(struct system_scan *scan, struct value *row);
static bool next_sequence(struct system_scan *scan, struct value *row);
static bool next_view(struct system_scan *scan, struct value *row);

INFORMATION_SCHEMA_VIEW(tables, IS_TABLES_COLUMNS, 13425, next_table);
INFORMATION_SCHEMA_VIEW(columns, IS_COLUMNS_COLUMNS, 13295, next_column);
INFORMATION_SCHEMA_VIEW(schemata, IS_SCHEMATA_COLUMNS, 13382, next_schema);
INFORMATION_SCHEMA_VIEW(table_constraints, IS_TABLE_CONSTRAINTS_COLUMNS, 13411, next_constraint);
INFORMATION_SCHEMA_VIEW(key_column_usage, IS_KEY_COLUMN_USAGE_COLUMNS, 13329, next_key_column);
INFORMATION_SCHEMA_VIEW(
    constraint_column_usage, IS_CONSTRAINT_COLUMN_USAGE_COLUMNS, 13300, next_column_usage);
INFORMATION_SCHEMA_VIEW(referential_constraints, IS_REFERENTIAL_CONSTRAINTS_COLUMNS, 13339, next_reference);
INFORMATION_SCHEMA_VIEW(sequences, IS_SEQUENCES_COLUMNS, 13386, next_sequence);
INFORMATION_SCHEMA_VIEW(views, IS_VIEWS_COLUMNS, 13483, next_view);

static struct value yes_or_no(bool b)
{
	return value_str(b ? "YES" : "NO");
}

/* ---- tables, views ---- */

static bool next_table(struct system_scan *scan, struct value *row)
{
	while (scan->at < scan->data->nrelations) {
		const struct relation *r = scan->data->relations[scan->at++];

		if (r->kind == 'S')
			continue;
		row[is_tables_table_catalog] = value_str(CATALOG_DATABASE);
		row[is_tables_table_schema] = value_str(r->schema);
		row[is_tables_table_name] = value_str(r->name);
		row[is_tables_table_type] = value_str(r->kind == 'v' ? "VIEW" : "BASE TABLE");
		row[is_tables_is_insertable_into] = yes_or_no(r->kind == 'r' && !r->is_system);
		row[is_tables_is_typed] = yes_or_no(false);
		return true;
	}
	return false;
}

static bool next_view(struct system_scan *scan, struct value *row)
{
	while (scan->at < scan->data->nrelations) {
		const struct relation *r = scan->data->relations[scan->at++];

		if (r->kind != 'v')
			continue;
		const char *sql = catalog_relation_of(r)->sql;

		row[is_views_table_catalog] = value_str(CATALOG_DATABASE);
		row[is_views_table_schema] = value_str(r->schema);
		row[is_views_table_name] = value_str(r->name);
		row[is_views_view_definition] = sql == NULL ? value_null() : system_str(ddl_view_query(sql));
		row[is_views_check_option] = value_str("NONE");
		row[is_views_is_updatable] = yes_or_no(false);
		row[is_views_is_insertable_into] = yes_or_no(false);
		row[is_views_is_trigger_updatable] = yes_or_no(false);
		row[is_views_is_trigger_deletable] = yes_or_no(false);
		row[is_views_is_trigger_insertable_into] = yes_or_no(false);
		return true;
	}
	return false;
}

/* ---- columns ---- */

enum {
	VARHDRSZ = 4,
	UTF8_BYTES_MAX = 4,            /* of a character */
	OCTETS_UNLIMITED = 1073741824, /* what PostgreSQL says of text */
	MICROSECONDS = 6,
};

static void fill_number(struct value *row, const struct column *c)
{
	static const struct {
		oid_t type;
		int precision;
		bool is_integer;
	} rows[] = { { OID_INT2, 16, true }, { OID_INT4, 32, true }, { OID_INT8, 64, true },
		{ OID_FLOAT4, 24, false }, { OID_FLOAT8, 53, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type != c->type)
			continue;
		row[is_columns_numeric_precision] = value_int(rows[i].precision);
		row[is_columns_numeric_precision_radix] = value_int(2);
		row[is_columns_numeric_scale] = rows[i].is_integer ? value_int(0) : value_null();
	}
	if (c->type != OID_NUMERIC)
		return;
	row[is_columns_numeric_precision_radix] = value_int(10);
	if (c->typmod < VARHDRSZ)
		return;
	row[is_columns_numeric_precision] = value_int(((c->typmod - VARHDRSZ) >> 16) & 0xffff);
	row[is_columns_numeric_scale] = value_int((c->typmod - VARHDRSZ) & 0x7ff);
}

static void fill_length(struct value *row, const struct column *c)
{
	bool has_length = (c->type == OID_VARCHAR || c->type == OID_BPCHAR) && c->typmod >= VARHDRSZ;

	if (has_length) {
		row[is_columns_character_maximum_length] = value_int(c->typmod - VARHDRSZ);
		row[is_columns_character_octet_length] =
		    value_int((int64_t)(c->typmod - VARHDRSZ) * UTF8_BYTES_MAX);
	} else if (c->type == OID_TEXT || c->type == OID_VARCHAR || c->type == OID_BPCHAR) {
		row[is_columns_character_octet_length] = value_int(OCTETS_UNLIMITED);
	}
}

static void fill_type(struct value *row, const struct column *c)
{
	const struct type *t = type_find(c->type);

	if (t != NULL) {
		bool is_array = t->category == 'A' && t->name[0] == '_';

		row[is_columns_data_type] = value_str(is_array ? "ARRAY" : t->display);
		row[is_columns_udt_name] = value_str(t->name);
		if (t->category == 'D' || t->category == 'T')
			row[is_columns_datetime_precision] = value_int(c->type == OID_DATE ? 0
								       : c->typmod >= 0    ? c->typmod
											   : MICROSECONDS);
	}
	row[is_columns_udt_catalog] = value_str(CATALOG_DATABASE);
	row[is_columns_udt_schema] = value_str("pg_catalog");
	fill_length(row, c);
	fill_number(row, c);
}

static void fill_default(struct value *row, const struct column *c)
{
	row[is_columns_is_identity] = yes_or_no(c->identity != 0);
	if (c->identity != 0)
		row[is_columns_identity_generation] = value_str(c->identity == 'a' ? "ALWAYS" : "BY DEFAULT");
	else if (!c->is_generated)
		row[is_columns_column_default] =
		    system_str(c->default_pg != NULL ? c->default_pg : c->default_sql);
	row[is_columns_identity_cycle] = yes_or_no(false);
	row[is_columns_is_generated] = value_str(c->is_generated ? "ALWAYS" : "NEVER");
}

static void fill_column(
    struct system_scan *scan, struct value *row, const struct relation *r, const struct column *c)
{
	row[is_columns_table_catalog] = value_str(CATALOG_DATABASE);
	row[is_columns_table_schema] = value_str(r->schema);
	row[is_columns_table_name] = value_str(r->name);
	row[is_columns_column_name] = value_str(c->name);
	row[is_columns_ordinal_position] = value_int(c->attnum);
	row[is_columns_is_nullable] = yes_or_no(!c->not_null);
	row[is_columns_is_self_referencing] = yes_or_no(false);
	row[is_columns_is_updatable] = yes_or_no(r->kind == 'r' && !r->is_system && !c->is_generated);
	fill_type(row, c);
	fill_default(row, c);
	buf_printf(&scan->text, "%d", c->attnum);
	row[is_columns_dtd_identifier] = system_text(scan, 0);
}

static bool next_column(struct system_scan *scan, struct value *row)
{
	for (; scan->at < scan->data->nrelations; scan->at++, scan->within = 0) {
		const struct relation *r = scan->data->relations[scan->at];

		if (r->kind == 'S' || scan->within == r->ncolumns)
			continue;
		fill_column(scan, row, r, &r->columns[scan->within++]);
		return true;
	}
	return false;
}

/* ---- schemata, sequences ---- */

static bool next_schema(struct system_scan *scan, struct value *row)
{
	static const char *const system_schemas[] = { "pg_catalog", "information_schema" };
	const struct catalog_data *d = scan->data;
	size_t at = scan->at++;

	if (at >= d->nschemas + 2)
		return false;
	row[is_schemata_catalog_name] = value_str(CATALOG_DATABASE);
	row[is_schemata_schema_name] = value_str(at < 2 ? system_schemas[at] : d->schemas[at - 2]);
	row[is_schemata_schema_owner] = value_str(CATALOG_OWNER);
	return true;
}

/* Numbers are character data in this view; they lie behind each other in scan->text. */
static void fill_sequence_numbers(
    struct system_scan *scan, struct value *row, const struct catalog_sequence *s)
{
	static const int places[] = { is_sequences_start_value, is_sequences_minimum_value,
		is_sequences_maximum_value, is_sequences_increment };
	const int64_t numbers[] = { s->start, s->min, s->max, s->increment };
	size_t starts[5] = { 0 };

	for (size_t i = 0; i < 4; i++) {
		buf_printf(&scan->text, "%lld", (long long)numbers[i]);
		starts[i + 1] = scan->text.len;
	}
	for (size_t i = 0; i < 4 && !scan->text.failed; i++)
		row[places[i]] =
		    value_text((const char *)scan->text.data + starts[i], starts[i + 1] - starts[i]);
}

static bool next_sequence(struct system_scan *scan, struct value *row)
{
	if (scan->at == scan->data->nsequences)
		return false;
	const struct catalog_sequence *s = &scan->data->sequences[scan->at++];

	row[is_sequences_sequence_catalog] = value_str(CATALOG_DATABASE);
	row[is_sequences_sequence_schema] = value_str(s->relation->relation.schema);
	row[is_sequences_sequence_name] = value_str(s->relation->relation.name);
	row[is_sequences_data_type] = value_str("bigint");
	row[is_sequences_numeric_precision] = value_int(64);
	row[is_sequences_numeric_precision_radix] = value_int(2);
	row[is_sequences_numeric_scale] = value_int(0);
	row[is_sequences_cycle_option] = yes_or_no(s->is_cyclic);
	fill_sequence_numbers(scan, row, s);
	return true;
}

/* ---- constraints ---- */

static const char *constraint_type(char kind)
{
	switch (kind) {
	case 'p': return "PRIMARY KEY";
	case 'u': return "UNIQUE";
	case 'f': return "FOREIGN KEY";
	default: return "CHECK";
	}
}

static bool next_constraint(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r;
	size_t i;

	if (!system_next_constraint(scan, "pufc", &r, &i))
		return false;
	const struct constraint *c = &r->relation.constraints[i];

	row[is_table_constraints_constraint_catalog] = value_str(CATALOG_DATABASE);
	row[is_table_constraints_constraint_schema] = value_str(r->relation.schema);
	row[is_table_constraints_constraint_name] = value_str(c->name);
	row[is_table_constraints_table_catalog] = value_str(CATALOG_DATABASE);
	row[is_table_constraints_table_schema] = value_str(r->relation.schema);
	row[is_table_constraints_table_name] = value_str(r->relation.name);
	row[is_table_constraints_constraint_type] = value_str(constraint_type(c->kind));
	row[is_table_constraints_is_deferrable] = yes_or_no(false);
	row[is_table_constraints_initially_deferred] = yes_or_no(false);
	row[is_table_constraints_enforced] = yes_or_no(true);
	if (c->kind == 'u')
		row[is_table_constraints_nulls_distinct] = yes_or_no(true);
	return true;
}

/* Where the column that a foreign key's kth refers to stands in the key of its table. */
static struct value place_in_target(const struct constraint_detail *detail, size_t k)
{
	const struct catalog_index *key = system_target_index(detail);

	return key == NULL ? value_null() : value_int((int64_t)k + 1);
}

static bool next_key_column(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r;
	size_t i, k;

	if (!system_next_constraint_column(scan, "puf", &r, &i, &k))
		return false;
	const struct constraint *c = &r->relation.constraints[i];
	const struct column *column = system_column(&r->relation, c->attnums[k]);

	row[is_key_column_usage_constraint_catalog] = value_str(CATALOG_DATABASE);
	row[is_key_column_usage_constraint_schema] = value_str(r->relation.schema);
	row[is_key_column_usage_constraint_name] = value_str(c->name);
	row[is_key_column_usage_table_catalog] = value_str(CATALOG_DATABASE);
	row[is_key_column_usage_table_schema] = value_str(r->relation.schema);
	row[is_key_column_usage_table_name] = value_str(r->relation.name);
	row[is_key_column_usage_column_name] = column == NULL ? value_null() : value_str(column->name);
	row[is_key_column_usage_ordinal_position] = value_int((int64_t)k + 1);
	if (c->kind == 'f')
		row[is_key_column_usage_position_in_unique_constraint] = place_in_target(&r->details[i], k);
	return true;
}

/* Of a foreign key it names the columns referred to. */
static bool next_column_usage(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r;
	const struct column *column;
	const struct relation *used;
	size_t i, k;

	do {
		if (!system_next_constraint_column(scan, "pufc", &r, &i, &k))
			return false;
		const struct constraint *c = &r->relation.constraints[i];
		const struct constraint_detail *detail = &r->details[i];
		bool is_foreign = c->kind == 'f';

		used = !is_foreign ? &r->relation : detail->target != NULL ? &detail->target->relation : NULL;
		column = used == NULL
			     ? NULL
			     : system_column(used, is_foreign ? detail->target_attnums[k] : c->attnums[k]);
	} while (column == NULL);
	row[is_constraint_column_usage_table_catalog] = value_str(CATALOG_DATABASE);
	row[is_constraint_column_usage_table_schema] = value_str(used->schema);
	row[is_constraint_column_usage_table_name] = value_str(used->name);
	row[is_constraint_column_usage_column_name] = value_str(column->name);
	row[is_constraint_column_usage_constraint_catalog] = value_str(CATALOG_DATABASE);
	row[is_constraint_column_usage_constraint_schema] = value_str(r->relation.schema);
	row[is_constraint_column_usage_constraint_name] = value_str(r->relation.constraints[i].name);
	return true;
}

static const char *action_name(char action)
{
	switch (action) {
	case 'r': return "RESTRICT";
	case 'c': return "CASCADE";
	case 'n': return "SET NULL";
	case 'd': return "SET DEFAULT";
	default: return "NO ACTION";
	}
}

static bool next_reference(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r;
	size_t i;

	if (!system_next_constraint(scan, "f", &r, &i))
		return false;
	const struct constraint_detail *detail = &r->details[i];
	const struct catalog_index *key = system_target_index(detail);

	row[is_referential_constraints_constraint_catalog] = value_str(CATALOG_DATABASE);
	row[is_referential_constraints_constraint_schema] = value_str(r->relation.schema);
	row[is_referential_constraints_constraint_name] = value_str(r->relation.constraints[i].name);
	if (key != NULL) {
		row[is_referential_constraints_unique_constraint_catalog] = value_str(CATALOG_DATABASE);
		row[is_referential_constraints_unique_constraint_schema] =
		    value_str(key->table->relation.schema);
		row[is_referential_constraints_unique_constraint_name] = value_str(key->as_constraint.name);
	}
	row[is_referential_constraints_match_option] = value_str("NONE");
	row[is_referential_constraints_update_rule] = value_str(action_name(detail->on_update));
	row[is_referential_constraints_delete_rule] = value_str(action_name(detail->on_delete));
	return true;
}
