/* The access tokens of service accounts: one for each account, for all workers, behind a lock. A
 * worker's token keeper asks for them (token_keeper.h) before they end. In memory: a restart asks
 * anew. Any thread. */
#ifndef EXCHANGE_ACCESS_TOKENS_H
#define EXCHANGE_ACCESS_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "exchange/service_account.h"

enum { ACCESS_TOKEN_BYTES = 4096, ACCESS_TOKEN_WHY_BYTES = 160 };

enum token_state {
    TOKEN_READY,
    TOKEN_COMING,     /* it is on its way for the first time */
    TOKEN_REFUSED,    /* the token server knows no such account or key */
    TOKEN_UNREACHABLE /* the token server has not answered as it should */
};

struct access_token {
    char header[ACCESS_TOKEN_BYTES]; /* "Authorization: Bearer …"; "" unless it is ready */
    char why[ACCESS_TOKEN_WHY_BYTES];
};

struct access_tokens;

struct access_tokens *access_tokens_new(void);
void access_tokens_free(struct access_tokens *tokens); /* wipes them; NULL is allowed */

/* ---- for attempts ---- */

/* Gives the account's token, and has it fetched and kept if there is none. The caller wipes *out.
 * Until the first try has ended it is COMING; while tries fail it is a failure at once, so no call
 * waits for a token server that is down. */
enum token_state access_tokens_get(struct access_tokens *tokens, struct service_account *account,
                                   struct access_token *out);
/* From now on the keeper fetches and renews the account's token, as long as a candidate refers to
 * the account. */
void access_tokens_want(struct access_tokens *tokens, struct service_account *account);
/* The provider has refused the account's token: another one is fetched, unless this one is new. */
void access_tokens_distrust(struct access_tokens *tokens, struct service_account *account);

/* ---- for the keeper ---- */

/* Returns an account that needs a token now, a reference of the caller's own, or NULL. The caller
 * answers with access_tokens_put or _fail. Forgets accounts that no candidate has. */
struct service_account *access_tokens_next(struct access_tokens *tokens);
/* `lasts_s`: as the token server says. Returns whether earlier tries had failed. */
bool access_tokens_put(struct access_tokens *tokens, const struct service_account *account,
                       struct slice token, int64_t lasts_s);
/* Returns after how many milliseconds it is tried again. A token that has not ended stays. */
int64_t access_tokens_fail(struct access_tokens *tokens, const struct service_account *account,
                           enum token_state state, const char *why);

#endif
