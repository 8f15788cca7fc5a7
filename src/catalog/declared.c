#include "catalog/declared.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { VARHDRSZ = 4, LENGTH_MAX = 10485760, PRECISION_MAX = 1000 };

enum modifier { NO_MODIFIER, LENGTH_MODIFIER, PRECISION_MODIFIER };

/* INTEGER is SQLite's 64 bits, INT and the rest are what their names say in PostgreSQL: a client reads int4 into 32 bits, and
 * who wrote INT chose it. */
static const struct {
	const char *name;
	oid_t oid;
	enum modifier modifier;
} declared_names[] = {
	{ "INTEGER", OID_INT8, NO_MODIFIER },
	{ "BIGINT", OID_INT8, NO_MODIFIER },
	{ "INT8", OID_INT8, NO_MODIFIER },
	{ "BIGSERIAL", OID_INT8, NO_MODIFIER },
	{ "UNSIGNED BIG INT", OID_INT8, NO_MODIFIER },
	{ "INT", OID_INT4, NO_MODIFIER },
	{ "INT4", OID_INT4, NO_MODIFIER },
	{ "MEDIUMINT", OID_INT4, NO_MODIFIER },
	{ "SERIAL", OID_INT4, NO_MODIFIER },
	{ "SMALLINT", OID_INT2, NO_MODIFIER },
	{ "INT2", OID_INT2, NO_MODIFIER },
	{ "TINYINT", OID_INT2, NO_MODIFIER },
	{ "TEXT", OID_TEXT, NO_MODIFIER },
	{ "CLOB", OID_TEXT, NO_MODIFIER },
	{ "STRING", OID_TEXT, NO_MODIFIER },
	{ "VARCHAR", OID_VARCHAR, LENGTH_MODIFIER },
	{ "CHARACTER VARYING", OID_VARCHAR, LENGTH_MODIFIER },
	{ "VARYING CHARACTER", OID_VARCHAR, LENGTH_MODIFIER },
	{ "NVARCHAR", OID_VARCHAR, LENGTH_MODIFIER },
	{ "CHAR", OID_BPCHAR, LENGTH_MODIFIER },
	{ "CHARACTER", OID_BPCHAR, LENGTH_MODIFIER },
	{ "BPCHAR", OID_BPCHAR, LENGTH_MODIFIER },
	{ "NCHAR", OID_BPCHAR, LENGTH_MODIFIER },
	{ "NATIVE CHARACTER", OID_BPCHAR, LENGTH_MODIFIER },
	{ "NAME", OID_NAME, NO_MODIFIER },
	{ "REAL", OID_FLOAT8, NO_MODIFIER },
	{ "DOUBLE", OID_FLOAT8, NO_MODIFIER },
	{ "DOUBLE PRECISION", OID_FLOAT8, NO_MODIFIER },
	{ "FLOAT", OID_FLOAT8, NO_MODIFIER },
	{ "FLOAT8", OID_FLOAT8, NO_MODIFIER },
	{ "FLOAT4", OID_FLOAT4, NO_MODIFIER },
	{ "BLOB", OID_BYTEA, NO_MODIFIER },
	{ "BYTEA", OID_BYTEA, NO_MODIFIER },
	{ "BOOLEAN", OID_BOOL, NO_MODIFIER },
	{ "BOOL", OID_BOOL, NO_MODIFIER },
	{ "NUMERIC", OID_NUMERIC, PRECISION_MODIFIER },
	{ "DECIMAL", OID_NUMERIC, PRECISION_MODIFIER },
	{ "DATE", OID_DATE, NO_MODIFIER },
	{ "TIME", OID_TIME, NO_MODIFIER },
	{ "DATETIME", OID_TIMESTAMP, NO_MODIFIER },
	{ "TIMESTAMP", OID_TIMESTAMP, NO_MODIFIER },
	{ "TIMESTAMP WITHOUT TIME ZONE", OID_TIMESTAMP, NO_MODIFIER },
	{ "TIMESTAMPTZ", OID_TIMESTAMPTZ, NO_MODIFIER },
	{ "TIMESTAMP WITH TIME ZONE", OID_TIMESTAMPTZ, NO_MODIFIER },
	{ "INTERVAL", OID_INTERVAL, NO_MODIFIER },
	{ "UUID", OID_UUID, NO_MODIFIER },
	{ "JSON", OID_JSON, NO_MODIFIER },
	{ "JSONB", OID_JSONB, NO_MODIFIER },
	{ "OID", OID_OID, NO_MODIFIER },
};

/* Upper case, single blanks, without the part in parentheses; false when it doesn't fit. */
static bool normalise(const char *declared, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = declared; *p != '\0' && *p != '('; p++) {
		bool is_blank = isspace((unsigned char)*p);

		if (is_blank && (n == 0 || out[n - 1] == ' '))
			continue;
		if (n + 1 >= size)
			return false;
		out[n++] = is_blank ? ' ' : (char)toupper((unsigned char)*p);
	}
	if (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return true;
}

/* The numbers in parentheses; 0 when there are none or something else stands there. */
static int read_numbers(const char *declared, long numbers[2])
{
	const char *p = strchr(declared, '(');

	for (int n = 0; p != NULL && n < 2; n++) {
		char *end;

		numbers[n] = strtol(p + 1, &end, 10);
		if (end == p + 1)
			return 0;
		while (*end == ' ')
			end++;
		if (*end == ')')
			return n + 1;
		if (*end != ',')
			return 0;
		p = end;
	}
	return 0;
}

static int32_t typmod_of(const char *declared, enum modifier modifier)
{
	long numbers[2] = { 0, 0 };

	if (modifier == NO_MODIFIER)
		return -1;
	int n = read_numbers(declared, numbers);

	if (modifier == LENGTH_MODIFIER && n == 1 && numbers[0] >= 1 && numbers[0] <= LENGTH_MAX)
		return (int32_t)numbers[0] + VARHDRSZ;
	/* numeric(p, s): p in the upper 16 bits, s in the lower 11 (PostgreSQL 15, numeric.c) */
	if (modifier == PRECISION_MODIFIER && n >= 1 && numbers[0] >= 1 && numbers[0] <= PRECISION_MAX &&
	    numbers[1] >= 0 && numbers[1] <= numbers[0])
		return (int32_t)((numbers[0] << 16) | numbers[1]) + VARHDRSZ;
	return -1;
}

struct declared_type declared_type(const char *declared)
{
	char name[64];

	if (declared != NULL && normalise(declared, name, sizeof(name))) {
		for (size_t i = 0; i < sizeof(declared_names) / sizeof(declared_names[0]); i++) {
			if (strcmp(name, declared_names[i].name) == 0)
				return (struct declared_type){ .oid = declared_names[i].oid,
					.typmod = typmod_of(declared, declared_names[i].modifier) };
		}
	}
	return (struct declared_type){ .oid = OID_TEXT, .typmod = -1 };
}
