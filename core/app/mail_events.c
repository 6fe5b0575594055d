#include "app/mail_events.h"

#include <stdio.h>
#include <string.h>

#include "base/authorization.h"

static bool is_path(struct slice path, const char *service)
{
    char wanted[64];
    struct slice text = {wanted, 0};
    text.bytes = (size_t)snprintf(wanted, sizeof wanted, "/api/mail-events/%s", service);
    return slice_same(path, text);
}

/* Compares keyed digests: how long that takes tells nothing of the password. */
static bool is_password(const struct alert_settings *settings, const struct secret *secret,
                        struct slice header)
{
    char text[AUTHORIZATION_BYTES_MAX];
    struct digest given, right;
    struct slice password = authorization_password(header, text);
    if (password.data == NULL)
        return false;
    secret_digest(secret, password, &given);
    secret_digest(secret, slice_of(settings->mail_events_secret), &right);
    return memcmp(&given, &right, sizeof given) == 0;
}

bool mail_events_admit(const struct alert_settings *settings, const struct secret *secret,
                       const struct http_head *head)
{
    const struct slice *header = head_header(head, "authorization");
    return settings->mail_events != SERVICE_NONE && header != NULL &&
           is_path(head->path, alert_settings_mail_service(settings)) &&
           is_password(settings, secret, *header);
}
