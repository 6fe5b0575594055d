#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

#define DIRECTORY "/usr/share/zoneinfo/"
#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

enum {
    FILE_BYTES_MAX = 64 * 1024, /* the largest file has 4 KB */
    HEAD_BYTES = 44,
    MINUTES_MIN = -12 * 60,
    MINUTES_MAX = 14 * 60
};

/* ---- the file: RFC 9636, version 2 and later ---- */

struct reading {
    const unsigned char *at;
    size_t left;
};

struct counts {
    size_t utc, standard, leaps, times, types, chars;
};

static int64_t big_endian(const unsigned char *at, size_t bytes)
{
    uint64_t n = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | at[i];
    return (int64_t)n;
}

static const unsigned char *take(struct reading *reading, size_t bytes)
{
    const unsigned char *at = reading->at;
    if (reading->left < bytes)
        return NULL;
    reading->at += bytes;
    reading->left -= bytes;
    return at;
}

static bool take_head(struct reading *reading, struct counts *out)
{
    const unsigned char *head = take(reading, HEAD_BYTES);
    size_t counts[6];
    if (head == NULL || memcmp(head, "TZif", 4) != 0 || head[4] < '2')
        return false;
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (uint32_t)big_endian(head + 20 + i * 4, 4);
        if (counts[i] > FILE_BYTES_MAX)
            return false;
    }
    *out = (struct counts){.utc = counts[0],
                           .standard = counts[1],
                           .leaps = counts[2],
                           .times = counts[3],
                           .types = counts[4],
                           .chars = counts[5]};
    return true;
}

/* The first of the two blocks is for readers with 32-bit times. */
static bool skip_old_block(struct reading *reading)
{
    struct counts n;
    return take_head(reading, &n) && take(reading, n.times * 5 + n.types * 6 + n.chars +
                                                       n.leaps * 8 + n.standard + n.utc) != NULL;
}

static bool take_transitions(struct reading *reading, const struct counts *n, struct zone *out)
{
    const unsigned char *times = take(reading, n->times * 8);
    const unsigned char *indexes = take(reading, n->times);
    const unsigned char *types = take(reading, n->types * 6);
    if (times == NULL || indexes == NULL || types == NULL || n->types == 0 || n->leaps > 0)
        return false;
    out->first_offset_s = (int32_t)big_endian(types, 4);
    out->at_s = calloc(n->times + 1, sizeof *out->at_s);
    out->offsets_s = calloc(n->times + 1, sizeof *out->offsets_s);
    check(out->at_s != NULL && out->offsets_s != NULL);
    for (size_t i = 0; i < n->times; i++) {
        if (indexes[i] >= n->types)
            return false;
        out->at_s[i] = big_endian(times + i * 8, 8);
        out->offsets_s[i] = (int32_t)big_endian(types + indexes[i] * 6, 4);
    }
    out->count = n->times;
    return true;
}

static bool take_rule(struct reading *reading, struct zone *out)
{
    char text[128];
    const unsigned char *end;
    if (take(reading, 1) == NULL)
        return false;
    end = memchr(reading->at, '\n', reading->left);
    if (end == NULL || (size_t)(end - reading->at) >= sizeof text)
        return false;
    memcpy(text, reading->at, (size_t)(end - reading->at));
    text[end - reading->at] = '\0';
    out->has_rule = text[0] != '\0'; /* else the last offset stays valid */
    return !out->has_rule || zone_rule_parse(text, &out->rule);
}

static bool parse(const unsigned char *data, size_t bytes, struct zone *out)
{
    struct reading reading = {data, bytes};
    struct counts n;
    return skip_old_block(&reading) && take_head(&reading, &n) &&
           take_transitions(&reading, &n, out) &&
           take(&reading, n.chars + n.standard + n.utc) != NULL && take_rule(&reading, out);
}

