#include "server/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
	OPTION_TEXT,
	OPTION_ADDRESS,
	OPTION_DURATION,
	OPTION_COUNT,
	OPTION_BYTES,
	OPTION_LEVEL,
	OPTION_FLAG,
	OPTION_CHOICE
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset; /* in struct config */
	const char *initial;
	const char *argument;
	const char *help;
	int64_t least, most; /* OPTION_COUNT, OPTION_BYTES, OPTION_DURATION (ms) */
	const char *choices; /* OPTION_CHOICE */
};

#define AT(field) offsetof(struct config, field)

static const struct option options[] = {
	{ "data-dir", OPTION_TEXT, AT(data_dir), "./nqlite-data", "DIR",
	    "where the database lives: DIR/nqlite/nqlite.db; \":memory:\" keeps nothing", 0, 0, NULL },
	{ "pg-listen", OPTION_ADDRESS, AT(pg_listen), "127.0.0.1:5432", "HOST:PORT",
	    "PostgreSQL clients; a HOST that is a path is a directory for a unix socket", 0, 0, NULL },
	{ "http-listen", OPTION_ADDRESS, AT(http_listen), "127.0.0.1:4001", "HOST:PORT", "HTTP clients", 0, 0,
	    NULL },
	{ "nats-host", OPTION_TEXT, AT(nats_host), NULL, "URL[,URL..]",
	    "the cluster's NATS servers; without it: embedded, one node", 0, 0, NULL },
	{ "creds", OPTION_TEXT, AT(creds), NULL, "FILE", "NATS credentials file", 0, 0, NULL },
	{ "token", OPTION_TEXT, AT(token), NULL, "T", "NATS token", 0, 0, NULL },
	{ "http-shape", OPTION_CHOICE, AT(http_shape), "both", "SHAPE",
	    "of /db/query's answers: both, nqlite or rqlite", 0, 0, "both nqlite rqlite" },
	{ "write-wait", OPTION_DURATION, AT(write_wait_ms), "10s", "DURATION",
	    "how long a write waits for NATS", 1, 86400000, NULL },
	{ "max-connections", OPTION_COUNT, AT(max_connections), "20000", "N", "PostgreSQL clients at once", 1,
	    1000000, NULL },
	{ "loops", OPTION_COUNT, AT(loops), "0", "N", "event loops; 0: by the number of processors", 0, 64,
	    NULL },
	{ "workers", OPTION_COUNT, AT(workers), "32", "N", "threads for long reads and open transactions", 1,
	    1024, NULL },
	{ "entry-bytes-max", OPTION_BYTES, AT(entry_bytes_max), "256MB", "SIZE", "largest transaction", 65536,
	    1 << 30, NULL },
	{ "stall-timeout", OPTION_DURATION, AT(stall_timeout_ms), "120s", "DURATION",
	    "a client that doesn't read for so long is closed", 100, 86400000, NULL },
	{ "insecure", OPTION_FLAG, AT(insecure), NULL, NULL,
	    "allow listening beyond loopback, without passwords", 0, 0, NULL },
	{ "config", OPTION_TEXT, AT(config_file), NULL, "FILE",
	    "read more options from FILE: lines of name = value", 0, 0, NULL },
	{ "log-level", OPTION_LEVEL, AT(log_level), "info", "LEVEL", "error, warning, info or debug", 0, 0,
	    NULL },
};

/* Part of the command line, and of no use before snapshots are taken: said, rather than ignored. */
static const char *const unavailable[] = { "external-backup", "external-backup-url", "snapshot-interval",
	"snapshot-threshold" };

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

/* Where a value came from, for the error's sentence, and how strong it is. */
enum source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

struct reading {
	struct config *config;
	enum source from[NOPTIONS];
	struct err *err;
};

/* ---- values ---- */

static int wrong(struct err *err, const struct option *o, const char *value, const char *right)
{
	return err_set(err, SQLSTATE_CONFIG, "--%s: \"%s\" is not %s", o->name, value, right);
}

static int read_address(const struct option *o, const char *value, struct address *out, struct err *err)
{
	const char *colon = strrchr(value, ':');
	const char *host = value;
	size_t len = colon == NULL ? 0 : (size_t)(colon - value);
	char *end;

	if (colon == NULL || !isdigit((unsigned char)colon[1]))
		return wrong(err, o, value, "HOST:PORT");
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return wrong(err, o, value, "HOST:PORT with a port up to 65535");
	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(out->host))
		return wrong(err, o, value, "HOST:PORT");
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	out->port = (uint16_t)port;
	return 0;
}

