/* system_columns.h - the columns of the system catalogs, as PostgreSQL 15 has them.
 *
 * Owns:     nothing: lists for the preprocessor, one row a column: table, name, type, whether it is NOT NULL.
 * Runs on:  -
 * Promises: names, order and types are PostgreSQL 15's; domains of information_schema stand as the type that they are over, as
 *           the protocol sends them. The SQLite declaration and the relation that the translator sees both come from here.
 * Fails by: it can't. Private to src/catalog. */
#ifndef NQLITE_CATALOG_SYSTEM_COLUMNS_H
#define NQLITE_CATALOG_SYSTEM_COLUMNS_H

/* clang-format off */
#define PG_CLASS_COLUMNS(C) \
	C(pg_class, oid, oid, 1) \
	C(pg_class, relname, name, 1) \
	C(pg_class, relnamespace, oid, 1) \
	C(pg_class, reltype, oid, 1) \
	C(pg_class, reloftype, oid, 1) \
	C(pg_class, relowner, oid, 1) \
	C(pg_class, relam, oid, 1) \
	C(pg_class, relfilenode, oid, 1) \
	C(pg_class, reltablespace, oid, 1) \
	C(pg_class, relpages, int4, 1) \
	C(pg_class, reltuples, float4, 1) \
	C(pg_class, relallvisible, int4, 1) \
	C(pg_class, reltoastrelid, oid, 1) \
	C(pg_class, relhasindex, bool, 1) \
	C(pg_class, relisshared, bool, 1) \
	C(pg_class, relpersistence, char, 1) \
	C(pg_class, relkind, char, 1) \
	C(pg_class, relnatts, int2, 1) \
	C(pg_class, relchecks, int2, 1) \
	C(pg_class, relhasrules, bool, 1) \
	C(pg_class, relhastriggers, bool, 1) \
	C(pg_class, relhassubclass, bool, 1) \
	C(pg_class, relrowsecurity, bool, 1) \
	C(pg_class, relforcerowsecurity, bool, 1) \
	C(pg_class, relispopulated, bool, 1) \
	C(pg_class, relreplident, char, 1) \
	C(pg_class, relispartition, bool, 1) \
	C(pg_class, relrewrite, oid, 1) \
	C(pg_class, relfrozenxid, xid, 1) \
	C(pg_class, relminmxid, xid, 1) \
	C(pg_class, relacl, _aclitem, 0) \
	C(pg_class, reloptions, _text, 0) \
	C(pg_class, relpartbound, pg_node_tree, 0)

#define PG_NAMESPACE_COLUMNS(C) \
	C(pg_namespace, oid, oid, 1) \
	C(pg_namespace, nspname, name, 1) \
	C(pg_namespace, nspowner, oid, 1) \
	C(pg_namespace, nspacl, _aclitem, 0)

#define PG_ATTRIBUTE_COLUMNS(C) \
	C(pg_attribute, attrelid, oid, 1) \
	C(pg_attribute, attname, name, 1) \
	C(pg_attribute, atttypid, oid, 1) \
	C(pg_attribute, attstattarget, int4, 1) \
	C(pg_attribute, attlen, int2, 1) \
	C(pg_attribute, attnum, int2, 1) \
	C(pg_attribute, attndims, int4, 1) \
	C(pg_attribute, attcacheoff, int4, 1) \
	C(pg_attribute, atttypmod, int4, 1) \
	C(pg_attribute, attbyval, bool, 1) \
	C(pg_attribute, attalign, char, 1) \
	C(pg_attribute, attstorage, char, 1) \
	C(pg_attribute, attcompression, char, 1) \
	C(pg_attribute, attnotnull, bool, 1) \
	C(pg_attribute, atthasdef, bool, 1) \
	C(pg_attribute, atthasmissing, bool, 1) \
	C(pg_attribute, attidentity, char, 1) \
	C(pg_attribute, attgenerated, char, 1) \
	C(pg_attribute, attisdropped, bool, 1) \
	C(pg_attribute, attislocal, bool, 1) \
	C(pg_attribute, attinhcount, int4, 1) \
	C(pg_attribute, attcollation, oid, 1) \
	C(pg_attribute, attacl, _aclitem, 0) \
	C(pg_attribute, attoptions, _text, 0) \
	C(pg_attribute, attfdwoptions, _text, 0) \
	C(pg_attribute, attmissingval, anyarray, 0)

