#include "pgwire/format_type.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "pgwire/bytes.h"

/* All dates are counted from 2000-01-01 in the Gregorian calendar, also before it was made. Years are astronomical: 0 is 1 BC. */

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

#define DATE_MIN      (-2451545)                   /* 4714-11-24 BC */
#define DATE_END      2145031949                   /* 5874898-01-01 */
#define TIMESTAMP_MIN INT64_C(-211813488000000000) /* 4714-11-24 00:00:00 BC */
#define TIMESTAMP_END INT64_C(9223371331200000000) /* 294277-01-01 00:00:00 */
#define ZONE_END_S    (16 * 3600)
#define EPOCH_DAYS    (-10957) /* 1970-01-01 */

enum moment_kind { MOMENT_FINITE, MOMENT_INFINITY, MOMENT_MINUS_INFINITY };

struct moment {
	enum moment_kind kind;
	bool has_date, has_time;
	int64_t days;
	int64_t time_us; /* of the day; DAY_US at 24:00:00 */
	int64_t zone_s;  /* east of Greenwich */
};

/* ---- the calendar ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int64_t year, int month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The year is taken to begin in March, so that the leap day ends it; 153 days are five months from then on. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 730425;
}

static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t era = floor_div(days + 730425, 146097);
	int64_t day_of_era = days + 730425 - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	*year = era * 400 + year_of_era + (*month <= 2);
}

/* ---- reading a text ---- */

enum moment_read { MOMENT_OK, MOMENT_BAD, MOMENT_FIELD, MOMENT_MONTH_OR_DAY, MOMENT_ZONE };

struct cursor {
	const char *at, *end;
};

static char peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : '\0';
}

static bool skip(struct cursor *c, char what)
{
	if (peek(c) != what || c->at == c->end)
		return false;
	c->at++;
	return true;
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && format_is_space(*c->at))
		c->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes digits; returns how many. More than nine can't be a good number of anything: they become the largest of nine. */
static size_t take_digits(struct cursor *c, int64_t *v)
{
	const char *from = c->at;

	for (*v = 0; is_digit(peek(c)); c->at++)
		*v = *v > 99999999 ? 999999999 : *v * 10 + (*c->at - '0');
	return (size_t)(c->at - from);
}

