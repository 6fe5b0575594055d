/* What customers are told of their quotas: see notices.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "store/books/notices.h"
#include "store/memory/quota_book.h"

/* Whose quota it is. */
struct quota_owner {
    char user_id[ID_BYTES];
    char key_name[LIMIT_NAME_BYTES + 1]; /* "": it is of all keys */
    char last4[8];
};

static bool find_owner(struct db *db, const struct quota_event *event, struct quota_owner *out)
{
    struct row *row;
    *out = (struct quota_owner){.key_name = ""};
    if (event->scope == QUOTA_PER_USER) {
        slice_copy(slice_of(event->subject), out->user_id, sizeof out->user_id);
        return true;
    }
    if (event->scope != QUOTA_PER_KEY)
        return false;
    row = db_bind(db, "SELECT user_id, name, last4 FROM keys WHERE id = ?1",
                  DB_VALUES(bind_text(event->subject)));
    if (!db_row(db, row))
        return false;
    slice_copy(slice_of(column_text(row, 0)), out->user_id, sizeof out->user_id);
    slice_copy(slice_of(column_text(row, 1)), out->key_name, sizeof out->key_name);
    slice_copy(slice_of(column_text(row, 2)), out->last4, sizeof out->last4);
    db_leave(row);
    return true;
}

static bool is_of(const struct quota_event *event, const char *what)
{
    return strstr(event->name, what) != NULL;
}

static void write_count(struct buffer *body, const struct quota_event *event, const char *name,
                        int64_t count)
{
    if (is_of(event, "/usd_per_"))
        json_writer_money(body, name, count);
    else
        json_writer_int(body, name, count);
}

static bool post(struct db *db, const struct notice_receiver *to, const struct quota_event *event)
{
    struct buffer body;
    bool near = event->kind == QUOTA_NEAR;
    buffer_init(&body, LIMIT_MESSAGE_BYTES);
    customer_messages_webhook(near ? "quota.near" : "quota.reached", event->created_ms, &body);
    json_writer_text(&body, "quota", event->name);
    json_writer_text_or_null(&body, "key_id", event->scope == QUOTA_PER_KEY ? event->subject : "");
    write_count(&body, event, "limit", event->limit);
    write_count(&body, event, "used", event->used);
    json_writer_time(&body, "since", event->start_ms);
    customer_messages_webhook_end(&body);
    return notices_webhook(db, to, &body, event->created_ms);
}

static const char *count_text(const struct quota_event *event, int64_t count,
                              char out[CUSTOMER_TEXT_BYTES])
{
    if (is_of(event, "/usd_per_"))
        return customer_messages_money(count, out);
    snprintf(out, CUSTOMER_TEXT_BYTES, "%" PRId64, count);
    return out;
}

static bool mail(struct db *db, const struct notice_receiver *to, const struct quota_event *event,
                 const struct quota_owner *owner)
{
    char limit[CUSTOMER_TEXT_BYTES], used[CUSTOMER_TEXT_BYTES], renews[CUSTOMER_TEXT_BYTES];
    char key[sizeof owner->key_name + sizeof owner->last4 + 8] = "";
    enum quota_period period = is_of(event, "_per_day") ? QUOTA_DAY : QUOTA_MONTH;
    int64_t ends_ms = quota_end_ms(period, event->start_ms);
    if (event->scope == QUOTA_PER_KEY)
        snprintf(key, sizeof key, "%s (...%s)", owner->key_name, owner->last4);
    const struct customer_mail message = {
        .template = "quota_near",
        .language = to->language,
        .values = {{"email", to->email},
                   {"quota", event->name},
                   {"whose", key},
                   {"limit", count_text(event, event->limit, limit)},
                   {"used", count_text(event, event->used, used)},
                   {"renews", customer_messages_time(ends_ms, renews)}}};
    return notices_mail(db, to, &message, event->created_ms, ends_ms);
}

bool notices_quota(struct db *db, const struct notice_switches *switches,
                   const struct quota_event *event)
{
    const struct notice_settings settings = notices_get(switches);
    struct quota_owner owner;
    struct notice_receiver to;
    bool lasts = is_of(event, "_per_day") || is_of(event, "_per_month");
    if ((!settings.webhooks && !settings.mail) || !find_owner(db, event, &owner) ||
        !notices_find(db, owner.user_id, &to))
        return db->failure == 0;
    if (notices_are_posted(&settings, &to) && !post(db, &to, event))
        return false;
    return event->kind != QUOTA_NEAR || !lasts || !to.quotas ||
           !notices_are_mailed(&settings, &to) || mail(db, &to, event, &owner);
}
