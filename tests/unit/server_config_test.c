/* Options: where they come from, which wins, and what is said of a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"

#define ARGS_MAX 16

static struct config config;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	err_clear(&err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	config_release(&config);
	unsetenv("NQLITE_TOKEN");
	unsetenv("NQLITE_LOG_LEVEL");
	unsetenv("NQLITE_PG_LISTEN");
	unsetenv("NQLITE_INSECURE");
	return 0;
}

/* Reads a command line given as words. */
static enum config_answer read_words(const char *const *words)
{
	static char name[] = "nqlite";
	char *argv[ARGS_MAX] = { name };
	int n = 1;

	config_release(&config);
	for (; words[n - 1] != NULL; n++) {
		assert_true(n < ARGS_MAX - 1);
		argv[n] = strdup(words[n - 1]);
	}
	enum config_answer answer = config_read(&config, n, argv, &err);
	for (int i = 1; i < n; i++)
		free(argv[i]);
	return answer;
}

#define READ(...) read_words((const char *const[]){ __VA_ARGS__, NULL })

static void defaults_are_what_the_help_says(void **state)
{
	(void)state;
	assert_int_equal(read_words((const char *const[]){ NULL }), CONFIG_RUN);
	assert_string_equal(config.data_dir, "./nqlite-data");
	assert_string_equal(config.pg_listen.host, "127.0.0.1");
	assert_int_equal(config.pg_listen.port, 5432);
	assert_int_equal(config.http_listen.port, 4001);
	assert_null(config.nats_host);
	assert_false(config.insecure);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config.write_wait_ms, 10000);
	assert_int_equal(config.entry_bytes_max, 256 << 20);
}

static void options_are_read_with_and_without_an_equals_sign(void **state)
{
	(void)state;
	assert_int_equal(
	    READ("--data-dir", "/x", "--pg-listen=[::1]:6000", "--http-listen", "localhost:0",
		"--write-wait=1m", "--entry-bytes-max", "64kB", "--log-level", "debug", "--insecure"),
	    CONFIG_RUN);
	assert_string_equal(config.data_dir, "/x");
	assert_string_equal(config.pg_listen.host, "::1");
	assert_int_equal(config.pg_listen.port, 6000);
	assert_int_equal(config.http_listen.port, 0);
	assert_int_equal(config.write_wait_ms, 60000);
	assert_int_equal(config.entry_bytes_max, 65536);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_true(config.insecure);
	assert_int_equal(READ("--pg-listen", "/run/nqlite:5433"), CONFIG_RUN);
	assert_string_equal(config.pg_listen.host, "/run/nqlite");
	assert_int_equal(READ("--insecure=off"), CONFIG_RUN);
	assert_false(config.insecure);
}

static void help_and_version_are_answers(void **state)
{
	(void)state;
	assert_int_equal(READ("--help"), CONFIG_HELP);
	assert_int_equal(READ("-h"), CONFIG_HELP);
	assert_int_equal(READ("--data-dir", "x", "--version"), CONFIG_VERSION);
}

