/* The templates of the mails to customers, in English and Korean: built into the program (mails/),
 * and files of the operator in place of some or all of them (docs/MAIL.md).
 *
 *   NAME.LANGUAGE.txt   "Subject: ..." on the first line, an empty line, the text
 *   NAME.LANGUAGE.html  the same as HTML, which stands in layout.html at {{content}}
 *
 * {{name}} is filled in; in HTML the value is escaped. All placeholders are checked when the files
 * are read, so a mail cannot fail by its template. Immutable, counted, any thread. */
#ifndef EXCHANGE_MAIL_TEMPLATES_H
#define EXCHANGE_MAIL_TEMPLATES_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/secret.h"
#include "base/slice.h"
#include "exchange/mail_content.h"

struct mail_templates;

/* `folder`: the operator's; "": none. NULL: *fault names the file, its line and what to do. */
struct mail_templates *mail_templates_load(const char *folder, struct fault *fault);
struct mail_templates *mail_templates_ref(struct mail_templates *templates);
void mail_templates_unref(struct mail_templates *templates); /* NULL is allowed */

/* What all mails have in common. */
struct mail_scene {
    const char *sender;        /* the gateway's name for people */
    const char *dashboard_url; /* no slash at the end */
    const char *contact;       /* where customers find help; "": nowhere */
    const char *accent;        /* the colour of buttons, "#rrggbb" */
    const char *accent_ink;    /* of the text on them */
    const struct secret *secret;
};

/* The token of a mailed link is sealed about this (base/seal.h). */
#define MAIL_LINK_SEAL "the token of a mailed link"

/* Writes the mail of a payload (store/customer_messages.h). Returns false when it is none of those,
 * or its token was sealed with another secret. */
bool mail_templates_write(const struct mail_templates *templates, const struct mail_scene *scene,
                          struct slice payload, struct mail_content *out);

#endif
