#include "store/functions_pg_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Dates and times as they are stored: "2026-11-22 15:58:00.123456+00". */
struct moment {
	int64_t year; /* astronomical: 0 is 1 BC */
	int month, day, hour, minute, second, microsecond;
	const char *suffix; /* "+00" or "" */
};

/* Digits up to something else. */
static int64_t number(const char **at)
{
	int64_t n = 0;

	while (**at >= '0' && **at <= '9')
		n = n * 10 + (*(*at)++ - '0');
	return n;
}

static void skip(const char **at)
{
	if (**at != '\0')
		++*at;
}

/* false: infinity */
static bool parse(struct pg_text t, struct moment *m)
{
	const char *at = t.data;

	*m = (struct moment){ .suffix = "" };
	if (*at < '0' || *at > '9')
		return false;
	m->year = number(&at);
	skip(&at);
	m->month = (int)number(&at);
	skip(&at);
	m->day = (int)number(&at);
	if (*at == ' ' && at[1] != 'B') {
		at++;
		m->hour = (int)number(&at);
		skip(&at);
		m->minute = (int)number(&at);
		skip(&at);
		m->second = (int)number(&at);
		if (*at == '.') {
			int factor = 100000;

			for (at++; *at >= '0' && *at <= '9'; at++, factor /= 10)
				m->microsecond += (*at - '0') * factor;
		}
	}
	if (*at == '+')
		m->suffix = "+00";
	if (t.len > 3 && memcmp(t.data + t.len - 2, "BC", 2) == 0)
		m->year = 1 - m->year;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, struct moment *m)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	m->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	m->month = (int)(month < 10 ? month + 3 : month - 9);
	m->year = year + era * 400 + (m->month <= 2);
}

static int64_t days(const struct moment *m)
{
	return days_of(m->year, m->month, m->day);
}

/* 1 Monday .. 7 Sunday */
static int weekday(const struct moment *m)
{
	return (int)(((days(m) + 3) % 7 + 7) % 7) + 1;
}

/* Monday of ISO week 1: the week that has January 4th. */
static int64_t first_week(int64_t year)
{
	struct moment january = { .year = year, .month = 1, .day = 4 };

	return days(&january) - (weekday(&january) - 1);
}

static int64_t iso_year(const struct moment *m)
{
	int64_t d = days(m);

	if (d < first_week(m->year))
		return m->year - 1;
	return d >= first_week(m->year + 1) ? m->year + 1 : m->year;
}

static int64_t shown_year(int64_t year)
{
	return year > 0 ? year : year - 1;
}

static int64_t epoch_us(const struct moment *m)
{
	int64_t seconds = days(m) * 86400 + m->hour * 3600 + m->minute * 60 + m->second;

	return seconds * 1000000 + m->microsecond;
}

static int64_t century(int64_t year)
{
	return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100);
}

static int64_t millennium(int64_t year)
{
	return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000);
}

/* A field's value times 10^*scale. false: there is no such field. */
static bool field(const char *name, const struct moment *m, int64_t *value, int *scale)
{
	static const char *const names[] = { "year", "month", "day", "hour", "minute", "second",
		"milliseconds", "microseconds", "epoch", "dow", "isodow", "doy", "quarter", "week", "isoyear",
		"decade", "century", "millennium", "julian" };
	int64_t us = (int64_t)m->second * 1000000 + m->microsecond;
	int which = -1;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (sqlite3_stricmp(names[i], name) == 0)
			which = (int)i;
	*scale = which == 5 || which == 8 ? 6 : which == 6 ? 3 : 0;
	switch (which) {
	case 0: *value = shown_year(m->year); break;
	case 1: *value = m->month; break;
	case 2: *value = m->day; break;
	case 3: *value = m->hour; break;
	case 4: *value = m->minute; break;
	case 5:
	case 6:
	case 7: *value = us; break;
	case 8: *value = epoch_us(m); break;
	case 9: *value = weekday(m) % 7; break;
	case 10: *value = weekday(m); break;
	case 11: *value = days(m) - days_of(m->year, 1, 1) + 1; break;
	case 12: *value = (m->month + 2) / 3; break;
	case 13: *value = (days(m) - first_week(iso_year(m))) / 7 + 1; break;
	case 14: *value = shown_year(iso_year(m)); break;
	case 15: *value = (m->year >= 0 ? m->year : m->year - 9) / 10; break;
	case 16: *value = century(m->year); break;
	case 17: *value = millennium(m->year); break;
	default: return false;
	}
	return true;
}

