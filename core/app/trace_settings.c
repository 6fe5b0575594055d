#include "app/trace_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/text.h"
#include "exchange/courier_send.h"

static bool check_url(const char *url, struct fault *fault)
{
    struct slice text = slice_of(url);
    bool secure = slice_starts_with(text, "https://");
    bool plain = slice_starts_with(text, "http://");
    const char *host = strstr(url, "://");
    if ((!secure && !(plain && courier_is_loopback(url))) || !slice_is_visible(text) ||
        strchr("/:?#", host[3]) != NULL)
        return fault_set(fault, "invalid_value",
                         "trace_url must be an address that begins with https:// (http:// only on "
                         "this machine: localhost, 127.0.0.1, [::1])");
    if (strchr(host + 3, '@') != NULL)
        return fault_set(fault, "invalid_value",
                         "trace_url must not have a user or password in it: use trace_headers");
    const char *path = strchr(host + 3, '/');
    if (path == NULL || path[1] == '\0')
        return fault_set(fault, "invalid_value",
                         "trace_url has no path; collectors take traces at %.400s/v1/traces", url);
    return true;
}

/* ---- trace_headers ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of a value, percent-encoded or not; -1: it cannot stand in a header. */
static int next_byte(struct slice *value)
{
    int byte = (unsigned char)value->data[0];
    size_t bytes = 1;
    if (byte == '%') {
        int high = value->bytes >= 3 ? hex_digit(value->data[1]) : -1;
        int low = value->bytes >= 3 ? hex_digit(value->data[2]) : -1;
        if (high < 0 || low < 0)
            return -1;
        byte = high << 4 | low;
        bytes = 3;
    }
    value->data += bytes;
    value->bytes -= bytes;
    return byte == '\t' || (byte >= ' ' && byte <= '~') ? byte : -1;
}

static bool is_name(struct slice name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.data[i];
        char lower = (char)(c | 0x20);
        bool letter = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return name.bytes > 0;
}

/* Those that libcurl or we set. */
static bool is_ours(struct slice name)
{
    static const char *const ours[] = {"content-type",      "content-length", "content-encoding",
                                       "transfer-encoding", "host",           "expect",
                                       "connection"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (slice_equals_nocase(name, ours[i]))
            return true;
    }
    return false;
}

/* "Name: value" */
static bool read_header(struct slice pair, char out[TRACER_HEADER_BYTES])
{
    const char *equals = slice_char(pair, '=');
    if (equals == NULL)
        return false;
    struct slice name = slice_trim((struct slice){pair.data, (size_t)(equals - pair.data)});
    struct slice value =
        slice_trim((struct slice){equals + 1, pair.bytes - (size_t)(equals - pair.data) - 1});
    if (!is_name(name) || is_ours(name) || value.bytes == 0 ||
        name.bytes + value.bytes + 3 > TRACER_HEADER_BYTES)
        return false;
    memcpy(out, name.data, name.bytes);
    char *at = out + name.bytes;
    *at++ = ':';
    *at++ = ' ';
    while (value.bytes > 0) {
        int byte = next_byte(&value);
        if (byte < 0)
            return false;
        *at++ = (char)byte;
    }
    *at = '\0';
    return true;
}

static bool read_headers(const char *list, struct tracer_settings *out, struct fault *fault)
{
    const char *at = list;
    for (size_t count = 0; *at != '\0'; count++) {
        size_t bytes = strcspn(at, ",");
        if (count == TRACER_HEADERS || !read_header((struct slice){at, bytes}, out->headers[count]))
            return fault_set(fault, "invalid_value",
                             "trace_headers must be up to %d header fields as name=value with "
                             "commas between them, like authorization=Bearer%%20${TOKEN}; blanks "
                             "and commas in a value are written as %%20 and %%2C",
                             TRACER_HEADERS);
        at += bytes + (at[bytes] == ',' ? 1 : 0);
    }
    return true;
}

/* ---- the others ---- */

static bool read_sample(const char *text, uint64_t *out, struct fault *fault)
{
    enum { PLACES = 15 };
    static const uint64_t one = 1000000000000000; /* 10^PLACES */
    unsigned __int128 scaled;
    if (!decimal_scale_up(slice_of(text), PLACES, one, &scaled))
        return fault_set(fault, "invalid_value",
                         "trace_sample = %.60s must be the share of calls that are traced, from 0 "
                         "to 1, like 0.01",
                         text);
    *out = (uint64_t)((scaled << 56) / one);
    return true;
}

static bool read_name(const char *name, struct fault *fault)
{
    enum { NAME_BYTES = 200 };
    return (name[0] != '\0' && text_is_name(slice_of(name), NAME_BYTES)) ||
           fault_set(fault, "invalid_value",
                     "trace_service_name must be the name under which collectors show this "
                     "gateway: 1 to %d bytes of UTF-8",
                     NAME_BYTES);
}

bool trace_settings_read(const struct trace_settings *settings, struct tracer_settings *out,
                         struct fault *fault)
{
    *out = (struct tracer_settings){.trusts_parents = settings->trust_parent != 0,
                                    .records_max = (size_t)settings->queue_max};
    if (settings->content != 0)
        out->content_bytes_max = (size_t)settings->content_max;
    slice_copy(slice_of(settings->content_groups), out->content_groups, sizeof out->content_groups);
    slice_copy(slice_of(settings->url), out->url, sizeof out->url);
    slice_copy(slice_of(settings->service_name), out->service_name, sizeof out->service_name);
    return (settings->url[0] == '\0' || check_url(settings->url, fault)) &&
           read_headers(settings->headers, out, fault) &&
           read_sample(settings->sample, &out->kept, fault) &&
           read_name(settings->service_name, fault);
}
