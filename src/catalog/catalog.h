/* catalog.h - the schema in PostgreSQL's terms, as one immutable state.
 *
 * Owns:     relations, columns, constraints and indexes of one schema version, in one arena.
 * Runs on:  loading: the thread of the connection; everything else: any thread (immutable, counted references).
 * Promises: what SQLite's own schema holds is there, also when it was made in SQLite's dialect over HTTP: then types come from the
 *           declared types. What the _nqlite_ tables add (exact types, names, oids) is used only where it fits the SQLite schema.
 * Fails by: struct err.
 *
 * The tables (replicated, written by the DDL emitter's internal steps, in the entry that changes the schema):
 *
 *   _nqlite_class      (oid INTEGER PRIMARY KEY, schema TEXT, name TEXT, kind TEXT, sqlite_name TEXT, UNIQUE (schema, name))
 *   _nqlite_attribute  (class INTEGER, attnum INTEGER, name TEXT, type INTEGER, typmod INTEGER, not_null INTEGER, declared TEXT,
 *                       default_pg TEXT, identity TEXT, PRIMARY KEY (class, attnum)) WITHOUT ROWID
 *                       declared: the type in SQLite's CREATE TABLE; a row whose column is gone or declared otherwise is void
 *   _nqlite_constraint (oid INTEGER PRIMARY KEY, class INTEGER, name TEXT, kind TEXT, attnums TEXT (JSON array), definition TEXT,
 *                       sqlite_index TEXT, UNIQUE (class, name))
 *   _nqlite_state      (key TEXT PRIMARY KEY, value) WITHOUT ROWID: schema_version, next_oid (from 16384), and the applier's rows
 *   _nqlite_sequence   (name TEXT PRIMARY KEY, class INTEGER, start, increment, min, max, last_value, is_called, cycle) WITHOUT ROWID
 *
 * A new oid is drawn inside the entry with the SQL function nq_new_oid(), which counts _nqlite_state.next_oid up: the same on
 * every node. */
#ifndef NQLITE_CATALOG_CATALOG_H
#define NQLITE_CATALOG_CATALOG_H

#include "sql/schema.h"
#include "store/conn.h"
#include "store/virtual_table.h"

struct catalog {
	struct schema schema; /* first: a catalog is a schema */
	/* private */
	struct catalog_data *data;
};

/* Creates the _nqlite_ tables where they are missing; in the writer's open transaction. */
int catalog_create_tables(struct conn *writer, struct err *err);

/* Reads the state that the connection sees, of the given version (_nqlite_state.schema_version). *out has one reference. */
int catalog_load(struct conn *conn, const struct catalog **out, struct err *err);

const struct catalog *catalog_ref(const struct catalog *c);
void catalog_unref(const struct catalog *c);

/* The virtual tables of pg_catalog and information_schema, NULL-terminated; their context is a const struct catalog *. */
extern const struct table_source *const catalog_tables[];

/* Says a constraint failure as PostgreSQL does: err comes from store with SQLSTATE, table and columns as SQLite names them;
 * gets the constraint's name, and the sentence ('duplicate key value violates unique constraint "t_pkey"'). */
void catalog_explain_error(const struct catalog *c, struct err *err);

/* All relations, for listings. */
size_t catalog_relations(const struct catalog *c, const struct relation *const **out);

#endif
