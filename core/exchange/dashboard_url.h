/* Addresses of the dashboard's pages, for messages to customers. Pure functions. */
#ifndef EXCHANGE_DASHBOARD_URL_H
#define EXCHANGE_DASHBOARD_URL_H

#include <stddef.h>

#include "base/buffer.h"

enum { DASHBOARD_URL_BYTES = 1024 };

/* Writes the address of a page, for example "credits" or "keys". `public_url` must not end with a
 * slash. */
void dashboard_url_format(const char *public_url, const char *page, char out[DASHBOARD_URL_BYTES]);
/* Appends the address of the page that sells credits, as a JSON string. */
void dashboard_url_write_topup(const char *public_url, struct buffer *out);

#endif
