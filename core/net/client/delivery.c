#include "net/client/delivery.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/limits.h"
#include "net/client/curl_authorities.h"
#include "net/client/curl_defaults.h"
#include "net/client/public_address.h"

enum { ANSWER_BYTES = 64 * 1024 }; /* of an answer; what comes then is not waited for */

/* A mail has a thread of its own, because libcurl waits inside for the server's answer to the end
 * of a mail (smtp_done), and would hold up all that runs beside it. */
struct running {
    struct running *next;
    struct running *next_ended;
    struct deliveries *owner;
    CURL *easy;
    pthread_t thread; /* of a mail */
    atomic_bool cut;
    int mail_fd;   /* the mail's socket; -1: none. Under the owner's mutex */
    CURLcode code; /* of a mail that has ended */
    struct curl_slist *headers, *to;
    struct buffer body; /* what is sent */
    size_t sent_bytes;
    size_t answer_bytes;
    bool keeps_answer;
    struct buffer answer;
    bool at_receiver; /* of a mail: RCPT was sent, and DATA was not */
    bool foreign, private_allowed;
    bool refused; /* an address of it was not public */
    void *arg;
    char said[DELIVERY_WORDS_BYTES]; /* the beginning of the answer */
    char error[CURL_ERROR_SIZE];
};

struct deliveries {
    CURLM *multi;
    struct running *first;
    pthread_mutex_t mutex; /* guards `ended` and each mail_fd */
    struct running *ended; /* mails, which are to be joined */
    int ended_fd;          /* readable while there are some */
};

struct deliveries *deliveries_new(void)
{
    struct deliveries *deliveries = calloc(1, sizeof *deliveries);
    check(deliveries != NULL);
    deliveries->multi = curl_multi_init();
    check(deliveries->multi != NULL && pthread_mutex_init(&deliveries->mutex, NULL) == 0);
    deliveries->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    check(deliveries->ended_fd >= 0);
    return deliveries;
}

static bool is_mail(const struct running *running)
{
    return running->to != NULL;
}

/* Ends a mail that is under way, and waits until its thread has seen it. */
static void cut_mail(struct running *running)
{
    atomic_store(&running->cut, true);
    check(pthread_mutex_lock(&running->owner->mutex) == 0);
    if (running->mail_fd >= 0)
        shutdown(running->mail_fd, SHUT_RDWR);
    check(pthread_mutex_unlock(&running->owner->mutex) == 0);
    check(pthread_join(running->thread, NULL) == 0);
}

static void running_free(struct running *running)
{
    curl_easy_cleanup(running->easy);
    curl_slist_free_all(running->headers);
    curl_slist_free_all(running->to);
    buffer_wipe_fini(&running->body);
    buffer_fini(&running->answer);
    free(running);
}

void deliveries_free(struct deliveries *deliveries)
{
    if (deliveries == NULL)
        return;
    while (deliveries->first != NULL) {
        struct running *running = deliveries->first;
        deliveries->first = running->next;
        if (is_mail(running))
            cut_mail(running);
        else
            curl_multi_remove_handle(deliveries->multi, running->easy);
        running_free(running);
    }
    curl_multi_cleanup(deliveries->multi);
    check(pthread_mutex_destroy(&deliveries->mutex) == 0);
    close(deliveries->ended_fd);
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
    for (size_t i = 0; i < bytes && !running->foreign && kept + 1 < sizeof running->said; i++) {
        unsigned char c = (unsigned char)data[i];
        running->said[kept++] = (char)(c < ' ' ? ' ' : c);
    }
    running->said[kept] = '\0';
    if (running->keeps_answer)
        buffer_append(&running->answer, data, bytes);
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

/* The commands of a mail. */
static int on_command(CURL *easy, curl_infotype type, char *data, size_t bytes, void *arg)
{
    struct running *running = arg;
    (void)easy;
    const struct slice command = {data, bytes};
    if (type == CURLINFO_HEADER_OUT && slice_starts_with(command, "RCPT "))
        running->at_receiver = true;
    if (type == CURLINFO_HEADER_OUT && slice_starts_with(command, "DATA"))
        running->at_receiver = false;
    return 0;
}

/* The address is the one that is connected to, whatever was resolved before. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct running *running = arg;
    (void)purpose;
    if (!running->private_allowed && !public_address_is(&address->addr)) {
        running->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- a mail's thread ---- */

static curl_socket_t on_open_mail(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct running *running = arg;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    (void)purpose;
    check(pthread_mutex_lock(&running->owner->mutex) == 0);
    running->mail_fd = fd;
    check(pthread_mutex_unlock(&running->owner->mutex) == 0);
    return fd;
}

static int on_close_mail(void *arg, curl_socket_t fd)
{
    struct running *running = arg;
    check(pthread_mutex_lock(&running->owner->mutex) == 0);
    if (running->mail_fd == fd)
        running->mail_fd = -1;
    check(pthread_mutex_unlock(&running->owner->mutex) == 0);
    return close(fd);
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct running *running = arg;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return atomic_load(&running->cut) ? 1 : 0;
}

static void *mail_main(void *arg)
{
    struct running *running = arg;
    struct deliveries *deliveries = running->owner;
    const uint64_t one = 1;
    running->code = curl_easy_perform(running->easy);
    check(pthread_mutex_lock(&deliveries->mutex) == 0);
    running->next_ended = deliveries->ended;
    deliveries->ended = running;
    check(pthread_mutex_unlock(&deliveries->mutex) == 0);
    ssize_t written = write(deliveries->ended_fd, &one, sizeof one);
    (void)written; /* it is readable in any case */
    return NULL;
}

/* All signals are the main thread's; a new thread inherits the mask of this one. */
static bool start_mail(struct running *running)
{
    CURL *easy = running->easy;
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_mail);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, running);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_mail);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, running);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, running);
    return pthread_create(&running->thread, NULL, mail_main, running) == 0;
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
    /* Most messages are seldom: a connection that was kept would mostly be dead. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, delivery->keeps_connection ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, delivery->keeps_connection ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)delivery->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_DELIVERY_MS);
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
    running->foreign = delivery->foreign;
    running->private_allowed = delivery->private_allowed;
    running->keeps_answer = delivery->keeps_answer;
    if (delivery->foreign) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, running);
    }
    for (size_t i = 0; delivery->headers[i] != NULL && ok; i++)
        ok = append(&running->headers, delivery->headers[i]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, running->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    struct slice body = delivery->lends_body ? delivery->body : buffer_slice(&running->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.bytes);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data);
    if (delivery->lends_body) /* it is long: fewer pieces, and fewer turns of the loop */
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    return ok;
}

