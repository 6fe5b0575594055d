/* Where customers find what they need to go on: pages of the dashboard. Pure functions. */
#ifndef EXCHANGE_DASHBOARD_URL_H
#define EXCHANGE_DASHBOARD_URL_H

#include <stddef.h>

#include "base/buffer.h"

enum { DASHBOARD_URL_BYTES = 1024 };

/* Writes the address of a page: "credits", "keys". `public_url` has no slash at its end. */
void dashboard_url_format(const char *public_url, const char *page, char out[DASHBOARD_URL_BYTES]);
/* Appends, as a JSON string, where credits are to be had. */
void dashboard_url_write_topup(const char *public_url, struct buffer *out);

#endif
