/* Operations of the store beside the ledger: users, sessions, keys, credits, lists. An operation
 * has a name ("key.create"), positional arguments (null, integer or text) and a result, a JSON
 * text ready to be sent. It runs on the ledger thread (if it writes) or on a reports thread,
 * inside a transaction that is rolled back when it fails. operations/operations.c has the table.
 * Amounts in results are decimal strings in USD, times RFC 3339, as in the API. */
#ifndef STORE_CALL_H
#define STORE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fair_pool.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/job.h"
#include "store/value.h"

enum { STORE_ARGS_MAX = 13 };

/* The results of shadow.begin. */
#define SHADOW_HELD "{\"held\":true}"
#define SHADOW_LEFT_OUT "{\"held\":false}"

struct operation;
struct reports;
struct store;
struct wallets;

/* The person who acts for the operator, and from where; for the audit log. */
struct store_actor {
    char name[ID_BYTES]; /* a user's id or "cli"; "": a customer acts */
    char address[48];    /* "" for the command line */
};

struct store_call {
    union {
        struct job job;
        struct fair_job fair; /* for a long operation; `job` is its job */
    };
    const struct operation *operation;
    struct store_value args[STORE_ARGS_MAX];
    size_t arg_count;
    struct buffer arg_bytes;
    struct store_actor actor; /* set by the caller after store_call_init */
    struct buffer result;     /* JSON; valid when ok */
    struct fault fault;       /* when not ok; codes as in docs/API.md (email_taken, not_found) */
    bool ok;
    /* Set by store_call_post and store_call_now. */
    struct store *store;
    struct wallets *wallets; /* NULL: no server runs, read the tables */
    struct reports *reports; /* the thread that runs an operation that reads */
    bool providers_shown;    /* to customers */
    int64_t quota_near_ppm;  /* as in struct store_options */
};

/* Prepares a call: finds the operation, checks the number and types of the arguments, copies the
 * texts. False: *fault (code "unknown_operation" or "invalid_value"); nothing to free. */
bool store_call_init(struct store_call *call, const char *operation, const struct store_value *args,
                     size_t arg_count, struct fault *fault);
void store_call_fini(struct store_call *call);

/* Sends the call to its thread; job.reply_queue and job.done must be set. False: the queue is full.
 * A call that reads sees all that was answered before it was posted: if the journal is not applied,
 * the call goes through the ledger thread. */
bool store_call_post(struct store *store, struct store_call *call);
/* Runs the call on the calling thread; only for a store opened without `serve`. Result in
 * call->ok. */
void store_call_now(struct store *store, struct store_call *call);