static bool skip_word(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->at) < len || strncasecmp(c->at, word, len) != 0)
		return false;
	char after = c->at + len < c->end ? c->at[len] : '\0';
	if ((after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z') || is_digit(after))
		return false;
	c->at += len;
	return true;
}

struct calendar_day {
	int64_t year, month, day;
};

/* YYYY-MM-DD; a year of one or two digits would be read by the settings of DateStyle. */
static enum moment_read read_date(struct cursor *c, struct calendar_day *d)
{
	if (take_digits(c, &d->year) < 3 || !skip(c, '-'))
		return MOMENT_BAD;
	size_t n = take_digits(c, &d->month);
	if (n < 1 || n > 2 || !skip(c, '-'))
		return MOMENT_BAD;
	n = take_digits(c, &d->day);
	return n < 1 || n > 2 ? MOMENT_BAD : MOMENT_OK;
}

/* As PostgreSQL: the fraction as a double, in whole microseconds by rint(). */
static int64_t take_fraction_us(struct cursor *c)
{
	char text[32] = "0.";
	size_t n = 2;

	for (; is_digit(peek(c)); c->at++)
		if (n < sizeof(text) - 1)
			text[n++] = *c->at;
	return n == 2 ? 0 : (int64_t)rint(strtod(text, NULL) * 1e6);
}

/* HH:MM[:SS[.f]] */
static enum moment_read read_time(struct cursor *c, struct moment *m)
{
	int64_t hour, minute, second = 0, fraction_us = 0;
	size_t n = take_digits(c, &hour);

	if (n < 1 || n > 2 || !skip(c, ':'))
		return MOMENT_BAD;
	n = take_digits(c, &minute);
	if (n < 1 || n > 2)
		return MOMENT_BAD;
	if (skip(c, ':')) {
		n = take_digits(c, &second);
		if (n < 1 || n > 2)
			return MOMENT_BAD;
		if (skip(c, '.'))
			fraction_us = take_fraction_us(c);
	}
	if (minute > 59 || second > 60)
		return MOMENT_FIELD;
	m->time_us = hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction_us;
	m->has_time = true;
	/* "24:00:00" is the end of the day, and a leap second may lead there too; nothing is beyond. */
	return m->time_us > DAY_US || hour > 24 ? MOMENT_FIELD : MOMENT_OK;
}

/* [+-]HH[:MM[:SS]], [+-]HHMM[SS], Z, UTC, GMT. */
static enum moment_read read_zone(struct cursor *c, struct moment *m)
{
	int64_t hour, minute = 0, second = 0;

	if (skip_word(c, "z") || skip_word(c, "utc") || skip_word(c, "gmt"))
		return MOMENT_OK;
	bool is_west = peek(c) == '-';
	c->at++;
	size_t n = take_digits(c, &hour);
	if (n == 0)
		return MOMENT_BAD;
	if (n >= 5) {
		second = hour % 100;
		minute = hour / 100 % 100;
		hour /= 10000;
	} else if (n >= 3) {
		minute = hour % 100;
		hour /= 100;
	} else if (skip(c, ':')) {
		if (take_digits(c, &minute) == 0)
			return MOMENT_BAD;
		if (skip(c, ':') && take_digits(c, &second) == 0)
			return MOMENT_BAD;
	}
	m->zone_s = hour * 3600 + minute * 60 + second;
	if (hour > 15 || minute > 59 || second > 59 || m->zone_s >= ZONE_END_S)
		return MOMENT_ZONE;
	if (is_west)
		m->zone_s = -m->zone_s;
	return MOMENT_OK;
}

static enum moment_read check_date(struct calendar_day d, bool is_bc, struct moment *m)
{
	if (d.year == 0)
		return MOMENT_FIELD;
	if (is_bc)
		d.year = 1 - d.year;
	if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31)
		return MOMENT_MONTH_OR_DAY;
	if (d.day > month_days(d.year, (int)d.month))
		return MOMENT_FIELD;
	m->days = days_of(d.year, (int)d.month, (int)d.day);
	return MOMENT_OK;
}

static bool read_special(struct cursor *c, struct moment *m)
{
	if (skip_word(c, "infinity"))
		m->kind = MOMENT_INFINITY;
	else if (skip_word(c, "-infinity"))
		m->kind = MOMENT_MINUS_INFINITY;
	else if (skip_word(c, "epoch"))
		m->days = EPOCH_DAYS;
	else
		return false;
	m->has_date = true;
	return true;
}

/* Is there a colon after the first digits? Then it is a time that stands here, not a date. */
static bool is_time_next(const struct cursor *c)
{
	const char *p = c->at;

	while (p < c->end && is_digit(*p))
		p++;
	return p > c->at && p < c->end && *p == ':';
}

/* [date][T| ][time][ ][zone][ BC|AD], trimmed. */
static enum moment_read read_moment(const char *text, size_t len, struct moment *m)
{
	struct cursor c = { text, text + len };
	struct calendar_day d = { 0 };
	enum moment_read rc;

