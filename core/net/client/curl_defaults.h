/* What every handle of libcurl has here: a request goes where it is told, and nowhere else. Only
 * for this room. */
#ifndef NET_CLIENT_CURL_DEFAULTS_H
#define NET_CLIENT_CURL_DEFAULTS_H

#include <curl/curl.h>

/* `protocols`: "http,https", say. No redirect is followed, no proxy and no .netrc is looked for. */
void curl_defaults_set(CURL *easy, const char *protocols);

#endif
