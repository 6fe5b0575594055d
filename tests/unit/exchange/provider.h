/* What asks a provider in a test: a loop and a pool, made for each test by provider_set_up, the
 * terms of a candidate, and a request. */
#ifndef TESTS_EXCHANGE_PROVIDER_H
#define TESTS_EXCHANGE_PROVIDER_H

#include "dialect/model_request.h"
#include "exchange/candidate.h"
#include "net/client/upstream.h"

extern struct loop *provider_loop;
extern struct upstream *provider_upstream;

int provider_set_up(void **state);
int provider_tear_down(void **state);

#define WITH_PROVIDER(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, provider_set_up, provider_tear_down)

/* Runs the loop until somebody calls provider_stop, in which turn all else is still done. */
void provider_run(void);
void provider_stop(void);

/* Without any text, and with time enough. */
struct candidate_terms provider_terms(void);

/* One with a breaker. */
struct candidate *provider_target(const char *provider, const char *model, const char *api_key);

/* Somebody who takes connections and never says a word. Writes the base URL; returns the socket,
 * which the caller closes. */
enum { PROVIDER_URL_BYTES = 64 };
int provider_listen_silently(char base_url[PROVIDER_URL_BYTES]);

/* The request of a client; the test fails where it is none. `body` is borrowed. */
void provider_read_chat(const char *body, struct model_request *out);

#endif
