#include "base/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = { "ERROR", "WARNING", "INFO", "DEBUG" };

bool logger_parse_level(const char *text, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(text, names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void logger_write(const struct logger *l, enum log_level level, const char *fmt, ...)
{
	char line[2048];
	struct timespec t;
	struct tm tm;
	va_list args;

	if (l == NULL || level > l->level)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	size_t len = strftime(line, sizeof(line), "%Y-%m-%d %H:%M:%S", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len,
	    ".%03d UTC [%d] %s: ", (int)(t.tv_nsec / 1000000), (int)getpid(), names[level]);
	va_start(args, fmt);
	int text = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	if (text > 0)
		len += (size_t)text < sizeof(line) - len - 1 ? (size_t)text : sizeof(line) - len - 2;
	line[len++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written;
}
