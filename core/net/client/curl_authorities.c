#include "net/client/curl_authorities.h"

#include <stddef.h>

/* Debian's libcurl believes a folder beside the file by default: /etc/ssl/certs. */
void curl_authorities_set(CURL *easy, const char *ca_file)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}
