/* oid.h - the OIDs of PostgreSQL's built-in types that the code names (PostgreSQL 15, pg_type.dat).
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the numbers are PostgreSQL's; clients have them compiled in.
 * Fails by: it can't. */
#ifndef NQLITE_PGWIRE_OID_H
#define NQLITE_PGWIRE_OID_H

#include <stdint.h>

typedef uint32_t oid_t;

enum {
	OID_NONE = 0, /* "unspecified" in Parse; no type in the tables */
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_CHAR = 18, /* "char", one byte */
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT2VECTOR = 22,
	OID_INT4 = 23,
	OID_REGPROC = 24,
	OID_TEXT = 25,
	OID_OID = 26,
	OID_XID = 28,
	OID_OIDVECTOR = 30,
	OID_JSON = 114,
	OID_PG_NODE_TREE = 194,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_UNKNOWN = 705,
	OID_BOOL_ARRAY = 1000,
	OID_BYTEA_ARRAY = 1001,
	OID_CHAR_ARRAY = 1002,
	OID_NAME_ARRAY = 1003,
	OID_INT2_ARRAY = 1005,
	OID_INT4_ARRAY = 1007,
	OID_TEXT_ARRAY = 1009,
	OID_BPCHAR_ARRAY = 1014,
	OID_VARCHAR_ARRAY = 1015,
	OID_INT8_ARRAY = 1016,
	OID_FLOAT4_ARRAY = 1021,
	OID_FLOAT8_ARRAY = 1022,
	OID_OID_ARRAY = 1028,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIME = 1083,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_INTERVAL = 1186,
	OID_TIMETZ = 1266,
	OID_NUMERIC = 1700,
	OID_REGCLASS = 2205,
	OID_REGTYPE = 2206,
	OID_RECORD = 2249,
	OID_ANY = 2276,
	OID_ANYARRAY = 2277,
	OID_VOID = 2278,
	OID_ANYELEMENT = 2283,
	OID_ANYNONARRAY = 2776,
	OID_UUID = 2950,
	OID_JSONB = 3802,
	OID_REGNAMESPACE = 4089,
};

#endif