static void a_wrong_option_is_said_in_a_sentence(void **state)
{
	static const struct {
		const char *words[5];
		const char *message;
	} cases[] = {
		{ { "--nosuch" }, "unknown option \"nosuch\" (nqlite --help lists all)" },
		{ { "--nosuch=1" }, "unknown option \"nosuch\" (nqlite --help lists all)" },
		{ { "stray" }, "unknown option \"stray\" (nqlite --help lists all)" },
		{ { "-x" }, "unknown option \"-x\" (nqlite --help lists all)" },
		{ { "" }, "unknown option \"\" (nqlite --help lists all)" },
		{ { "--" }, "unknown option \"\" (nqlite --help lists all)" },
		{ { "--data-dir" }, "--data-dir needs a value: DIR" },
		{ { "--data-dir", "" }, "--data-dir: the value is empty" },
		{ { "--pg-listen", "5432" }, "--pg-listen: \"5432\" is not HOST:PORT" },
		{ { "--pg-listen", ":5432" }, "--pg-listen: \":5432\" is not HOST:PORT" },
		{ { "--pg-listen", "h:" }, "--pg-listen: \"h:\" is not HOST:PORT" },
		{ { "--pg-listen", "h:1x" },
		    "--pg-listen: \"h:1x\" is not HOST:PORT with a port up to 65535" },
		{ { "--pg-listen", "h:65536" },
		    "--pg-listen: \"h:65536\" is not HOST:PORT with a port up to 65535" },
		{ { "--pg-listen", "h:-1" }, "--pg-listen: \"h:-1\" is not HOST:PORT" },
		{ { "--write-wait", "10" },
		    "--write-wait: \"10\" is not a duration such as 500ms, 10s, 5m, 2h" },
		{ { "--write-wait", "0s" }, "--write-wait: \"0s\" is out of range" },
		{ { "--write-wait", "999999999999999d" },
		    "--write-wait: \"999999999999999d\" is out of range" },
		{ { "--write-wait", "99999999999999999999s" },
		    "--write-wait: \"99999999999999999999s\" is not a duration such as 500ms, 10s, 5m, 2h" },
		{ { "--max-connections", "-1" }, "--max-connections: \"-1\" is out of range" },
		{ { "--max-connections", "many" }, "--max-connections: \"many\" is not a number" },
		{ { "--entry-bytes-max", "1TB" },
		    "--entry-bytes-max: \"1TB\" is not a size such as 65536, 512kB, 256MB, 1GB" },
		{ { "--entry-bytes-max", "2GB" }, "--entry-bytes-max: \"2GB\" is out of range" },
		{ { "--log-level", "loud" }, "--log-level: \"loud\" is not error, warning, info or debug" },
		{ { "--insecure=maybe" }, "--insecure: \"maybe\" is not true or false" },
		{ { "--http-shape", "square" }, "--http-shape: \"square\" is not both nqlite rqlite" },
		{ { "--nats-host", "nats://h", "--creds", "f", "--token=t" },
		    "--creds and --token exclude each other" },
		{ { "--creds", "f" }, "--creds needs --nats-host" },
		{ { "--token", "t" }, "--token needs --nats-host" },
		{ { "--config", "/nosuch/file" }, "--config: open /nosuch/file: No such file or directory" },
		{ { "--snapshot-interval", "2h" },
		    "--snapshot-interval is not available in version " NQLITE_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *words[6] = { NULL };
		memcpy(words, cases[i].words, sizeof(cases[i].words));
		assert_int_equal(read_words(words), CONFIG_WRONG);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void listening_for_everybody_must_be_wanted(void **state)
{
	static const char *const open[] = { "0.0.0.0:5432", "[::]:5432", "192.168.1.1:1", "db.example:1",
		"128.0.0.1:1" };
	static const char *const closed[] = { "127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1",
		"/tmp:1" };

	(void)state;
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		assert_int_equal(READ("--pg-listen", open[i]), CONFIG_WRONG);
		assert_non_null(strstr(err.message, "--insecure"));
		assert_int_equal(READ("--http-listen", open[i]), CONFIG_WRONG);
		assert_int_equal(READ("--pg-listen", open[i], "--insecure"), CONFIG_RUN);
	}
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		assert_int_equal(READ("--pg-listen", closed[i]), CONFIG_RUN);
}

/* ---- several sources ---- */

static char path[] = "/tmp/nqlite-config-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_file(void **state)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	return set_up(state);
}

static int remove_file(void **state)
{
	unlink(path);
	return tear_down(state);
}

static void the_command_line_wins_over_environment_and_file(void **state)
{
	(void)state;
	write_file("log-level = error\npg-listen = 127.0.0.3:3\nwrite-wait=3s\n");
	setenv("NQLITE_LOG_LEVEL", "warning", 1);
	setenv("NQLITE_PG_LISTEN", "127.0.0.2:2", 1);
	assert_int_equal(READ("--config", path, "--log-level", "debug"), CONFIG_RUN);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config.pg_listen.port, 2);
	assert_int_equal(config.write_wait_ms, 3000);
}

