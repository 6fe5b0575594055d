#include "exchange/dashboard_url.h"

#include <stdio.h>

#include "base/json.h"

void dashboard_url_format(const char *public_url, const char *page, char out[DASHBOARD_URL_BYTES])
{
    snprintf(out, DASHBOARD_URL_BYTES, "%s/dashboard/%s", public_url, page);
}

void dashboard_url_write_topup(const char *public_url, struct buffer *out)
{
    char url[DASHBOARD_URL_BYTES];
    dashboard_url_format(public_url, "credits", url);
    json_write_text(out, url);
}
