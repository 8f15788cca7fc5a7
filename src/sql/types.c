#include "sql/types.h"

#include <stdio.h>
#include <string.h>

/* By oid, so that type_find can bisect. Facts from PostgreSQL 15's pg_type.dat. */
/* clang-format off */
const struct type sql_types[] = {
	{ OID_BOOL, "bool", "boolean", "INTEGER", 1, true, 'b', 'B', true, OID_BOOL_ARRAY, 0, NULL },
	{ OID_BYTEA, "bytea", "bytea", "BLOB", -1, false, 'b', 'U', false, OID_BYTEA_ARRAY, 0, NULL },
	{ OID_CHAR, "char", "\"char\"", "TEXT", 1, true, 'b', 'Z', false, OID_CHAR_ARRAY, 0, NULL },
	{ OID_NAME, "name", "name", "TEXT", 64, false, 'b', 'S', false, OID_NAME_ARRAY, OID_CHAR, NULL },
	{ OID_INT8, "int8", "bigint", "INTEGER", 8, true, 'b', 'N', false, OID_INT8_ARRAY, 0, NULL },
	{ OID_INT2, "int2", "smallint", "INTEGER", 2, true, 'b', 'N', false, OID_INT2_ARRAY, 0, NULL },
	{ OID_INT2VECTOR, "int2vector", "int2vector", "TEXT", -1, false, 'b', 'A', false, 1006, OID_INT2, NULL },
	{ OID_INT4, "int4", "integer", "INTEGER", 4, true, 'b', 'N', false, OID_INT4_ARRAY, 0, NULL },
	{ OID_REGPROC, "regproc", "regproc", "INTEGER", 4, true, 'b', 'N', false, 1008, 0, NULL },
	{ OID_TEXT, "text", "text", "TEXT", -1, false, 'b', 'S', true, OID_TEXT_ARRAY, 0, NULL },
	{ OID_OID, "oid", "oid", "INTEGER", 4, true, 'b', 'N', true, OID_OID_ARRAY, 0, NULL },
	{ OID_XID, "xid", "xid", "INTEGER", 4, true, 'b', 'U', false, 1011, 0, NULL },
	{ OID_OIDVECTOR, "oidvector", "oidvector", "TEXT", -1, false, 'b', 'A', false, 1013, OID_OID, NULL },
	{ OID_JSON, "json", "json", "TEXT", -1, false, 'b', 'U', false, 199, 0, NULL },
	{ OID_PG_NODE_TREE, "pg_node_tree", "pg_node_tree", "TEXT", -1, false, 'b', 'Z', false, 0, 0, NULL },
	{ 199, "_json", "json[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_JSON, NULL },
	{ OID_FLOAT4, "float4", "real", "REAL", 4, true, 'b', 'N', false, OID_FLOAT4_ARRAY, 0, NULL },
	{ OID_FLOAT8, "float8", "double precision", "REAL", 8, true, 'b', 'N', true, OID_FLOAT8_ARRAY, 0, NULL },
	{ OID_UNKNOWN, "unknown", "unknown", NULL, -2, false, 'p', 'X', false, 0, 0, NULL },
	{ OID_BOOL_ARRAY, "_bool", "boolean[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_BOOL, NULL },
	{ OID_BYTEA_ARRAY, "_bytea", "bytea[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_BYTEA, NULL },
	{ OID_CHAR_ARRAY, "_char", "\"char\"[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_CHAR, NULL },
	{ OID_NAME_ARRAY, "_name", "name[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_NAME, NULL },
	{ OID_INT2_ARRAY, "_int2", "smallint[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_INT2, NULL },
	{ 1006, "_int2vector", "int2vector[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_INT2VECTOR, NULL },
	{ OID_INT4_ARRAY, "_int4", "integer[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_INT4, NULL },
	{ 1008, "_regproc", "regproc[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_REGPROC, NULL },
	{ OID_TEXT_ARRAY, "_text", "text[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_TEXT, NULL },
	{ 1011, "_xid", "xid[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_XID, NULL },
	{ 1013, "_oidvector", "oidvector[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_OIDVECTOR, NULL },
	{ OID_BPCHAR_ARRAY, "_bpchar", "character[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_BPCHAR, NULL },
	{ OID_VARCHAR_ARRAY, "_varchar", "character varying[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_VARCHAR, NULL },
	{ OID_INT8_ARRAY, "_int8", "bigint[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_INT8, NULL },
	{ OID_FLOAT4_ARRAY, "_float4", "real[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_FLOAT4, NULL },
	{ OID_FLOAT8_ARRAY, "_float8", "double precision[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_FLOAT8, NULL },
	{ OID_OID_ARRAY, "_oid", "oid[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_OID, NULL },
	{ OID_BPCHAR, "bpchar", "character", "TEXT", -1, false, 'b', 'S', false, OID_BPCHAR_ARRAY, 0, NULL },
	{ OID_VARCHAR, "varchar", "character varying", "TEXT", -1, false, 'b', 'S', false, OID_VARCHAR_ARRAY, 0, NULL },
	{ OID_DATE, "date", "date", "TEXT", 4, true, 'b', 'D', false, OID_DATE_ARRAY, 0, NULL },
	{ OID_TIME, "time", "time without time zone", "TEXT", 8, true, 'b', 'D', false, OID_TIME_ARRAY, 0, NULL },
	{ OID_TIMESTAMP, "timestamp", "timestamp without time zone", "TEXT", 8, true, 'b', 'D', false, OID_TIMESTAMP_ARRAY, 0, NULL },
	{ OID_TIMESTAMP_ARRAY, "_timestamp", "timestamp without time zone[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_TIMESTAMP, NULL },
	{ OID_DATE_ARRAY, "_date", "date[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_DATE, NULL },
	{ OID_TIME_ARRAY, "_time", "time without time zone[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_TIME, NULL },
	{ OID_TIMESTAMPTZ, "timestamptz", "timestamp with time zone", "TEXT", 8, true, 'b', 'D', true, OID_TIMESTAMPTZ_ARRAY, 0, NULL },
	{ OID_TIMESTAMPTZ_ARRAY, "_timestamptz", "timestamp with time zone[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_TIMESTAMPTZ, NULL },
	{ OID_INTERVAL, "interval", "interval", "TEXT", 16, false, 'b', 'T', true, 1187, 0, NULL },
	{ 1187, "_interval", "interval[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_INTERVAL, NULL },
	{ OID_NUMERIC_ARRAY, "_numeric", "numeric[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_NUMERIC, NULL },
	{ 1263, "_cstring", "cstring[]", NULL, -1, false, 'b', 'A', false, 0, OID_CSTRING, NULL },
	{ OID_TIMETZ, "timetz", "time with time zone", "TEXT", 12, false, 'b', 'D', false, 1270, 0, NULL },
	{ 1270, "_timetz", "time with time zone[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_TIMETZ, NULL },
	{ OID_NUMERIC, "numeric", "numeric", "TEXT", -1, false, 'b', 'N', false, OID_NUMERIC_ARRAY, 0, COLLATION_NUMERIC },
	{ OID_REGCLASS, "regclass", "regclass", "INTEGER", 4, true, 'b', 'N', false, 2210, 0, NULL },
	{ OID_REGTYPE, "regtype", "regtype", "INTEGER", 4, true, 'b', 'N', false, 2211, 0, NULL },
	{ 2210, "_regclass", "regclass[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_REGCLASS, NULL },
	{ 2211, "_regtype", "regtype[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_REGTYPE, NULL },
	{ OID_RECORD, "record", "record", NULL, -1, false, 'p', 'P', false, 2287, 0, NULL },
	{ OID_CSTRING, "cstring", "cstring", NULL, -2, false, 'p', 'P', false, 1263, 0, NULL },
	{ OID_ANY, "any", "\"any\"", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_ANYARRAY, "anyarray", "anyarray", NULL, -1, false, 'p', 'P', false, 0, 0, NULL },
	{ OID_VOID, "void", "void", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_TRIGGER, "trigger", "trigger", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_INTERNAL, "internal", "internal", NULL, 8, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_ANYELEMENT, "anyelement", "anyelement", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ 2287, "_record", "record[]", NULL, -1, false, 'p', 'P', false, 0, OID_RECORD, NULL },
	{ OID_ANYNONARRAY, "anynonarray", "anynonarray", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_UUID, "uuid", "uuid", "TEXT", 16, false, 'b', 'U', false, OID_UUID_ARRAY, 0, NULL },
	{ OID_UUID_ARRAY, "_uuid", "uuid[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_UUID, NULL },
	{ OID_JSONB, "jsonb", "jsonb", "TEXT", -1, false, 'b', 'U', false, 3807, 0, NULL },
	{ 3807, "_jsonb", "jsonb[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_JSONB, NULL },
	{ OID_REGNAMESPACE, "regnamespace", "regnamespace", "INTEGER", 4, true, 'b', 'N', false, 4090, 0, NULL },
	{ 4090, "_regnamespace", "regnamespace[]", "TEXT", -1, false, 'b', 'A', false, 0, OID_REGNAMESPACE, NULL },
	{ OID_ANYCOMPATIBLE, "anycompatible", "anycompatible", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
	{ OID_ANYCOMPATIBLEARRAY, "anycompatiblearray", "anycompatiblearray", NULL, -1, false, 'p', 'P', false, 0, 0, NULL },
	{ OID_ANYCOMPATIBLENONARRAY, "anycompatiblenonarray", "anycompatiblenonarray", NULL, 4, true, 'p', 'P', false, 0, 0, NULL },
};
/* clang-format on */
const size_t sql_ntypes = sizeof sql_types / sizeof sql_types[0];

const struct type *type_find(oid_t oid)
{
	size_t low = 0, high = sql_ntypes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sql_types[middle].oid == oid)
			return &sql_types[middle];
		if (sql_types[middle].oid < oid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct type *type_find_name(const char *name)
{
	for (size_t i = 0; i < sql_ntypes; i++)
		if (strcmp(sql_types[i].name, name) == 0)
			return &sql_types[i];
	return NULL;
}

/* The typmod as it stands in the type's name: (10), (10,2), (3). */
static void print_typmod(oid_t oid, int32_t typmod, char *out, size_t size)
{
	int n = typmod - 4;

	if (oid == OID_NUMERIC)
		snprintf(out, size, "(%d,%d)", n >> 16 & 0xffff, ((n & 0x7ff) ^ 1024) - 1024);
	else if (oid == OID_VARCHAR || oid == OID_BPCHAR)
		snprintf(out, size, "(%d)", n);
	else
		snprintf(out, size, "(%d)", typmod);
}

const char *type_display(oid_t oid, int32_t typmod, char space[TYPE_DISPLAY_MAX])
{
	const struct type *t = type_find(oid);
	const struct type *base = type_is_array(t) ? type_find(t->element) : t;

	if (t == NULL)
		return "???";
	if (oid == OID_BPCHAR && typmod < 0)
		return "character";
	if (typmod < 0 || base == NULL || strchr("NSD", base->category) == NULL)
		return t->display;

	char modifier[32];
	print_typmod(base->oid, typmod, modifier, sizeof modifier);
	/* The modifier stands after the first word of "timestamp without time zone", at the end of all others. */
	const char *rest = base->category == 'D' ? strchr(base->display, ' ') : NULL;
	size_t first = rest != NULL ? (size_t)(rest - base->display) : strlen(base->display);
	snprintf(space, TYPE_DISPLAY_MAX, "%.*s%s%s%s", (int)first, base->display, modifier,
	    rest != NULL ? rest : "", base != t ? "[]" : "");
	return space;
}
