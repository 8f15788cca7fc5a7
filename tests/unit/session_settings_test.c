/* SET, SHOW and RESET: values, errors, and what a transaction's end does to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "session/settings.h"

static struct settings s;

static int set_up(void **state)
{
	(void)state;
	settings_init(&s);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	settings_release(&s);
	return 0;
}

static int set(const char *name, const char *value, bool is_local, struct err *err)
{
	return settings_set(&s, name, value, SET_BY_CLIENT, is_local, true, err);
}

/* The SQLSTATE where there is nothing to show. */
static const char *show(const char *name)
{
	static struct err err;
	const char *value = settings_show(&s, name, NULL, &err);

	return value == NULL ? err.sqlstate : value;
}

/* ---- values ---- */

static void values_are_shown_as_postgresql_shows_them(void **state)
{
	/* An SQLSTATE in place of what is shown: it is refused. */
	static const struct {
		const char *name, *value, *shown;
	} cases[] = {
		{ "enable_seqscan", "on", "on" },
		{ "enable_seqscan", "OFF", "off" },
		{ "enable_seqscan", "of", "off" },
		{ "enable_seqscan", "o", "22023" },
		{ "enable_seqscan", "t", "on" },
		{ "enable_seqscan", "fal", "off" },
		{ "enable_seqscan", "y", "on" },
		{ "enable_seqscan", "no", "off" },
		{ "enable_seqscan", "1", "on" },
		{ "enable_seqscan", "0", "off" },
		{ "enable_seqscan", "", "22023" },
		{ "enable_seqscan", "offf", "22023" },
		{ "enable_seqscan", "2", "22023" },

		{ "statement_timeout", "0", "0" },
		{ "statement_timeout", "1", "1ms" },
		{ "statement_timeout", "1500", "1500ms" },
		{ "statement_timeout", "2000", "2s" },
		{ "statement_timeout", "60000", "1min" },
		{ "statement_timeout", "1.5s", "1500ms" },
		{ "statement_timeout", "90 s", "90s" },
		{ "statement_timeout", "2h", "2h" },
		{ "statement_timeout", "1d", "1d" },
		{ "statement_timeout", "2500us", "2ms" },
		{ "statement_timeout", "-1", "22023" },
		{ "statement_timeout", "30d", "22023" },
		{ "statement_timeout", "5 parsecs", "22023" },
		{ "statement_timeout", "5S", "22023" },
		{ "statement_timeout", "", "22023" },
		{ "statement_timeout", "nan", "22023" },
		{ "lock_timeout", "3s", "3s" },

		{ "extra_float_digits", "3", "3" },
		{ "extra_float_digits", "-15", "-15" },
		{ "extra_float_digits", "4", "22023" },
		{ "extra_float_digits", "-16", "22023" },
		{ "extra_float_digits", "2s", "22023" },

		{ "client_encoding", "utf8", "UTF8" },
		{ "client_encoding", "UTF-8", "UTF8" },
		{ "client_encoding", "'utf-8'", "UTF8" },
		{ "client_encoding", "\"Unicode\"", "UTF8" },
		{ "client_encoding", "utf_8", "UTF8" },
		{ "client_encoding", "sql_ascii", "SQL_ASCII" },
		{ "client_encoding", "latin1", "22023" },
		{ "client_encoding", "utf8utf8utf8utf8utf8", "22023" },

		{ "datestyle", "ISO", "ISO, MDY" },
		{ "datestyle", "iso, dmy", "ISO, DMY" },
		{ "datestyle", "ymd", "ISO, YMD" },
		{ "datestyle", "European", "ISO, DMY" },
		{ "datestyle", "US", "ISO, MDY" },
		{ "datestyle", "default", "ISO, MDY" },
		{ "datestyle", "SQL", "22023" },
		{ "datestyle", "German", "22023" },
		{ "datestyle", "Postgres, DMY", "22023" },
		{ "datestyle", "isodmy", "22023" },
		{ "datestyle", "iso,", "22023" },
		{ "datestyle", "", "22023" },

		{ "bytea_output", "ESCAPE", "escape" },
		{ "bytea_output", "base64", "22023" },
		{ "intervalstyle", "sql_standard", "sql_standard" },
		{ "default_transaction_isolation", "Serializable", "serializable" },
		{ "default_transaction_isolation", "repeatable read", "repeatable read" },
		{ "default_transaction_isolation", "repeatable", "22023" },
		{ "client_min_messages", "warning", "warning" },
		{ "client_min_messages", "loud", "22023" },
		{ "synchronous_commit", "remote_apply", "remote_apply" },
		{ "synchronous_commit", "yes", "on" },
		{ "application_name", "any thing", "any thing" },
		{ "search_path", "\"$user\", public", "\"$user\", public" },

		{ "server_version", "16", "55P02" },
		{ "is_superuser", "off", "55P02" },
		{ "integer_datetimes", "off", "55P02" },
		{ "data_directory", "/", "55P02" },
		{ "nosuch", "1", "42704" },
		{ "", "1", "42704" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err;
		int rc = settings_set(&s, cases[i].name, cases[i].value, SET_BY_CLIENT, false, false, &err);
		const char *got = rc == 0 ? show(cases[i].name) : err.sqlstate;
		if (strcmp(got, cases[i].shown) != 0)
			fail_msg("%s = '%s': expected %s, got %s", cases[i].name, cases[i].value,
			    cases[i].shown, got);
		settings_set(&s, cases[i].name, NULL, SET_BY_CLIENT, false, false, &err);
	}
}

static void a_refused_value_changes_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(set("statement_timeout", "5s", false, &err), 0);
	assert_int_equal(set("statement_timeout", "soon", false, &err), -1);
	assert_string_equal(err.message, "invalid value for parameter \"statement_timeout\": \"soon\"");
	assert_string_equal(show("statement_timeout"), "5s");
	assert_int_equal(settings_get_ms(&s, SETTING_STATEMENT_TIMEOUT), 5000);
}