#define PG_TYPE_COLUMNS(C) \
	C(pg_type, oid, oid, 1) \
	C(pg_type, typname, name, 1) \
	C(pg_type, typnamespace, oid, 1) \
	C(pg_type, typowner, oid, 1) \
	C(pg_type, typlen, int2, 1) \
	C(pg_type, typbyval, bool, 1) \
	C(pg_type, typtype, char, 1) \
	C(pg_type, typcategory, char, 1) \
	C(pg_type, typispreferred, bool, 1) \
	C(pg_type, typisdefined, bool, 1) \
	C(pg_type, typdelim, char, 1) \
	C(pg_type, typrelid, oid, 1) \
	C(pg_type, typsubscript, regproc, 1) \
	C(pg_type, typelem, oid, 1) \
	C(pg_type, typarray, oid, 1) \
	C(pg_type, typinput, regproc, 1) \
	C(pg_type, typoutput, regproc, 1) \
	C(pg_type, typreceive, regproc, 1) \
	C(pg_type, typsend, regproc, 1) \
	C(pg_type, typmodin, regproc, 1) \
	C(pg_type, typmodout, regproc, 1) \
	C(pg_type, typanalyze, regproc, 1) \
	C(pg_type, typalign, char, 1) \
	C(pg_type, typstorage, char, 1) \
	C(pg_type, typnotnull, bool, 1) \
	C(pg_type, typbasetype, oid, 1) \
	C(pg_type, typtypmod, int4, 1) \
	C(pg_type, typndims, int4, 1) \
	C(pg_type, typcollation, oid, 1) \
	C(pg_type, typdefaultbin, pg_node_tree, 0) \
	C(pg_type, typdefault, text, 0) \
	C(pg_type, typacl, _aclitem, 0)

#define PG_INDEX_COLUMNS(C) \
	C(pg_index, indexrelid, oid, 1) \
	C(pg_index, indrelid, oid, 1) \
	C(pg_index, indnatts, int2, 1) \
	C(pg_index, indnkeyatts, int2, 1) \
	C(pg_index, indisunique, bool, 1) \
	C(pg_index, indnullsnotdistinct, bool, 1) \
	C(pg_index, indisprimary, bool, 1) \
	C(pg_index, indisexclusion, bool, 1) \
	C(pg_index, indimmediate, bool, 1) \
	C(pg_index, indisclustered, bool, 1) \
	C(pg_index, indisvalid, bool, 1) \
	C(pg_index, indcheckxmin, bool, 1) \
	C(pg_index, indisready, bool, 1) \
	C(pg_index, indislive, bool, 1) \
	C(pg_index, indisreplident, bool, 1) \
	C(pg_index, indkey, int2vector, 1) \
	C(pg_index, indcollation, oidvector, 1) \
	C(pg_index, indclass, oidvector, 1) \
	C(pg_index, indoption, int2vector, 1) \
	C(pg_index, indexprs, pg_node_tree, 0) \
	C(pg_index, indpred, pg_node_tree, 0)

#define PG_CONSTRAINT_COLUMNS(C) \
	C(pg_constraint, oid, oid, 1) \
	C(pg_constraint, conname, name, 1) \
	C(pg_constraint, connamespace, oid, 1) \
	C(pg_constraint, contype, char, 1) \
	C(pg_constraint, condeferrable, bool, 1) \
	C(pg_constraint, condeferred, bool, 1) \
	C(pg_constraint, convalidated, bool, 1) \
	C(pg_constraint, conrelid, oid, 1) \
	C(pg_constraint, contypid, oid, 1) \
	C(pg_constraint, conindid, oid, 1) \
	C(pg_constraint, conparentid, oid, 1) \
	C(pg_constraint, confrelid, oid, 1) \
	C(pg_constraint, confupdtype, char, 1) \
	C(pg_constraint, confdeltype, char, 1) \
	C(pg_constraint, confmatchtype, char, 1) \
	C(pg_constraint, conislocal, bool, 1) \
	C(pg_constraint, coninhcount, int4, 1) \
	C(pg_constraint, connoinherit, bool, 1) \
	C(pg_constraint, conkey, _int2, 0) \
	C(pg_constraint, confkey, _int2, 0) \
	C(pg_constraint, conpfeqop, _oid, 0) \
	C(pg_constraint, conppeqop, _oid, 0) \
	C(pg_constraint, conffeqop, _oid, 0) \
	C(pg_constraint, confdelsetcols, _int2, 0) \
	C(pg_constraint, conexclop, _oid, 0) \
	C(pg_constraint, conbin, pg_node_tree, 0)

