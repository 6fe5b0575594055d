#include "app/replay.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "base/zone.h"
#include "exchange/candidate.h"
#include "exchange/reprice.h"
#include "script/policy_files.h"
#include "script/policy_offer.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum { NAME_BYTES = LIMIT_MODEL_NAME_BYTES + 128 };

struct run {
    const struct replay_options *options;
    struct replay *out;
    struct usage_scan *scan;
    struct policy_offers *offers;
    struct usage_record record;
    int64_t day; /* whose group `day_group` is */
    struct replay_group *day_group;
    bool too_much; /* a sum is above every bound */
};

/* ---- groups ---- */

static struct replay_group *named(struct replay_groups *groups, const char *name, const char *label,
                                  const char *group)
{
    struct replay_group *found = replay_groups_find(groups, name);
    return found != NULL ? found : replay_groups_add(groups, name, label, group);
}

static struct replay_group *day_of(struct run *run)
{
    int64_t day = zone_day(run->options->zone, run->record.created_ms);
    char name[CLOCK_TEXT_BYTES];
    if (run->day_group == NULL || day != run->day) {
        run->day = day;
        run->day_group = named(&run->out->days, clock_format_day((int32_t)day, name), "", "");
    }
    return run->day_group;
}

/* What had no room has no group of its own: its customer is looked up each time. */
static void find_customer(struct run *run, struct usage_customer *out)
{
    const char *user_id = run->record.user_id.text;
    const struct replay_group *known = replay_groups_find(&run->out->customers, user_id);
    if (known == NULL) {
        usage_scan_customer(run->scan, user_id, out);
        return;
    }
    slice_copy(slice_of(known->label), out->email, sizeof out->email);
    slice_copy(slice_of(known->group), out->group, sizeof out->group);
}

static void add(struct run *run, struct replay_sums *sums, const struct replay_sums *more)
{
    if (!replay_sums_add(sums, more))
        run->too_much = true;
}

/* ---- a call ---- */

static void note(struct run *run, const char *kind, const char *word)
{
    const struct usage_record *record = &run->record;
    const struct replay_sums more = {
        .calls = 1, .charge_then_nusd = record->charge_nusd, .cost_then_nusd = record->cost_nusd};
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s %s %s", kind, record->model, word);
    add(run, &named(&run->out->notes, name, "", "")->sums, &more);
}

static void note_units(struct run *run, unsigned units)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (units >> unit & 1)
            note(run, REPLAY_UNIT_NOT_PRICED, unit_name(unit));
    }
}

static void refuse(struct run *run, const struct fault *why)
{
    const struct usage_record *record = &run->record;
    const struct replay_sums more = {
        .calls = 1, .charge_then_nusd = record->charge_nusd, .cost_then_nusd = record->cost_nusd};
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s %s", why->code, record->model);
    add(run, &named(&run->out->refused, name, why->message, "")->sums, &more);
}

static void count(struct run *run, const struct usage_customer *customer,
                  const struct replay_sums *more)
{
    const struct usage_record *record = &run->record;
    struct replay *out = run->out;
    add(run, &out->totals, more);
    add(run, &named(&out->models, record->model, "", "")->sums, more);
    add(run, &named(&out->customers, record->user_id.text, customer->email, customer->group)->sums,
        more);
    add(run, &day_of(run)->sums, more);
}

/* Charges the call by the candidate. */
static void charge(struct run *run, const struct policy_offer *offer, struct replay_sums *out)
{
    const struct candidate_terms *terms =
        reprice_candidate(offer->candidates, offer->count, &run->record);
    struct reprice price;
    reprice_call(terms, &run->record, &price);
    out->charge_now_nusd = price.charge_nusd;
    out->cost_now_nusd = price.cost_nusd;
    if (terms->loss_allowed && price.cost_nusd > price.charge_nusd)
        out->allowed_loss_nusd = price.cost_nusd - price.charge_nusd;
    if (strcmp(terms->provider, run->record.provider) != 0)
        note(run, REPLAY_OTHER_CANDIDATE, run->record.provider);
    if (price.unknown_tier)
        note(run, REPLAY_TIER_NOT_PRICED, "");
    note_units(run, price.unpriced);
}