static int read_number(const struct option *o, const char *value, int64_t *out, struct err *err)
{
	static const struct {
		enum option_type type;
		const char *unit;
		int64_t factor;
	} units[] = { { OPTION_COUNT, "", 1 }, { OPTION_DURATION, "ms", 1 }, { OPTION_DURATION, "s", 1000 },
		{ OPTION_DURATION, "m", 60000 }, { OPTION_DURATION, "h", 3600000 },
		{ OPTION_DURATION, "d", 86400000 }, { OPTION_BYTES, "", 1 }, { OPTION_BYTES, "kB", 1024 },
		{ OPTION_BYTES, "MB", 1 << 20 }, { OPTION_BYTES, "GB", 1 << 30 } };
	const char *right = o->type == OPTION_DURATION ? "a duration such as 500ms, 10s, 5m, 2h"
			    : o->type == OPTION_BYTES  ? "a size such as 65536, 512kB, 256MB, 1GB"
						       : "a number";
	char *end;

	errno = 0;
	long long n = strtoll(value, &end, 10);
	if (end == value || errno != 0)
		return wrong(err, o, value, right);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].type != o->type || strcmp(units[i].unit, end) != 0)
			continue;
		if (__builtin_mul_overflow((int64_t)n, units[i].factor, out) || *out < o->least ||
		    *out > o->most) {
			err_set(err, SQLSTATE_CONFIG, "--%s: \"%s\" is out of range", o->name, value);
			return -1;
		}
		return 0;
	}
	return wrong(err, o, value, right);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *c = choices; *c != '\0'; c += strcspn(c, " ") + (c[strcspn(c, " ")] == ' ')) {
		if (strcspn(c, " ") == len && strncmp(c, value, len) == 0)
			return true;
	}
	return false;
}

static int put_text(char **field, const char *value, struct err *err)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int read_value(struct config *c, const struct option *o, const char *value, struct err *err)
{
	void *field = (char *)c + o->offset;

	switch (o->type) {
	case OPTION_CHOICE:
		if (!is_choice(o->choices, value))
			return wrong(err, o, value, o->choices);
		return put_text(field, value, err);
	case OPTION_TEXT:
		if (value[0] == '\0')
			return err_set(err, SQLSTATE_CONFIG, "--%s: the value is empty", o->name);
		return put_text(field, value, err);
	case OPTION_ADDRESS: return read_address(o, value, field, err);
	case OPTION_DURATION:
	case OPTION_COUNT:
	case OPTION_BYTES: return read_number(o, value, field, err);
	case OPTION_LEVEL:
		return logger_parse_level(value, field)
			   ? 0
			   : wrong(err, o, value, "error, warning, info or debug");
	case OPTION_FLAG:
		*(bool *)field =
		    strcmp(value, "true") == 0 || strcmp(value, "1") == 0 || strcmp(value, "on") == 0;
		if (!*(bool *)field && strcmp(value, "false") != 0 && strcmp(value, "0") != 0 &&
		    strcmp(value, "off") != 0)
			return wrong(err, o, value, "true or false");
		return 0;
	}
	return 0;
}

static int take(struct reading *r, size_t i, const char *value, enum source from)
{
	if (from < r->from[i])
		return 0;
	r->from[i] = from;
	return read_value(r->config, &options[i], value, r->err);
}

static int unknown(struct reading *r, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(unavailable) / sizeof(unavailable[0]); i++) {
		if (strlen(unavailable[i]) == len && strncmp(unavailable[i], name, len) == 0)
			return err_set(r->err, SQLSTATE_CONFIG,
			    "--%s is not available in version " NQLITE_VERSION, unavailable[i]);
	}
	return err_set(
	    r->err, SQLSTATE_CONFIG, "unknown option \"%.*s\" (nqlite --help lists all)", (int)len, name);
}

static size_t find(const char *name, size_t len)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			return i;
	}
	return NOPTIONS;
}

/* ---- sources ---- */

static int read_defaults(struct reading *r)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (options[i].initial != NULL && take(r, i, options[i].initial, FROM_DEFAULT) != 0)
			return -1;
	}
	return 0;
}

static int read_environment(struct reading *r)
{
	char name[64];

	for (size_t i = 0; i < NOPTIONS; i++) {
		size_t n = (size_t)snprintf(name, sizeof(name), "NQLITE_%s", options[i].name);
		for (size_t k = 0; k < n; k++)
			name[k] = name[k] == '-' ? '_' : (char)toupper((unsigned char)name[k]);
		const char *value = getenv(name);
		if (value != NULL && take(r, i, value, FROM_ENVIRONMENT) != 0)
			return err_prefix(r->err, "%s", name);
	}
	return 0;
}