#define PG_ATTRDEF_COLUMNS(C) \
	C(pg_attrdef, oid, oid, 1) \
	C(pg_attrdef, adrelid, oid, 1) \
	C(pg_attrdef, adnum, int2, 1) \
	C(pg_attrdef, adbin, pg_node_tree, 1)

#define PG_AM_COLUMNS(C) \
	C(pg_am, oid, oid, 1) \
	C(pg_am, amname, name, 1) \
	C(pg_am, amhandler, regproc, 1) \
	C(pg_am, amtype, char, 1)

#define PG_DATABASE_COLUMNS(C) \
	C(pg_database, oid, oid, 1) \
	C(pg_database, datname, name, 1) \
	C(pg_database, datdba, oid, 1) \
	C(pg_database, encoding, int4, 1) \
	C(pg_database, datlocprovider, char, 1) \
	C(pg_database, datistemplate, bool, 1) \
	C(pg_database, datallowconn, bool, 1) \
	C(pg_database, datconnlimit, int4, 1) \
	C(pg_database, datfrozenxid, xid, 1) \
	C(pg_database, datminmxid, xid, 1) \
	C(pg_database, dattablespace, oid, 1) \
	C(pg_database, datcollate, text, 1) \
	C(pg_database, datctype, text, 1) \
	C(pg_database, daticulocale, text, 0) \
	C(pg_database, datcollversion, text, 0) \
	C(pg_database, datacl, _aclitem, 0)

#define PG_ROLES_COLUMNS(C) \
	C(pg_roles, rolname, name, 0) \
	C(pg_roles, rolsuper, bool, 0) \
	C(pg_roles, rolinherit, bool, 0) \
	C(pg_roles, rolcreaterole, bool, 0) \
	C(pg_roles, rolcreatedb, bool, 0) \
	C(pg_roles, rolcanlogin, bool, 0) \
	C(pg_roles, rolreplication, bool, 0) \
	C(pg_roles, rolconnlimit, int4, 0) \
	C(pg_roles, rolpassword, text, 0) \
	C(pg_roles, rolvaliduntil, timestamptz, 0) \
	C(pg_roles, rolbypassrls, bool, 0) \
	C(pg_roles, rolconfig, _text, 0) \
	C(pg_roles, oid, oid, 0)

#define PG_USER_COLUMNS(C) \
	C(pg_user, usename, name, 0) \
	C(pg_user, usesysid, oid, 0) \
	C(pg_user, usecreatedb, bool, 0) \
	C(pg_user, usesuper, bool, 0) \
	C(pg_user, userepl, bool, 0) \
	C(pg_user, usebypassrls, bool, 0) \
	C(pg_user, passwd, text, 0) \
	C(pg_user, valuntil, timestamptz, 0) \
	C(pg_user, useconfig, _text, 0)

#define PG_AUTHID_COLUMNS(C) \
	C(pg_authid, oid, oid, 1) \
	C(pg_authid, rolname, name, 1) \
	C(pg_authid, rolsuper, bool, 1) \
	C(pg_authid, rolinherit, bool, 1) \
	C(pg_authid, rolcreaterole, bool, 1) \
	C(pg_authid, rolcreatedb, bool, 1) \
	C(pg_authid, rolcanlogin, bool, 1) \
	C(pg_authid, rolreplication, bool, 1) \
	C(pg_authid, rolbypassrls, bool, 1) \
	C(pg_authid, rolconnlimit, int4, 1) \
	C(pg_authid, rolpassword, text, 0) \
	C(pg_authid, rolvaliduntil, timestamptz, 0)

#define PG_AUTH_MEMBERS_COLUMNS(C) \
	C(pg_auth_members, roleid, oid, 1) \
	C(pg_auth_members, member, oid, 1) \
	C(pg_auth_members, grantor, oid, 1) \
	C(pg_auth_members, admin_option, bool, 1)

#define PG_SETTINGS_COLUMNS(C) \
	C(pg_settings, name, text, 0) \
	C(pg_settings, setting, text, 0) \
	C(pg_settings, unit, text, 0) \
	C(pg_settings, category, text, 0) \
	C(pg_settings, short_desc, text, 0) \
	C(pg_settings, extra_desc, text, 0) \
	C(pg_settings, context, text, 0) \
	C(pg_settings, vartype, text, 0) \
	C(pg_settings, source, text, 0) \
	C(pg_settings, min_val, text, 0) \
	C(pg_settings, max_val, text, 0) \
	C(pg_settings, enumvals, _text, 0) \
	C(pg_settings, boot_val, text, 0) \
	C(pg_settings, reset_val, text, 0) \
	C(pg_settings, sourcefile, text, 0) \
	C(pg_settings, sourceline, int4, 0) \
	C(pg_settings, pending_restart, bool, 0)