static void the_last_of_one_source_wins(void **state)
{
	(void)state;
	write_file("write-wait = 3s\nwrite-wait = 4s\n");
	assert_int_equal(READ("--config", path, "--loops=1", "--loops", "2"), CONFIG_RUN);
	assert_int_equal(config.loops, 2);
	assert_int_equal(config.write_wait_ms, 4000);
}

static void a_file_has_blanks_and_comments(void **state)
{
	(void)state;
	write_file(
	    "# a comment\n\n   data-dir =  /with blanks/in it  \n\tinsecure = true\r\n http-shape=rqlite");
	assert_int_equal(READ("--config", path), CONFIG_RUN);
	assert_string_equal(config.data_dir, "/with blanks/in it");
	assert_true(config.insecure);
	assert_string_equal(config.http_shape, "rqlite");
}

static void a_wrong_line_is_named(void **state)
{
	static const struct {
		const char *text, *end;
	} cases[] = {
		{ "\nnosuch = 1\n", ":2: unknown option \"nosuch\" (nqlite --help lists all)" },
		{ "data-dir\n", ":1: expected name = value" },
		{ "# c\n\nloops = x\n", ":3: --loops: \"x\" is not a number" },
		{ "token =\n", ":1: --token: the value is empty" },
		{ "snapshot-threshold = 5\n",
		    ":1: --snapshot-threshold is not available in version " NQLITE_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[256];
		write_file(cases[i].text);
		snprintf(expected, sizeof(expected), "%s%s", path, cases[i].end);
		assert_int_equal(READ("--config", path), CONFIG_WRONG);
		assert_string_equal(err.message, expected);
	}
}

static void a_line_of_any_length_is_one_line(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "# ", 2);
	memcpy(text + sizeof(text) - 12, "\nloops = 3\n", 11);
	write_file(text);
	assert_int_equal(READ("--config", path), CONFIG_RUN);
	assert_int_equal(config.loops, 3);
	memcpy(text, "token=", 6);
	write_file(text);
	assert_int_equal(READ("--config", path, "--nats-host", "nats://h"), CONFIG_RUN);
	assert_int_equal(strlen(config.token), sizeof(text) - 12 - 6);
}

static void a_value_overruled_is_checked_all_the_same(void **state)
{
	(void)state;
	setenv("NQLITE_LOG_LEVEL", "loud", 1);
	assert_int_equal(READ("--log-level", "info"), CONFIG_WRONG);
	assert_string_equal(
	    err.message, "NQLITE_LOG_LEVEL: --log-level: \"loud\" is not error, warning, info or debug");
}

static void the_environment_alone_is_enough(void **state)
{
	(void)state;
	setenv("NQLITE_INSECURE", "1", 1);
	setenv("NQLITE_PG_LISTEN", "0.0.0.0:7", 1);
	assert_int_equal(read_words((const char *const[]){ NULL }), CONFIG_RUN);
	assert_int_equal(config.pg_listen.port, 7);
}

#define TEST(f)      cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(defaults_are_what_the_help_says),
		TEST(options_are_read_with_and_without_an_equals_sign),
		TEST(help_and_version_are_answers),
		TEST(a_wrong_option_is_said_in_a_sentence),
		TEST(listening_for_everybody_must_be_wanted),
		FILE_TEST(the_command_line_wins_over_environment_and_file),
		FILE_TEST(the_last_of_one_source_wins),
		FILE_TEST(a_file_has_blanks_and_comments),
		FILE_TEST(a_wrong_line_is_named),
		FILE_TEST(a_line_of_any_length_is_one_line),
		TEST(a_value_overruled_is_checked_all_the_same),
		TEST(the_environment_alone_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
