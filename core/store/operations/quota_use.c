/* The operation that tells what is used of a customer's quotas: however many keys and quotas there
 * are, the sums are read once. */
#include "store/operations/quota_use.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"

enum { MILLION = 1000000 };
#define HOUR_MS INT64_C(3600000)

void quota_use_amount(struct buffer *out, const char *name, enum quota_unit unit, int64_t amount)
{
    if (unit == QUOTA_USD)
        json_writer_money(out, name, amount);
    else
        json_writer_int(out, name, amount);
}

/* ---- the lines ---- */

/* A quota that is asked about; the texts stand in the lines. */
struct use {
    enum quota_unit unit;
    enum quota_period period;
    const char *key_id; /* "": of all keys */
    const char *models; /* with '\n' between them; "": all */
    int64_t limit;
    int64_t held; /* by calls that run */
    int64_t start_ms;
    int64_t used;
};

struct uses {
    char *text; /* owned */
    struct use *list;
    size_t count;
    struct use **by_key; /* sorted; those of no key first */
};

/* The next word of a line; moves behind it. */
static char *next_word(char **line)
{
    char *word = *line;
    size_t bytes = strcspn(word, "\t");
    *line += bytes + (word[bytes] == '\t');
    word[bytes] = '\0';
    return word;
}

/* The index of a word; `count` if it is none of them. */
static int index_of(const char *word, const char *(*name)(int), int count)
{
    int at = 0;
    while (at < count && strcmp(name(at), word) != 0)
        at++;
    return at;
}

static const char *name_of_unit(int at)
{
    return quota_unit_name((enum quota_unit)at);
}

static const char *name_of_period(int at)
{
    return quota_period_name((enum quota_period)at);
}

/* What only memory counts. */
static bool is_unknown(const struct use *use)
{
    return use->unit == QUOTA_CONCURRENCY || use->period == QUOTA_WINDOW ||
           (use->period == QUOTA_MINUTE && use->unit != QUOTA_USD);
}

/* scope, subject, unit, period, limit, held and the models, with tabs between them. */
static bool read_line(char *line, int64_t now_ms, struct use *out)
{
    bool of_key = strcmp(next_word(&line), "key") == 0;
    const char *subject = next_word(&line);
    int unit = index_of(next_word(&line), name_of_unit, QUOTA_UNITS);
    int period = index_of(next_word(&line), name_of_period, QUOTA_MONTH + 1);
    int64_t limit = strtoll(next_word(&line), NULL, 10);
    int64_t held = strtoll(next_word(&line), NULL, 10);
    if (unit >= QUOTA_UNITS || period > QUOTA_MONTH)
        return false;
    *out = (struct use){.unit = (enum quota_unit)unit,
                        .period = (enum quota_period)period,
                        .key_id = of_key ? subject : "",
                        .limit = limit,
                        .held = held,
                        .models = line};
    for (char *c = line; *c != '\0'; c++)
        *c = *c == '\t' ? '\n' : *c;
    if (!is_unknown(out))
        out->start_ms = quota_start_ms(out->period, now_ms);
    return true;
}

static int compare(const void *one, const void *other)
{
    const struct use *const *a = one, *const *b = other;
    return strcmp((*a)->key_id, (*b)->key_id);
}

static size_t count_lines(const char *text)
{
    size_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == '\n' ? 1 : 0;
    return count;
}

static bool read_lines(const char *text, int64_t now_ms, struct uses *out)
{
    size_t most = count_lines(text);
    *out = (struct uses){.text = strdup(text),
                         .list = calloc(most, sizeof *out->list),
                         .by_key = calloc(most, sizeof(struct use *))};
    check(out->text != NULL && out->list != NULL && out->by_key != NULL);
    for (char *at = out->text; *at != '\0';) {
        size_t bytes = strcspn(at, "\n");
        char *next = at + bytes + (at[bytes] == '\n');
        at[bytes] = '\0';
        if (!read_line(at, now_ms, &out->list[out->count]))
            return false;
        out->by_key[out->count] = &out->list[out->count];
        out->count++;
        at = next;
    }
    qsort(out->by_key, out->count, sizeof *out->by_key, compare);
    return true;
}

static void uses_fini(struct uses *uses)
{
    free(uses->text);
    free(uses->list);
    free(uses->by_key);
}

/* ---- the sums ---- */

/* What a key has used of a model in an hour, or in a call. */
struct part {
    const char *key_id, *model;
    int64_t at_ms;
    int64_t used[QUOTA_UNITS];
    bool of_minute;
};

static bool counts(const char *models, const char *model)
{
    size_t bytes = strlen(model);
    if (models[0] == '\0')
        return true;
    for (const char *at = models; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        if (strcspn(at, "\n") == bytes && memcmp(at, model, bytes) == 0)
            return true;
    }
    return false;
}

