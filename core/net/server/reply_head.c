#include "net/server/reply_head.h"

#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/clock.h"

enum {
    USUAL_BYTES = 8 * 1024, /* a longer text moves and leaves a copy in freed memory */
    BYTES_MAX = 1024 * 1024
};

/* Reserves its memory at once, because headers hold cookies. */
void reply_head_init(struct reply_head *head)
{
    static const char zeros[USUAL_BYTES];
    *head = (struct reply_head){.date_s = -1};
    buffer_init(&head->text, BYTES_MAX);
    check(buffer_append(&head->text, zeros, sizeof zeros));
    buffer_reset(&head->text);
}

void reply_head_fini(struct reply_head *head)
{
    buffer_wipe_fini(&head->text);
}

/* The first header is the Date, whose name is the entry's key. */
static void begin(struct reply_head *head)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != head->date_s) {
        head->date_s = now_s;
        evutil_date_rfc1123(head->date, sizeof head->date, NULL);
    }
    buffer_append_text(&head->text, head->date);
}

void reply_head_add(struct reply_head *head, const char *name, const char *value)
{
    check(strpbrk(name, "\r\n:") == NULL && strpbrk(value, "\r\n") == NULL);
    if (head->text.bytes == 0)
        begin(head);
    buffer_append_text(&head->text, "\r\n");
    buffer_append_text(&head->text, name);
    buffer_append_text(&head->text, ": ");
    buffer_append_text(&head->text, value);
}

/* Makes a block that libevent will free. */
static char *copy(const void *data, size_t bytes)
{
    char *text = malloc(bytes + 1);
    check(text != NULL);
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    return text;
}

void reply_head_give(struct reply_head *head, struct evkeyvalq *headers)
{
    if (head->text.bytes == 0)
        begin(head);
    struct evkeyval *entry = calloc(1, sizeof *entry);
    check(entry != NULL && !head->text.failed);
    entry->key = copy("Date", 4);
    entry->value = copy(head->text.data, head->text.bytes);
    TAILQ_INSERT_TAIL(headers, entry, next);
    explicit_bzero(head->text.data, head->text.bytes);
    buffer_reset(&head->text);
}