static void names_are_found_whatever_their_case(void **state)
{
	const char *canonical;
	struct err err;

	(void)state;
	assert_string_equal(settings_show(&s, "timezone", &canonical, &err), "UTC");
	assert_string_equal(canonical, "TimeZone");
	assert_string_equal(show("nosuch"), "42704");
	/* An extension's own: taken and not kept. */
	assert_int_equal(set("some.thing", "1", false, &err), 0);
}

static void datestyle_keeps_what_is_not_said(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(set("DateStyle", "DMY", false, &err), 0);
	assert_int_equal(set("DateStyle", "ISO", false, &err), 0);
	assert_string_equal(show("DateStyle"), "ISO, DMY");
}

static void reset_goes_back_to_what_the_startup_said(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(settings_set(&s, "application_name", "mine", SET_BY_STARTUP, false, false, &err), 0);
	assert_int_equal(set("application_name", "other", false, &err), 0);
	assert_int_equal(set("bytea_output", "escape", false, &err), 0);
	settings_end_transaction(&s, true);
	assert_int_equal(settings_reset_all(&s, false, &err), 0);
	assert_string_equal(show("application_name"), "mine");
	assert_string_equal(show("bytea_output"), "hex");
}

static void show_all_has_every_row_once(void **state)
{
	const char *name, *value, *description;
	size_t n = 0;

	(void)state;
	for (; settings_row(&s, n, &name, &value, &description); n++) {
		assert_true(name[0] != '\0' && description[0] != '\0');
		assert_string_equal(show(name), value);
	}
	assert_true(n > 50 && n <= SETTINGS_MAX);
}

/* ---- transactions: as on PostgreSQL ---- */