static void add_to_key(struct uses *uses, const char *key_id, const struct part *part)
{
    size_t low = 0, high = uses->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(uses->by_key[middle]->key_id, key_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < uses->count && strcmp(uses->by_key[low]->key_id, key_id) == 0; low++) {
        struct use *use = uses->by_key[low];
        if (!is_unknown(use) && part->of_minute == (use->period == QUOTA_MINUTE) &&
            part->at_ms >= use->start_ms && counts(use->models, part->model))
            use->used += part->used[use->unit];
    }
}

static void add_all(struct uses *uses, struct db *db, struct row *row, int64_t unit_ms,
                    bool of_minute)
{
    while (db_row(db, row)) {
        const struct part part = {.key_id = column_text(row, 0),
                                  .model = column_text(row, 1),
                                  .at_ms = column_int(row, 2) * unit_ms,
                                  .used = {[QUOTA_REQUESTS] = column_int(row, 3),
                                           [QUOTA_TOKENS] = column_int(row, 4),
                                           [QUOTA_USD] = column_int(row, 5)},
                                  .of_minute = of_minute};
        add_to_key(uses, "", &part);
        if (part.key_id[0] != '\0')
            add_to_key(uses, part.key_id, &part);
    }
}

/* The first moment that any of them counts; `minute`: of those that are added up from records. */
static int64_t first_ms(const struct uses *uses, bool minute)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < uses->count; i++) {
        const struct use *use = &uses->list[i];
        if (!is_unknown(use) && minute == (use->period == QUOTA_MINUTE) && use->start_ms < first)
            first = use->start_ms;
    }
    return first;
}

#define ACCOUNT " WHERE account_id = (SELECT account_id FROM users WHERE id = ?1)"

static void add_up(struct uses *uses, struct db *db, struct store_value user_id)
{
    int64_t hours_ms = first_ms(uses, false), minute_ms = first_ms(uses, true);
    if (hours_ms != INT64_MAX) {
        add_all(uses, db,
                db_bind(db,
                        "SELECT key_id, model, hour, requests,"
                        " input_tokens + cached_input_tokens + output_tokens, charge_nusd"
                        " FROM hourly" ACCOUNT " AND hour >= ?2",
                        DB_VALUES(user_id, bind_int(hours_ms / HOUR_MS))),
                HOUR_MS, false);
        add_all(uses, db,
                db_bind(db,
                        "SELECT key_id, model, created_ms, 0, -tokens, 0 FROM excess_tokens" ACCOUNT
                        " AND created_ms >= ?2",
                        DB_VALUES(user_id, bind_int(hours_ms))),
                1, false);
    }
    if (minute_ms != INT64_MAX)
        add_all(uses, db,
                db_bind(db,
                        "SELECT key_id, model, created_ms, 0, 0, charge_nusd FROM usage" ACCOUNT
                        " AND created_ms >= ?2",
                        DB_VALUES(user_id, bind_int(minute_ms))),
                1, true);
}

/* ---- the answer ---- */

static void render_unknown(struct buffer *out)
{
    json_writer_null(out, "used");
    json_writer_null(out, "held");
    json_writer_null(out, "left");
    json_writer_null(out, "resets_at");
    json_writer_bool(out, "near", false);
}

static void render(const struct store_call *call, struct buffer *out, const struct use *use)
{
    int64_t left = use->limit - use->used - use->held;
    double share = call->quota_near_ppm > 0 ? (double)call->quota_near_ppm / MILLION : 1;
    json_writer_object(out, NULL);
    quota_use_amount(out, "amount", use->unit, use->limit);
    if (is_unknown(use)) {
        render_unknown(out);
    } else {
        quota_use_amount(out, "used", use->unit, use->used);
        quota_use_amount(out, "held", use->unit, use->held);
        quota_use_amount(out, "left", use->unit, left > 0 ? left : 0);
        json_writer_time(out, "resets_at", quota_end_ms(use->period, use->start_ms));
        json_writer_bool(out, "near", (double)use->used >= (double)use->limit * share);
    }
    json_writer_object_end(out);
}

/* user_id lines -> {data: [{amount, used, held, left, resets_at, near}]} */
bool quotas_use(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct uses uses;
    bool ok = read_lines(operations_text(call, 1), clock_wall_ms(), &uses);
    if (!ok)
        fault_set(&call->fault, "invalid_value", "a line names no quota");
    else
        add_up(&uses, db, call->args[0]);
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    for (size_t i = 0; i < uses.count; i++)
        render(call, out, &uses.list[i]);
    json_writer_array_end(out);
    json_writer_object_end(out);
    uses_fini(&uses);
    return ok && db->failure == 0;
}
