#include "store/customer_messages.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/money.h"

void customer_messages_mail(const struct customer_mail *mail, struct buffer *out)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "template", mail->template);
    json_writer_text(out, "language", mail->language);
    json_writer_object(out, "values");
    for (const struct mail_value *value = mail->values; value->name != NULL; value++)
        json_writer_text(out, value->name, value->text);
    json_writer_object_end(out);
    if (mail->sealed != NULL)
        json_writer_text(out, "sealed", mail->sealed);
    json_writer_object_end(out);
    buffer_append_char(out, '\0');
}

void customer_messages_webhook(const char *type, int64_t now_ms, struct buffer *out)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "type", type);
    json_writer_time(out, "timestamp", now_ms);
    json_writer_object(out, "data");
}

void customer_messages_webhook_end(struct buffer *out)
{
    json_writer_object_end(out);
    json_writer_object_end(out);
    buffer_append_char(out, '\0');
}

const char *customer_messages_money(int64_t nusd, char out[CUSTOMER_TEXT_BYTES])
{
    char text[MONEY_TEXT_BYTES];
    money_format_short(nusd, text);
    const char *point = strchr(text, '.');
    size_t decimals = point != NULL ? strlen(point + 1) : 0;
    snprintf(out, CUSTOMER_TEXT_BYTES, "$%s%s%.*s", text, point == NULL ? "." : "",
             decimals < 2 ? (int)(2 - decimals) : 0, "00");
    return out;
}

const char *customer_messages_time(int64_t wall_ms, char out[CUSTOMER_TEXT_BYTES])
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(wall_ms, text);
    snprintf(out, CUSTOMER_TEXT_BYTES, "%.10s %.5s UTC", text, text + sizeof "2026-12-01T" - 1);
    return out;
}
