#include "app/brand.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/html.h"
#include "base/logo_type.h"
#include "base/regular_file.h"
#include "base/shades.h"
#include "base/text.h"
#include "exchange/mail_message.h"

enum {
    NAME_BYTES_MAX = 80,
    LOGO_BYTES_MAX = 64 * 1024, /* each first visit loads it */
    HEAD_BYTES_MAX = 16 * 1024,
    ICON_BYTES_MAX = 1024
};

#define STANDARD_COLOUR "#3f51d8"

/* ---- name and contact ---- */

static bool check_name(const char *name, struct fault *fault)
{
    return (name[0] != '\0' && text_is_name(slice_of(name), NAME_BYTES_MAX)) ||
           fault_set(fault, "invalid_value",
                     "brand_name must be the name that customers see, like Example AI: 1 to "
                     "%d bytes of UTF-8",
                     NAME_BYTES_MAX);
}

static bool is_address(const char *contact)
{
    static const char scheme[] = "https://";
    struct slice text = slice_of(contact);
    if (slice_starts_with(text, scheme))
        return text.bytes > sizeof scheme - 1 && slice_is_visible(text) &&
               strchr("/:?#", text.data[sizeof scheme - 1]) == NULL;
    return mail_message_is_address(contact);
}

static bool check_contact(const char *contact, struct fault *fault)
{
    return contact[0] == '\0' || is_address(contact) ||
           fault_set(fault, "invalid_value",
                     "contact = %.60s: it must be where customers find help: a mail address like "
                     "help@example.com, or an address that begins with https://",
                     contact);
}

/* ---- the colour ---- */

static bool check_colour(const char *colour, struct fault *fault)
{
    uint32_t rgb;
    return colour[0] == '\0' || shades_read(slice_of(colour), &rgb) ||
           fault_set(fault, "invalid_value",
                     "brand_colour = %.60s: it must be a colour as #rrggbb, like " STANDARD_COLOUR
                     ": the pages darken or lighten it where texts could not be read in it",
                     colour);
}

static bool read_shades(const char *colour, struct shades *light, struct shades *dark)
{
    uint32_t rgb;
    if (!shades_read(slice_of(colour), &rgb))
        return false;
    shades_make(rgb, SHADES_LIGHT, light);
    shades_make(rgb, SHADES_DARK, dark);
    return true;
}

/* style.css has the same names for `:root`; this may stand before them, so it must count more. */
static void write_style(const struct shades *light, const struct shades *dark, struct buffer *out)
{
    buffer_printf(out,
                  "\n        <style>\n"
                  ":root:root {\n"
                  "    --accent: light-dark(#%06x, #%06x);\n"
                  "    --accent-strong: light-dark(#%06x, #%06x);\n"
                  "    --accent-ink: light-dark(#%06x, #%06x);\n"
                  "    --accent-wash: light-dark(#%06x, #%06x);\n"
                  "}\n</style>",
                  light->accent, dark->accent, light->strong, dark->strong, light->ink, dark->ink,
                  light->wash, dark->wash);
}

/* webui/public/favicon.svg in the colours of the pages' buttons. */
static void write_icon(const struct shades *light, const struct shades *dark, struct buffer *out)
{
    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><style>"
                  "rect{fill:#%06x}path{stroke:#%06x}@media(prefers-color-scheme:dark)"
                  "{rect{fill:#%06x}path{stroke:#%06x}}</style>"
                  "<rect width=\"32\" height=\"32\" rx=\"8\"/>"
                  "<path d=\"M9 22V10m0 12h7M16 16h7m0 0-3.5-3.5M23 16l-3.5 3.5\" fill=\"none\" "
                  "stroke-width=\"2.6\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
                  light->accent, light->ink, dark->accent, dark->ink);
}

void brand_mail_colours(const struct brand_settings *settings, char accent[BRAND_COLOUR_BYTES],
                        char ink[BRAND_COLOUR_BYTES])
{
    uint32_t rgb;
    struct shades light;
    if (!shades_read(slice_of(settings->colour), &rgb))
        check(shades_read(slice_of(STANDARD_COLOUR), &rgb));
    shades_make(rgb, SHADES_LIGHT, &light);
    snprintf(accent, BRAND_COLOUR_BYTES, "#%06x", light.accent & 0xffffff);
    snprintf(ink, BRAND_COLOUR_BYTES, "#%06x", light.ink & 0xffffff);
}

