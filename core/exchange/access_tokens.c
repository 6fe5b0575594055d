#include "exchange/access_tokens.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"

enum {
    RENEWAL_S = 300, /* so long before its end a token is renewed; a short one at half its life */
    SLACK_S = 10,    /* so long before its end it is not used any more; a tenth of a short life */
    LASTS_S_MIN = 1,
    LASTS_S_MAX = 24 * 3600,
    RETRY_MS_MIN = 1000, /* doubled after each failure */
    RETRY_MS_MAX = 60 * 1000,
    TRUSTED_MS = 30 * 1000 /* so long a new token is not fetched again */
};

static const char prefix[] = "Authorization: Bearer ";

struct entry {
    struct service_account *account; /* a reference; the last one that was used */
    char header[ACCESS_TOKEN_BYTES]; /* "": there is none */
    int64_t got_us;
    int64_t ends_us;  /* when it is not used any more */
    int64_t due_us;   /* when the next one is asked for */
    int64_t retry_ms; /* 0: the last try has not failed */
    enum token_state failure;
    char why[ACCESS_TOKEN_WHY_BYTES];
    bool asked; /* a question is under way */
};

struct access_tokens {
    pthread_mutex_t mutex; /* guards all fields */
    struct entry *entries[LIMIT_SERVICE_ACCOUNTS];
    size_t count;
};

struct access_tokens *access_tokens_new(void)
{
    struct access_tokens *tokens = calloc(1, sizeof *tokens);
    check(tokens != NULL && pthread_mutex_init(&tokens->mutex, NULL) == 0);
    return tokens;
}

static void lock(struct access_tokens *tokens)
{
    check(pthread_mutex_lock(&tokens->mutex) == 0);
}

static void unlock(struct access_tokens *tokens)
{
    check(pthread_mutex_unlock(&tokens->mutex) == 0);
}

static void free_entry(struct entry *entry)
{
    service_account_unref(entry->account);
    secret_wipe(entry, sizeof *entry);
    free(entry);
}

void access_tokens_free(struct access_tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (size_t i = 0; i < tokens->count; i++)
        free_entry(tokens->entries[i]);
    check(pthread_mutex_destroy(&tokens->mutex) == 0);
    free(tokens);
}

/* ---- entries; under the lock ---- */

static struct entry *find(const struct access_tokens *tokens, const struct service_account *account)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (strcmp(tokens->entries[i]->account->id, account->id) == 0)
            return tokens->entries[i];
    }
    return NULL;
}

/* Each VM reads the file for itself, so many accounts are the same. The entry refers to the one
 * that was used last: the others may go with their VMs. NULL: there are too many. */
static struct entry *open_entry(struct access_tokens *tokens, struct service_account *account)
{
    struct entry *entry = find(tokens, account);
    if (entry != NULL) {
        if (entry->account != account) {
            service_account_unref(entry->account);
            entry->account = service_account_ref(account);
        }
        return entry;
    }
    if (tokens->count == LIMIT_SERVICE_ACCOUNTS)
        return NULL;
    entry = calloc(1, sizeof *entry);
    check(entry != NULL);
    entry->account = service_account_ref(account);
    tokens->entries[tokens->count++] = entry;
    return entry;
}

static enum token_state look(const struct entry *entry, struct access_token *out)
{
    if (entry->header[0] != '\0' && clock_mono_us() < entry->ends_us) {
        memcpy(out->header, entry->header, strlen(entry->header) + 1);
        return TOKEN_READY;
    }
    if (entry->retry_ms == 0)
        return TOKEN_COMING;
    snprintf(out->why, sizeof out->why, "%s", entry->why);
    return entry->failure;
}

/* ---- for attempts ---- */

enum token_state access_tokens_get(struct access_tokens *tokens, struct service_account *account,
                                   struct access_token *out)
{
    out->header[0] = out->why[0] = '\0';
    lock(tokens);
    const struct entry *entry = open_entry(tokens, account);
    enum token_state state = entry != NULL ? look(entry, out) : TOKEN_UNREACHABLE;
    unlock(tokens);
    if (entry == NULL)
        snprintf(out->why, sizeof out->why, "there are more than %d service accounts",
                 LIMIT_SERVICE_ACCOUNTS);
    return state;
}

