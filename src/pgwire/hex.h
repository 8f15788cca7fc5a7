/* hex.h - the value of a hexadecimal digit.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: upper and lower case, whatever the locale.
 * Fails by: -1 for what is no digit. */
#ifndef NQLITE_PGWIRE_HEX_H
#define NQLITE_PGWIRE_HEX_H

static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