/* ---- the logo ---- */

static bool refuse_logo(const char *path, const char *why, struct fault *fault)
{
    return fault_set(fault, "invalid_value", "brand_logo = %.200s: %s", path, why);
}

static bool read_file(const char *path, struct buffer *out, struct fault *fault)
{
    switch (regular_file_read(path, LOGO_BYTES_MAX, out)) {
    case FILE_READ:
        return true;
    case FILE_NOT_OPENED:
        return refuse_logo(path, strerror(errno), fault);
    case FILE_UNREADABLE:
        return refuse_logo(path, "it is no file that can be read", fault);
    case FILE_TOO_LARGE:
        break;
    }
    return refuse_logo(path, "it is larger than 64 KB, and each visitor loads it: make it smaller",
                       fault);
}

static bool read_logo(struct brand *brand, const char *path, struct fault *fault)
{
    const char *why;
    if (path[0] == '\0')
        return true;
    if (!read_file(path, &brand->logo, fault))
        return false;
    brand->logo_type = logo_type(buffer_slice(&brand->logo), &why);
    return brand->logo_type != NULL || refuse_logo(path, why, fault);
}

/* ---- the head ---- */

static void write_meta(struct buffer *out, const char *name, const char *before, const char *value)
{
    buffer_printf(out, "        <meta name=\"%s\" content=\"%s", name, before);
    html_append(slice_of(value), out);
    buffer_append_text(out, "\" />\n");
}

/* The icon of the tab, and the shades. */
static void write_links(struct brand *brand, const struct brand_settings *settings)
{
    struct shades light, dark;
    bool coloured = read_shades(settings->colour, &light, &dark);
    if (coloured && brand->logo_type == NULL)
        write_icon(&light, &dark, &brand->icon);
    buffer_printf(&brand->links, "<link rel=\"icon\" href=\"%s\" type=\"%s\" />",
                  brand_mark_path(brand),
                  brand->logo_type != NULL ? brand->logo_type : "image/svg+xml");
    if (coloured)
        write_style(&light, &dark, &brand->links);
}

const char *brand_mark_path(const struct brand *brand)
{
    if (brand->logo_type != NULL)
        return BRAND_LOGO_PATH;
    return brand->icon.bytes > 0 ? BRAND_ICON_PATH : "/favicon.svg";
}

static void write_head(struct brand *brand, const struct brand_settings *settings)
{
    struct buffer *out = &brand->head;
    buffer_append_text(out, "<title>");
    html_append(slice_of(settings->name), out);
    buffer_append_text(out, "</title>\n");
    write_meta(out, "application-name", "", settings->name);
    write_meta(out, "description", "Keys, usage and credits of your account: ", settings->name);
    if (settings->contact[0] != '\0')
        write_meta(out, "brand-contact", "", settings->contact);
    if (brand->logo_type != NULL)
        write_meta(out, "brand-logo", "", BRAND_LOGO_PATH);
    buffer_append_text(out, "        ");
    buffer_append_slice(out, buffer_slice(&brand->links));
}

bool brand_check(const struct brand_settings *settings, struct fault *fault)
{
    return check_name(settings->name, fault) && check_contact(settings->contact, fault) &&
           check_colour(settings->colour, fault);
}

struct brand *brand_new(const struct brand_settings *settings, struct fault *fault)
{
    struct brand *brand = calloc(1, sizeof *brand);
    check(brand != NULL);
    buffer_init(&brand->head, HEAD_BYTES_MAX);
    buffer_init(&brand->links, HEAD_BYTES_MAX);
    buffer_init(&brand->icon, ICON_BYTES_MAX);
    buffer_init(&brand->logo, LOGO_BYTES_MAX + 1);
    if (!read_logo(brand, settings->logo, fault)) {
        brand_free(brand);
        return NULL;
    }
    write_links(brand, settings);
    write_head(brand, settings);
    check(!brand->head.failed && !brand->links.failed && !brand->icon.failed);
    return brand;
}

void brand_free(struct brand *brand)
{
    if (brand == NULL)
        return;
    buffer_fini(&brand->head);
    buffer_fini(&brand->links);
    buffer_fini(&brand->icon);
    buffer_fini(&brand->logo);
    free(brand);
}
