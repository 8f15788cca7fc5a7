#include "store/violations.h"

#include "store/conn_internal.h"

bool conn_has_violations(struct conn *conn)
{
	int current = 0, highest = 0;

	sqlite3_db_status(conn_sqlite(conn), SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0);
	return current != 0;
}