#define PG_TABLES_COLUMNS(C) \
	C(pg_tables, schemaname, name, 0) \
	C(pg_tables, tablename, name, 0) \
	C(pg_tables, tableowner, name, 0) \
	C(pg_tables, tablespace, name, 0) \
	C(pg_tables, hasindexes, bool, 0) \
	C(pg_tables, hasrules, bool, 0) \
	C(pg_tables, hastriggers, bool, 0) \
	C(pg_tables, rowsecurity, bool, 0)

#define PG_VIEWS_COLUMNS(C) \
	C(pg_views, schemaname, name, 0) \
	C(pg_views, viewname, name, 0) \
	C(pg_views, viewowner, name, 0) \
	C(pg_views, definition, text, 0)

#define PG_MATVIEWS_COLUMNS(C) \
	C(pg_matviews, schemaname, name, 0) \
	C(pg_matviews, matviewname, name, 0) \
	C(pg_matviews, matviewowner, name, 0) \
	C(pg_matviews, tablespace, name, 0) \
	C(pg_matviews, hasindexes, bool, 0) \
	C(pg_matviews, ispopulated, bool, 0) \
	C(pg_matviews, definition, text, 0)

#define PG_INDEXES_COLUMNS(C) \
	C(pg_indexes, schemaname, name, 0) \
	C(pg_indexes, tablename, name, 0) \
	C(pg_indexes, indexname, name, 0) \
	C(pg_indexes, tablespace, name, 0) \
	C(pg_indexes, indexdef, text, 0)

#define PG_SEQUENCES_COLUMNS(C) \
	C(pg_sequences, schemaname, name, 0) \
	C(pg_sequences, sequencename, name, 0) \
	C(pg_sequences, sequenceowner, name, 0) \
	C(pg_sequences, data_type, regtype, 0) \
	C(pg_sequences, start_value, int8, 0) \
	C(pg_sequences, min_value, int8, 0) \
	C(pg_sequences, max_value, int8, 0) \
	C(pg_sequences, increment_by, int8, 0) \
	C(pg_sequences, cycle, bool, 0) \
	C(pg_sequences, cache_size, int8, 0) \
	C(pg_sequences, last_value, int8, 0)

#define PG_DESCRIPTION_COLUMNS(C) \
	C(pg_description, objoid, oid, 1) \
	C(pg_description, classoid, oid, 1) \
	C(pg_description, objsubid, int4, 1) \
	C(pg_description, description, text, 1)

#define PG_SHDESCRIPTION_COLUMNS(C) \
	C(pg_shdescription, objoid, oid, 1) \
	C(pg_shdescription, classoid, oid, 1) \
	C(pg_shdescription, description, text, 1)

#define PG_PARTITIONED_TABLE_COLUMNS(C) \
	C(pg_partitioned_table, partrelid, oid, 1) \
	C(pg_partitioned_table, partstrat, char, 1) \
	C(pg_partitioned_table, partnatts, int2, 1) \
	C(pg_partitioned_table, partdefid, oid, 1) \
	C(pg_partitioned_table, partattrs, int2vector, 1) \
	C(pg_partitioned_table, partclass, oidvector, 1) \
	C(pg_partitioned_table, partcollation, oidvector, 1) \
	C(pg_partitioned_table, partexprs, pg_node_tree, 0)

#define PG_INHERITS_COLUMNS(C) \
	C(pg_inherits, inhrelid, oid, 1) \
	C(pg_inherits, inhparent, oid, 1) \
	C(pg_inherits, inhseqno, int4, 1) \
	C(pg_inherits, inhdetachpending, bool, 1)

#define PG_PROC_COLUMNS(C) \
	C(pg_proc, oid, oid, 1) \
	C(pg_proc, proname, name, 1) \
	C(pg_proc, pronamespace, oid, 1) \
	C(pg_proc, proowner, oid, 1) \
	C(pg_proc, prolang, oid, 1) \
	C(pg_proc, procost, float4, 1) \
	C(pg_proc, prorows, float4, 1) \
	C(pg_proc, provariadic, oid, 1) \
	C(pg_proc, prosupport, regproc, 1) \
	C(pg_proc, prokind, char, 1) \
	C(pg_proc, prosecdef, bool, 1) \
	C(pg_proc, proleakproof, bool, 1) \
	C(pg_proc, proisstrict, bool, 1) \
	C(pg_proc, proretset, bool, 1) \
	C(pg_proc, provolatile, char, 1) \
	C(pg_proc, proparallel, char, 1) \
	C(pg_proc, pronargs, int2, 1) \
	C(pg_proc, pronargdefaults, int2, 1) \
	C(pg_proc, prorettype, oid, 1) \
	C(pg_proc, proargtypes, oidvector, 1) \
	C(pg_proc, proallargtypes, _oid, 0) \
	C(pg_proc, proargmodes, _char, 0) \
	C(pg_proc, proargnames, _text, 0) \
	C(pg_proc, proargdefaults, pg_node_tree, 0) \
	C(pg_proc, protrftypes, _oid, 0) \
	C(pg_proc, prosrc, text, 1) \
	C(pg_proc, probin, text, 0) \
	C(pg_proc, prosqlbody, pg_node_tree, 0) \
	C(pg_proc, proconfig, _text, 0) \
	C(pg_proc, proacl, _aclitem, 0)

