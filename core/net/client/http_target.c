#include "net/client/http_target.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Returns a part of the URL, to be freed with curl_free; NULL if the URL has none. */
static char *part(CURLU *url, CURLUPart which)
{
    char *text = NULL;
    return curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

/* Removes the brackets of an IPv6 address and adds its zone. */
static char *connect_host(const char *host, const char *zone)
{
    char *text = NULL;
    size_t bytes = strlen(host);
    if (host[0] != '[')
        text = strdup(host);
    else if (asprintf(&text, "%.*s%s%s", (int)bytes - 2, host + 1, zone != NULL ? "%" : "",
                      zone != NULL ? zone : "") < 0)
        text = NULL;
    check(text != NULL);
    return text;
}

/* We always say that we accept no encoding: without the header any is acceptable (RFC 9110,
 * 12.5.3). */
static char *head_start(const char *path, const char *query, const char *host, const char *port)
{
    char *text = NULL;
    bool usual_port = strcmp(port, "80") == 0;
    int bytes = asprintf(&text,
                         " %s%s%s HTTP/1.1\r\n"
                         "Host: %s%s%s\r\n"
                         "Accept: */*\r\n"
                         "Accept-Encoding: identity\r\n",
                         path, query != NULL ? "?" : "", query != NULL ? query : "", host,
                         usual_port ? "" : ":", usual_port ? "" : port);
    check(bytes > 0);
    return text;
}

static void fill(struct http_target *target, CURLU *url)
{
    char *host = part(url, CURLUPART_HOST);
    char *port = part(url, CURLUPART_PORT);
    char *path = part(url, CURLUPART_PATH);
    char *query = part(url, CURLUPART_QUERY);
    char *zone = part(url, CURLUPART_ZONEID);
    check(host != NULL && port != NULL && path != NULL);
    target->host = connect_host(host, zone);
    target->port = strdup(port);
    check(target->port != NULL);
    target->head = head_start(path, query, host, port);
    if (resolver_literal(target->host, target->port, &target->addresses))
        target->addresses_until_us = INT64_MAX;
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    curl_free(zone);
}

struct http_target *http_target_new(const char *url, struct fault *fault)
{
    CURLU *parsed = curl_url();
    check(parsed != NULL);
    CURLUcode result = curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (result != CURLUE_OK) {
        fault_set(fault, "invalid_value", "the provider's address cannot be used: %s",
                  curl_url_strerror(result));
        curl_url_cleanup(parsed);
        return NULL;
    }
    struct http_target *target = calloc(1, sizeof *target);
    check(target != NULL);
    TAILQ_INIT(&target->kept);
    target->url = strdup(url);
    check(target->url != NULL);
    fill(target, parsed);
    curl_url_cleanup(parsed);
    return target;
}

void http_target_free(struct http_target *target)
{
    free(target->url);
    free(target->host);
    free(target->port);
    free(target->head);
    free(target);
}
