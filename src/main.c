/* main.c - from the command line to a running server, and back to an exit status: 0, 1 (failed), 2 (wrong options). */
#include <stdio.h>

#include "server/server.h"

int main(int argc, char **argv)
{
	struct config config;
	struct err err;
	int status = 0;

	switch (config_read(&config, argc, argv, &err)) {
	case CONFIG_HELP: config_print_help(); break;
	case CONFIG_VERSION: puts("nqlite " NQLITE_VERSION); break;
	case CONFIG_WRONG:
		fprintf(stderr, "nqlite: %s\n", err.message);
		status = 2;
		break;
	case CONFIG_RUN:
		if (server_run(&config, &err) != 0) {
			fprintf(stderr, "nqlite: %s\n", err.message);
			if (err.hint[0] != '\0')
				fprintf(stderr, "nqlite: %s\n", err.hint);
			status = 1;
		}
		break;
	}
	config_release(&config);
	return status;
}