#define PG_ENUM_COLUMNS(C) \
	C(pg_enum, oid, oid, 1) \
	C(pg_enum, enumtypid, oid, 1) \
	C(pg_enum, enumsortorder, float4, 1) \
	C(pg_enum, enumlabel, name, 1)

#define PG_RANGE_COLUMNS(C) \
	C(pg_range, rngtypid, oid, 1) \
	C(pg_range, rngsubtype, oid, 1) \
	C(pg_range, rngmultitypid, oid, 1) \
	C(pg_range, rngcollation, oid, 1) \
	C(pg_range, rngsubopc, oid, 1) \
	C(pg_range, rngcanonical, regproc, 1) \
	C(pg_range, rngsubdiff, regproc, 1)

#define PG_COLLATION_COLUMNS(C) \
	C(pg_collation, oid, oid, 1) \
	C(pg_collation, collname, name, 1) \
	C(pg_collation, collnamespace, oid, 1) \
	C(pg_collation, collowner, oid, 1) \
	C(pg_collation, collprovider, char, 1) \
	C(pg_collation, collisdeterministic, bool, 1) \
	C(pg_collation, collencoding, int4, 1) \
	C(pg_collation, collcollate, text, 0) \
	C(pg_collation, collctype, text, 0) \
	C(pg_collation, colliculocale, text, 0) \
	C(pg_collation, collversion, text, 0)

#define PG_EXTENSION_COLUMNS(C) \
	C(pg_extension, oid, oid, 1) \
	C(pg_extension, extname, name, 1) \
	C(pg_extension, extowner, oid, 1) \
	C(pg_extension, extnamespace, oid, 1) \
	C(pg_extension, extrelocatable, bool, 1) \
	C(pg_extension, extversion, text, 1) \
	C(pg_extension, extconfig, _oid, 0) \
	C(pg_extension, extcondition, _text, 0)

#define PG_AVAILABLE_EXTENSIONS_COLUMNS(C) \
	C(pg_available_extensions, name, name, 0) \
	C(pg_available_extensions, default_version, text, 0) \
	C(pg_available_extensions, installed_version, text, 0) \
	C(pg_available_extensions, comment, text, 0)

#define PG_SEQUENCE_COLUMNS(C) \
	C(pg_sequence, seqrelid, oid, 1) \
	C(pg_sequence, seqtypid, oid, 1) \
	C(pg_sequence, seqstart, int8, 1) \
	C(pg_sequence, seqincrement, int8, 1) \
	C(pg_sequence, seqmax, int8, 1) \
	C(pg_sequence, seqmin, int8, 1) \
	C(pg_sequence, seqcache, int8, 1) \
	C(pg_sequence, seqcycle, bool, 1)

#define PG_DEPEND_COLUMNS(C) \
	C(pg_depend, classid, oid, 1) \
	C(pg_depend, objid, oid, 1) \
	C(pg_depend, objsubid, int4, 1) \
	C(pg_depend, refclassid, oid, 1) \
	C(pg_depend, refobjid, oid, 1) \
	C(pg_depend, refobjsubid, int4, 1) \
	C(pg_depend, deptype, char, 1)

