#include "store/operations/reply.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/money.h"

/* A comma unless this is the first of its container, and the name. */
static void begin(struct buffer *out, const char *name)
{
    char last = out->bytes ? out->data[out->bytes - 1] : '{';

    if (last != '{' && last != '[')
        buffer_append_char(out, ',');
    if (name) {
        json_write_text(out, name);
        buffer_append_char(out, ':');
    }
}

void reply_object(struct buffer *out, const char *name)
{
    begin(out, name);
    buffer_append_char(out, '{');
}

void reply_object_end(struct buffer *out)
{
    buffer_append_char(out, '}');
}

void reply_array(struct buffer *out, const char *name)
{
    begin(out, name);
    buffer_append_char(out, '[');
}

void reply_array_end(struct buffer *out)
{
    buffer_append_char(out, ']');
}

void reply_text(struct buffer *out, const char *name, const char *text)
{
    begin(out, name);
    json_write_text(out, text);
}

void reply_text_or_null(struct buffer *out, const char *name, const char *text)
{
    if (text[0])
        reply_text(out, name, text);
    else
        reply_null(out, name);
}

void reply_int(struct buffer *out, const char *name, int64_t number)
{
    begin(out, name);
    buffer_append_int(out, number);
}

void reply_bool(struct buffer *out, const char *name, bool value)
{
    begin(out, name);
    buffer_append_text(out, value ? "true" : "false");
}

void reply_null(struct buffer *out, const char *name)
{
    begin(out, name);
    buffer_append_text(out, "null");
}

void reply_money(struct buffer *out, const char *name, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];

    reply_text(out, name, money_format(nusd, text));
}

void reply_money_number(struct buffer *out, const char *name, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];

    begin(out, name);
    buffer_append_text(out, money_format_short(nusd, text));
}

void reply_time(struct buffer *out, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    reply_text(out, name, clock_format(wall_ms, text));
}

void reply_json(struct buffer *out, const char *name, const char *json)
{
    begin(out, name);
    buffer_append_text(out, json);
}

void reply_day(struct buffer *out, const char *name, int32_t day)
{
    char text[CLOCK_TEXT_BYTES];

    reply_text(out, name, clock_format_day(day, text));
}
