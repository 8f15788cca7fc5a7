/* The system catalogs of what nqlite has none of: clients ask, and the answer is no rows. */
#include "catalog/system.h"

PG_CATALOG_TABLE(pg_auth_members, PG_AUTH_MEMBERS_COLUMNS, 1261, system_no_rows);
PG_CATALOG_VIEW(pg_available_extensions, PG_AVAILABLE_EXTENSIONS_COLUMNS, 12081, system_no_rows);
PG_CATALOG_TABLE(pg_depend, PG_DEPEND_COLUMNS, 2608, system_no_rows);
PG_CATALOG_TABLE(pg_description, PG_DESCRIPTION_COLUMNS, 2609, system_no_rows);
PG_CATALOG_TABLE(pg_enum, PG_ENUM_COLUMNS, 3501, system_no_rows);
PG_CATALOG_TABLE(pg_event_trigger, PG_EVENT_TRIGGER_COLUMNS, 3466, system_no_rows);
PG_CATALOG_TABLE(pg_extension, PG_EXTENSION_COLUMNS, 3079, system_no_rows);
PG_CATALOG_TABLE(pg_foreign_table, PG_FOREIGN_TABLE_COLUMNS, 3118, system_no_rows);
PG_CATALOG_TABLE(pg_inherits, PG_INHERITS_COLUMNS, 2611, system_no_rows);
PG_CATALOG_TABLE(pg_language, PG_LANGUAGE_COLUMNS, 2612, system_no_rows);
PG_CATALOG_VIEW(pg_matviews, PG_MATVIEWS_COLUMNS, 12038, system_no_rows);
PG_CATALOG_TABLE(pg_opclass, PG_OPCLASS_COLUMNS, 2616, system_no_rows);
PG_CATALOG_TABLE(pg_partitioned_table, PG_PARTITIONED_TABLE_COLUMNS, 3350, system_no_rows);
PG_CATALOG_TABLE(pg_policy, PG_POLICY_COLUMNS, 3256, system_no_rows);
PG_CATALOG_TABLE(pg_proc, PG_PROC_COLUMNS, 1255, system_no_rows);
PG_CATALOG_TABLE(pg_publication, PG_PUBLICATION_COLUMNS, 6104, system_no_rows);
PG_CATALOG_TABLE(pg_publication_namespace, PG_PUBLICATION_NAMESPACE_COLUMNS, 6237, system_no_rows);
PG_CATALOG_TABLE(pg_publication_rel, PG_PUBLICATION_REL_COLUMNS, 6106, system_no_rows);
PG_CATALOG_TABLE(pg_range, PG_RANGE_COLUMNS, 3541, system_no_rows);
PG_CATALOG_TABLE(pg_rewrite, PG_REWRITE_COLUMNS, 2618, system_no_rows);
PG_CATALOG_TABLE(pg_shdescription, PG_SHDESCRIPTION_COLUMNS, 2396, system_no_rows);
PG_CATALOG_TABLE(pg_statistic_ext, PG_STATISTIC_EXT_COLUMNS, 3381, system_no_rows);
PG_CATALOG_TABLE(pg_trigger, PG_TRIGGER_COLUMNS, 2620, system_no_rows);