/* Steps, blank-separated: s=V SET, l=V SET LOCAL, r RESET, m mark, w rewind to the mark, c commit, a abort. */
static void run_steps(const char *steps)
{
	char value[2] = "";
	void *mark = NULL;
	struct err err;

	for (const char *p = steps; *p != '\0'; p++) {
		switch (*p) {
		case 's':
		case 'l':
			value[0] = p[2];
			assert_int_equal(set("application_name", value, *p == 'l', &err), 0);
			p += 2;
			break;
		case 'r': assert_int_equal(set("application_name", NULL, false, &err), 0); break;
		case 'm': mark = settings_mark(&s); break;
		case 'w': settings_rewind(&s, mark); break;
		case 'c': settings_end_transaction(&s, true); break;
		case 'a': settings_end_transaction(&s, false); break;
		default: break;
		}
	}
}

static void transactions_undo_what_they_set(void **state)
{
	static const struct {
		const char *steps, *value;
	} cases[] = {
		{ "s=1 c", "1" },
		{ "s=1 a", "" },
		{ "l=1", "1" },
		{ "l=1 c", "" },
		{ "l=1 a", "" },
		{ "s=1 c s=2 a", "1" },
		{ "s=1 c l=2 c", "1" },
		{ "s=1 l=2", "2" },
		{ "s=1 l=2 c", "1" },
		{ "l=1 s=2 c", "2" },
		{ "l=1 s=2 a", "" },
		{ "s=1 l=2 l=3 c", "1" },
		{ "s=1 l=2 s=3 l=4 c", "3" },
		{ "s=1 c r a", "1" },
		{ "s=1 c r c", "" },
		{ "s=1 m s=2 w", "1" },
		{ "s=1 m s=2 w c", "1" },
		{ "m s=1 l=2 w c", "" },
		{ "s=1 m l=2 w l=3 c", "1" },
		{ "s=1 m s=2 w s=3 w a", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(state);
		run_steps(cases[i].steps);
		if (strcmp(show("application_name"), cases[i].value) != 0)
			fail_msg("%s: expected '%s', got '%s'", cases[i].steps, cases[i].value,
			    show("application_name"));
		tear_down(state);
	}
}

static void set_local_needs_a_transaction(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(settings_set(&s, "application_name", "x", SET_BY_CLIENT, true, false, &err), 0);
	assert_string_equal(show("application_name"), "");
}

/* ---- reports ---- */

static bool reports(const struct buf *out, const char *name, const char *value)
{
	char pair[80];
	int n = snprintf(pair, sizeof(pair), "%s%c%s", name, '\0', value) + 1;

	return out->len > 0 && memmem(out->data, out->len, pair, (size_t)n) != NULL;
}

static size_t count_reports(const struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < out->len; n++) {
		assert_int_equal(out->data[i], 'S');
		i += 1 + ((size_t)out->data[i + 3] << 8 | out->data[i + 4]);
	}
	return n;
}

static void changes_are_reported_once(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 65536);
	settings_report(&s, &out, true);
	assert_int_equal(count_reports(&out), 13);
	assert_true(reports(&out, "standard_conforming_strings", "on"));
	assert_true(reports(&out, "TimeZone", "UTC"));
	buf_clear(&out);
	settings_report(&s, &out, false);
	assert_int_equal(out.len, 0);
	assert_int_equal(set("application_name", "x", false, &err), 0);
	assert_int_equal(set("work_mem", "8MB", false, &err), 0);
	settings_report(&s, &out, false);
	assert_int_equal(count_reports(&out), 1);
	assert_true(reports(&out, "application_name", "x"));
	buf_clear(&out);
	settings_report(&s, &out, false);
	assert_int_equal(out.len, 0);
	settings_end_transaction(&s, false);
	settings_report(&s, &out, false);
	assert_true(reports(&out, "application_name", ""));
	buf_release(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(values_are_shown_as_postgresql_shows_them),
		TEST(a_refused_value_changes_nothing),
		TEST(names_are_found_whatever_their_case),
		TEST(datestyle_keeps_what_is_not_said),
		TEST(reset_goes_back_to_what_the_startup_said),
		TEST(show_all_has_every_row_once),
		cmocka_unit_test(transactions_undo_what_they_set),
		TEST(set_local_needs_a_transaction),
		TEST(changes_are_reported_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
