/* The facts of each kind of alert (alerts.h): one line a kind. */
#include <string.h>

#include "base/check.h"
#include "store/alerts.h"

static const struct alert_facts facts[] = {
    [ALERT_BREAKER_OPEN] =
        {"breaker_open", ALERT_WARNING, true, true, "Calls to a provider fail",
         "Calls to a provider succeed again",
         "Calls go to the next candidate of models.lua, if there is one. Look at the provider's "
         "status page and at Providers in the dashboard; it is asked again by itself.",
         ALERT_OF_TARGET},
    [ALERT_ACCOUNT_REFUSED] =
        {"account_refused", ALERT_CRITICAL, true, true, "A provider refuses our account",
         "A provider takes our account again",
         "Check the API key in providers.lua, and credit, limits and billing in the provider's "
         "console. Then reload with SIGHUP, or wait: it is asked again by itself.",
         ALERT_OF_SUBJECT},
    [ALERT_MARGIN_NEGATIVE] =
        {"margin_negative", ALERT_CRITICAL, false, false, "Calls cost more than they brought in",
         "No more calls at a loss",
         "Compare the prices in models.lua with the provider's, for example with `llm-gateway "
         "catalog diff`, and put the id of the call into the search. Then reload with SIGHUP.",
         ALERT_OF_POLICY},
    [ALERT_LEDGER_UNWRITABLE] =
        {"ledger_unwritable", ALERT_CRITICAL, true, true, "The ledger cannot be written",
         "The ledger can be written again",
         "New calls are refused until it can. Check space, mount and health of the disk that has "
         "the database; nothing needs to be restarted.",
         ALERT_UNBOUND},
    [ALERT_RELOAD_REFUSED] =
        {"reload_refused", ALERT_WARNING, true, true, "A reload was refused",
         "A reload was accepted",
         "The old version stays in force. Mend what the message says, try it with `llm-gateway "
         "check`, then send SIGHUP again.",
         ALERT_UNBOUND},
    [ALERT_OVERRUN] =
        {"overrun", ALERT_WARNING, false, false, "Calls cost more than was held",
         "No more calls that cost more than was held",
         "The operator pays the difference. Compare `context` and `max_output` of the model in "
         "models.lua with the provider's, and put the id of the call into the search.",
         ALERT_UNBOUND},
    [ALERT_PRICE_MISSING] =
        {"price_missing", ALERT_WARNING, false, false, "A provider bills what has no price",
         "No more calls with what has no price",
         "It is charged like the dearest of its kind, or as what it is part of. Give it a price in "
         "models.lua (\"0\", if the provider bills nothing for it), then reload with SIGHUP.",
         ALERT_UNBOUND},
    [ALERT_COST_DIFFERS] =
        {"cost_differs", ALERT_WARNING, false, false,
         "A provider charges another cost than models.lua has",
         "A provider charges what models.lua has",
         "Compare the prices in models.lua with the provider's. The call has both figures: put its "
         "id into the search. Then reload with SIGHUP.",
         ALERT_UNBOUND},
    [ALERT_POLICY_FAILED] =
        {"policy_failed", ALERT_CRITICAL, false, false, "A function of the policies has failed",
         "The function of the policies fails no more",
         "The calls that it decides are refused. Mend the line, add a case to examples.lua that "
         "shows it, try `llm-gateway check`, then reload with SIGHUP.",
         ALERT_OF_POLICY},
    [ALERT_BALANCE_LOW] = {"balance_low", ALERT_WARNING, true, false,
                           "Our credit at a provider is low",
                           "Our credit at a provider is no longer low",
                           "Add credit in the provider's console.", ALERT_OF_SUBJECT},
    [ALERT_BILL_ABOVE] =
        {"bill_above", ALERT_WARNING, true, false,
         "A provider bills more today than was counted here",
         "A provider's bill of the day is what was counted here",
         "Somebody else may use the key, or models.lua has other prices than the provider: look at "
         "the provider's console, and compare with Sales.",
         ALERT_OF_SUBJECT},
    [ALERT_SPEND_REACHED] =
        {"spend_reached", ALERT_WARNING, false, false,
         "The day's spend at a provider has reached its limit",
         "Calls are no longer kept away by the limit",
         "Calls go to other candidates until the next day. Raise spend_per_day in providers.lua, "
         "or find out under Sales in the Overview who spends so much.",
         ALERT_OF_POLICY},
    [ALERT_CANARY_WORSE] =
        {"canary_worse", ALERT_WARNING, true, true, "A canary does worse",
         "A canary does no longer worse",
         "Compare both candidates in the dashboard, then take the canary out of models.lua or "
         "keep it, and reload with SIGHUP.",
         ALERT_OF_POLICY},
    [ALERT_PAYMENT_UNCLEAR] =
        {"payment_unclear", ALERT_CRITICAL, false, false, "A payment is not what was asked for",
         "No more payments of that kind",
         "Nothing was credited. Look at the payment in the processor's dashboard; then give it "
         "back there, or give the customer credits under Customers.",
         ALERT_UNBOUND},
    [ALERT_PAYMENT_DISPUTED] =
        {"payment_disputed", ALERT_WARNING, false, false, "A customer disputes a payment",
         "No more disputes",
         "The credit was taken back; what was spent is owed. Answer the dispute in the "
         "processor's dashboard; if it is won, the credit comes back by itself.",
         ALERT_UNBOUND},
    [ALERT_TEST] = {"test", ALERT_WARNING, false, true, "A test message", "The test is over",
                    "Nothing: somebody has pressed the button in the dashboard.", ALERT_UNBOUND},
};
_Static_assert(sizeof facts / sizeof facts[0] == ALERT_KINDS, "each kind has its facts");

const struct alert_facts *alert_facts(enum alert_kind kind)
{
    check(kind < ALERT_KINDS);
    return &facts[kind];
}

bool alert_kind_of(const char *word, enum alert_kind *out)
{
    for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
        *out = kind;
        if (strcmp(facts[kind].word, word) == 0)
            return true;
    }
    return false;
}

const char *alert_telling_word(enum alert_telling telling)
{
    static const char *const words[] = {"", "opened", "open", "closed"};
    return words[telling];
}
