#include "net/client/delivery.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/limits.h"
#include "net/client/curl_authorities.h"
#include "net/client/curl_defaults.h"

enum { ANSWER_BYTES = 64 * 1024 }; /* of an answer; what comes then is not waited for */

struct running {
    struct running *next;
    CURL *easy;
    struct curl_slist *headers, *to;
    struct buffer body; /* what is sent */
    size_t sent_bytes;
    size_t answer_bytes;
    void *arg;
    char said[DELIVERY_WORDS_BYTES]; /* the beginning of the answer */
    char error[CURL_ERROR_SIZE];
};

struct deliveries {
    CURLM *multi;
    struct running *first;
};

struct deliveries *deliveries_new(void)
{
    struct deliveries *deliveries = calloc(1, sizeof *deliveries);
    check(deliveries != NULL);
    deliveries->multi = curl_multi_init();
    check(deliveries->multi != NULL);
    return deliveries;
}

static void running_free(struct running *running)
{
    curl_easy_cleanup(running->easy);
    curl_slist_free_all(running->headers);
    curl_slist_free_all(running->to);
    buffer_wipe_fini(&running->body);
    free(running);
}

void deliveries_free(struct deliveries *deliveries)
{
    if (deliveries == NULL)
        return;
    while (deliveries->first != NULL) {
        struct running *running = deliveries->first;
        deliveries->first = running->next;
        curl_multi_remove_handle(deliveries->multi, running->easy);
        running_free(running);
    }
    curl_multi_cleanup(deliveries->multi);
    free(deliveries);
}

/* ---- bytes ---- */

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct running *running = arg;
    size_t bytes = running->body.bytes - running->sent_bytes;
    if (bytes > size * count)
        bytes = size * count;
    memcpy(out, running->body.data + running->sent_bytes, bytes);
    running->sent_bytes += bytes;
    return bytes;
}

/* Keeps the beginning, for the operator. The status has decided already: a long answer is cut. */
static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct running *running = arg;
    size_t bytes = size * count;
    size_t kept = strlen(running->said);
    running->answer_bytes += bytes;
    for (size_t i = 0; i < bytes && kept + 1 < sizeof running->said; i++) {
        unsigned char c = (unsigned char)data[i];
        running->said[kept++] = (char)(c < ' ' ? ' ' : c);
    }
    running->said[kept] = '\0';
    return running->answer_bytes > ANSWER_BYTES ? 0 : bytes;
}

/* A line of the mail server: the last one that refuses is kept. */
static size_t on_line(char *line, size_t size, size_t count, void *arg)
{
    struct running *running = arg;
    struct slice text = slice_trim((struct slice){line, size * count});
    if (text.bytes > 3 && (text.data[0] == '4' || text.data[0] == '5'))
        slice_copy(text, running->said, sizeof running->said);
    return size * count;
}

/* ---- starting ---- */

static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static void set_options(CURL *easy, const struct delivery *delivery)
{
    curl_defaults_set(easy, "http,https,smtp,smtps");
    /* Messages are seldom: a connection that was kept would mostly be dead. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)delivery->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_URL, delivery->url);
    /* Whoever drops a delivery does not wait until the system gives up looking for its name. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    if (delivery->ca_file != NULL && delivery->ca_file[0] != '\0')
        curl_authorities_set(easy, delivery->ca_file);
}

static bool prepare_post(struct running *running, const struct delivery *delivery)
{
    CURL *easy = running->easy;
    bool ok = append(&running->headers, "Expect:");
    for (size_t i = 0; delivery->headers[i] != NULL && ok; i++)
        ok = append(&running->headers, delivery->headers[i]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, running->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)running->body.bytes);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, running->body.data);
    return ok;
}

static bool prepare_mail(struct running *running, const struct delivery *delivery)
{
    CURL *easy = running->easy;
    char from[LIMIT_EMAIL_BYTES + 3], to[LIMIT_EMAIL_BYTES + 3];
    snprintf(from, sizeof from, "<%s>", delivery->from);
    snprintf(to, sizeof to, "<%s>", delivery->to);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, running);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, running);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)running->body.bytes);
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     delivery->needs_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
    if (delivery->user[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_USERNAME, delivery->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, delivery->password);
    }
    if (!append(&running->to, to))
        return false;
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, running->to);
    return true;
}

static bool prepare(struct running *running, const struct delivery *delivery)
{
    CURL *easy = running->easy;
    if (easy == NULL || !buffer_append_slice(&running->body, delivery->body))
        return false;
    set_options(easy, delivery);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, running->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, running);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, running);
    bool mail = slice_starts_with(slice_of(delivery->url), "smtp");
    return mail ? prepare_mail(running, delivery) : prepare_post(running, delivery);
}

bool deliveries_start(struct deliveries *deliveries, const struct delivery *delivery, void *arg,
                      const char **why)
{
    struct running *running = calloc(1, sizeof *running);
    check(running != NULL);
    running->arg = arg;
    running->easy = curl_easy_init();
    buffer_init(&running->body, LIMIT_MESSAGE_BYTES * 3);
    if (prepare(running, delivery) &&
        curl_multi_add_handle(deliveries->multi, running->easy) == CURLM_OK) {
        running->next = deliveries->first;
        deliveries->first = running;
        return true;
    }
    *why = "the message cannot be sent: it is too large, or memory is short";
    running_free(running);
    return false;
}

/* ---- ending ---- */

/* Its words, or what libcurl says. A receiver that says yes is believed, whatever follows. */
static void end(const struct running *running, CURLcode code, struct delivery_end *out)
{
    long status = 0;
    curl_easy_getinfo(running->easy, CURLINFO_RESPONSE_CODE, &status);
    bool mail = running->to != NULL;
    bool said_yes = mail ? code == CURLE_OK : status >= 200 && status < 300;
    *out = (struct delivery_end){.arg = running->arg, .taken = said_yes, .status = (int)status};
    if (said_yes)
        return;
    const char *error = running->error[0] != '\0' ? running->error : curl_easy_strerror(code);
    if (mail && running->said[0] != '\0')
        snprintf(out->words, sizeof out->words, "%s", running->said);
    else if (status != 0 && !mail)
        snprintf(out->words, sizeof out->words, "status %ld%s%s", status,
                 running->said[0] != '\0' ? ": " : "", running->said);
    else
        snprintf(out->words, sizeof out->words, "%s", error);
}

static void forget(struct deliveries *deliveries, struct running *running)
{
    struct running **at = &deliveries->first;
    while (*at != running)
        at = &(*at)->next;
    *at = running->next;
    curl_multi_remove_handle(deliveries->multi, running->easy);
    running_free(running);
}

bool deliveries_next(struct deliveries *deliveries, int wake_fd, int timeout_ms,
                     struct delivery_end *out)
{
    struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
    int left;
    curl_multi_perform(deliveries->multi, &left);
    CURLMsg *message = curl_multi_info_read(deliveries->multi, &left);
    if (message == NULL && timeout_ms > 0) {
        curl_multi_poll(deliveries->multi, &wake, 1, timeout_ms, NULL);
        curl_multi_perform(deliveries->multi, &left);
        message = curl_multi_info_read(deliveries->multi, &left);
    }
    if (message == NULL)
        return false;
    struct running *running = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running);
    end(running, message->data.result, out);
    forget(deliveries, running);
    return true;
}
