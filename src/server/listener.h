/* listener.h - a listening socket: TCP, or unix when the host is a path.
 *
 * Owns:     the fd and, for a unix socket, its file.
 * Runs on:  listener_open and _close: the main thread.
 * Promises: a unix socket lies at HOST/.s.PGSQL.PORT, as libpq looks for it.
 * Fails by: err with the address and the reason. */
#ifndef NQLITE_SERVER_LISTENER_H
#define NQLITE_SERVER_LISTENER_H

#include "server/config.h"

struct listener {
	int fd;
	char path[108]; /* of the unix socket; "": TCP */
	uint16_t port;  /* the one in use, also when 0 was asked for */
};

int listener_open(struct listener *l, const struct address *address, struct err *err);
void listener_close(struct listener *l);

#endif