#define PG_TRIGGER_COLUMNS(C) \
	C(pg_trigger, oid, oid, 1) \
	C(pg_trigger, tgrelid, oid, 1) \
	C(pg_trigger, tgparentid, oid, 1) \
	C(pg_trigger, tgname, name, 1) \
	C(pg_trigger, tgfoid, oid, 1) \
	C(pg_trigger, tgtype, int2, 1) \
	C(pg_trigger, tgenabled, char, 1) \
	C(pg_trigger, tgisinternal, bool, 1) \
	C(pg_trigger, tgconstrrelid, oid, 1) \
	C(pg_trigger, tgconstrindid, oid, 1) \
	C(pg_trigger, tgconstraint, oid, 1) \
	C(pg_trigger, tgdeferrable, bool, 1) \
	C(pg_trigger, tginitdeferred, bool, 1) \
	C(pg_trigger, tgnargs, int2, 1) \
	C(pg_trigger, tgattr, int2vector, 1) \
	C(pg_trigger, tgargs, bytea, 1) \
	C(pg_trigger, tgqual, pg_node_tree, 0) \
	C(pg_trigger, tgoldtable, name, 0) \
	C(pg_trigger, tgnewtable, name, 0)

#define PG_REWRITE_COLUMNS(C) \
	C(pg_rewrite, oid, oid, 1) \
	C(pg_rewrite, rulename, name, 1) \
	C(pg_rewrite, ev_class, oid, 1) \
	C(pg_rewrite, ev_type, char, 1) \
	C(pg_rewrite, ev_enabled, char, 1) \
	C(pg_rewrite, is_instead, bool, 1) \
	C(pg_rewrite, ev_qual, pg_node_tree, 1) \
	C(pg_rewrite, ev_action, pg_node_tree, 1)

#define PG_POLICY_COLUMNS(C) \
	C(pg_policy, oid, oid, 1) \
	C(pg_policy, polname, name, 1) \
	C(pg_policy, polrelid, oid, 1) \
	C(pg_policy, polcmd, char, 1) \
	C(pg_policy, polpermissive, bool, 1) \
	C(pg_policy, polroles, _oid, 1) \
	C(pg_policy, polqual, pg_node_tree, 0) \
	C(pg_policy, polwithcheck, pg_node_tree, 0)

#define PG_LANGUAGE_COLUMNS(C) \
	C(pg_language, oid, oid, 1) \
	C(pg_language, lanname, name, 1) \
	C(pg_language, lanowner, oid, 1) \
	C(pg_language, lanispl, bool, 1) \
	C(pg_language, lanpltrusted, bool, 1) \
	C(pg_language, lanplcallfoid, oid, 1) \
	C(pg_language, laninline, oid, 1) \
	C(pg_language, lanvalidator, oid, 1) \
	C(pg_language, lanacl, _aclitem, 0)

#define PG_TABLESPACE_COLUMNS(C) \
	C(pg_tablespace, oid, oid, 1) \
	C(pg_tablespace, spcname, name, 1) \
	C(pg_tablespace, spcowner, oid, 1) \
	C(pg_tablespace, spcacl, _aclitem, 0) \
	C(pg_tablespace, spcoptions, _text, 0)

#define PG_OPCLASS_COLUMNS(C) \
	C(pg_opclass, oid, oid, 1) \
	C(pg_opclass, opcmethod, oid, 1) \
	C(pg_opclass, opcname, name, 1) \
	C(pg_opclass, opcnamespace, oid, 1) \
	C(pg_opclass, opcowner, oid, 1) \
	C(pg_opclass, opcfamily, oid, 1) \
	C(pg_opclass, opcintype, oid, 1) \
	C(pg_opclass, opcdefault, bool, 1) \
	C(pg_opclass, opckeytype, oid, 1)

#define PG_STATISTIC_EXT_COLUMNS(C) \
	C(pg_statistic_ext, oid, oid, 1) \
	C(pg_statistic_ext, stxrelid, oid, 1) \
	C(pg_statistic_ext, stxname, name, 1) \
	C(pg_statistic_ext, stxnamespace, oid, 1) \
	C(pg_statistic_ext, stxowner, oid, 1) \
	C(pg_statistic_ext, stxstattarget, int4, 1) \
	C(pg_statistic_ext, stxkeys, int2vector, 1) \
	C(pg_statistic_ext, stxkind, _char, 1) \
	C(pg_statistic_ext, stxexprs, pg_node_tree, 0)

#define PG_FOREIGN_TABLE_COLUMNS(C) \
	C(pg_foreign_table, ftrelid, oid, 1) \
	C(pg_foreign_table, ftserver, oid, 1) \
	C(pg_foreign_table, ftoptions, _text, 0)

#define PG_PUBLICATION_COLUMNS(C) \
	C(pg_publication, oid, oid, 1) \
	C(pg_publication, pubname, name, 1) \
	C(pg_publication, pubowner, oid, 1) \
	C(pg_publication, puballtables, bool, 1) \
	C(pg_publication, pubinsert, bool, 1) \
	C(pg_publication, pubupdate, bool, 1) \
	C(pg_publication, pubdelete, bool, 1) \
	C(pg_publication, pubtruncate, bool, 1) \
	C(pg_publication, pubviaroot, bool, 1)