/* The operations: arguments in order -> result; after `!` the operation's own faults. An argument
 * with `?` may be null; ids are texts; *_nusd and *_ms are integers:
 *
 *   user.create       email name? password_hash role -> user  ! email_taken
 *   user.sign_up      email name? password_hash must_verify address_digest_hex
 *                     invitation_digest_hex? terms_version? proof_digest_hex? proof_expires_ms?
 *                     credit_nusd? credits_max_nusd? -> user, of the invitation's group, with its
 *                     credit or else credit_nusd: a promotion, once for an address digest, of a day
 *                     at most credits_max_nusd; with must_verify when the address is verified
 *                     ! email_taken, invitation_invalid, invitation_not_yours, proof_invalid
 *   user.accept       user_id terms_version -> user
 *   invitation.create id token_digest_hex email? sealed? group credit_nusd? uses_max expires_ms
 *                     language? -> invitation; sealed: it is mailed  ! email_taken
 *   invitation.list   cursor? limit -> {data: [invitation], next_cursor}
 *   invitation.find   token_digest_hex -> {email, credit, expires_at}: of one that still works
 *                     ! not_found
 *   invitation.revoke id -> invitation  ! not_found
 *   user.credentials  email device_digest? session_digest? -> {id, password_hash, disabled,
 *                     unlocked_ms, known_device}  ! not_found
 *   user.password     user_id password_hash session_digest? device_digest? old_hash? -> {}: ends
 *                     all other sessions, forgets all other devices and the link  ! not_found,
 *                     also if the old hash is no longer in force
 *   user.unlock       user_id -> user  ! not_found
 *   link.create       user_id token_digest_hex expires_ms -> {expires_at}: a link to set a
 *                     password; replaces an older one  ! not_found
 *   link.find         token_digest_hex -> {email, expires_at, takes_over}  ! not_found (also when
 *                     expired)
 *   link.redeem       token_digest_hex password_hash credit_nusd? credits_max_nusd? disable_keys?
 *                     -> user: used
 *                     up; all sessions end; the credits as for user.sign_up  ! not_found
 *   link.mail         email token_digest_hex sealed expires_ms -> {}: mails such a link, if there
 *                     is such a user
 *   address.mail      user_id token_digest_hex sealed expires_ms -> {}  ! not_found,
 *                     already_verified
 *   address.verify    token_digest_hex user_id credit_nusd? credits_max_nusd? -> {email}
 *                     ! not_found (also when expired), link_not_yours
 *   address.refused   email why -> {}: mail to it came back  ! not_found
 *   address.restored  email -> {}  ! not_found
 *   notice.get        user_id -> {language, email_verified_at, low_balance, receipts, key_expiry,
 *                     quotas, mail_refused_at, mail_refused_why,
 *                     webhook: {url, created_at, delivered_at, failed_at, error, disabled_at}?}
 *   notice.set        user_id sets low_nusd? receipts? key_expiry? language? quotas? -> as
 *                     notice.get; sets: 1, 2, 4, 8, 16
 *   webhook.set       user_id url sealed -> as notice.get
 *   webhook.delete    user_id -> {}
 *   webhook.test      user_id -> {}  ! not_found, also if disabled
 *   user.get          user_id -> user
 *   user.of_key       key_id -> user: its owner
 *   customer.create   email name group token_digest_hex expires_ms -> user without a password, with
 *                     a link to set one  ! email_taken
 *   customer.list     search? cursor? limit -> {data: [customer], next_cursor}
 *                     (search: a part of e-mail or name, or an id, or a part of a key or a
 *                     request of the customer: key_search.h)
 *   customer.get      user_id -> customer with available, keys  ! not_found
 *   customer.update   user_id group? disabled? reason? role? -> user; disabled: ends the sessions
 *                     ! last_administrator
 *   session.create    token_digest_hex user_id expires_ms address agent password_hash -> {}
 *                     ! not_found, also if disabled, if the password has changed, or if there
 *                     is a second factor (signin.enter)
 *   session.user      token_digest_hex -> user  ! not_found (also when expired or disabled)
 *   session.delete    token_digest_hex -> {}
 *   session.list      user_id token_digest_hex? -> {data: [{id, created_at, expires_at, seen_at,
 *                     address, agent, current}]}
 *   session.end       user_id session_id -> {}  ! not_found
 *   session.end_all   user_id -> {}
 *   session.end_others user_id token_digest_hex -> {}: all but that one
 *   device.create     token_digest_hex user_id expires_ms password_hash? -> {}: a browser that has
 *                     signed in; does nothing if the password has changed
 *   factor.get        user_id -> {enabled_at (null: not confirmed), recovery_codes, sealed}: for
 *                     the gateway, never for a reply  ! not_found
 *   factor.begin      user_id sealed -> {}  ! second_factor_on
 *   factor.confirm    user_id step digests session_digest -> {}: in force; other sessions end.
 *                     (digests: of recovery codes, a line each)  ! not_found
 *   factor.use        user_id step? recovery_digest? -> {}: one of them is used up  ! wrong_code
 *   factor.renew      user_id step? recovery_digest? digests -> {}  ! wrong_code
 *   factor.off        user_id step? recovery_digest? -> {}  ! wrong_code
 *   factor.remove     user_id -> {}: the operator acts  ! not_found
 *   signin.await      token_digest user_id password_hash expires_ms -> {}: the password was right
 *                     ! not_found, also if disabled or if the password has changed
 *   signin.try        token_digest -> {user_id, email, unlocked_ms, sealed, password_hash}: counts
 *                     a try  ! not_found (also when over)
 *   signin.enter      token_digest session_digest expires_ms address agent step? recovery_digest?
 *                     -> user: the session begins, the code is used up  ! not_found, wrong_code
 *   user.erase        user_id forfeits -> {}  ! not_found, already_erased, balance_left, debt_open,
 *                     payment_open, last_administrator
 *   user.export       user_id -> {}: an entry of the audit log
 *   turn.list         account_id cursor? limit -> {data: [{response_id, conversation_id,
 *                     created_at, sealed}], next_cursor}: oldest first
 *   session.seen      token_digest_hex -> {}: it is in use
 *   pulse.get         token_digest_hex -> {balance, held, available, currency, version} of the
 *                     session's user  ! not_found. (version changes with each record and credit)
 *   key.create        user_id digest_hex prefix last4 name expires_ms? budget_nusd? period? models?
 *                     -> key (period: day, week, month: the budget begins anew in each)
 *                     ! too_many_keys. (models: names separated by '\n')
 *   key.list          user_id -> {data: [key]}
 *   key.get           key_id -> key with limits, spent, remaining
 *   key.own           user_id key_id -> key  ! not_found, also if another user owns it
 *   key.update        user_id? key_id name? disabled? reason? -> key  ! not_found,
 *                     key_disabled_by_operator. (Without user_id the operator acts)
 *   key.change        user_id key_id sets name? disabled? budget_nusd? period? expires_ms? models?
 *                     -> key: the owner acts; sets: 1 name, 2 disabled, 4 budget and period, 8
 *                     expiry, 16 models  ! as key.update
 *   key.rotate        user_id key_id digest_hex prefix last4 grace_ms replaced? -> key
 *                     ! not_found, too_many_replacements, replaced_meanwhile
 *   key.secrets       user_id key_id -> {data: [old secret]}  ! not_found
 *   key.retire        user_id key_id -> key: ends those  ! not_found
 *   key.lock          user_id disabled reason? -> {keys}
 *   key.digest        user_id key_id -> {digest}: for directory_find_key  ! not_found
 *   key.delete        user_id key_id -> {}  ! not_found
 *   key.use           key_id -> {label, usage, usage_daily, usage_weekly, usage_monthly, limit,
 *                     limit_remaining, limit_reset, ...}: in OpenRouter's form
 *   note.list         user_id cursor? limit -> page of what operators have noted, newest first
 *   note.get          note_id -> {id, user_id, text, created_at, edited_at, author}  ! not_found
 *   note.create       user_id text -> note: the actor is its author  ! not_found, too_many_notes
 *   note.update       note_id text -> note  ! not_found
 *   note.delete       note_id -> {}  ! not_found
 *   quota.list        user_id -> {data: [quota]}: what is set for the customer and its keys
 *   quota.set         user_id key_id? unit period model? amount -> quota: what counts the same is
 *                     replaced; without a key the operator acts  ! not_found, too_many_quotas
 *   quota.delete      user_id? id -> {}: with a user one of its keys' quotas; without one the
 *                     operator acts, on a customer's  ! not_found
 *   quota.use         user_id lines -> {data: [{amount, used, held, left, resets_at, near}]}:
 *                     one for each line: scope, subject, unit, period, limit, held and models,
 *                     with tabs between them
 *   quota.use_of_key  the same for few lines: of one key and its customer
 *   balance.get       account_id -> {balance, held, available, owed, currency}
 *   credit.create     user_id amount_nusd kind reason -> {transfer, balance}
 *                     (kind: manual | test | promotion)
 *   credit.create_once user_id amount_nusd kind reason key digest exchange_id status
 *                     -> as credit.create. The result is kept as the answer to the Idempotency-Key
 *                     `key`, for a request with that digest: see answers.h
 *   debit.create      user_id amount_nusd reason -> {transfer_id, amount, taken, owed, balance}: a
 *                     correction downwards; the missing part is a debt, which blocks new holds
 *   debit.create_once user_id amount_nusd reason key digest exchange_id status
 *                     -> as debit.create, kept as credit.create_once is
 *   debt.collect      -> {}: pays debts from the present balances
 *   refund.create     exchange_id amount_nusd? reason -> {transfer, balance}  ! nothing_to_refund
 *                     (null: all that is left of the charge)
 *   refund.create_once exchange_id amount_nusd? reason key digest exchange_id status
 *                     -> as refund.create, kept as credit.create_once is
 *   voucher.create    batch_id name amount_nusd kind group? expires_ms? lines -> batch: lines by
 *                     base/voucher_code.h; kind: manual (sold) | promotion
 *   voucher.list      cursor? limit -> {data: [batch], next_cursor}
 *   voucher.get       batch_id -> batch  ! not_found
 *   voucher.codes     batch_id zone? -> {data: [{sealed, redeemed_at, redeemed_local (of the zone),
 *                     user_id, email, transfer_id}]}
 *   voucher.withdraw  batch_id -> batch: the rest can no longer be redeemed  ! not_found
 *   voucher.redeem    user_id digest_hex -> {transfer, balance}  ! not_found, voucher_redeemed,
 *                     voucher_expired (or withdrawn), voucher_not_yours (another group's)
 *   payment.create    user_id processor currency amount_minor decimals credit_nusd client_key?
 *                     -> payment: the one that this key has made before, if so
 *                     ! idempotency_key_reused
 *   payment.opened    payment_id checkout_id checkout_url -> payment
 *   payment.refused   payment_id why -> payment: failed before it began
 *   payment.get       user_id payment_id -> payment  ! not_found
 *   payment.list      user_id cursor? limit -> {data: [payment], next_cursor}
 *   payment.all       user_id? state? cursor? limit -> the same, with customers, for the operator
 *   payment.customer  user_id processor -> {customer_id, method_id, method_name}  ! not_found
 *   payment.introduce user_id processor customer_id -> the same; the first one stays
 *   The events of a processor, each acted on once (outcome "known" after that):
 *   processor event_id kind created_ms, then
 *   payment.paid        payment_id currency amount_minor total_minor charge_id?
 *   payment.moved       payment_id state why: processing | failed | expired
 *   payment.reversed    reversal_id refund|dispute charge_id amount_minor stage takes state
 *   payment.method      payment_id? customer_id method_id: the card is kept
 *   payment.named       method_id name
 *   payment.forgotten   method_id
 *   payment.ignored     -
 *                     -> {outcome, payment_id}; outcome: paid, repeated, disagreed, unknown, ...
 *   top_up.get        user_id terms -> {threshold, currency, amount, credit, month_max, paused}
 *                     ! not_found; terms (lua/payments/terms.lua): {taxed: 0 or 1, currencies:
 *                     [{currency, rate_nusd, unit, least_minor, most_minor, offers:
 *                     [[amount_minor, credit_nusd]]}]}
 *   top_up.set        user_id processor threshold_nusd currency amount_minor decimals credit_nusd
 *                     month_max_minor request taxed -> {}: what is charged by itself
 *   top_up.delete     user_id -> {}
 *   top_up.run        terms -> {}: begins what is due, for the credit of these terms
 *   object.add        account_id provider lines -> {}: what the provider keeps for the account
 *                     (objects.h); a line for each, "KIND TOKENS ID", TOKENS -1: unknown. What was
 *                     noted before lasts anew
 *   object.grow       account_id id tokens -> {}: so many were added to a conversation
 *   object.delete     account_id id -> {}
 *   turn.add          account_id conversation_id sealed keep_ms bytes_max -> {}: a turn without a
 *                     response (turns.h); sealed: in base64
 *   turn.begin        the same: the first one of a conversation
 *   turn.delete_response account_id response_id -> {}: what belongs to a
 *                     conversation stays there
 *   turn.delete_conversation account_id conversation_id -> {}
 *   shadow.begin      id exchange_id model provider provider_model policy_revision streamed
 *                     held_nusd limit_nusd created_ms -> SHADOW_HELD: it is noted, before its
 *                     provider is asked, and what it holds counts against the day's limit of the
 *                     model; or SHADOW_LEFT_OUT: the limit is reached, and it is only counted
 *   shadow.end        id outcome source finish_reason provider status input_tokens
 *                     cached_input_tokens output_tokens cost_nusd first_byte_us total_us -> {}:
 *                     posts what it has cost  ! not_found, also if it has ended. (cost_nusd -1: the
 *                     provider may have billed it unseen. Then what was held goes on to count)
 *   hedge.begin       id exchange_id model provider provider_model policy_revision held_nusd
 *                     created_ms -> {}: it is noted, before its provider is asked
 *   hedge.end         id won outcome source finish_reason provider provider_model status
 *                     input_tokens cached_input_tokens output_tokens cost_nusd total_us -> {}:
 *                     posts what the attempt has cost that did not answer the customer
 *                     ! not_found, also if it has ended. (cost_nusd -1: the provider may have
 *                     billed it unseen)
 *   provider.test     model provider provider_model key streamed -> {id}: an administrator tests a
 *                     provider (exchange/test_call.h), which is noted before it is asked. (key: its
 *                     place in the pool; 0: none was named)
 *   provider.test_end id outcome words source finish_reason status input_tokens
 *                     cached_input_tokens output_tokens cost_nusd total_us -> {}: posts what it has
 *                     cost  ! not_found, also if it has ended. (cost_nusd -1: the provider may have
 *                     billed it unseen)
 *   provider.test_result id -> what came of it  ! not_found, also if it runs
 *   trial.compare     model from? to? zone? -> {model, calls, complete, data: [group]}: primary
 *                     candidates, canary and shadow side by side (questions/trials.c)
 *   credits.get       account_id -> {total_credits, total_usage}  (JSON numbers, USD)
 *   transfer.list     account_id cursor? limit -> {data, next_cursor}: without charges
 *   transfer.history  account_id cursor? limit -> the same with charges (id null), and with the
 *                     balance after each
 *   sales.summary     from? to? by zone? -> {data, totals}: by whole quarters of an hour
 *                     (by: "day,model,provider" or a part of it, or "customer": the dearest 100, or
 *                     "group": of customers, as they are in it now)
 *   sales.csv         the same -> CSV with its head; of all customers
 *   statement.csv     month ("2026-11") after count zone? -> no JSON: a row of CSV for each
 *                     customer and month, of a page of customers; then a line with `after` of the
 *                     next page (questions/statement.c)
 *   search.find       text? digest? with_money -> {data: [hit], exact}: what has this id, key,
 *                     e-mail or name (questions/search.c)
 *   audit.list        user? actor? action? from? to? zone? cursor? limit -> {data, next_cursor}
 *                     (user, actor: an id or e-mail)
 *   audit.csv         user? actor? action? from? to? zone? cursor? -> CSV, as usage.csv
 *   alert.list        -> {open: [alert], closed: [alert] (the last 100), undelivered: [message],
 *                     receivers: {webhook, mail: [address]}}
 *   alert.test        -> {}: a message to all receivers  ! no_receiver
 *   attempt.list      provider -> {data: [attempt]}: the last 20, of the newest 5,000 of all
 *   attempt.failed    provider -> {data: [attempt]}: the last 20 that have failed
 *   policy.reload     revision? refusal? -> {}: an entry of the audit log
 *   usage.list        account_id from? to? model? key_id? sort cursor? limit totals zone?
 *                     -> {data: [record], totals, next_cursor}  ! too_many_to_sort
 *                     (sort: newest, oldest; cost, tokens, duration: largest first, only for
 *                     few records; totals 0: null)
 *   usage.list_operator  the same for the operator, with the providers
 *   usage.csv         account_id from? to? model? key_id? cursor? zone? -> no JSON: rows of CSV,
 *                     newest first, then a line with the cursor of the next page, or empty
 *   usage.csv_operator  the same for the operator, with the providers
 *   usage.summary     account_id from? to? by model? key_id? zone? -> {data, totals}
 *                     (by: "day,model,key" or a part of it)
 *   refusal.count     account_id since_ms status -> {count}
 *   refusal.list      account_id from? to? model? key_id? cursor? limit zone?
 *                     -> {data: [record], left_out, next_cursor}: refused calls
 *   usage.get         account_id exchange_id -> record  ! not_found. (This and the next two also
 *                     find refused calls: a record with refused: true, and no charge)
 *   usage.explain     account_id exchange_id -> record with its charge  ! not_found
 *   usage.audit       exchange_id with_costs -> the same for any account  ! not_found
 *
 *   A failing disk or a query beyond its time ends any of them with "unavailable" or "timeout".
 *   Lists are newest first; limit is 1 to LIMIT_PAGE_ROWS; only the last page has next_cursor null:
 *   with a filter, an earlier page may be short, even empty.
 *   Times are from (inclusive) to (exclusive): milliseconds, or dates ("2026-11-29") that begin at
 *   midnight of the zone. zone: as in base/zone.h; null: UTC. Days are the zone's.
 *
 *   user: {id, email, name, role, account_id, group, disabled, created_at, email_verified_at,
 *     mail_refused_at, mail_refused_why,
 *         language, second_factor, erased_at, must_verify (and not verified yet),
 *         terms_version, terms_accepted_at}
 *   invitation: {id, email, mailed, group, credit, uses_max, uses, expires_at, created_at,
 *         created_by (e-mail), revoked_at}
 *   customer: a user with balance, held, total_credits, total_usage, requests, last_used_at
 *   key:  {id, name, prefix, last4, created_at, last_used_at, expires_at, disabled, disabled_by
 *          ("owner", "operator", null), budget, spent (ever), budget_period, period_spent,
 *          resets_at, remaining, models, requests, abandoned}; budget null: no budget; then the
 *          period and what follows it are null, too; models null: all, else a list of names;
 *          abandoned: requests whose client left before the answer was complete
 *   quota: {id, scope (user, key), key_id, unit (requests, tokens, usd, concurrency), period
 *          (minute, day, month, null), model (null: all), amount, created_at}
 *   transfer: {id, kind, amount (negative when it leaves the account), reason, exchange_id,
 *          created_at, balance (after it; only in transfer.history, else null)}
 *   sums (totals, and each group of a summary beside day, model, key_id + key_name): {requests,
 *          errors, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost}
 *   attempt_list (usage.audit): [{number, provider, model, outcome, status, created_at,
 *          duration_ms, words}] where an attempt failed, else empty
 *   record: {id, created_at, model, provider, key_id, key_name, status, stream, input_tokens,
 *            cached_input_tokens, output_tokens, reasoning_tokens, cost (the customer's charge),
 *            usage_source (none, reported, corrected, measured, estimated, partial), finish_reason,
 *            error_code, attempts, first_byte_ms, total_ms}. Never buy
 *            prices, margins or provider cost
 *   charge, in a record: {lines: [{kind, tokens, price (USD per million), amount (18 decimals)}],
 *          exact, rounding, price, covered (by the operator), charged}; beside it ended_at, hold,
 *          refunded. For operators also user_id, email, account_id, provider_model,
 *          policy_revision; with costs margin, cost_lines, provider_cost, overrun, profit */

#endif