	*m = (struct moment){ .kind = MOMENT_FINITE };
	if (read_special(&c, m))
		return c.at == c.end ? MOMENT_OK : MOMENT_BAD;
	if (!is_time_next(&c)) {
		rc = read_date(&c, &d);
		if (rc != MOMENT_OK)
			return rc;
		m->has_date = true;
		if ((peek(&c) == 'T' || peek(&c) == 't') && c.at + 1 < c.end && is_digit(c.at[1]))
			c.at++;
		else
			skip_blanks(&c);
	}
	enum moment_read time_rc = MOMENT_OK;
	if (is_digit(peek(&c))) {
		time_rc = read_time(&c, m);
		if (time_rc == MOMENT_BAD)
			return time_rc;
		skip_blanks(&c);
	}
	enum moment_read zone_rc = MOMENT_OK;
	if (c.at < c.end && strchr("+-zZuUgG", *c.at) != NULL) {
		zone_rc = read_zone(&c, m);
		if (zone_rc == MOMENT_BAD)
			return zone_rc;
		skip_blanks(&c);
	}
	bool is_bc = m->has_date && skip_word(&c, "bc");
	if (!is_bc && m->has_date)
		skip_word(&c, "ad");
	if (c.at != c.end)
		return MOMENT_BAD;
	/* What the text says is told before what its fields may be. */
	rc = m->has_date ? check_date(d, is_bc, m) : MOMENT_OK;
	return zone_rc != MOMENT_OK ? zone_rc : time_rc != MOMENT_OK ? time_rc : rc;
}

static int moment_failed(const struct format_in *in, enum moment_read rc, const char *text, size_t len)
{
	switch (rc) {
	case MOMENT_BAD:
		return err_set(in->err, SQLSTATE_BAD_DATETIME, "invalid input syntax for type %s: \"%.*s\"",
		    in->type->name, format_shown_len(len), text);
	case MOMENT_ZONE:
		return err_set(in->err, "22009", "time zone displacement out of range: \"%.*s\"",
		    format_shown_len(len), text);
	default:
		err_set(in->err, SQLSTATE_DATETIME_OVERFLOW, "date/time field value out of range: \"%.*s\"",
		    format_shown_len(len), text);
		if (rc == MOMENT_MONTH_OR_DAY)
			err_hint(in->err, "Perhaps you need a different \"datestyle\" setting.");
		return -1;
	}
}

static int read_trimmed(const struct format_in *in, const char *text, size_t len, struct moment *m)
{
	const char *trimmed = text;
	size_t trimmed_len = len;

	format_trim(&trimmed, &trimmed_len);
	enum moment_read rc = read_moment(trimmed, trimmed_len, m);
	return rc == MOMENT_OK ? 0 : moment_failed(in, rc, text, len);
}

/* ---- writing ---- */

static void put_padded(struct buf *o, int64_t v, int width)
{
	char text[20];
	int at = sizeof(text);

	for (; v > 0 || width > 0; v /= 10, width--)
		text[--at] = (char)('0' + v % 10);
	buf_put(o, text + at, sizeof(text) - (size_t)at);
}

/* The date; " BC" follows behind the time. Returns whether it must. */
static bool put_date(struct buf *o, int64_t days)
{
	int64_t year;
	int month, day;

	date_of(days, &year, &month, &day);
	put_padded(o, year > 0 ? year : 1 - year, 4);
	buf_put_byte(o, '-');
	put_padded(o, month, 2);
	buf_put_byte(o, '-');
	put_padded(o, day, 2);
	return year <= 0;
}

static void put_time(struct buf *o, int64_t time_us)
{
	put_padded(o, time_us / HOUR_US, 2);
	buf_put_byte(o, ':');
	put_padded(o, time_us / MINUTE_US % 60, 2);
	buf_put_byte(o, ':');
	put_padded(o, time_us / SECOND_US % 60, 2);
	int64_t fraction_us = time_us % SECOND_US;
	if (fraction_us == 0)
		return;
	int width = 6;
	for (; fraction_us % 10 == 0; width--)
		fraction_us /= 10;
	buf_put_byte(o, '.');
	put_padded(o, fraction_us, width);
}

static int take_infinity(const struct format_in *in, bool is_positive)
{
	*in->value = value_str(is_positive ? "infinity" : "-infinity");
	return 0;
}

static int take_date(const struct format_in *in, int64_t days)
{
	size_t at = in->scratch->len;

	if (put_date(in->scratch, days))
		buf_put_text(in->scratch, " BC");
	return format_take_text(in, at);
}

static int take_time(const struct format_in *in, int64_t time_us)
{
	size_t at = in->scratch->len;

	put_time(in->scratch, time_us);
	return format_take_text(in, at);
}