static void replay_call(struct run *run)
{
    const struct usage_record *record = &run->record;
    struct replay_sums more = {
        .calls = 1, .charge_then_nusd = record->charge_nusd, .cost_then_nusd = record->cost_nusd};
    struct usage_customer customer;
    struct fault why;
    find_customer(run, &customer);
    const struct policy_call call = {.model = record->model,
                                     .group = customer.group,
                                     .user_id = record->user_id.text,
                                     .key_id = record->key_id.text,
                                     .streamed = record->streamed,
                                     .input_tokens = unit_counts_prompt(&record->counts),
                                     .created_ms = record->created_ms};
    if (record->source != USAGE_NONE) { /* else nothing was used, so there is nothing to charge */
        const struct policy_offer *offer = policy_offer_find(run->offers, &call, &why);
        if (offer == NULL) {
            refuse(run, &why);
            return;
        }
        charge(run, offer, &more);
    }
    count(run, &customer, &more);
}

/* ---- all of them ---- */

static void tell(const struct run *run)
{
    struct usage_scan_place place;
    if (run->options->on_progress == NULL)
        return;
    usage_scan_place(run->scan, &place);
    run->options->on_progress(&place, run->options->arg);
}

static bool replay_calls(struct run *run, struct fault *fault)
{
    for (int64_t calls = 0; usage_scan_next(run->scan, &run->record); calls++) {
        if (calls % REPLAY_PROGRESS_CALLS == 0)
            tell(run);
        replay_call(run);
        if (run->too_much)
            return fault_set(fault, "too_large", "the sums are too large; ask for fewer days");
    }
    return usage_scan_sound(run->scan, fault);
}

static bool open_policies(struct run *run, struct fault *fault)
{
    struct policy_files *files = policy_files_read(run->options->policies, fault);
    if (files == NULL)
        return false;
    memcpy(run->out->revision, policy_files_revision(files), sizeof run->out->revision);
    run->offers = policy_offer_open(files, fault);
    policy_files_unref(files);
    return run->offers != NULL;
}

static bool open_scan(struct run *run, struct fault *fault)
{
    const struct usage_scan_options options = {.path = run->options->database,
                                               .from_ms = run->options->from_ms,
                                               .to_ms = run->options->to_ms,
                                               .deadline_us = run->options->deadline_us,
                                               .cancelled = run->options->cancelled};
    run->scan = usage_scan_open(&options, fault);
    return run->scan != NULL;
}

static void init(struct replay *replay)
{
    *replay = (struct replay){.revision = ""};
    replay_groups_init(&replay->models, REPLAY_MODELS_MAX);
    replay_groups_init(&replay->customers, REPLAY_CUSTOMERS_MAX);
    replay_groups_init(&replay->days, REPLAY_DAYS_MAX);
    replay_groups_init(&replay->refused, REPLAY_REASONS_MAX);
    replay_groups_init(&replay->notes, REPLAY_REASONS_MAX);
}

bool replay_run(const struct replay_options *options, struct replay *out, struct fault *fault)
{
    struct run run = {.options = options, .out = out};
    init(out);
    bool done = open_policies(&run, fault) && open_scan(&run, fault) && replay_calls(&run, fault);
    usage_scan_close(run.scan);
    policy_offer_close(run.offers);
    if (!done) {
        replay_fini(out);
        return false;
    }
    replay_groups_sort(&out->models);
    replay_groups_sort(&out->customers);
    replay_groups_sort(&out->days);
    replay_groups_sort(&out->refused);
    replay_groups_sort(&out->notes);
    return true;
}

void replay_fini(struct replay *replay)
{
    replay_groups_fini(&replay->models);
    replay_groups_fini(&replay->customers);
    replay_groups_fini(&replay->days);
    replay_groups_fini(&replay->refused);
    replay_groups_fini(&replay->notes);
}

/* ---- what the operator asks and hears ---- */

static bool any_loses(const struct replay_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (replay_sums_loses(&groups->list[i]->sums))
            return true;
    }
    return false;
}

bool replay_warns(const struct replay *replay)
{
    return replay->refused.count > 0 || any_loses(&replay->models) ||
           any_loses(&replay->customers) || any_loses(&replay->days);
}

bool replay_read_time(const char *text, const struct zone *zone, int64_t *out_ms)
{
    if (!clock_parse(text, out_ms))
        return false;
    if (strchr(text, 'T') == NULL && strchr(text, 't') == NULL && strlen(text) == 10)
        *out_ms = zone_day_begins_ms(zone, *out_ms / DAY_MS);
    return true;
}

bool replay_take_time(const char *option, const char *text, const struct zone *zone,
                      int64_t *out_ms, struct fault *fault)
{
    if (text == NULL || replay_read_time(text, zone, out_ms))
        return true;
    return fault_set(fault, "invalid_value",
                     "%s must be a date like 2026-11-22 or a time like 2026-11-22T21:34:00Z: %.64s",
                     option, text);
}
