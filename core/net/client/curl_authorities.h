/* Who may vouch for a server. Only for this room. */
#ifndef NET_CLIENT_CURL_AUTHORITIES_H
#define NET_CLIENT_CURL_AUTHORITIES_H

#include <curl/curl.h>

/* From now on only the authorities in this file do, not the system's. libcurl keeps that: no call
 * without a file of its own may have the handle. */
void curl_authorities_set(CURL *easy, const char *ca_file);

#endif
