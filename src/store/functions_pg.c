#include "store/functions_pg.h"

const struct sql_function functions_pg[] = {
	{ .name = NULL },
};

const struct sql_collation collations_pg[] = {
	{ .name = NULL },
};