static int read_command_line(struct reading *r, int argc, char **argv, enum config_answer *answer)
{
	for (int a = 1; a < argc; a++) {
		const char *arg = argv[a];
		size_t len = strcspn(arg, "=");

		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			*answer = CONFIG_HELP;
			return 0;
		}
		if (strcmp(arg, "--version") == 0) {
			*answer = CONFIG_VERSION;
			return 0;
		}
		size_t i = strncmp(arg, "--", 2) == 0 ? find(arg + 2, len - 2) : NOPTIONS;
		if (i == NOPTIONS)
			return strncmp(arg, "--", 2) == 0 ? unknown(r, arg + 2, len - 2)
							  : unknown(r, arg, strlen(arg));
		const char *value = arg[len] == '='                  ? arg + len + 1
				    : options[i].type == OPTION_FLAG ? "true"
								     : argv[++a];
		if (value == NULL)
			return err_set(r->err, SQLSTATE_CONFIG, "--%s needs a value: %s", options[i].name,
			    options[i].argument);
		if (take(r, i, value, FROM_COMMAND_LINE) != 0)
			return -1;
	}
	return 0;
}

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int read_line(struct reading *r, char *line, const char *path, int number)
{
	char *key = trim(line);
	char *equals = strchr(key, '=');

	if (*key == '\0' || *key == '#')
		return 0;
	if (equals == NULL)
		return err_set(r->err, SQLSTATE_CONFIG, "%s:%d: expected name = value", path, number);
	*equals = '\0';
	key = trim(key);
	size_t i = find(key, strlen(key));
	if (i == NOPTIONS)
		return unknown(r, key, strlen(key)), err_prefix(r->err, "%s:%d", path, number);
	return take(r, i, trim(equals + 1), FROM_FILE) == 0 ? 0 : err_prefix(r->err, "%s:%d", path, number);
}

static int read_file(struct reading *r, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	int number = 0, rc = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		err_sys(r->err, "--config: open %s", path);
		return -1;
	}
	while (rc == 0 && getline(&line, &cap, f) >= 0)
		rc = read_line(r, line, path, ++number);
	if (rc == 0 && ferror(f))
		rc = err_sys(r->err, "--config: read %s", path);
	free(line);
	fclose(f);
	return rc;
}

/* ---- what fits together ---- */

static bool is_loopback(const char *host)
{
	struct in6_addr a6;
	struct in_addr a4;

	if (host[0] == '/' || strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &a4) == 1)
		return ntohl(a4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &a6) == 1 && IN6_IS_ADDR_LOOPBACK(&a6);
}

static int check(const struct config *c, struct err *err)
{
	if (c->creds != NULL && c->token != NULL)
		return err_set(err, SQLSTATE_CONFIG, "--creds and --token exclude each other");
	if (c->nats_host == NULL && (c->creds != NULL || c->token != NULL))
		return err_set(
		    err, SQLSTATE_CONFIG, "--%s needs --nats-host", c->creds != NULL ? "creds" : "token");
	for (int i = 0; i < 2 && !c->insecure; i++) {
		const struct address *a = i == 0 ? &c->pg_listen : &c->http_listen;
		if (!is_loopback(a->host))
			return err_set(err, SQLSTATE_CONFIG,
			    "--%s %s:%u is not loopback and there are no passwords yet: add --insecure if "
			    "everybody who can reach it may "
			    "read and write everything",
			    i == 0 ? "pg-listen" : "http-listen", a->host, a->port);
	}
	return 0;
}

enum config_answer config_read(struct config *c, int argc, char **argv, struct err *err)
{
	struct reading r = { .config = c, .err = err };
	enum config_answer answer = CONFIG_RUN;

	memset(c, 0, sizeof(*c));
	if (read_defaults(&r) != 0 || read_environment(&r) != 0 ||
	    read_command_line(&r, argc, argv, &answer) != 0)
		return CONFIG_WRONG;
	if (answer != CONFIG_RUN)
		return answer;
	if (c->config_file != NULL && read_file(&r, c->config_file) != 0)
		return CONFIG_WRONG;
	return check(c, err) == 0 ? CONFIG_RUN : CONFIG_WRONG;
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (options[i].type == OPTION_TEXT || options[i].type == OPTION_CHOICE)
			free(*(char **)((char *)c + options[i].offset));
	}
	memset(c, 0, sizeof(*c));
}

void config_print_help(void)
{
	puts("nqlite: a PostgreSQL-speaking SQLite that replicates through NATS JetStream\n\nnqlite "
	     "[options]");
	for (size_t i = 0; i < NOPTIONS; i++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s %s", options[i].name,
		    options[i].argument == NULL ? "" : options[i].argument);
		printf("  %-30s %s", left, options[i].help);
		if (options[i].initial != NULL)
			printf(" (default %s)", options[i].initial);
		putchar('\n');
	}
	puts("  --version                      print the version\n  --help                         print "
	     "this\n\n"
	     "Every option is also an environment variable (NQLITE_DATA_DIR ..) and a key of the config "
	     "file.");
}