#define PG_PUBLICATION_REL_COLUMNS(C) \
	C(pg_publication_rel, oid, oid, 1) \
	C(pg_publication_rel, prpubid, oid, 1) \
	C(pg_publication_rel, prrelid, oid, 1) \
	C(pg_publication_rel, prqual, pg_node_tree, 0) \
	C(pg_publication_rel, prattrs, int2vector, 0)

#define PG_PUBLICATION_NAMESPACE_COLUMNS(C) \
	C(pg_publication_namespace, oid, oid, 1) \
	C(pg_publication_namespace, pnpubid, oid, 1) \
	C(pg_publication_namespace, pnnspid, oid, 1)

#define PG_EVENT_TRIGGER_COLUMNS(C) \
	C(pg_event_trigger, oid, oid, 1) \
	C(pg_event_trigger, evtname, name, 1) \
	C(pg_event_trigger, evtevent, name, 1) \
	C(pg_event_trigger, evtowner, oid, 1) \
	C(pg_event_trigger, evtfoid, oid, 1) \
	C(pg_event_trigger, evtenabled, char, 1) \
	C(pg_event_trigger, evttags, _text, 0)

#define IS_TABLES_COLUMNS(C) \
	C(is_tables, table_catalog, name, 0) \
	C(is_tables, table_schema, name, 0) \
	C(is_tables, table_name, name, 0) \
	C(is_tables, table_type, varchar, 0) \
	C(is_tables, self_referencing_column_name, name, 0) \
	C(is_tables, reference_generation, varchar, 0) \
	C(is_tables, user_defined_type_catalog, name, 0) \
	C(is_tables, user_defined_type_schema, name, 0) \
	C(is_tables, user_defined_type_name, name, 0) \
	C(is_tables, is_insertable_into, varchar, 0) \
	C(is_tables, is_typed, varchar, 0) \
	C(is_tables, commit_action, varchar, 0)

#define IS_COLUMNS_COLUMNS(C) \
	C(is_columns, table_catalog, name, 0) \
	C(is_columns, table_schema, name, 0) \
	C(is_columns, table_name, name, 0) \
	C(is_columns, column_name, name, 0) \
	C(is_columns, ordinal_position, int4, 0) \
	C(is_columns, column_default, varchar, 0) \
	C(is_columns, is_nullable, varchar, 0) \
	C(is_columns, data_type, varchar, 0) \
	C(is_columns, character_maximum_length, int4, 0) \
	C(is_columns, character_octet_length, int4, 0) \
	C(is_columns, numeric_precision, int4, 0) \
	C(is_columns, numeric_precision_radix, int4, 0) \
	C(is_columns, numeric_scale, int4, 0) \
	C(is_columns, datetime_precision, int4, 0) \
	C(is_columns, interval_type, varchar, 0) \
	C(is_columns, interval_precision, int4, 0) \
	C(is_columns, character_set_catalog, name, 0) \
	C(is_columns, character_set_schema, name, 0) \
	C(is_columns, character_set_name, name, 0) \
	C(is_columns, collation_catalog, name, 0) \
	C(is_columns, collation_schema, name, 0) \
	C(is_columns, collation_name, name, 0) \
	C(is_columns, domain_catalog, name, 0) \
	C(is_columns, domain_schema, name, 0) \
	C(is_columns, domain_name, name, 0) \
	C(is_columns, udt_catalog, name, 0) \
	C(is_columns, udt_schema, name, 0) \
	C(is_columns, udt_name, name, 0) \
	C(is_columns, scope_catalog, name, 0) \
	C(is_columns, scope_schema, name, 0) \
	C(is_columns, scope_name, name, 0) \
	C(is_columns, maximum_cardinality, int4, 0) \
	C(is_columns, dtd_identifier, name, 0) \
	C(is_columns, is_self_referencing, varchar, 0) \
	C(is_columns, is_identity, varchar, 0) \
	C(is_columns, identity_generation, varchar, 0) \
	C(is_columns, identity_start, varchar, 0) \
	C(is_columns, identity_increment, varchar, 0) \
	C(is_columns, identity_maximum, varchar, 0) \
	C(is_columns, identity_minimum, varchar, 0) \
	C(is_columns, identity_cycle, varchar, 0) \
	C(is_columns, is_generated, varchar, 0) \
	C(is_columns, generation_expression, varchar, 0) \
	C(is_columns, is_updatable, varchar, 0)

