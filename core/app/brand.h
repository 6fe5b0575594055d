/* The operator's brand: the settings brand_name, brand_logo, brand_colour and contact of
 * gateway.conf, and what the pages and mails get of them. */
#ifndef APP_BRAND_H
#define APP_BRAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/limits.h"

enum { BRAND_SETTING_BYTES = LIMIT_DESTINATION_BYTES };

struct brand_settings {
    char name[BRAND_SETTING_BYTES];
    char logo[BRAND_SETTING_BYTES];    /* a file; "": that of the program */
    char colour[BRAND_SETTING_BYTES];  /* "#rrggbb"; "": that of the program */
    char contact[BRAND_SETTING_BYTES]; /* a mail address or an https URL; "": none */
};

/* Where the pages find what is the brand's own. */
#define BRAND_ICON_PATH "/brand-icon.svg"
#define BRAND_LOGO_PATH "/brand-logo"

/* Immutable once made. */
struct brand {
    struct buffer head; /* for the <head> of index.html, with the shades of the colour; it names the
                           two paths if they are there */
    struct buffer links; /* the part of it for all other pages: icon and shades */
    struct buffer icon;  /* our icon in the colour; empty: none was set, or there is a logo */
    struct buffer logo;  /* empty: none was set */
    const char *logo_type;
};

/* Whether the settings are good, but for the file of the logo, which only who shows it reads: a
 * command on the ledger does not need it. False: *fault names the setting. */
bool brand_check(const struct brand_settings *settings, struct fault *fault);
/* Of settings that were checked. Reads the logo. NULL: *fault says what to do. */
struct brand *brand_new(const struct brand_settings *settings, struct fault *fault);
void brand_free(struct brand *brand); /* NULL is allowed */

/* The path of the picture beside the name: logo, our icon in the colour, or our icon. */
const char *brand_mark_path(const struct brand *brand);

/* The colour of buttons in mails and of the text on them, of settings that were checked. */
enum { BRAND_COLOUR_BYTES = sizeof "#rrggbb" };
void brand_mail_colours(const struct brand_settings *settings, char accent[BRAND_COLOUR_BYTES],
                        char ink[BRAND_COLOUR_BYTES]);

#endif
