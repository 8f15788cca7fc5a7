/* config.h - what the operator chose: command line, environment, config file, defaults, in this order.
 *
 * Owns:     the texts of a struct config, until config_release.
 * Runs on:  the main thread, before anything else does.
 * Promises: every option --some-name is also NQLITE_SOME_NAME and the key some-name of the config file ("key = value" lines).
 * Fails by: one line that says what is wrong and what would be right; the caller exits with 2. */
#ifndef NQLITE_SERVER_CONFIG_H
#define NQLITE_SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/logger.h"

struct address {
	char host[256]; /* a name or number, or an absolute path: the directory of a unix socket */
	uint16_t port;
};

struct config {
	char *data_dir;
	struct address pg_listen, http_listen;
	char *nats_host; /* NULL: embedded */
	char *creds, *token;
	char *config_file;
	char *http_shape; /* both, nqlite, rqlite */
	enum log_level log_level;
	bool insecure;
	int64_t write_wait_ms;
	int64_t max_connections;
	int64_t loops;
	int64_t workers;
	int64_t entry_bytes_max;
	int64_t stall_timeout_ms;
};

enum config_answer { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_WRONG };

enum config_answer config_read(struct config *c, int argc, char **argv, struct err *err);
void config_release(struct config *c);

/* The text of --help. */
void config_print_help(void);

#endif
