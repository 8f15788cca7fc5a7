/* logger.h - what the daemon tells its operator: one line an event, on standard error.
 *
 * Owns:     nothing but its level.
 * Runs on:  any thread; a line is one write.
 * Promises: lines are "2026-11-22 15:58:00.123 UTC [pid] LEVEL: text", in the shape of PostgreSQL's own log.
 * Fails by: losing a line. */
#ifndef NQLITE_BASE_LOGGER_H
#define NQLITE_BASE_LOGGER_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct logger {
	enum log_level level; /* lines above it are dropped */
};

/* The level that a text names (error, warning, info, debug); false when it names none. */
bool logger_parse_level(const char *text, enum log_level *level);

/* Writes a line. `l` may be NULL: nothing is written. */
void logger_write(const struct logger *l, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(l, ...)   logger_write(l, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(l, ...) logger_write(l, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(l, ...)    logger_write(l, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(l, ...)   logger_write(l, LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
