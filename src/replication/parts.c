#include "replication/parts.h"

#include "replication/apply_state.h"

static int count(struct parts *p, struct err *err)
{
	p->nrows = 0;
	return apply_state_get_int(p->conn, "SELECT count(*) FROM _nqlite_part", NULL, 0, &p->nrows, err);
}

int parts_open(struct parts *p, struct conn *conn, struct err *err)
{
	p->conn = conn;
	return count(p, err);
}

struct bytes_sink {
	struct row_sink sink;
	struct buf *bytes;
};

static enum row_verdict on_bytes_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct buf *bytes = ((struct bytes_sink *)(void *)sink)->bytes;

	if (n != 1 || (values[0].kind != VALUE_BLOB && values[0].len > 0)) {
		err_set(err, SQLSTATE_CORRUPTED, "_nqlite_part has a row that is none of ours");
		return ROW_FAIL;
	}
	buf_put(bytes, values[0].blob, values[0].len);
	if (!bytes->failed)
		return ROW_NEXT;
	err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for a batch of %zu bytes and more", bytes->len);
	return ROW_FAIL;
}

/* Are all of them there? A part of an nparts that others don't share completes nothing. */
static int is_whole(struct parts *p, const struct value *key, uint32_t nparts, bool *out, struct err *err)
{
	struct value params[] = { key[0], key[1], value_int(nparts) };
	int64_t n = 0;

	*out = false;
	if (apply_state_get_int(p->conn,
		"SELECT count(*) FROM _nqlite_part WHERE origin = ?1 AND number = ?2 AND part < ?3", params,
		3, &n, err) != 0)
		return -1;
	*out = n == (int64_t)nparts;
	return 0;
}

int parts_add(struct parts *p, const struct part_header *h, uint64_t seq, struct buf *bytes,
    bool *is_complete, struct err *err)
{
	struct value params[] = { value_blob(h->origin.bytes, ORIGIN_SIZE), value_int((int64_t)h->number),
		value_int(h->part), value_blob(h->bytes, h->len), value_int((int64_t)seq) };

	*is_complete = false;
	if (apply_state_run(p->conn,
		"INSERT INTO _nqlite_part (origin, number, part, bytes, seq) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO NOTHING",
		params, 5, NULL, err) != 0 ||
	    is_whole(p, params, h->nparts, is_complete, err) != 0)
		return -1;
	if (!*is_complete)
		return count(p, err);

	struct bytes_sink s = { .sink = { on_bytes_row }, .bytes = bytes };
	struct value key[] = { params[0], params[1], value_int(h->nparts) };
	buf_clear(bytes);
	if (apply_state_run(p->conn,
		"SELECT bytes FROM _nqlite_part WHERE origin = ?1 AND number = ?2 AND part < ?3 ORDER BY "
		"part",
		key, 3, &s.sink, err) != 0)
		return -1;
	if (apply_state_run(p->conn, "DELETE FROM _nqlite_part WHERE origin = ?1 AND number = ?2", key, 2,
		NULL, err) != 0)
		return -1;
	return count(p, err);
}

int parts_drop(struct parts *p, const struct origin *origin, uint64_t number, struct err *err)
{
	struct value params[] = { value_blob(origin->bytes, ORIGIN_SIZE), value_int((int64_t)number) };

	if (p->nrows == 0 || number == 0)
		return 0;
	if (apply_state_run(p->conn, "DELETE FROM _nqlite_part WHERE origin = ?1 AND number <= ?2", params, 2,
		NULL, err) != 0)
		return -1;
	return count(p, err);
}

int parts_drop_before(struct parts *p, uint64_t seq, struct err *err)
{
	struct value params[] = { value_int((int64_t)seq) };

	if (p->nrows == 0 || seq == 0)
		return 0;
	if (apply_state_run(p->conn, "DELETE FROM _nqlite_part WHERE seq < ?1", params, 1, NULL, err) != 0)
		return -1;
	return count(p, err);
}
