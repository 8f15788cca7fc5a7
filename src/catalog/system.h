/* system.h - the system catalogs: each is defined once, and is a virtual table for SQLite and a relation for the translator.
 *
 * Owns:     nothing: definitions are constant.
 * Runs on:  any thread; a scan belongs to the cursor that opened it.
 * Promises: columns come from system_columns.h, so that the declaration, the relation and the places in a row agree.
 * Fails by: struct err. Private to src/catalog. */
#ifndef NQLITE_CATALOG_SYSTEM_H
#define NQLITE_CATALOG_SYSTEM_H

#include "base/buf.h"
#include "catalog/data.h"
#include "catalog/system_columns.h"

struct system_scan;

/* Fills the next row: true, or false at the end. Columns that it doesn't set are 0, "" or, where they may be, NULL. */
typedef bool system_next_fn(struct system_scan *scan, struct value *row);

struct system_table {
	struct catalog_relation relation;
	struct table_source source;
	system_next_fn *next;
};

/* NULL-terminated. */
extern const struct system_table *const system_tables[];

struct system_scan {
	const struct system_table *table;
	const struct catalog *catalog;
	const struct catalog_data *data;
	size_t at, within, place; /* of the generator: 0 at first */
	struct buf text;          /* for values that are made; cleared before each row */
	struct value *blank;
};

/* What table_source wants. */
int system_open(const struct table_source *source, const void *context, void **scan, struct err *err);
int system_next(void *scan, struct value *row, struct err *err);
void system_close(void *scan);

/* A generator for what there is none of. */
bool system_no_rows(struct system_scan *scan, struct value *row);

/* The text that was put into scan->text from `start` on. It may move while more is put: take values when the row's texts are
 * complete, or one text a row. */
struct value system_text(struct system_scan *scan, size_t start);

/* ---- values ---- */

static inline struct value system_bool(bool b)
{
	return value_int(b);
}

static inline struct value system_char(const char *letter)
{
	return value_text(letter, 1);
}

static inline struct value system_str(const char *text)
{
	return text == NULL ? value_null() : value_str(text);
}

oid_t system_schema_oid(const struct catalog_data *data, const char *schema);

/* [1,2]: how arrays are stored. (A vector is stored as PostgreSQL shows it: "1 2".) */
void system_put_array(struct buf *out, const int16_t *numbers, size_t n);

/* ---- walking ---- */

/* The next constraint (details[*i]) of a user's relation whose kind is among `kinds`; moves at and within. false: no more. */
bool system_next_constraint(
    struct system_scan *scan, const char *kinds, const struct catalog_relation **r, size_t *i);

/* The same for the columns of such constraints: *k is the place in attnums; moves at, within and place. */
bool system_next_constraint_column(
    struct system_scan *scan, const char *kinds, const struct catalog_relation **r, size_t *i, size_t *k);

/* The index that a foreign key refers to, or NULL. */
const struct catalog_index *system_target_index(const struct constraint_detail *foreign_key);

/* The column, or NULL. */
const struct column *system_column(const struct relation *r, int16_t attnum);

/* ---- definitions ---- */

enum { SYSTEM_OID_ACLITEM_ARRAY = 1034 };

#define SYSTEM_TYPE__aclitem     SYSTEM_OID_ACLITEM_ARRAY
#define SYSTEM_TYPE__char        OID_CHAR_ARRAY
#define SYSTEM_TYPE__int2        OID_INT2_ARRAY
#define SYSTEM_TYPE__oid         OID_OID_ARRAY
#define SYSTEM_TYPE__text        OID_TEXT_ARRAY
#define SYSTEM_TYPE_anyarray     OID_ANYARRAY
#define SYSTEM_TYPE_bool         OID_BOOL
#define SYSTEM_TYPE_bytea        OID_BYTEA
#define SYSTEM_TYPE_char         OID_CHAR
#define SYSTEM_TYPE_float4       OID_FLOAT4
#define SYSTEM_TYPE_int2         OID_INT2
#define SYSTEM_TYPE_int2vector   OID_INT2VECTOR
#define SYSTEM_TYPE_int4         OID_INT4
#define SYSTEM_TYPE_int8         OID_INT8
#define SYSTEM_TYPE_name         OID_NAME
#define SYSTEM_TYPE_oid          OID_OID
#define SYSTEM_TYPE_oidvector    OID_OIDVECTOR
#define SYSTEM_TYPE_pg_node_tree OID_PG_NODE_TREE
#define SYSTEM_TYPE_regproc      OID_REGPROC
#define SYSTEM_TYPE_regtype      OID_REGTYPE
#define SYSTEM_TYPE_text         OID_TEXT
#define SYSTEM_TYPE_timestamptz  OID_TIMESTAMPTZ
#define SYSTEM_TYPE_varchar      OID_VARCHAR
#define SYSTEM_TYPE_xid          OID_XID