static int take_timestamp(const struct format_in *in, int64_t us, bool is_zoned)
{
	size_t at = in->scratch->len;
	int64_t days = floor_div(us, DAY_US);
	bool is_bc = put_date(in->scratch, days);

	buf_put_byte(in->scratch, ' ');
	put_time(in->scratch, us - days * DAY_US);
	if (is_zoned)
		buf_put_text(in->scratch, "+00");
	if (is_bc)
		buf_put_text(in->scratch, " BC");
	return format_take_text(in, at);
}

/* ---- what the types make of a moment ---- */

static int out_of_range(struct err *err, const char *what)
{
	return err_set(err, SQLSTATE_DATETIME_OVERFLOW, "%s out of range", what);
}

static int out_of_range_text(struct err *err, const char *what, const char *text, size_t len)
{
	return err_set(
	    err, SQLSTATE_DATETIME_OVERFLOW, "%s out of range: \"%.*s\"", what, format_shown_len(len), text);
}

static bool is_date(int64_t days)
{
	return days >= DATE_MIN && days < DATE_END;
}

static bool is_timestamp(int64_t us)
{
	return us >= TIMESTAMP_MIN && us < TIMESTAMP_END;
}

/* Rounds to the `precision` of time(p) and timestamp(p), halves away from zero. */
static int64_t round_us(int64_t us, int32_t precision)
{
	static const int64_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

	if (precision < 0 || precision > 5)
		return us;
	int64_t unit = units[precision];
	return us >= 0 ? (us + unit / 2) / unit * unit : -((-us + unit / 2) / unit * unit);
}

static int days_of_text(const struct format_in *in, const char *text, size_t len, struct moment *m)
{
	if (read_trimmed(in, text, len, m) != 0)
		return -1;
	if (!m->has_date)
		return moment_failed(in, MOMENT_BAD, text, len);
	if (m->kind == MOMENT_FINITE && !is_date(m->days))
		return out_of_range_text(in->err, "date", text, len);
	return 0;
}

static int time_of_text(const struct format_in *in, const char *text, size_t len, struct moment *m)
{
	if (read_trimmed(in, text, len, m) != 0)
		return -1;
	return m->has_time ? 0 : moment_failed(in, MOMENT_BAD, text, len);
}

/* A timestamp without a zone ignores the one that it is given. */
static int timestamp_of_text(
    const struct format_in *in, const char *text, size_t len, bool is_zoned, struct moment *m, int64_t *us)
{
	if (read_trimmed(in, text, len, m) != 0)
		return -1;
	if (!m->has_date)
		return moment_failed(in, MOMENT_BAD, text, len);
	*us = 0;
	if (m->kind != MOMENT_FINITE)
		return 0;
	/* A day more on either side than there is, for the zone: the sum can't overflow. */
	if (m->days < DATE_MIN - 1 || m->days > TIMESTAMP_END / DAY_US)
		return out_of_range_text(in->err, "timestamp", text, len);
	*us = m->days * DAY_US + m->time_us - (is_zoned ? m->zone_s * SECOND_US : 0);
	if (!is_timestamp(*us))
		return out_of_range_text(in->err, "timestamp", text, len);
	*us = round_us(*us, in->typmod);
	return is_timestamp(*us) ? 0 : out_of_range_text(in->err, "timestamp", text, len);
}

int format_date_read_text(const struct format_in *in, const char *text, size_t len)
{
	struct moment m;

	if (days_of_text(in, text, len, &m) != 0)
		return -1;
	return m.kind == MOMENT_FINITE ? take_date(in, m.days) : take_infinity(in, m.kind == MOMENT_INFINITY);
}

int format_time_read_text(const struct format_in *in, const char *text, size_t len)
{
	struct moment m;

	if (time_of_text(in, text, len, &m) != 0)
		return -1;
	return take_time(in, round_us(m.time_us, in->typmod));
}

