/* store_verify: recomputes everything from the transfers, holds and usage records, and reports what
 * differs. Each check is one query that gives a line of text for each difference. It shares nothing
 * with the code that writes. */
#include <string.h>

#include "base/buffer.h"
#include "base/money.h"
#include "store/books/usage_lines.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"
#include "store/store.h"

enum { LINES_MAX = 100 }; /* per check; the first ones are enough */

struct verification {
    const char *name;
    const char *sql; /* gives lines of text */
};

static const struct verification verifications[] = {
    {"transfers", "SELECT printf('transfer %d: account %s does not exist', t.seq, a.id)"
                  " FROM (SELECT DISTINCT debit_account AS id FROM transfers"
                  "  UNION SELECT DISTINCT credit_account FROM transfers) a"
                  " JOIN transfers t ON t.seq = (SELECT min(seq) FROM transfers"
                  "  WHERE debit_account = a.id OR credit_account = a.id)"
                  " WHERE a.id NOT IN (SELECT id FROM accounts)"},
    {"transfers",
     "SELECT printf('transfer %d: %s from %s to %s must be above 0', seq, usd(amount_nusd),"
     " debit_account, credit_account) FROM transfers WHERE amount_nusd <= 0"},
    {"balances",
     "SELECT printf('balance of %s: %s credited and %s debited, its transfers add up to %s and %s',"
     " id, usd(had_credit), usd(had_debit), usd(credit), usd(debit)) FROM ("
     " SELECT id, sum(had_credit) AS had_credit, sum(had_debit) AS had_debit,"
     "  sum(credit) AS credit, sum(debit) AS debit FROM ("
     "  SELECT account_id AS id, credited_nusd AS had_credit, debited_nusd AS had_debit,"
     "   0 AS credit, 0 AS debit FROM balances"
     "  UNION ALL SELECT credit_account, 0, 0, amount_nusd, 0 FROM transfers"
     "  UNION ALL SELECT debit_account, 0, 0, 0, amount_nusd FROM transfers)"
     " GROUP BY id) WHERE had_credit <> credit OR had_debit <> debit"},
    {"balances",
     "SELECT printf('balance of %s: the account does not exist or is of another kind', account_id)"
     " FROM balances b WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = b.account_id"
     "  AND a.floor_zero = b.floor_zero)"
     " UNION ALL SELECT printf('account %s has no balance', id) FROM accounts"
     " WHERE id NOT IN (SELECT account_id FROM balances)"},
    {"balances",
     "SELECT printf('balance of %s: %s is below zero', b.account_id, usd(b.posted_nusd))"
     " FROM balances b JOIN accounts a ON a.id = b.account_id"
     " WHERE a.kind = 'customer' AND b.posted_nusd < 0"},
    {"balances",
     "SELECT printf('the balances of all accounts add up to %s and not to 0', usd(total))"
     " FROM (SELECT coalesce(sum(posted_nusd), 0) AS total FROM balances) WHERE total <> 0"},
    {"holds", "SELECT printf('hold %s of %s: it is open and has ended (%s)', h.exchange_id,"
              " usd(h.amount_nusd), r.outcome) FROM open_holds o"
              " JOIN holds h ON h.exchange_id = o.exchange_id"
              " JOIN resolutions r ON r.exchange_id = o.exchange_id"},
    {"holds", "SELECT printf('hold %s of %s: it is neither open nor ended', h.exchange_id,"
              " usd(h.amount_nusd)) FROM holds h"
              " LEFT JOIN resolutions r ON r.exchange_id = h.exchange_id"
              " LEFT JOIN open_holds o ON o.exchange_id = h.exchange_id"
              " WHERE r.exchange_id IS NULL AND o.exchange_id IS NULL"},
    {"holds", "SELECT printf('open hold %s: it is not the hold of %s by %s that was made',"
              " o.exchange_id, usd(o.amount_nusd), o.account_id) FROM open_holds o"
              " LEFT JOIN holds h ON h.exchange_id = o.exchange_id WHERE h.exchange_id IS NULL"
              " OR h.amount_nusd <> o.amount_nusd OR h.account_id <> o.account_id"
              " OR h.key_id <> o.key_id"},
    {"holds",
     "SELECT printf('account %s: open holds of %s are more than its balance of %s', h.account_id,"
     " usd(h.held), usd(b.posted_nusd)) FROM (SELECT account_id, sum(amount_nusd) AS held"
     "  FROM open_holds GROUP BY account_id) h JOIN balances b ON b.account_id = h.account_id"
     " WHERE h.held > b.posted_nusd"},
    {"resolutions",
     "SELECT printf('resolution %s: %s held, but its hold is %s', r.exchange_id, usd(r.held_nusd),"
     " coalesce('of ' || usd(h.amount_nusd), 'missing')"
     " || coalesce(', extended by ' || usd(e.amount_nusd), '')) FROM resolutions r"
     " LEFT JOIN holds h ON h.exchange_id = r.exchange_id"
     " LEFT JOIN hold_extensions e ON e.exchange_id = r.exchange_id"
     " WHERE h.exchange_id IS NULL"
     " OR h.amount_nusd + coalesce(e.amount_nusd, 0) <> r.held_nusd"},
    {"resolutions",
     "SELECT printf('extension %s of %s: it was not settled', e.exchange_id, usd(e.amount_nusd))"
     " FROM hold_extensions e LEFT JOIN resolutions r ON r.exchange_id = e.exchange_id"
     " WHERE r.outcome IS NOT 'settle'"},
    {"resolutions", "SELECT printf('resolution %s: %s was posted of a hold of %s', exchange_id,"
                    " usd(posted_nusd), usd(held_nusd)) FROM resolutions"
                    " WHERE posted_nusd < 0 OR posted_nusd > held_nusd"
                    " OR (outcome <> 'settle' AND posted_nusd <> 0)"},
    {"usage",
     "SELECT printf('usage %s: charged %s, but its resolution is %s', u.exchange_id,"
     " usd(u.charge_nusd), CASE WHEN r.exchange_id IS NULL THEN 'missing'"
     " WHEN r.usage_seq IS NOT u.seq THEN 'of another record' ELSE r.outcome || ' ' ||"
     " usd(r.posted_nusd) END) FROM usage u"
     " LEFT JOIN resolutions r ON r.exchange_id = u.exchange_id"
     " WHERE r.exchange_id IS NULL OR r.usage_seq IS NOT u.seq OR r.posted_nusd <> u.charge_nusd"},
    {"usage",
     "SELECT printf('usage %s: its hold is of another account or key', u.exchange_id) FROM usage u"
     " JOIN holds h ON h.exchange_id = u.exchange_id"
     " WHERE h.account_id <> u.account_id OR h.key_id <> u.key_id"},
    {"usage", "SELECT printf('resolution %s: settled %s without a usage record', r.exchange_id,"
              " usd(r.posted_nusd)) FROM resolutions r LEFT JOIN usage u ON u.seq = r.usage_seq"
              " WHERE (r.outcome = 'settle' OR r.usage_seq IS NOT NULL)"
              " AND u.exchange_id IS NOT r.exchange_id"},
    {"usage lines",
     "SELECT printf('usage line %s of record %d: there is no such record', l.unit, l.usage_seq)"
     " FROM usage_lines l LEFT JOIN usage u ON u.seq = l.usage_seq WHERE u.seq IS NULL"},
    {"usage facts",
     "SELECT printf('facts of record %d: there is no such record', f.usage_seq)"
     " FROM usage_facts f LEFT JOIN usage u ON u.seq = f.usage_seq WHERE u.seq IS NULL"},
    {"usage facts",
     "SELECT printf('usage %s: its provider stated %s, but its cost is %s', u.exchange_id,"
     " usd(f.stated_cost_nusd), usd(u.cost_nusd)) FROM usage_facts f"
     " JOIN usage u ON u.seq = f.usage_seq WHERE f.stated_cost_nusd <> u.cost_nusd"},
    {"excess tokens",
     "SELECT printf('%d excess tokens of %s: its record is of other tokens, or there is none',"
     " e.tokens, e.exchange_id) FROM excess_tokens e LEFT JOIN usage u"
     " ON u.exchange_id = e.exchange_id AND u.account_id = e.account_id AND u.key_id = e.key_id"
     " AND u.model = e.model AND u.created_ms = e.created_ms"
     " AND u.input_tokens + u.cached_input_tokens + u.output_tokens >= e.tokens"
     " WHERE u.seq IS NULL"},
    /* Parts of prompt and answer are no more than the whole (core/base/unit.c has the sides). */
    {"usage lines",
     "SELECT printf('usage %s: its lines have %d tokens of the prompt and %d of the answer, its"
     " record %d and %d', u.exchange_id, l.prompt, l.answer, u.input_tokens, u.output_tokens)"
     " FROM (SELECT usage_seq,"
     "  sum(quantity * (unit IN ('cache_write', 'cache_write_long', 'audio_input',"
     "   'image_input'))) AS prompt,"
     "  sum(quantity * (unit IN ('reasoning', 'audio_output', 'image_output'))) AS answer"
     "  FROM usage_lines GROUP BY usage_seq) l JOIN usage u ON u.seq = l.usage_seq"
     " WHERE l.prompt > u.input_tokens OR l.answer > u.output_tokens"},
    /* The transfers that the record demands, less those that exist, must be 0, per exchange, kind
     * and both accounts. */
    {"usage",
     "SELECT printf('exchange %s: %s of kind %s from %s to %s, its usage record says %s', exchange,"
     " usd(moved), kind, debit, credit, usd(wanted)) FROM ("
     " SELECT exchange, kind, debit, credit, sum(moved) AS moved, sum(wanted) AS wanted FROM ("
     "  SELECT exchange_id AS exchange, kind, debit_account AS debit, credit_account AS credit,"
     "   amount_nusd AS moved, 0 AS wanted FROM transfers"
     "   WHERE kind IN ('charge', 'overrun', 'cost')"
     "  UNION ALL SELECT exchange_id, 'charge', account_id, 'revenue', 0, charge_nusd FROM usage"
     "   WHERE charge_nusd <> 0"
     "  UNION ALL SELECT exchange_id, 'overrun', 'overrun', 'revenue', 0, overrun_nusd FROM usage"
     "   WHERE overrun_nusd <> 0"
     "  UNION ALL SELECT exchange_id, 'cost', 'revenue', 'cost:' ||"
     "   CASE provider WHEN '' THEN 'unknown' ELSE provider END, 0, cost_nusd FROM usage"
     "   WHERE cost_nusd <> 0)"
     " GROUP BY exchange, kind, debit, credit) WHERE moved <> wanted"},
    {"refunds",
     "SELECT printf('exchange %s: %s was refunded from %s to %s, its charge is %s', t.exchange_id,"
     " usd(t.amount), t.debit_account, t.credit_account,"
     " coalesce(usd(u.charge_nusd) || ' of ' || u.account_id, 'missing')) FROM ("
     " SELECT exchange_id, debit_account, credit_account, sum(amount_nusd) AS amount"
     "  FROM transfers WHERE kind = 'refund' GROUP BY exchange_id, debit_account, credit_account) t"
     " LEFT JOIN resolutions r ON r.exchange_id = t.exchange_id"
     " LEFT JOIN usage u ON u.seq = r.usage_seq WHERE u.seq IS NULL"
     " OR t.debit_account <> 'revenue' OR t.credit_account <> u.account_id"
     " OR t.amount > u.charge_nusd"},
    /* Each charge names the one before it, except charges older than these chains. */
    {"charges",
     "SELECT printf('account %s: its charge %d says that %d is the one before it, but that is %d',"
     " account, seq, previous, wanted) FROM ("
     " SELECT debit_account AS account, seq, previous_charge AS previous,"
     "  lag(iif(previous_charge IS NULL, 0, seq), 1, 0)"
     "   OVER (PARTITION BY debit_account ORDER BY seq) AS wanted"
     "  FROM transfers WHERE kind = 'charge') WHERE previous <> wanted"},
    {"charges",
     "SELECT printf('account %s: its last charge is %d, its balance says %d', b.account_id,"
     " coalesce(c.last, 0), b.last_charge) FROM balances b"
     " LEFT JOIN (SELECT debit_account AS account, max(seq) AS last FROM transfers"
     "  WHERE kind = 'charge' AND previous_charge IS NOT NULL GROUP BY debit_account) c"
     " ON c.account = b.account_id WHERE b.last_charge <> coalesce(c.last, 0)"},
    {"key totals",
     "SELECT printf('key %s: total %s in %d requests, its usage adds up to %s in %d', id,"
     " usd(had), had_requests, usd(spent), requests) FROM ("
     " SELECT id, sum(had) AS had, sum(had_requests) AS had_requests, sum(spent) AS spent,"
     "  sum(requests) AS requests FROM ("
     "  SELECT key_id AS id, spent_nusd AS had, requests AS had_requests, 0 AS spent,"
     "   0 AS requests FROM key_totals"
     "  UNION ALL SELECT key_id, 0, 0, charge_nusd, 1 FROM usage WHERE key_id <> '')"
     " GROUP BY id) WHERE had <> spent OR had_requests <> requests"},
    {"key totals",
     "SELECT printf('key %s: %d abandoned requests, its usage has %d', id, had, abandoned) FROM ("
     " SELECT id, sum(had) AS had, sum(abandoned) AS abandoned FROM ("
     "  SELECT key_id AS id, abandoned AS had, 0 AS abandoned FROM key_totals"
     "  UNION ALL SELECT key_id, 0, status = 499 FROM usage WHERE key_id <> '')"
     " GROUP BY id) WHERE had <> abandoned"},
    {"hourly",
     "SELECT printf('%s of %s, key %s, model %s: the roll-up differs from its usage by %d requests,"
     " %d errors, %d tokens and %s', strftime('%Y-%m-%d %H:00', hour * 3600, 'unixepoch'),"
     " account_id, key_id, model, requests, errors, input + cached + output + reasoning,"
     " usd(charge) || ', ' || usd(cost) || ' of cost, ' || usd(overrun) || ' of overrun') FROM ("
     " SELECT account_id, hour, key_id, model, sum(requests) AS requests, sum(errors) AS errors,"
     "  sum(input) AS input, sum(cached) AS cached, sum(output) AS output,"
     "  sum(reasoning) AS reasoning, sum(charge) AS charge, sum(cost) AS cost,"
     "  sum(overrun) AS overrun FROM ("
     "  SELECT account_id, hour, key_id, model, requests, errors, input_tokens AS input,"
     "   cached_input_tokens AS cached, output_tokens AS output, reasoning_tokens AS reasoning,"
     "   charge_nusd AS charge, cost_nusd AS cost, overrun_nusd AS overrun FROM hourly"
     "  UNION ALL SELECT account_id, created_ms / 3600000, key_id, model, -1, -(error_code <> ''),"
     "   -input_tokens, -cached_input_tokens, -output_tokens, -reasoning_tokens, -charge_nusd,"
     "   -cost_nusd, -overrun_nusd FROM usage)"
     " GROUP BY account_id, hour, key_id, model) WHERE requests <> 0 OR errors <> 0 OR input <> 0"
     " OR cached <> 0 OR output <> 0 OR reasoning <> 0 OR charge <> 0 OR cost <> 0"
     " OR overrun <> 0"},
    {"customer days",
     "SELECT printf('%s of %s: the roll-up differs from its hours by %d requests, %d errors, %d"
     " tokens and %s', date(day * 86400, 'unixepoch'), account_id, requests, errors, tokens,"
     " usd(charge) || ', ' || usd(cost) || ' of cost, ' || usd(overrun) || ' of overrun') FROM ("
     " SELECT account_id, day, sum(requests) AS requests, sum(errors) AS errors,"
     "  sum(input) AS input, sum(cached) AS cached, sum(output) AS output,"
     "  sum(reasoning) AS reasoning, sum(input + cached + output + reasoning) AS tokens,"
     "  sum(charge) AS charge, sum(cost) AS cost, sum(overrun) AS overrun FROM ("
     "  SELECT account_id, day, requests, errors, input_tokens AS input,"
     "   cached_input_tokens AS cached, output_tokens AS output, reasoning_tokens AS reasoning,"
     "   charge_nusd AS charge, cost_nusd AS cost, overrun_nusd AS overrun FROM customer_days"
     "   WHERE day < (SELECT until_day FROM summed_days)"
     "  UNION ALL SELECT account_id, hour / 24, -requests, -errors, -input_tokens,"
     "   -cached_input_tokens, -output_tokens, -reasoning_tokens, -charge_nusd, -cost_nusd,"
     "   -overrun_nusd FROM hourly WHERE hour < (SELECT until_day * 24 FROM summed_days))"
     " GROUP BY account_id, day) WHERE requests <> 0 OR errors <> 0 OR input <> 0 OR cached <> 0"
     " OR output <> 0 OR reasoning <> 0 OR charge <> 0 OR cost <> 0 OR overrun <> 0"},
    {"sales",
     "SELECT printf('%s, model %s, provider %s: the roll-up of all customers differs from its"
     " usage by %d requests, %d errors, %d tokens and %s',"
     " strftime('%Y-%m-%d %H:%M', quarter * 900, 'unixepoch'), model, provider, requests, errors,"
     " input + cached + output + reasoning,"
     " usd(charge) || ', ' || usd(cost) || ' of cost, ' || usd(overrun) || ' of overrun') FROM ("
     " SELECT quarter, model, provider, sum(requests) AS requests, sum(errors) AS errors,"
     "  sum(input) AS input, sum(cached) AS cached, sum(output) AS output,"
     "  sum(reasoning) AS reasoning, sum(charge) AS charge, sum(cost) AS cost,"
     "  sum(overrun) AS overrun FROM ("
     "  SELECT quarter, model, provider, requests, errors, input_tokens AS input,"
     "   cached_input_tokens AS cached, output_tokens AS output, reasoning_tokens AS reasoning,"
     "   charge_nusd AS charge, cost_nusd AS cost, overrun_nusd AS overrun FROM sales"
     "  UNION ALL SELECT created_ms / 900000, model, provider, -1, -(error_code <> ''),"
     "   -input_tokens, -cached_input_tokens, -output_tokens, -reasoning_tokens, -charge_nusd,"
     "   -cost_nusd, -overrun_nusd FROM usage)"
     " GROUP BY quarter, model, provider) WHERE requests <> 0 OR errors <> 0 OR input <> 0"
     " OR cached <> 0 OR output <> 0 OR reasoning <> 0 OR charge <> 0 OR cost <> 0"
     " OR overrun <> 0"},
    {"shadows",
     "SELECT printf('shadow %s: %s of kind shadow from %s to %s, its result says %s', id,"
     " usd(moved), debit, credit, usd(wanted)) FROM ("
     " SELECT id, debit, credit, sum(moved) AS moved, sum(wanted) AS wanted FROM ("
     "  SELECT exchange_id AS id, debit_account AS debit, credit_account AS credit,"
     "   amount_nusd AS moved, 0 AS wanted FROM transfers WHERE kind = 'shadow'"
     "  UNION ALL SELECT s.id, 'revenue', 'cost:' || s.provider, 0, r.cost_nusd"
     "   FROM shadows s JOIN shadow_results r ON r.seq = s.seq WHERE r.cost_nusd <> 0)"
     " GROUP BY id, debit, credit) WHERE moved <> wanted"},
    {"shadows",
     "SELECT printf('%s, model %s: %s counts against the limit of its shadows, they add up to %s',"
     " date(day * 86400, 'unixepoch'), model, usd(had), usd(wanted)) FROM ("
     " SELECT model, day, sum(had) AS had, sum(wanted) AS wanted FROM ("
     "  SELECT model, day, counted_nusd AS had, 0 AS wanted FROM shadow_days"
     "  UNION ALL SELECT s.model, s.created_ms / 86400000, 0,"
     "   coalesce(r.counted_nusd, s.held_nusd) FROM shadows s"
     "   LEFT JOIN shadow_results r ON r.seq = s.seq)"
     " GROUP BY model, day) WHERE had <> wanted"},
    {"hedges", "SELECT printf('hedge %s: %s of kind hedge from %s to %s, its result says %s', id,"
               " usd(moved), debit, credit, usd(wanted)) FROM ("
               " SELECT id, debit, credit, sum(moved) AS moved, sum(wanted) AS wanted FROM ("
               "  SELECT exchange_id AS id, debit_account AS debit, credit_account AS credit,"
               "   amount_nusd AS moved, 0 AS wanted FROM transfers WHERE kind = 'hedge'"
               "  UNION ALL SELECT h.id, 'revenue', 'cost:' || r.provider, 0, r.cost_nusd"
               "   FROM hedges h JOIN hedge_results r ON r.seq = h.seq WHERE r.cost_nusd <> 0)"
               " GROUP BY id, debit, credit) WHERE moved <> wanted"},
    {"test calls",
     "SELECT printf('test call %s: %s of kind test_call from %s to %s, its result says %s', id,"
     " usd(moved), debit, credit, usd(wanted)) FROM ("
     " SELECT id, debit, credit, sum(moved) AS moved, sum(wanted) AS wanted FROM ("
     "  SELECT exchange_id AS id, debit_account AS debit, credit_account AS credit,"
     "   amount_nusd AS moved, 0 AS wanted FROM transfers WHERE kind = 'test_call'"
     "  UNION ALL SELECT t.id, 'revenue', 'cost:' || t.provider, 0, r.cost_nusd"
     "   FROM test_calls t JOIN test_call_results r ON r.seq = t.seq WHERE r.cost_nusd <> 0)"
     " GROUP BY id, debit, credit) WHERE moved <> wanted"},
    {"hourly units",
     "SELECT printf('%s of %s, key %s, model %s: the roll-up of %s differs from its usage lines by"
     " %d', strftime('%Y-%m-%d %H:00', hour * 3600, 'unixepoch'), account_id, key_id, model, unit,"
     " quantity) FROM ("
     " SELECT account_id, hour, key_id, model, unit, sum(quantity) AS quantity FROM ("
     "  SELECT account_id, hour, key_id, model, unit, quantity FROM hourly_units"
     "  UNION ALL SELECT u.account_id, u.created_ms / 3600000, u.key_id, u.model, l.unit,"
     "   -l.quantity FROM usage_lines l CROSS JOIN usage u ON u.seq = l.usage_seq)"
     " GROUP BY account_id, hour, key_id, model, unit) WHERE quantity <> 0"},
    {"customer day units",
     "SELECT printf('%s of %s: the roll-up of %s differs from its hours by %d',"
     " date(day * 86400, 'unixepoch'), account_id, unit, quantity) FROM ("
     " SELECT account_id, day, unit, sum(quantity) AS quantity FROM ("
     "  SELECT account_id, day, unit, quantity FROM customer_day_units"
     "   WHERE day < (SELECT until_day FROM summed_days)"
     "  UNION ALL SELECT account_id, hour / 24, unit, -quantity FROM hourly_units"
     "   WHERE hour < (SELECT until_day * 24 FROM summed_days))"
     " GROUP BY account_id, day, unit) WHERE quantity <> 0"},
    {"sales units",
     "SELECT printf('%s, model %s, provider %s: the roll-up of %s of all customers differs from"
     " its usage lines by %d', strftime('%Y-%m-%d %H:%M', quarter * 900, 'unixepoch'), model,"
     " provider, unit, quantity) FROM ("
     " SELECT quarter, model, provider, unit, sum(quantity) AS quantity FROM ("
     "  SELECT quarter, model, provider, unit, quantity FROM sales_units"
     "  UNION ALL SELECT u.created_ms / 900000, u.model, u.provider, l.unit, -l.quantity"
     "   FROM usage_lines l CROSS JOIN usage u ON u.seq = l.usage_seq)"
     " GROUP BY quarter, model, provider, unit) WHERE quantity <> 0"},
    {"budgets", "SELECT printf('key %s: %s was spent of a budget of %s', k.id, usd(t.spent_nusd),"
                " usd(k.budget_nusd)) FROM keys k JOIN key_totals t ON t.key_id = k.id"
                " WHERE t.spent_nusd > k.budget_nusd AND k.budget_period = ''"
                " AND k.budget_changed_ms = 0"},
    /* By period of the request, as in core/base/period.h (day 0 was a Thursday). If no call came
     * after a change of the budget, the budget may be less than what was spent before. */
    {"budgets",
     "SELECT printf('key %s: %s was spent of a budget of %s', id, usd(spent), usd(budget))"
     " || CASE period WHEN '' THEN '' ELSE printf(' a %s, from %s on', period, first) END FROM ("
     " SELECT k.id AS id, k.budget_nusd AS budget, k.budget_period AS period,"
     "  sum(u.charge_nusd) AS spent, date(min(u.created_ms) / 1000, 'unixepoch') AS first,"
     "  sum(u.charge_nusd * (u.created_ms > k.budget_changed_ms + 1000)) AS since"
     "  FROM keys k JOIN usage u ON u.account_id = k.account_id AND u.key_id = k.id"
     "  WHERE k.budget_nusd IS NOT NULL AND (k.budget_period <> ''"
     "  OR k.budget_changed_ms > 0) GROUP BY k.id, CASE k.budget_period WHEN '' THEN 0"
     "   WHEN 'day' THEN u.created_ms / 86400000"
     "   WHEN 'week' THEN u.created_ms / 86400000 - (u.created_ms / 86400000 + 3) % 7"
     "   ELSE strftime('%Y-%m', u.created_ms / 1000, 'unixepoch') END)"
     " WHERE spent > budget AND since > 0"},
    {"kept answers",
     "SELECT printf('kept answer of %s: its %s', a.exchange_id, CASE"
     " WHEN a.transfer_id IS NOT NULL THEN 'transfer is missing or another account''s'"
     " WHEN r.exchange_id IS NULL THEN 'exchange is missing or another account''s'"
     " ELSE printf('cost is %s, its resolution %s', usd(a.cost_nusd), usd(r.posted_nusd)) END)"
     " FROM kept_answers a"
     " LEFT JOIN holds h ON h.exchange_id = a.exchange_id AND h.account_id = a.account_id"
     " LEFT JOIN resolutions r ON r.exchange_id = h.exchange_id AND r.usage_seq IS NOT NULL"
     " WHERE CASE WHEN a.transfer_id IS NULL"
     "  THEN r.exchange_id IS NULL OR a.cost_nusd <> r.posted_nusd"
     "  ELSE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = a.transfer_id"
     "   AND (t.credit_account = a.account_id OR t.debit_account = 'debt:' || a.account_id)) END"},
    {"payments",
     "SELECT printf('payment %s: %s', p.id, CASE WHEN t.id IS NULL THEN 'its transfer is missing'"
     " ELSE printf('its transfer is %s from %s to %s', usd(t.amount_nusd), t.debit_account,"
     "  t.credit_account) END) FROM payments p JOIN users u ON u.id = p.user_id"
     " LEFT JOIN transfers t ON t.id = p.transfer_id WHERE p.state = 'paid'"
     " AND (t.id IS NULL OR t.kind <> 'payment' OR t.amount_nusd <> p.credit_nusd"
     "  OR t.credit_account <> u.account_id OR t.debit_account <> 'funding:' || p.processor)"},
    {"payments",
     "SELECT printf('transfer %s of %s: there is no payment of it', t.id, usd(t.amount_nusd))"
     " FROM transfers t WHERE t.kind = 'payment'"
     " AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.transfer_id = t.id)"},
    {"debts", "SELECT printf('%s: %s was paid that was not owed', account_id, usd(posted_nusd))"
              " FROM balances WHERE account_id > 'debt:' AND account_id < 'debt;'"
              " AND posted_nusd > 0"},
    {"debts",
     "SELECT printf('transfer %s of %s: a %s from %s to %s', id, usd(amount_nusd), kind,"
     " debit_account, credit_account) FROM transfers WHERE (debit_account LIKE 'debt:%'"
     "  AND (kind <> 'correction' OR credit_account NOT IN ('corrections',"
     "   'forfeited:' || substr(debit_account, length('debt:') + 1))))"
     " OR (kind IN ('debit', 'repayment') AND credit_account <> 'debt:' || debit_account)"},
    {"forfeited", "SELECT printf('%s: %s was given back that was not forfeited', account_id,"
                  " usd(-posted_nusd)) FROM balances"
                  " WHERE account_id > 'forfeited:' AND account_id < 'forfeited;'"
                  " AND posted_nusd < 0"},
    {"forfeited",
     "SELECT printf('transfer %s of %s: a %s from %s to %s', id, usd(amount_nusd), kind,"
     " debit_account, credit_account) FROM transfers WHERE debit_account LIKE 'forfeited:%'"
     " AND (kind <> 'reinstatement' OR debit_account <> 'forfeited:' || credit_account)"},
    {"forfeited", "SELECT printf('%s: %s was forfeited, but its customer is not erased',"
                  " b.account_id, usd(b.credited_nusd)) FROM balances b"
                  " LEFT JOIN users u ON 'forfeited:' || u.account_id = b.account_id"
                  " WHERE b.account_id > 'forfeited:' AND b.account_id < 'forfeited;'"
                  " AND u.erased_ms IS NULL"},
};

