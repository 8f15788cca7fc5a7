/* pg_am, pg_authid, pg_collation, pg_database, pg_roles, pg_settings, pg_tablespace, pg_user: what a server has, the same for all. */
#include "catalog/system.h"

#include <string.h>

static bool next_am(struct system_scan *scan, struct value *row);
static bool next_authid(struct system_scan *scan, struct value *row);
static bool next_collation(struct system_scan *scan, struct value *row);
static bool next_database(struct system_scan *scan, struct value *row);
static bool next_role(struct system_scan *scan, struct value *row);
static bool next_setting(struct system_scan *scan, struct value *row);
static bool next_tablespace(struct system_scan *scan, struct value *row);
static bool next_user(struct system_scan *scan, struct value *row);

PG_CATALOG_TABLE(pg_am, PG_AM_COLUMNS, 2601, next_am);
PG_CATALOG_TABLE(pg_authid, PG_AUTHID_COLUMNS, 1260, next_authid);
PG_CATALOG_TABLE(pg_collation, PG_COLLATION_COLUMNS, 3456, next_collation);
PG_CATALOG_TABLE(pg_database, PG_DATABASE_COLUMNS, 1262, next_database);
PG_CATALOG_VIEW(pg_roles, PG_ROLES_COLUMNS, 12000, next_role);
PG_CATALOG_VIEW(pg_settings, PG_SETTINGS_COLUMNS, 12104, next_setting);
PG_CATALOG_TABLE(pg_tablespace, PG_TABLESPACE_COLUMNS, 1213, next_tablespace);
PG_CATALOG_VIEW(pg_user, PG_USER_COLUMNS, 12014, next_user);

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool next_am(struct system_scan *scan, struct value *row)
{
	static const struct {
		oid_t oid;
		const char *name, *type;
	} rows[] = { { OID_AM_HEAP, "heap", "t" }, { OID_AM_BTREE, "btree", "i" } };

	if (scan->at == COUNT(rows))
		return false;
	row[pg_am_oid] = value_int(rows[scan->at].oid);
	row[pg_am_amname] = value_str(rows[scan->at].name);
	row[pg_am_amtype] = value_str(rows[scan->at].type);
	scan->at++;
	return true;
}

static bool next_collation(struct system_scan *scan, struct value *row)
{
	static const struct {
		oid_t oid;
		const char *name, *provider, *locale;
	} rows[] = {
		{ OID_COLLATION_DEFAULT, "default", "d", NULL },
		{ OID_COLLATION_C, "C", "c", "C" },
		{ OID_COLLATION_POSIX, "POSIX", "c", "POSIX" },
	};

	if (scan->at == COUNT(rows))
		return false;
	row[pg_collation_oid] = value_int(rows[scan->at].oid);
	row[pg_collation_collname] = value_str(rows[scan->at].name);
	row[pg_collation_collnamespace] = value_int(OID_SCHEMA_PG_CATALOG);
	row[pg_collation_collowner] = value_int(OID_ROLE_SUPERUSER);
	row[pg_collation_collprovider] = value_str(rows[scan->at].provider);
	row[pg_collation_collisdeterministic] = system_bool(true);
	row[pg_collation_collencoding] = value_int(-1);
	row[pg_collation_collcollate] = system_str(rows[scan->at].locale);
	row[pg_collation_collctype] = system_str(rows[scan->at].locale);
	scan->at++;
	return true;
}

/* One database, by the names under which every client reaches it. */
static bool next_database(struct system_scan *scan, struct value *row)
{
	static const struct {
		oid_t oid;
		const char *name;
	} rows[] = { { OID_DATABASE, CATALOG_DATABASE }, { OID_DATABASE_POSTGRES, "postgres" } };
	enum { ENCODING_UTF8 = 6 };

	if (scan->at == COUNT(rows))
		return false;
	row[pg_database_oid] = value_int(rows[scan->at].oid);
	row[pg_database_datname] = value_str(rows[scan->at].name);
	row[pg_database_datdba] = value_int(OID_ROLE_SUPERUSER);
	row[pg_database_encoding] = value_int(ENCODING_UTF8);
	row[pg_database_datlocprovider] = system_char("c");
	row[pg_database_datallowconn] = system_bool(true);
	row[pg_database_datconnlimit] = value_int(-1);
	row[pg_database_dattablespace] = value_int(OID_TABLESPACE_DEFAULT);
	row[pg_database_datcollate] = value_str("C");
	row[pg_database_datctype] = value_str("C");
	scan->at++;
	return true;
}