static bool prepare_mail(struct running *running, const struct delivery *delivery)
{
    CURL *easy = running->easy;
    char from[LIMIT_EMAIL_BYTES + 3], to[LIMIT_EMAIL_BYTES + 3];
    snprintf(from, sizeof from, "<%s>", delivery->from);
    snprintf(to, sizeof to, "<%s>", delivery->to);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)delivery->timeout_ms / 1000 + 1);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, running);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_command);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, running);
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
    if (easy == NULL ||
        (!delivery->lends_body && !buffer_append_slice(&running->body, delivery->body)))
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
    running->owner = deliveries;
    running->mail_fd = -1;
    atomic_init(&running->cut, false);
    running->easy = curl_easy_init();
    buffer_init(&running->body, LIMIT_MESSAGE_BYTES * 3);
    buffer_init(&running->answer, ANSWER_BYTES);
    bool ok = prepare(running, delivery);
    if (ok)
        ok = is_mail(running) ? start_mail(running)
                              : curl_multi_add_handle(deliveries->multi, running->easy) == CURLM_OK;
    if (ok) {
        running->next = deliveries->first;
        deliveries->first = running;
        return true;
    }
    *why = "the message cannot be sent: it is too large, or memory is short";
    running_free(running);
    return false;
}

/* ---- ending ---- */

/* libcurl reads both forms of Retry-After: seconds, or a date. */
static int64_t retry_after_ms(CURL *easy)
{
    enum { DAY_S = 24 * 3600 };
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds <= 0 ? 0 : INT64_C(1000) * (seconds < DAY_S ? seconds : DAY_S);
}

/* Its words, or what libcurl says. A receiver that says yes is believed, whatever follows. */
static void end(struct running *running, CURLcode code, struct delivery_end *out)
{
    long status = 0;
    curl_easy_getinfo(running->easy, CURLINFO_RESPONSE_CODE, &status);
    bool mail = is_mail(running);
    bool said_yes = mail ? code == CURLE_OK : status >= 200 && status < 300;
    *out = (struct delivery_end){.arg = running->arg,
                                 .taken = said_yes,
                                 .status = (int)status,
                                 .answer = running->answer,
                                 .of_receiver = mail && !said_yes && running->at_receiver,
                                 .retry_after_ms = mail ? 0 : retry_after_ms(running->easy)};
    buffer_init(&running->answer, 0); /* moved */
    if (said_yes && !mail)
        memcpy(out->words, running->said, sizeof out->words);
    if (said_yes)
        return;
    const char *error = running->error[0] != '\0' ? running->error : curl_easy_strerror(code);
    if (running->refused && status == 0)
        snprintf(out->words, sizeof out->words, "%s",
                 "its address is not public: it is not connected to");
    else if (mail && running->said[0] != '\0')
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
    if (!is_mail(running))
        curl_multi_remove_handle(deliveries->multi, running->easy);
    running_free(running);
}

static bool next_mail(struct deliveries *deliveries, struct delivery_end *out)
{
    uint64_t ignored;
    check(pthread_mutex_lock(&deliveries->mutex) == 0);
    struct running *running = deliveries->ended;
    if (running != NULL)
        deliveries->ended = running->next_ended;
    else
        (void)!read(deliveries->ended_fd, &ignored, sizeof ignored);
    check(pthread_mutex_unlock(&deliveries->mutex) == 0);
    if (running == NULL)
        return false;
    check(pthread_join(running->thread, NULL) == 0);
    end(running, running->code, out);
    forget(deliveries, running);
    return true;
}

bool deliveries_next(struct deliveries *deliveries, int wake_fd, int timeout_ms,
                     struct delivery_end *out)
{
    struct curl_waitfd wakes[] = {{.fd = wake_fd, .events = CURL_WAIT_POLLIN},
                                  {.fd = deliveries->ended_fd, .events = CURL_WAIT_POLLIN}};
    int left;
    if (next_mail(deliveries, out))
        return true;
    curl_multi_perform(deliveries->multi, &left);
    CURLMsg *message = curl_multi_info_read(deliveries->multi, &left);
    if (message == NULL && timeout_ms > 0) {
        curl_multi_poll(deliveries->multi, wakes, 2, timeout_ms, NULL);
        curl_multi_perform(deliveries->multi, &left);
        message = curl_multi_info_read(deliveries->multi, &left);
    }
    if (message == NULL)
        return next_mail(deliveries, out);
    struct running *running = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running);
    end(running, message->data.result, out);
    forget(deliveries, running);
    return true;
}