/* nq_extract(field, t): a numeric; nq_date_part: a double. arg: 1 double */
void pg_date_part(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *name = (const char *)sqlite3_value_text(args[0]);
	struct moment m;
	int64_t value;
	int scale;
	char text[40];

	if (pg_any_null(ctx, nargs, args))
		return;
	struct pg_text t = pg_text_arg(args[1]);
	if (!parse(t, &m)) {
		function_fail(
		    ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "a field of an infinite date is not supported");
		return;
	}
	if (!field(name, &m, &value, &scale)) {
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER, "unit \"%s\" not recognized for type %s", name,
		    strchr(t.data, ':') == NULL ? "date"
		    : *m.suffix != '\0'         ? "timestamp with time zone"
						: "timestamp without time zone");
		return;
	}
	bool is_date = t.len <= 13 && strchr(t.data, ':') == NULL;
	int64_t factor = scale == 6 ? 1000000 : scale == 3 ? 1000 : 1;
	if (function_arg(ctx) == 1) {
		sqlite3_result_double(ctx, (double)value / (double)factor);
		return;
	}
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value, f = (uint64_t)factor;
	if (scale == 0 || is_date)
		snprintf(
		    text, sizeof text, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(magnitude / f));
	else
		snprintf(text, sizeof text, "%s%llu.%0*llu", value < 0 ? "-" : "",
		    (unsigned long long)(magnitude / f), scale, (unsigned long long)(magnitude % f));
	pg_result_text(ctx, text, strlen(text));
}

static void result_moment(sqlite3_context *ctx, const struct moment *m, bool is_date)
{
	char text[80];
	bool is_bc = m->year <= 0;
	int n = snprintf(text, sizeof text, "%04lld-%02d-%02d", (long long)(is_bc ? 1 - m->year : m->year),
	    m->month, m->day);

	if (!is_date) {
		n += snprintf(
		    text + n, sizeof text - (size_t)n, " %02d:%02d:%02d", m->hour, m->minute, m->second);
		if (m->microsecond != 0) {
			n += snprintf(text + n, sizeof text - (size_t)n, ".%06d", m->microsecond);
			while (text[n - 1] == '0')
				n--;
		}
		n += snprintf(text + n, sizeof text - (size_t)n, "%s", m->suffix);
	}
	if (is_bc)
		n += snprintf(text + n, sizeof text - (size_t)n, " BC");
	pg_result_text(ctx, text, (size_t)n);
}

/* false: no such unit */
static bool truncate_to(const char *unit, struct moment *m)
{
	static const char *const units[] = { "microseconds", "milliseconds", "second", "minute", "hour",
		"day", "week", "month", "quarter", "year", "decade", "century" };
	int which = -1;

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (sqlite3_stricmp(units[i], unit) == 0)
			which = (int)i;
	if (which < 0)
		return false;
	if (which == 6)
		date_of(days(m) - (weekday(m) - 1), m);
	if (which == 8)
		m->month = (m->month - 1) / 3 * 3 + 1;
	if (which == 10)
		m->year = m->year >= 0 ? m->year / 10 * 10 : -((9 - m->year) / 10 * 10);
	if (which == 11)
		m->year =
		    m->year > 0 ? (m->year - 1) / 100 * 100 + 1 : -((99 - (m->year - 1)) / 100) * 100 + 1;
	m->microsecond = which == 0 ? m->microsecond : which == 1 ? m->microsecond / 1000 * 1000 : 0;
	m->second = which <= 2 ? m->second : 0;
	m->minute = which <= 3 ? m->minute : 0;
	m->hour = which <= 4 ? m->hour : 0;
	m->day = which <= 6 ? m->day : 1;
	m->month = which <= 8 ? m->month : 1;
	return true;
}

void pg_date_trunc(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *unit = (const char *)sqlite3_value_text(args[0]);
	struct moment m;

	if (pg_any_null(ctx, nargs, args))
		return;
	if (!parse(pg_text_arg(args[1]), &m))
		sqlite3_result_value(ctx, args[1]);
	else if (!truncate_to(unit, &m))
		function_fail(ctx, SQLSTATE_INVALID_PARAMETER,
		    "unit \"%s\" not recognized for type timestamp without time zone", unit);
	else
		result_moment(ctx, &m, false);
}

void pg_date_add(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct moment m;

	if (pg_any_null(ctx, nargs, args))
		return;
	if (!parse(pg_text_arg(args[0]), &m)) {
		sqlite3_result_value(ctx, args[0]);
		return;
	}
	int64_t sum = days(&m) + sqlite3_value_int64(args[1]);
	if (sum < -2440588 || sum > 2145031948) { /* 4713 BC .. 5874897 AD */
		function_fail(ctx, SQLSTATE_DATETIME_OVERFLOW, "date out of range");
		return;
	}
	date_of(sum, &m);
	result_moment(ctx, &m, true);
}

void pg_date_diff(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct moment a, b;

	if (pg_any_null(ctx, nargs, args))
		return;
	if (!parse(pg_text_arg(args[0]), &a) || !parse(pg_text_arg(args[1]), &b))
		function_fail(ctx, SQLSTATE_DATETIME_OVERFLOW, "cannot subtract infinite dates");
	else
		sqlite3_result_int64(ctx, days(&a) - days(&b));
}