/* ---- the one role ---- */

static bool next_authid(struct system_scan *scan, struct value *row)
{
	if (scan->at++ > 0)
		return false;
	row[pg_authid_oid] = value_int(OID_ROLE_SUPERUSER);
	row[pg_authid_rolname] = value_str(CATALOG_OWNER);
	row[pg_authid_rolsuper] = system_bool(true);
	row[pg_authid_rolinherit] = system_bool(true);
	row[pg_authid_rolcreaterole] = system_bool(true);
	row[pg_authid_rolcreatedb] = system_bool(true);
	row[pg_authid_rolcanlogin] = system_bool(true);
	row[pg_authid_rolbypassrls] = system_bool(true);
	row[pg_authid_rolconnlimit] = value_int(-1);
	return true;
}

static bool next_role(struct system_scan *scan, struct value *row)
{
	if (scan->at++ > 0)
		return false;
	row[pg_roles_rolname] = value_str(CATALOG_OWNER);
	row[pg_roles_rolsuper] = system_bool(true);
	row[pg_roles_rolinherit] = system_bool(true);
	row[pg_roles_rolcreaterole] = system_bool(true);
	row[pg_roles_rolcreatedb] = system_bool(true);
	row[pg_roles_rolcanlogin] = system_bool(true);
	row[pg_roles_rolreplication] = system_bool(false);
	row[pg_roles_rolconnlimit] = value_int(-1);
	row[pg_roles_rolpassword] = value_str("********");
	row[pg_roles_rolbypassrls] = system_bool(true);
	row[pg_roles_oid] = value_int(OID_ROLE_SUPERUSER);
	return true;
}

static bool next_user(struct system_scan *scan, struct value *row)
{
	if (scan->at++ > 0)
		return false;
	row[pg_user_usename] = value_str(CATALOG_OWNER);
	row[pg_user_usesysid] = value_int(OID_ROLE_SUPERUSER);
	row[pg_user_usecreatedb] = system_bool(true);
	row[pg_user_usesuper] = system_bool(true);
	row[pg_user_userepl] = system_bool(false);
	row[pg_user_usebypassrls] = system_bool(true);
	row[pg_user_passwd] = value_str("********");
	return true;
}

/* ---- pg_settings: what no session can change ---- */

static bool next_setting(struct system_scan *scan, struct value *row)
{
	static const struct {
		const char *name, *setting, *type;
	} rows[] = {
		{ "block_size", "8192", "integer" },
		{ "integer_datetimes", "on", "bool" },
		{ "lc_collate", "C", "string" },
		{ "lc_ctype", "C", "string" },
		{ "max_function_args", "100", "integer" },
		{ "max_identifier_length", "63", "integer" },
		{ "max_index_keys", "32", "integer" },
		{ "server_encoding", "UTF8", "string" },
	};

	if (scan->at == COUNT(rows))
		return false;
	row[pg_settings_name] = value_str(rows[scan->at].name);
	row[pg_settings_setting] = value_str(rows[scan->at].setting);
	row[pg_settings_category] = value_str("Preset Options");
	row[pg_settings_context] = value_str("internal");
	row[pg_settings_vartype] = value_str(rows[scan->at].type);
	row[pg_settings_source] = value_str("default");
	row[pg_settings_boot_val] = value_str(rows[scan->at].setting);
	row[pg_settings_reset_val] = value_str(rows[scan->at].setting);
	row[pg_settings_pending_restart] = system_bool(false);
	scan->at++;
	return true;
}

static bool next_tablespace(struct system_scan *scan, struct value *row)
{
	static const struct {
		oid_t oid;
		const char *name;
	} rows[] = { { OID_TABLESPACE_DEFAULT, "pg_default" }, { OID_TABLESPACE_GLOBAL, "pg_global" } };

	if (scan->at == COUNT(rows))
		return false;
	row[pg_tablespace_oid] = value_int(rows[scan->at].oid);
	row[pg_tablespace_spcname] = value_str(rows[scan->at].name);
	row[pg_tablespace_spcowner] = value_int(OID_ROLE_SUPERUSER);
	scan->at++;
	return true;
}