/* Returns how many lines it has added: one if the amounts differ. */
static size_t compare(struct buffer *report, const char *exchange_id, const char *what,
                      int64_t had_nusd, int64_t wanted_nusd)
{
    char had[MONEY_TEXT_BYTES];
    char wanted[MONEY_TEXT_BYTES];
    if (had_nusd == wanted_nusd)
        return 0;
    buffer_printf(report, "usage %s: its %s is %s and must be %s\n", exchange_id, what,
                  money_format(had_nusd, had), money_format(wanted_nusd, wanted));
    return 1;
}

/* Where a provider has stated its cost, the record also has what our own prices make of the call;
 * and the charge may be the stated cost with the margin. */
static size_t check_stated(struct db *db, struct row *row, struct buffer *report)
{
    enum { EXCHANGE_ID, COMPUTED, STATED, BY_COST, MARGIN, PRICE, LINES };
    struct usage_lines used;
    int64_t wanted_nusd;
    usage_lines_read(db, row, LINES, &used);
    if (!money_charge(&used.prices, &used.counts, 0, &wanted_nusd))
        wanted_nusd = MONEY_AMOUNT_MAX_NUSD;
    const char *exchange_id = column_text(row, EXCHANGE_ID);
    size_t lines =
        compare(report, exchange_id, "computed cost", column_int(row, COMPUTED), wanted_nusd);
    if (column_int(row, BY_COST) == 0 || column_int(row, STATED) < 0 || column_int(row, MARGIN) < 0)
        return lines;
    wanted_nusd = money_with_margin(column_int(row, STATED), column_int(row, MARGIN));
    return lines +
           compare(report, exchange_id, "price by cost", column_int(row, PRICE), wanted_nusd);
}