#define IS_SCHEMATA_COLUMNS(C) \
	C(is_schemata, catalog_name, name, 0) \
	C(is_schemata, schema_name, name, 0) \
	C(is_schemata, schema_owner, name, 0) \
	C(is_schemata, default_character_set_catalog, name, 0) \
	C(is_schemata, default_character_set_schema, name, 0) \
	C(is_schemata, default_character_set_name, name, 0) \
	C(is_schemata, sql_path, varchar, 0)

#define IS_TABLE_CONSTRAINTS_COLUMNS(C) \
	C(is_table_constraints, constraint_catalog, name, 0) \
	C(is_table_constraints, constraint_schema, name, 0) \
	C(is_table_constraints, constraint_name, name, 0) \
	C(is_table_constraints, table_catalog, name, 0) \
	C(is_table_constraints, table_schema, name, 0) \
	C(is_table_constraints, table_name, name, 0) \
	C(is_table_constraints, constraint_type, varchar, 0) \
	C(is_table_constraints, is_deferrable, varchar, 0) \
	C(is_table_constraints, initially_deferred, varchar, 0) \
	C(is_table_constraints, enforced, varchar, 0) \
	C(is_table_constraints, nulls_distinct, varchar, 0)

#define IS_KEY_COLUMN_USAGE_COLUMNS(C) \
	C(is_key_column_usage, constraint_catalog, name, 0) \
	C(is_key_column_usage, constraint_schema, name, 0) \
	C(is_key_column_usage, constraint_name, name, 0) \
	C(is_key_column_usage, table_catalog, name, 0) \
	C(is_key_column_usage, table_schema, name, 0) \
	C(is_key_column_usage, table_name, name, 0) \
	C(is_key_column_usage, column_name, name, 0) \
	C(is_key_column_usage, ordinal_position, int4, 0) \
	C(is_key_column_usage, position_in_unique_constraint, int4, 0)

#define IS_CONSTRAINT_COLUMN_USAGE_COLUMNS(C) \
	C(is_constraint_column_usage, table_catalog, name, 0) \
	C(is_constraint_column_usage, table_schema, name, 0) \
	C(is_constraint_column_usage, table_name, name, 0) \
	C(is_constraint_column_usage, column_name, name, 0) \
	C(is_constraint_column_usage, constraint_catalog, name, 0) \
	C(is_constraint_column_usage, constraint_schema, name, 0) \
	C(is_constraint_column_usage, constraint_name, name, 0)

#define IS_REFERENTIAL_CONSTRAINTS_COLUMNS(C) \
	C(is_referential_constraints, constraint_catalog, name, 0) \
	C(is_referential_constraints, constraint_schema, name, 0) \
	C(is_referential_constraints, constraint_name, name, 0) \
	C(is_referential_constraints, unique_constraint_catalog, name, 0) \
	C(is_referential_constraints, unique_constraint_schema, name, 0) \
	C(is_referential_constraints, unique_constraint_name, name, 0) \
	C(is_referential_constraints, match_option, varchar, 0) \
	C(is_referential_constraints, update_rule, varchar, 0) \
	C(is_referential_constraints, delete_rule, varchar, 0)

#define IS_SEQUENCES_COLUMNS(C) \
	C(is_sequences, sequence_catalog, name, 0) \
	C(is_sequences, sequence_schema, name, 0) \
	C(is_sequences, sequence_name, name, 0) \
	C(is_sequences, data_type, varchar, 0) \
	C(is_sequences, numeric_precision, int4, 0) \
	C(is_sequences, numeric_precision_radix, int4, 0) \
	C(is_sequences, numeric_scale, int4, 0) \
	C(is_sequences, start_value, varchar, 0) \
	C(is_sequences, minimum_value, varchar, 0) \
	C(is_sequences, maximum_value, varchar, 0) \
	C(is_sequences, increment, varchar, 0) \
	C(is_sequences, cycle_option, varchar, 0)

#define IS_VIEWS_COLUMNS(C) \
	C(is_views, table_catalog, name, 0) \
	C(is_views, table_schema, name, 0) \
	C(is_views, table_name, name, 0) \
	C(is_views, view_definition, varchar, 0) \
	C(is_views, check_option, varchar, 0) \
	C(is_views, is_updatable, varchar, 0) \
	C(is_views, is_insertable_into, varchar, 0) \
	C(is_views, is_trigger_updatable, varchar, 0) \
	C(is_views, is_trigger_deletable, varchar, 0) \
	C(is_views, is_trigger_insertable_into, varchar, 0)

#endif
