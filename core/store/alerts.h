/* Alerts: what the operator must know of, and may have to mend. Whoever finds such a thing raises
 * an alert, as often as it likes; whoever finds that it is over clears it.
 *
 *   alerts_raise(alerts, ALERT_BREAKER_OPEN, "openai/gpt-5", "status 500: overloaded");
 *   alerts_clear(alerts, ALERT_BREAKER_OPEN, "openai/gpt-5");
 *
 * An alert is known by its kind and its subject. It is open from its first raise until it is
 * cleared; a kind without an end (an overrun, say) closes when nothing more has come for an hour.
 * The operator is told when it opens, again and again while it stays open, and when it closes. What
 * comes in between is counted. One that opens again soon after it was closed goes on as the same,
 * and is told a little later, so that what flaps does not fill a mailbox.
 *
 * Any thread, also an event loop: a short lock, a bounded list, no I/O. The ledger thread writes
 * the rows (table `alerts`) and, in the same transaction, what is to be told (outbox.h). While the
 * database cannot be written, the registry has it. A NULL registry takes nothing.
 *
 * To add a kind: a word in `enum alert_kind`, a line of its facts in alert_kinds.c, a section in
 * docs/ALERTS.md, and its name and advice in webui/src/i18n (both languages). Then raise it. */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"

/* The order may change: tables and messages have their words. */
enum alert_kind {
    ALERT_BREAKER_OPEN,      /* of "provider/model" */
    ALERT_ACCOUNT_REFUSED,   /* our account at "provider", or one key of it */
    ALERT_MARGIN_NEGATIVE,   /* "model": calls cost more than they brought in */
    ALERT_LEDGER_UNWRITABLE, /* "database" */
    ALERT_RELOAD_REFUSED,    /* "policies", "gateway.conf" or "certificate" */
    ALERT_OVERRUN,           /* "model": the operator pays what was not held */
    ALERT_PRICE_MISSING,     /* "model": an answer tells what has no price */
    ALERT_COST_DIFFERS,      /* "provider/model": it states another cost than ours */
    ALERT_POLICY_FAILED,     /* "file.lua:12": a function failed at a request */
    ALERT_BALANCE_LOW,       /* our credit at "provider" */
    ALERT_BILL_ABOVE,        /* "provider": it bills more than was counted here */
    ALERT_SPEND_REACHED,     /* the day's spend at "provider" */
    ALERT_CANARY_WORSE,      /* "model" */
    ALERT_PAYMENT_UNCLEAR,   /* "pay_...": paid, but not as asked for */
    ALERT_PAYMENT_DISPUTED,  /* "pay_..." */
    ALERT_TEST,              /* the operator has asked for it */
    ALERT_KINDS
};

enum alert_severity { ALERT_WARNING, ALERT_CRITICAL };

/* What a reload of the policies means for an alert. */
enum alert_bond {
    ALERT_UNBOUND,    /* nothing */
    ALERT_OF_TARGET,  /* it goes on while the policies in force have its subject */
    ALERT_OF_SUBJECT, /* it closes; what has its subject in the policies in force raises it again */
    ALERT_OF_POLICY   /* it closes; calls of the policies in force raise it again */
};

struct alert_facts {
    const char *word; /* in tables, messages and the API; never changes */
    enum alert_severity severity;
    bool lasts;         /* until it is cleared; else until nothing more has come for an hour */
    bool of_process;    /* a restart begins without it, and does not see its end */
    const char *title;  /* what has happened */
    const char *closed; /* what has happened when it closes */
    const char *advice; /* what to do */
    enum alert_bond bond;
};
const struct alert_facts *alert_facts(enum alert_kind kind);
/* Returns false if no kind has this word. */
bool alert_kind_of(const char *word, enum alert_kind *out);

/* With NUL; longer texts are cut. */
enum { ALERT_SUBJECT_BYTES = 200, ALERT_DETAIL_BYTES = 400 };

struct alerts;

/* `repeat_ms`: how long after it was told an open alert is told again; 0: never. */
struct alerts *alerts_new(int64_t repeat_ms);
void alerts_free(struct alerts *alerts); /* NULL is allowed */
void alerts_set_repeat(struct alerts *alerts, int64_t repeat_ms);

