#include <string.h>

#include "sql/statement.h"

/* BEGIN's and SET TRANSACTION's modes. */
static void read_modes(struct pass *p, PgQuery__Node **options, size_t n, struct translation *t)
{
	t->transaction.read_only = t->transaction.deferrable = -1;
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *option = options[i]->def_elem;

		if (strcmp(option->defname, "transaction_isolation") == 0)
			t->transaction.isolation = option_text(p, option);
		else if (strcmp(option->defname, "transaction_read_only") == 0)
			t->transaction.read_only = option_boolean(p, option);
		else if (strcmp(option->defname, "transaction_deferrable") == 0)
			t->transaction.deferrable = option_boolean(p, option);
		else
			pass_refuse(p, option->location, option->defname);
	}
}

static void end_transaction(
    struct translation *t, enum statement_kind kind, const char *tag, const PgQuery__TransactionStmt *s)
{
	t->kind = kind;
	t->tag = tag;
	t->transaction.read_only = t->transaction.deferrable = -1;
	t->transaction.chain = s->chain;
}

static void named(struct translation *t, enum statement_kind kind, const char *tag, const char *name)
{
	t->kind = kind;
	t->tag = tag;
	t->name = name;
}

void translate_transaction(struct pass *p, const PgQuery__TransactionStmt *s, struct translation *t)
{
	switch (s->kind) {
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
		t->kind = STATEMENT_BEGIN;
		t->tag = s->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN ? "BEGIN"
										      : "START TRANSACTION";
		read_modes(p, s->options, s->n_options, t);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
		end_transaction(t, STATEMENT_COMMIT, "COMMIT", s);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
		end_transaction(t, STATEMENT_ROLLBACK, "ROLLBACK", s);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
		named(t, STATEMENT_SAVEPOINT, "SAVEPOINT", s->savepoint_name);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
		named(t, STATEMENT_RELEASE, "RELEASE", s->savepoint_name);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
		named(t, STATEMENT_ROLLBACK_TO, "ROLLBACK", s->savepoint_name);
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE: pass_refuse(p, -1, "PREPARE TRANSACTION");
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
		pass_refuse(p, -1, "COMMIT PREPARED");
	default: pass_refuse(p, -1, "ROLLBACK PREPARED");
	}
}

void translate_set_transaction(struct pass *p, const PgQuery__VariableSetStmt *s, struct translation *t)
{
	if (strcmp(s->name, "TRANSACTION SNAPSHOT") == 0)
		pass_refuse(p, -1, "SET TRANSACTION SNAPSHOT");
	t->kind = STATEMENT_SET_TRANSACTION;
	t->tag = "SET";
	t->transaction.is_session_default = strcmp(s->name, "SESSION CHARACTERISTICS") == 0;
	read_modes(p, s->args, s->n_args, t);
}
