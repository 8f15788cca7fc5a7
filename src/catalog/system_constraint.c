/* pg_index, pg_constraint, pg_sequence: what belongs to tables. */
#include "catalog/system.h"

#include <string.h>

static bool next_index(struct system_scan *scan, struct value *row);
static bool next_constraint(struct system_scan *scan, struct value *row);
static bool next_sequence(struct system_scan *scan, struct value *row);

PG_CATALOG_TABLE(pg_index, PG_INDEX_COLUMNS, 2610, next_index);
PG_CATALOG_TABLE(pg_constraint, PG_CONSTRAINT_COLUMNS, 2606, next_constraint);
PG_CATALOG_TABLE(pg_sequence, PG_SEQUENCE_COLUMNS, 2224, next_sequence);

/* ---- pg_index ---- */

enum { OPTION_DESC = 1, OPTION_NULLS_FIRST = 2 };

/* The four vectors lie behind each other in scan->text, which may move until the last byte is there. */
static void fill_vectors(struct system_scan *scan, struct value *row, const struct catalog_index *index)
{
	static const int places[] = { pg_index_indkey, pg_index_indcollation, pg_index_indclass,
		pg_index_indoption };
	const struct constraint *c = &index->as_constraint;
	size_t starts[5];

	for (size_t k = 0; k < 4; k++) {
		starts[k] = scan->text.len;
		for (size_t i = 0; i < c->nattnums; i++) {
			int number = places[k] == pg_index_indkey ? c->attnums[i]
				     : places[k] == pg_index_indoption && index->is_descending[i]
					 ? OPTION_DESC | OPTION_NULLS_FIRST
					 : 0;

			buf_printf(&scan->text, i == 0 ? "%d" : " %d", number);
		}
	}
	starts[4] = scan->text.len;
	for (size_t k = 0; k < 4 && !scan->text.failed; k++)
		row[places[k]] =
		    value_text((const char *)scan->text.data + starts[k], starts[k + 1] - starts[k]);
}

static bool next_index(struct system_scan *scan, struct value *row)
{
	if (scan->at == scan->data->nindexes)
		return false;
	const struct catalog_index *index = scan->data->indexes[scan->at++];
	const struct constraint *c = &index->as_constraint;

	row[pg_index_indexrelid] = value_int(index->oid);
	row[pg_index_indrelid] = value_int(index->table->relation.oid);
	row[pg_index_indnatts] = value_int((int64_t)c->nattnums);
	row[pg_index_indnkeyatts] = value_int((int64_t)c->nattnums);
	row[pg_index_indisunique] = system_bool(c->kind != 'i');
	row[pg_index_indisprimary] = system_bool(c->kind == 'p');
	row[pg_index_indimmediate] = system_bool(true);
	row[pg_index_indisvalid] = system_bool(true);
	row[pg_index_indisready] = system_bool(true);
	row[pg_index_indislive] = system_bool(true);
	row[pg_index_indexprs] = index->has_expressions ? system_str(index->sql) : value_null();
	row[pg_index_indpred] = system_str(c->predicate_sql);
	fill_vectors(scan, row, index);
	return true;
}

/* ---- pg_constraint ---- */

static void fill_foreign_key(struct value *row, const struct constraint_detail *detail)
{
	const struct catalog_index *key = system_target_index(detail);

	row[pg_constraint_confrelid] = value_int(detail->target == NULL ? 0 : detail->target->relation.oid);
	row[pg_constraint_conindid] = value_int(key == NULL ? 0 : key->oid);
	row[pg_constraint_confupdtype] =
	    detail->on_update == 0 ? system_char("a") : value_text(&detail->on_update, 1);
	row[pg_constraint_confdeltype] =
	    detail->on_delete == 0 ? system_char("a") : value_text(&detail->on_delete, 1);
	row[pg_constraint_confmatchtype] = system_char("s");
}

static void fill_keys(struct system_scan *scan, struct value *row, const struct constraint *c,
    const struct constraint_detail *detail)
{
	size_t foreign;

	if (c->nattnums == 0)
		return;
	system_put_array(&scan->text, c->attnums, c->nattnums);
	foreign = scan->text.len;
	if (detail->target != NULL)
		system_put_array(&scan->text, detail->target_attnums, detail->ntarget);
	if (scan->text.failed)
		return;
	row[pg_constraint_conkey] = value_text((const char *)scan->text.data, foreign);
	if (detail->target != NULL)
		row[pg_constraint_confkey] = system_text(scan, foreign);
}

static bool next_constraint(struct system_scan *scan, struct value *row)
{
	const struct catalog_relation *r;
	size_t i;

	if (!system_next_constraint(scan, "pufc", &r, &i))
		return false;
	const struct constraint *c = &r->relation.constraints[i];
	const struct constraint_detail *detail = &r->details[i];

	row[pg_constraint_oid] = value_int(c->oid);
	row[pg_constraint_conname] = value_str(c->name);
	row[pg_constraint_connamespace] = value_int(system_schema_oid(scan->data, r->relation.schema));
	row[pg_constraint_contype] = value_text(&c->kind, 1);
	row[pg_constraint_convalidated] = system_bool(true);
	row[pg_constraint_conrelid] = value_int(r->relation.oid);
	row[pg_constraint_conindid] = value_int(detail->index == NULL ? 0 : detail->index->oid);
	row[pg_constraint_confupdtype] = system_char(" ");
	row[pg_constraint_confdeltype] = system_char(" ");
	row[pg_constraint_confmatchtype] = system_char(" ");
	row[pg_constraint_conislocal] = system_bool(true);
	row[pg_constraint_connoinherit] = system_bool(c->kind != 'c');
	row[pg_constraint_conbin] = system_str(c->expression);
	if (c->kind == 'f')
		fill_foreign_key(row, detail);
	fill_keys(scan, row, c, detail);
	return true;
}

/* ---- pg_sequence ---- */

static bool next_sequence(struct system_scan *scan, struct value *row)
{
	if (scan->at == scan->data->nsequences)
		return false;
	const struct catalog_sequence *s = &scan->data->sequences[scan->at++];

	row[pg_sequence_seqrelid] = value_int(s->relation->relation.oid);
	row[pg_sequence_seqtypid] = value_int(OID_INT8);
	row[pg_sequence_seqstart] = value_int(s->start);
	row[pg_sequence_seqincrement] = value_int(s->increment);
	row[pg_sequence_seqmax] = value_int(s->max);
	row[pg_sequence_seqmin] = value_int(s->min);
	row[pg_sequence_seqcache] = value_int(1);
	row[pg_sequence_seqcycle] = system_bool(s->is_cyclic);
	return true;
}