#define SYSTEM_SQLITE__aclitem     "TEXT"
#define SYSTEM_SQLITE__char        "TEXT"
#define SYSTEM_SQLITE__int2        "TEXT"
#define SYSTEM_SQLITE__oid         "TEXT"
#define SYSTEM_SQLITE__text        "TEXT"
#define SYSTEM_SQLITE_anyarray     "TEXT"
#define SYSTEM_SQLITE_bool         "INTEGER"
#define SYSTEM_SQLITE_bytea        "BLOB"
#define SYSTEM_SQLITE_char         "TEXT"
#define SYSTEM_SQLITE_float4       "REAL"
#define SYSTEM_SQLITE_int2         "INTEGER"
#define SYSTEM_SQLITE_int2vector   "TEXT"
#define SYSTEM_SQLITE_int4         "INTEGER"
#define SYSTEM_SQLITE_int8         "INTEGER"
#define SYSTEM_SQLITE_name         "TEXT"
#define SYSTEM_SQLITE_oid          "INTEGER"
#define SYSTEM_SQLITE_oidvector    "TEXT"
#define SYSTEM_SQLITE_pg_node_tree "TEXT"
#define SYSTEM_SQLITE_regproc      "INTEGER"
#define SYSTEM_SQLITE_regtype      "INTEGER"
#define SYSTEM_SQLITE_text         "TEXT"
#define SYSTEM_SQLITE_timestamptz  "TEXT"
#define SYSTEM_SQLITE_varchar      "TEXT"
#define SYSTEM_SQLITE_xid          "INTEGER"

#define SYSTEM_PLACE(table, column, type, is_not_null) table##_##column,
#define SYSTEM_COLUMN(table, column, pgtype, is_not_null) \
	{ .name = #column,                                \
		.type = SYSTEM_TYPE_##pgtype,             \
		.typmod = -1,                             \
		.attnum = table##_##column + 1,           \
		.not_null = is_not_null },
#define SYSTEM_DECLARATION(table, column, type, is_not_null) ", \"" #column "\" " SYSTEM_SQLITE_##type

/* Defines enum { table_column .. }, the places in a row, and struct system_table `table`_table.
 *   COLUMNS: of system_columns.h; schema and name: PostgreSQL's; sqlite: the name in SQLite; oid and kind: pg_class'. */
#define SYSTEM_TABLE(table, COLUMNS, schema_name, table_name, sqlite, table_oid, relkind, generator) \
	enum { COLUMNS(SYSTEM_PLACE) table##_ncolumns };                                             \
	static const struct column table##_columns[] = { COLUMNS(SYSTEM_COLUMN) };                   \
	const struct system_table table##_table = {                                                  \
		.relation = { .relation = { .oid = table_oid,                                        \
				  .schema = schema_name,                                             \
				  .name = table_name,                                                \
				  .sqlite_name = sqlite,                                             \
				  .kind = relkind,                                                   \
				  .is_system = true,                                                 \
				  .columns = table##_columns,                                        \
				  .ncolumns = table##_ncolumns } },                                  \
		.source = { .name = sqlite,                                                          \
		    .columns = &(COLUMNS(SYSTEM_DECLARATION))[2], /* without the first comma */      \
		    .ncolumns = table##_ncolumns,                                                    \
		    .arg = &table##_table,                                                           \
		    .open = system_open,                                                             \
		    .next = system_next,                                                             \
		    .close = system_close },                                                         \
		.next = generator,                                                                   \
	}

#define PG_CATALOG_TABLE(table, COLUMNS, oid, generator) \
	SYSTEM_TABLE(table, COLUMNS, "pg_catalog", #table, #table, oid, 'r', generator)
#define PG_CATALOG_VIEW(table, COLUMNS, oid, generator) \
	SYSTEM_TABLE(table, COLUMNS, "pg_catalog", #table, #table, oid, 'v', generator)
#define INFORMATION_SCHEMA_VIEW(name, COLUMNS, oid, generator)                                               \
	SYSTEM_TABLE(is_##name, COLUMNS, "information_schema", #name, "information_schema." #name, oid, 'v', \
	    generator)

#endif