static int timestamp_read_text(const struct format_in *in, const char *text, size_t len, bool is_zoned)
{
	struct moment m;
	int64_t us;

	if (timestamp_of_text(in, text, len, is_zoned, &m, &us) != 0)
		return -1;
	return m.kind == MOMENT_FINITE ? take_timestamp(in, us, is_zoned)
				       : take_infinity(in, m.kind == MOMENT_INFINITY);
}

int format_timestamp_read_text(const struct format_in *in, const char *text, size_t len)
{
	return timestamp_read_text(in, text, len, false);
}

int format_timestamptz_read_text(const struct format_in *in, const char *text, size_t len)
{
	return timestamp_read_text(in, text, len, true);
}

/* ---- binary ---- */

static struct format_in input_for(const struct format_out *out)
{
	return (struct format_in){ .type = out->type, .typmod = -1, .err = out->err };
}

static void put64(struct buf *o, int64_t v)
{
	uint8_t *p = buf_extend(o, 8);

	if (p != NULL)
		store64(p, (uint64_t)v);
}

int format_date_put_binary(const struct format_out *out, const struct value *v)
{
	struct format_in in = input_for(out);
	struct moment m;

	if (v->kind != VALUE_TEXT)
		return format_no_binary_value(out, v);
	if (days_of_text(&in, v->text, v->len, &m) != 0)
		return -1;
	int32_t days = m.kind == MOMENT_FINITE     ? (int32_t)m.days
		       : m.kind == MOMENT_INFINITY ? INT32_MAX
						   : INT32_MIN;
	uint8_t *p = buf_extend(out->buf, 4);
	if (p != NULL)
		store32(p, (uint32_t)days);
	return 0;
}

int format_time_put_binary(const struct format_out *out, const struct value *v)
{
	struct format_in in = input_for(out);
	struct moment m;

	if (v->kind != VALUE_TEXT)
		return format_no_binary_value(out, v);
	if (time_of_text(&in, v->text, v->len, &m) != 0)
		return -1;
	put64(out->buf, m.time_us);
	return 0;
}

/* The stored text of a timestamptz carries +00; one without a zone is UTC all the same. */
int format_timestamp_put_binary(const struct format_out *out, const struct value *v)
{
	struct format_in in = input_for(out);
	struct moment m;
	int64_t us;

	if (v->kind != VALUE_TEXT)
		return format_no_binary_value(out, v);
	if (timestamp_of_text(&in, v->text, v->len, true, &m, &us) != 0)
		return -1;
	put64(out->buf, m.kind == MOMENT_FINITE ? us : m.kind == MOMENT_INFINITY ? INT64_MAX : INT64_MIN);
	return 0;
}

int format_date_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len != 4)
		return len < 4 ? format_short_data(in->err) : format_long_data(in->err);
	int32_t days = (int32_t)load32(data);
	if (days == INT32_MAX || days == INT32_MIN)
		return take_infinity(in, days > 0);
	return is_date(days) ? take_date(in, days) : out_of_range(in->err, "date");
}

int format_time_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	if (len != 8)
		return len < 8 ? format_short_data(in->err) : format_long_data(in->err);
	int64_t us = (int64_t)load64(data);
	if (us < 0 || us > DAY_US)
		return out_of_range(in->err, "time");
	return take_time(in, round_us(us, in->typmod));
}

static int timestamp_read_binary(const struct format_in *in, const uint8_t *data, size_t len, bool is_zoned)
{
	if (len != 8)
		return len < 8 ? format_short_data(in->err) : format_long_data(in->err);
	int64_t us = (int64_t)load64(data);
	if (us == INT64_MAX || us == INT64_MIN)
		return take_infinity(in, us > 0);
	if (!is_timestamp(us) || !is_timestamp(round_us(us, in->typmod)))
		return out_of_range(in->err, "timestamp");
	return take_timestamp(in, round_us(us, in->typmod), is_zoned);
}

int format_timestamp_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	return timestamp_read_binary(in, data, len, false);
}

int format_timestamptz_read_binary(const struct format_in *in, const uint8_t *data, size_t len)
{
	return timestamp_read_binary(in, data, len, true);
}
