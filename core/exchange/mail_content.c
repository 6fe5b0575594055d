#include "exchange/mail_content.h"

#include "base/limits.h"

void mail_content_init(struct mail_content *content)
{
    enum { SUBJECT_BYTES = 1024 };
    buffer_init(&content->subject, SUBJECT_BYTES);
    buffer_init(&content->text, LIMIT_MESSAGE_BYTES);
    buffer_init(&content->html, LIMIT_MESSAGE_BYTES);
}

void mail_content_fini(struct mail_content *content)
{
    buffer_wipe_fini(&content->subject);
    buffer_wipe_fini(&content->text);
    buffer_wipe_fini(&content->html);
}
