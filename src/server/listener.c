#include "server/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int open_unix(struct listener *l, const struct address *address, struct err *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int n =
	    snprintf(name.sun_path, sizeof(name.sun_path), "%s/.s.PGSQL.%u", address->host, address->port);

	if (n < 0 || (size_t)n >= sizeof(name.sun_path))
		return err_set(
		    err, SQLSTATE_CONFIG, "the path of the unix socket in %s is too long", address->host);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return err_sys(err, "socket");
	/* A file left by a process that was killed: nobody answers there. */
	if (connect(l->fd, (struct sockaddr *)&name, sizeof(name)) != 0 && errno == ECONNREFUSED)
		unlink(name.sun_path);
	if (bind(l->fd, (struct sockaddr *)&name, sizeof(name)) != 0)
		return err_sys(err, "bind %s", name.sun_path);
	memcpy(l->path, name.sun_path, sizeof(l->path));
	l->port = address->port;
	return 0;
}

static int bind_first(struct listener *l, const struct addrinfo *list)
{
	int on = 1;

	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		l->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
		if (l->fd < 0)
			continue;
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(l->fd, a->ai_addr, a->ai_addrlen) == 0)
			return 0;
		int code = errno;
		close(l->fd);
		l->fd = -1;
		errno = code;
	}
	return -1;
}

static int open_tcp(struct listener *l, const struct address *address, struct err *err)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE
	};
	struct addrinfo *list;
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	char port[8];

	snprintf(port, sizeof(port), "%u", address->port);
	int rc = getaddrinfo(address->host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, SQLSTATE_CONFIG, "%s: %s", address->host, gai_strerror(rc));
	rc = bind_first(l, list);
	freeaddrinfo(list);
	if (rc != 0)
		return err_sys(err, "listen on %s:%u", address->host, address->port);
	if (getsockname(l->fd, (struct sockaddr *)&name, &len) == 0)
		l->port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&name)->sin6_port
							   : ((struct sockaddr_in *)(void *)&name)->sin_port);
	return 0;
}

int listener_open(struct listener *l, const struct address *address, struct err *err)
{
	*l = (struct listener){ .fd = -1 };
	int rc = address->host[0] == '/' ? open_unix(l, address, err) : open_tcp(l, address, err);
	if (rc == 0 && listen(l->fd, BACKLOG) != 0)
		rc = err_sys(err, "listen on %s:%u", address->host, address->port);
	if (rc != 0)
		listener_close(l);
	return rc;
}

void listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->path[0] != '\0')
		unlink(l->path);
	l->fd = -1;
}