/* In C, because these sums need more than 64 bits. */
static bool run_stated(struct db *db, struct buffer *report, size_t *differences,
                       struct fault *fault)
{
    struct row *row = db_bind(db,
                              "SELECT u.exchange_id, f.computed_cost_nusd, f.stated_cost_nusd,"
                              " f.sold_by_cost, u.margin_ppm,"
                              " u.charge_nusd + u.overrun_nusd, " USAGE_LINES_COLUMNS
                              " FROM usage_facts f JOIN usage u ON u.seq = f.usage_seq"
                              " WHERE f.stated_cost_nusd IS NOT NULL",
                              NULL, 0);
    size_t lines = 0;
    while (lines < LINES_MAX && db_row(db, row))
        lines += check_stated(db, row, report);
    db_leave(row);
    *differences += lines;
    return db_sound(db, fault);
}

/* Runs one check; counts its lines. False: the query failed. */
static bool run(struct db *db, const struct verification *verification, struct buffer *report,
                size_t *differences, struct fault *fault)
{
    struct row *row = db_bind(db, verification->sql, NULL, 0);
    size_t lines = 0;
    while (lines < LINES_MAX && db_row(db, row)) {
        buffer_append_text(report, column_text(row, 0));
        buffer_append_char(report, '\n');
        lines++;
    }
    db_leave(row);
    if (lines == LINES_MAX)
        buffer_printf(report, "%s: more differences are not listed\n", verification->name);
    *differences += lines;
    return db_sound(db, fault);
}

static bool run_all(struct db *db, struct buffer *report, size_t *differences, struct fault *fault)
{
    if (!db_add_usd(db))
        return fault_set(fault, "database_unusable", "no memory");
    if (!db_run(db, "BEGIN", NULL, 0)) /* all checks see one moment, while a server goes on */
        return db_sound(db, fault);
    for (size_t i = 0; i < sizeof verifications / sizeof verifications[0]; i++) {
        if (!run(db, &verifications[i], report, differences, fault))
            return false;
    }
    return run_stated(db, report, differences, fault);
}

bool store_verify(const char *path, struct buffer *report, struct fault *fault)
{
    struct fault why = {0};
    struct db db;
    size_t differences = 0;
    bool ok = reader_open(&db, path, &why) && run_all(&db, report, &differences, &why);
    if (db.handle != NULL)
        db_rollback(&db);
    db_close(&db);
    if (!ok) {
        buffer_printf(report, "the ledger cannot be read: %s\n", why.message);
        return fault_set(fault, why.code, "the ledger cannot be read: %s", why.message);
    }
    if (differences == 0)
        return true;
    return fault_set(fault, "ledger_differs", "%zu differences were found", differences);
}