/* Who is told. Zeroed: nobody; alerts are then only listed. */
struct alert_receivers {
    bool webhook; /* the courier knows its address */
    char mail[LIMIT_ALERT_RECEIVERS][LIMIT_EMAIL_BYTES + 1];
    size_t mail_count;
    char gateway_url[LIMIT_DESTINATION_BYTES]; /* in the messages; no slash at the end */
};
void alerts_set_receivers(struct alerts *alerts, const struct alert_receivers *receivers);
/* Nothing is told before alerts_set_receivers: else what a start finds is told to nobody. */
void alerts_wait_for_receivers(struct alerts *alerts);
void alerts_get_receivers(struct alerts *alerts, struct alert_receivers *out);

/* `detail`: what is known of the cause, without secrets; the latest is kept. "": nothing new. */
void alerts_raise(struct alerts *alerts, enum alert_kind kind, const char *subject,
                  const char *detail);
/* The same by a call of the policies of this revision; "": it is not known. Nothing is raised
 * of what the policies in force do not have, nor by a call of others where that says nothing of
 * them: it would stay open, because nothing would clear it. */
void alerts_raise_under(struct alerts *alerts, const char *revision, enum alert_kind kind,
                        const char *subject, const char *detail);
/* Does nothing if it is not open. */
void alerts_clear(struct alerts *alerts, enum alert_kind kind, const char *subject);
/* The same for all of a kind. */
void alerts_clear_kind(struct alerts *alerts, enum alert_kind kind);

/* What the policies in force have. */
struct alert_scope {
    char revision[65];
    uint64_t *subjects; /* alerts_subject_hash of those that are bound to them, sorted; owned */
    size_t count;
};
uint64_t alerts_subject_hash(enum alert_kind kind, const char *subject);
/* Before the first call of new policies: closes what ends with the old ones. Before that, anything
 * may be raised. The subjects are moved in. */
void alerts_set_scope(struct alerts *alerts, const struct alert_scope *scope);
/* Whether these policies are in force; true if that is not known. */
bool alerts_are_under(struct alerts *alerts, const char *revision);
/* Whether open alerts come from before the restart, whose causes may have ended unseen: then a
 * success is told by alerts_clear, too. Without the lock. */
bool alerts_have_inherited(const struct alerts *alerts);
/* How many of each kind are open. */
void alerts_count_open(struct alerts *alerts, int64_t out[ALERT_KINDS]);

/* ---- for the thread that tells them ---- */

struct alert {
    struct id id;
    enum alert_kind kind;
    char subject[ALERT_SUBJECT_BYTES];
    char detail[ALERT_DETAIL_BYTES];
    int64_t opened_ms;
    int64_t closed_ms; /* 0: open */
    int64_t last_ms;   /* the last raise */
    int64_t count;     /* raises */
    int64_t tellings;
    int64_t told_ms;
    bool told_open; /* the last telling said that it is open */
};

/* Those that are open, in no order. Returns how many there are, also where `room` is less. */
size_t alerts_list_open(struct alerts *alerts, struct alert *out, size_t room);

enum alert_telling { ALERT_TELLS_NOTHING, ALERT_OPENED, ALERT_STILL_OPEN, ALERT_CLOSED };
const char *alert_telling_word(enum alert_telling telling); /* "opened", "open", "closed" */

/* What is to be written, and told unless it tells nothing. */
struct alert_news {
    struct alert alert;
    enum alert_telling telling;
};
/* Takes at most `most` news; returns how many. What is taken is nobody else's until alerts_done or
 * alerts_give_back of each. */
size_t alerts_take(struct alerts *alerts, int64_t now_ms, struct alert_news *out, size_t most);
/* The same of one kind that has something to be told. */
bool alerts_take_kind(struct alerts *alerts, enum alert_kind kind, int64_t now_ms,
                      struct alert_news *out);
/* It was written and told. `written` false: only told, a row is still due. */
void alerts_done(struct alerts *alerts, const struct alert_news *news, bool written);
void alerts_give_back(struct alerts *alerts, const struct alert_news *news);
/* Puts in an open alert of the table, at the start. */
void alerts_inherit(struct alerts *alerts, const struct alert *alert);

#endif
