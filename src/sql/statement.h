/* statement.h - the statements that aren't queries, by subject; for this folder's own files.
 *
 * Owns:     nothing.
 * Runs on:  the translator's thread, inside a pass.
 * Promises: each fills the translation as translate.h says; what isn't accepted is refused with 0A000.
 * Fails by: pass_fail. */
#ifndef NQLITE_SQL_STATEMENT_H
#define NQLITE_SQL_STATEMENT_H

#include "sql/pass.h"

/* utility.c */
void translate_set(struct pass *p, const PgQuery__VariableSetStmt *s, struct translation *t);
void translate_show(struct pass *p, const PgQuery__VariableShowStmt *s, struct translation *t);
void translate_prepare(struct pass *p, const PgQuery__PrepareStmt *s, struct translation *t);
void translate_execute(struct pass *p, const PgQuery__ExecuteStmt *s, struct translation *t);
void translate_deallocate(struct pass *p, const PgQuery__DeallocateStmt *s, struct translation *t);
void translate_discard(struct pass *p, const PgQuery__DiscardStmt *s, struct translation *t);
void translate_vacuum(struct pass *p, const PgQuery__VacuumStmt *s, struct translation *t);
void translate_lock(struct pass *p, const PgQuery__LockStmt *s, struct translation *t);

/* transaction.c */
void translate_transaction(struct pass *p, const PgQuery__TransactionStmt *s, struct translation *t);
/* SET TRANSACTION, SET SESSION CHARACTERISTICS. */
void translate_set_transaction(struct pass *p, const PgQuery__VariableSetStmt *s, struct translation *t);

/* explain.c */
void translate_explain(struct pass *p, const PgQuery__ExplainStmt *s, struct translation *t);

/* copy.c */
void translate_copy(struct pass *p, const PgQuery__CopyStmt *s, struct translation *t);

/* dml.c */
void translate_truncate(struct pass *p, const PgQuery__TruncateStmt *s, struct translation *t);

/* ddl*.c */
void translate_create_table(struct pass *p, const PgQuery__CreateStmt *s, struct translation *t);
void translate_create_table_as(struct pass *p, const PgQuery__CreateTableAsStmt *s, struct translation *t);
void translate_drop(struct pass *p, const PgQuery__DropStmt *s, struct translation *t);
void translate_create_index(struct pass *p, const PgQuery__IndexStmt *s, struct translation *t);
void translate_create_view(struct pass *p, const PgQuery__ViewStmt *s, struct translation *t);
void translate_alter_table(struct pass *p, const PgQuery__AlterTableStmt *s, struct translation *t);
void translate_rename(struct pass *p, const PgQuery__RenameStmt *s, struct translation *t);

/* ---- what they share ---- */

/* The value of an option: its string, or a number as text; NULL: it has none. */
const char *option_text(struct pass *p, const PgQuery__DefElem *option);
/* A boolean option as PostgreSQL's defGetBoolean reads it: without a value it is true. 42601 for anything else. */
bool option_boolean(struct pass *p, const PgQuery__DefElem *option);
/* A constant as type input would be given it; *is_null for NULL. NULL: it is no constant. */
const char *constant_text(struct pass *p, const PgQuery__Node *node, bool *is_null);
/* A NOTICE to send with the answer. */
void add_notice(struct pass *p, struct translation *t, const char *text);

/* Bytes that the text of one step may have. */
#define SQL_MAX ((size_t)1 << 28)

#endif