static ssize_t read_file(const char *name, unsigned char *data, size_t bytes_max)
{
    char path[sizeof DIRECTORY + ZONE_TEXT_BYTES];
    struct stat stat;
    ssize_t bytes = -1;
    snprintf(path, sizeof path, "%s%s", DIRECTORY, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        bytes = read(fd, data, bytes_max);
    close(fd);
    return bytes;
}

static bool load_file(const char *name, struct zone *out)
{
    unsigned char *data = malloc(FILE_BYTES_MAX);
    check(data != NULL);
    ssize_t bytes = read_file(name, data, FILE_BYTES_MAX);
    bool ok = bytes > 0 && parse(data, (size_t)bytes, out);
    free(data);
    if (!ok)
        zone_fini(out);
    return ok;
}

/* ---- names ---- */

/* Browsers still use these names, but the database has them under "backward", which newer systems
 * do not install by default. */
static const char *new_name(const char *name)
{
    static const char *const names[][2] = {
        {"Africa/Asmera", "Africa/Asmara"},
        {"America/Buenos_Aires", "America/Argentina/Buenos_Aires"},
        {"America/Catamarca", "America/Argentina/Catamarca"},
        {"America/Coral_Harbour", "America/Atikokan"},
        {"America/Cordoba", "America/Argentina/Cordoba"},
        {"America/Godthab", "America/Nuuk"},
        {"America/Indianapolis", "America/Indiana/Indianapolis"},
        {"America/Jujuy", "America/Argentina/Jujuy"},
        {"America/Louisville", "America/Kentucky/Louisville"},
        {"America/Mendoza", "America/Argentina/Mendoza"},
        {"Asia/Calcutta", "Asia/Kolkata"},
        {"Asia/Katmandu", "Asia/Kathmandu"},
        {"Asia/Rangoon", "Asia/Yangon"},
        {"Asia/Saigon", "Asia/Ho_Chi_Minh"},
        {"Atlantic/Faeroe", "Atlantic/Faroe"},
        {"Europe/Kiev", "Europe/Kyiv"},
        {"Pacific/Enderbury", "Pacific/Kanton"},
        {"Pacific/Ponape", "Pacific/Pohnpei"},
        {"Pacific/Truk", "Pacific/Chuuk"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    }
    return NULL;
}

/* No zone's name has a dot, so no name leads out of the directory. */
static bool is_name(const char *text)
{
    size_t bytes =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
    return text[bytes] == '\0' && bytes < ZONE_TEXT_BYTES && text[0] != '/';
}

static bool parse_minutes(const char *text, int *out)
{
    const char *digits = text + (*text == '-');
    size_t count = strspn(digits, "0123456789");
    *out = 0;
    for (size_t i = 0; i < count && i < 4; i++)
        *out = *out * 10 + (digits[i] - '0');
    if (*text == '-')
        *out = -*out;
    return count > 0 && count < 4 && digits[count] == '\0';
}

bool zone_load(const char *text, struct zone *out, struct fault *fault)
{
    int minutes;
    *out = (struct zone){0};
    if (*text == '\0')
        return true;
    if (parse_minutes(text, &minutes)) {
        out->first_offset_s = minutes * 60;
        if (minutes % 15 == 0 && minutes >= MINUTES_MIN && minutes <= MINUTES_MAX)
            return true;
    } else if (is_name(text)) {
        const char *other = new_name(text);
        if (load_file(text, out) || (other != NULL && load_file(other, out)))
            return true;
        if (access(DIRECTORY, F_OK) != 0)
            return fault_set(fault, "invalid_value",
                             "tz: this machine has no time zones; its operator installs them with "
                             "the package tzdata. Until then send the minutes ahead of UTC");
    }
    return fault_set(
        fault, "invalid_value",
        "tz must be the name of a time zone, such as Asia/Kolkata, or the minutes that "
        "your clock is ahead of UTC: quarters of an hour, -720 to 840");
}

void zone_fini(struct zone *zone)
{
    free(zone->at_s);
    free(zone->offsets_s);
    memset(zone, 0, sizeof *zone);
}

/* ---- as a block ---- */

size_t zone_pack(const struct zone *zone, void *room, size_t room_bytes)
{
    size_t times_bytes = zone->count * sizeof zone->at_s[0];
    size_t offsets_bytes = zone->count * sizeof zone->offsets_s[0];
    size_t bytes = (sizeof *zone + times_bytes + offsets_bytes + 7) / 8 * 8;
    char *at = room;
    struct zone head = *zone;
    head.at_s = NULL; /* of this process; zone_unpack sets them */
    head.offsets_s = NULL;
    if (bytes > room_bytes || bytes > ZONE_PACKED_BYTES)
        return 0;
    memset(room, 0, bytes);
    memcpy(at, &head, sizeof head);
    if (zone->count > 0) {
        memcpy(at + sizeof *zone, zone->at_s, times_bytes);
        memcpy(at + sizeof *zone + times_bytes, zone->offsets_s, offsets_bytes);
    }
    return bytes;
}

void zone_unpack(const void *packed, struct zone *out)
{
    char *at = (char *)(uintptr_t)packed;
    memcpy(out, packed, sizeof *out);
    out->at_s = (int64_t *)(void *)(at + sizeof *out);
    out->offsets_s = (int32_t *)(void *)(out->at_s + out->count);
}

/* ---- days ---- */

static int64_t floor_divide(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

/* Returns how many changes of the clocks lie before utc_s. */
static size_t passed(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms)
{
    int64_t utc_s = floor_divide(utc_ms, 1000);
    size_t index = passed(zone, utc_s);
    if (index == zone->count && zone->has_rule)
        return zone_rule_offset_s(&zone->rule, utc_s);
    return index > 0 ? zone->offsets_s[index - 1] : zone->first_offset_s;
}

int64_t zone_day(const struct zone *zone, int64_t utc_ms)
{
    return floor_divide(utc_ms + zone_offset_s(zone, utc_ms) * INT64_C(1000), DAY_MS);
}

int zone_week_minute(const struct zone *zone, int64_t utc_ms)
{
    enum { WEEK_MINUTES = 7 * 24 * 60, THURSDAY = 3 }; /* the first day of 1970 */
    int64_t utc_s = floor_divide(utc_ms, 1000);
    int64_t minutes = floor_divide(utc_s + zone_offset_s(zone, utc_ms), 60) + THURSDAY * 24 * 60;
    return (int)(minutes - floor_divide(minutes, WEEK_MINUTES) * WEEK_MINUTES);
}

bool zone_splits_hour(const struct zone *zone, int64_t hour)
{
    int64_t first_ms = hour * HOUR_MS;
    int64_t last_ms = first_ms + HOUR_MS - 1;
    int64_t first_s = zone_offset_s(zone, first_ms);
    int64_t last_s = zone_offset_s(zone, last_ms);
    return first_s != last_s || floor_divide(first_ms + first_s * 1000, DAY_MS) !=
                                    floor_divide(last_ms + last_s * 1000, DAY_MS);
}

/* No place is as far as a day and two hours from UTC. */
int64_t zone_day_begins_ms(const struct zone *zone, int64_t day)
{
    int64_t before_ms = day * DAY_MS - 26 * HOUR_MS;
    int64_t then_ms = day * DAY_MS + 26 * HOUR_MS;
    while (then_ms - before_ms > 1) {
        int64_t middle_ms = before_ms + (then_ms - before_ms) / 2;
        if (zone_day(zone, middle_ms) >= day)
            then_ms = middle_ms;
        else
            before_ms = middle_ms;
    }
    return then_ms;
}

const char *zone_format(const struct zone *zone, int64_t utc_ms, char out[ZONE_LOCAL_TEXT_BYTES])
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(utc_ms + zone_offset_s(zone, utc_ms) * INT64_C(1000), text);
    memcpy(out, text, 19);
    out[10] = ' ';
    out[19] = '\0';
    return out;
}
