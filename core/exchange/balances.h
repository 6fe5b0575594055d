/* What providers say of our account with them: the balance that is left, or what they have billed
 * since midnight UTC. A worker's watcher asks (balance_watcher.h). Shared by all workers, behind a
 * lock; kept over reloads; in memory, so a restart asks anew. */
#ifndef EXCHANGE_BALANCES_H
#define EXCHANGE_BALANCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct balances;

/* What a provider's figure is. */
enum balance_kind { BALANCE_LEFT, BALANCE_BILLED };

struct balance_figure {
    enum balance_kind kind;
    int64_t nusd;       /* below zero: a debt */
    int64_t alarm_nusd; /* BALANCE_LEFT: less raises an alarm; BALANCE_BILLED: more does */
};

bool balances_is_alarming(const struct balance_figure *figure);

struct balances *balances_new(void);
void balances_free(struct balances *balances); /* NULL is allowed */

/* What has changed, for the log. */
enum balance_news { BALANCE_SAME, BALANCE_ALARM, BALANCE_CALM };
enum balance_news balances_note(struct balances *balances, const char *provider,
                                const struct balance_figure *figure);
/* It was asked and has not said it. Returns whether it is the first failure in a row. What it said
 * before stays. */
bool balances_fail(struct balances *balances, const char *provider, const char *why);

/* JSON: {asked_at, kind ("left", "billed"), amount, alarm, error}; null: it was never asked. */
void balances_render(struct balances *balances, const char *provider, struct buffer *out);

#endif
