#include "replication/legacy.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "replication/apply_state.h"

#define PARAMS_MAX 32766 /* SQLite's own limit */

struct legacy {
	struct executor *x;
	struct place at;
	uint64_t *nrun, *nfailed;
	struct err *err;
};

static struct value value_of_json(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING: return value_text(json_string_value(j), json_string_length(j));
	case JSON_INTEGER: return value_int(json_integer_value(j));
	case JSON_REAL: return value_float(json_real_value(j));
	case JSON_TRUE: return value_int(1);
	case JSON_FALSE: return value_int(0);
	default: return value_null();
	}
}

/* The parameters of ["SQL", ..]: an object's by name, else the array's by place. */
static void fill_params(
    struct conn *conn, const json_t *array, size_t first, struct value *params, size_t nparams)
{
	const json_t *head = json_array_get(array, first);

	if (json_is_array(head)) {
		fill_params(conn, head, 0, params, nparams);
		return;
	}
	for (size_t i = 0; i < nparams; i++) {
		const char *name = json_is_object(head) ? conn_inspected_param(conn, i + 1) : NULL;
		const json_t *j = NULL;

		if (!json_is_object(head))
			j = json_array_get(array, first + i);
		else if (name != NULL && name[0] != '\0')
			j = json_object_get(head, name + 1) != NULL ? json_object_get(head, name + 1)
								    : json_object_get(head, name);
		params[i] = j != NULL ? value_of_json(j) : value_null();
	}
}

/* One statement, the first in its text. */
static enum verdict run_one(struct legacy *l, const char *sql, size_t len, const json_t *array)
{
	struct conn *conn = l->x->conn;
	struct statement_info info;

	++*l->nrun;
	if (conn_inspect(conn, sql, len, &info, l->err) != 0) {
		if (conn_failure_is_local(conn))
			return VERDICT_LOCAL;
		++*l->nfailed;
		buf_put_byte(&l->x->outcomes, 0);
		return VERDICT_FAILED;
	}
	if (info.is_empty || info.nparams > PARAMS_MAX)
		return VERDICT_APPLIED;

	struct value *params = calloc(info.nparams + 1, sizeof(*params));
	if (params == NULL) {
		err_set(l->err, SQLSTATE_OUT_OF_MEMORY, "out of memory for %zu parameters", info.nparams);
		return VERDICT_LOCAL;
	}
	if (array != NULL)
		fill_params(conn, array, 1, params, info.nparams);
	struct query query = { .sql = sql,
		.sql_len = info.used,
		.params = params,
		.nparams = info.nparams,
		.params_outlive = true };
	enum verdict v = executor_run_query(l->x, &l->at, &query, NULL, NULL, l->err);
	free(params);
	if (v == VERDICT_APPLIED)
		v = executor_check_violations(l->x, &l->at, false, l->err);
	*l->nfailed += v == VERDICT_FAILED;
	buf_put_byte(&l->x->outcomes, v == VERDICT_APPLIED);
	return v;
}

static enum verdict run_element(struct legacy *l, const json_t *element)
{
	const json_t *text = json_is_array(element) ? json_array_get(element, 0) : element;

	if (!json_is_string(text))
		return VERDICT_APPLIED;
	return run_one(
	    l, json_string_value(text), json_string_length(text), json_is_array(element) ? element : NULL);
}

static int read_sqlite_schema(struct executor *x, int64_t *out, struct err *err)
{
	return apply_state_get_int(x->conn, "PRAGMA schema_version", NULL, 0, out, err);
}

static enum verdict run_array(struct legacy *l, const json_t *root)
{
	for (size_t i = 0; i < json_array_size(root); i++) {
		l->at.statement = (uint32_t)i;
		enum verdict v = run_element(l, json_array_get(root, i));
		if (v == VERDICT_LOCAL || v == VERDICT_LOST)
			return v;
	}
	return VERDICT_APPLIED;
}

enum verdict legacy_apply(struct executor *x, const struct log_message *m, uint64_t *schema_version,
    uint64_t *nrun, uint64_t *nfailed, struct err *err)
{
	struct legacy l = { .x = x, .at = { .seq = m->seq }, .nrun = nrun, .nfailed = nfailed, .err = err };
	struct environment env = { .now_us = m->time_us, .seed = m->seq, .ops_max = EXECUTE_OPS_MAX };
	int64_t before = 0, after = 0;
	/* The original's own decoder took any value; so deep or so wrong that it isn't JSON: no statement. */
	json_t *root = json_loadb(m->data, m->len, JSON_ALLOW_NUL, NULL);

	if (!json_is_array(root)) {
		json_decref(root);
		return VERDICT_APPLIED;
	}
	conn_set_environment(x->conn, &env);
	enum verdict v = read_sqlite_schema(x, &before, err) == 0 ? run_array(&l, root) : VERDICT_LOCAL;
	json_decref(root);
	if (v == VERDICT_APPLIED && read_sqlite_schema(x, &after, err) != 0)
		v = VERDICT_LOCAL;
	if (v == VERDICT_APPLIED && before != after)
		++*schema_version;
	return v;
}