void access_tokens_want(struct access_tokens *tokens, struct service_account *account)
{
    lock(tokens);
    (void)open_entry(tokens, account);
    unlock(tokens);
}

void access_tokens_distrust(struct access_tokens *tokens, struct service_account *account)
{
    int64_t now_us = clock_mono_us();
    lock(tokens);
    struct entry *entry = find(tokens, account);
    if (entry != NULL && entry->header[0] != '\0' &&
        now_us - entry->got_us > INT64_C(1000) * TRUSTED_MS) {
        secret_wipe(entry->header, sizeof entry->header);
        entry->due_us = now_us;
    }
    unlock(tokens);
}

/* ---- for the keeper ---- */

static void forget_unused(struct access_tokens *tokens)
{
    for (size_t i = tokens->count; i-- > 0;) {
        struct entry *entry = tokens->entries[i];
        if (entry->asked || !service_account_is_sole(entry->account))
            continue;
        free_entry(entry);
        tokens->entries[i] = tokens->entries[--tokens->count];
    }
}

struct service_account *access_tokens_next(struct access_tokens *tokens)
{
    int64_t now_us = clock_mono_us();
    struct service_account *account = NULL;
    lock(tokens);
    forget_unused(tokens);
    for (size_t i = 0; i < tokens->count && account == NULL; i++) {
        struct entry *entry = tokens->entries[i];
        if (entry->asked || now_us < entry->due_us)
            continue;
        entry->asked = true;
        account = service_account_ref(entry->account);
    }
    unlock(tokens);
    return account;
}

static void keep(struct entry *entry, struct slice token, int64_t lasts_s)
{
    int64_t now_us = clock_mono_us();
    lasts_s = lasts_s < LASTS_S_MIN ? LASTS_S_MIN : lasts_s > LASTS_S_MAX ? LASTS_S_MAX : lasts_s;
    int64_t lasts_us = lasts_s * 1000000;
    int64_t slack_us = lasts_s > 10 * SLACK_S ? SLACK_S * INT64_C(1000000) : lasts_us / 10;
    int64_t renewed_us =
        lasts_s > 2 * RENEWAL_S ? lasts_us - RENEWAL_S * INT64_C(1000000) : lasts_us / 2;
    secret_wipe(entry->header, sizeof entry->header);
    memcpy(entry->header, prefix, sizeof prefix - 1);
    memcpy(entry->header + sizeof prefix - 1, token.data, token.bytes);
    entry->got_us = now_us;
    entry->ends_us = now_us + lasts_us - slack_us;
    entry->due_us = now_us + renewed_us;
    entry->retry_ms = 0;
    entry->asked = false;
}

bool access_tokens_put(struct access_tokens *tokens, const struct service_account *account,
                       struct slice token, int64_t lasts_s)
{
    check(token.bytes < ACCESS_TOKEN_BYTES - sizeof prefix);
    lock(tokens);
    struct entry *entry = find(tokens, account);
    check(entry != NULL); /* what is asked for is not forgotten */
    bool failed = entry->retry_ms > 0;
    keep(entry, token, lasts_s);
    unlock(tokens);
    return failed;
}

int64_t access_tokens_fail(struct access_tokens *tokens, const struct service_account *account,
                           enum token_state state, const char *why)
{
    lock(tokens);
    struct entry *entry = find(tokens, account);
    check(entry != NULL);
    int64_t retry_ms = entry->retry_ms > 0 ? 2 * entry->retry_ms : RETRY_MS_MIN;
    retry_ms = retry_ms < RETRY_MS_MAX ? retry_ms : RETRY_MS_MAX;
    entry->retry_ms = retry_ms;
    entry->failure = state;
    snprintf(entry->why, sizeof entry->why, "%s", why);
    entry->due_us = clock_mono_us() + retry_ms * 1000;
    entry->asked = false;
    unlock(tokens);
    return retry_ms;
}
