#include "base/json_writer.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/money.h"

void json_writer_begin(struct buffer *out, const char *name)
{
    char last = out->bytes ? out->data[out->bytes - 1] : '{';
    if (last != '{' && last != '[')
        buffer_append_char(out, ',');
    if (name != NULL) {
        json_write_text(out, name);
        buffer_append_char(out, ':');
    }
}

void json_writer_object(struct buffer *out, const char *name)
{
    json_writer_begin(out, name);
    buffer_append_char(out, '{');
}

void json_writer_object_end(struct buffer *out)
{
    buffer_append_char(out, '}');
}

void json_writer_array(struct buffer *out, const char *name)
{
    json_writer_begin(out, name);
    buffer_append_char(out, '[');
}

void json_writer_array_end(struct buffer *out)
{
    buffer_append_char(out, ']');
}

void json_writer_text(struct buffer *out, const char *name, const char *text)
{
    json_writer_begin(out, name);
    json_write_text(out, text);
}

void json_writer_text_or_null(struct buffer *out, const char *name, const char *text)
{
    if (text[0])
        json_writer_text(out, name, text);
    else
        json_writer_null(out, name);
}

void json_writer_int(struct buffer *out, const char *name, int64_t number)
{
    json_writer_begin(out, name);
    buffer_append_int(out, number);
}

void json_writer_int_or_null(struct buffer *out, const char *name, bool known, int64_t number)
{
    if (known)
        json_writer_int(out, name, number);
    else
        json_writer_null(out, name);
}

void json_writer_bool(struct buffer *out, const char *name, bool value)
{
    json_writer_begin(out, name);
    buffer_append_text(out, value ? "true" : "false");
}

void json_writer_null(struct buffer *out, const char *name)
{
    json_writer_begin(out, name);
    buffer_append_text(out, "null");
}

void json_writer_money(struct buffer *out, const char *name, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    json_writer_text(out, name, money_format(nusd, text));
}

void json_writer_money_number(struct buffer *out, const char *name, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    json_writer_begin(out, name);
    buffer_append_text(out, money_format_short(nusd, text));
}

void json_writer_time(struct buffer *out, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];
    json_writer_text(out, name, clock_format(wall_ms, text));
}

void json_writer_time_or_null(struct buffer *out, const char *name, int64_t wall_ms)
{
    if (wall_ms != 0)
        json_writer_time(out, name, wall_ms);
    else
        json_writer_null(out, name);
}

void json_writer_json(struct buffer *out, const char *name, const char *json)
{
    json_writer_begin(out, name);
    buffer_append_text(out, json);
}

void json_writer_day(struct buffer *out, const char *name, int32_t day)
{
    char text[CLOCK_TEXT_BYTES];
    json_writer_text(out, name, clock_format_day(day, text));
}
