#include "store/questions/trial_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "base/slice.h"

struct trial_group *trial_groups_find(struct trial_groups *groups, enum trial_role role,
                                      const char *provider, const char *model)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct trial_group *group = groups->list[i];
        if (group->role == role && strcmp(group->provider, provider) == 0 &&
            strcmp(group->model, model) == 0)
            return group;
    }
    if (groups->count == TRIAL_GROUPS_MAX) {
        groups->too_many = true;
        return NULL;
    }
    struct trial_group *group = calloc(1, sizeof *group);
    check(group != NULL);
    group->role = role;
    slice_copy(slice_of(provider), group->provider, sizeof group->provider);
    slice_copy(slice_of(model), group->model, sizeof group->model);
    groups->list[groups->count++] = group;
    return group;
}

static size_t place_of(const struct trial_words *words, const char *word)
{
    size_t at = 0;
    while (at < words->count && strcmp(words->words[at], word) != 0)
        at++;
    return at;
}

static void add_word(struct trial_words *words, const char *word)
{
    size_t at = place_of(words, word);
    if (at >= TRIAL_WORDS_MAX - 1) { /* the last place is for all others */
        word = "other";
        at = TRIAL_WORDS_MAX - 1;
    }
    if (at == words->count) {
        slice_copy(slice_of(word), words->words[at], TRIAL_WORD_BYTES);
        words->count++;
    }
    words->counts[at]++;
}

static void add_sample(struct trial_samples *samples, int64_t value)
{
    if (value < 0)
        return;
    if (samples->count == samples->room) {
        samples->room = samples->room > 0 ? 2 * samples->room : 64;
        samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
        check(samples->values != NULL);
    }
    samples->values[samples->count++] = value;
}

void trial_group_add_answer(struct trial_group *group, const struct trial_answer *answer)
{
    group->answers++;
    group->cost_nusd += answer->cost_nusd;
    group->output_tokens += answer->output_tokens;
    if (answer->finish_reason[0] != '\0')
        add_word(&group->finish_reasons, answer->finish_reason);
    add_sample(&group->first_byte_us, answer->first_byte_us);
    add_sample(&group->total_us, answer->total_us);
}

void trial_group_add_failure(struct trial_group *group, const char *outcome)
{
    group->failures++;
    add_word(&group->outcomes, outcome);
}

/* ---- writing ---- */

static void render_words(struct buffer *out, const char *name, const struct trial_words *words)
{
    json_writer_object(out, name);
    for (size_t i = 0; i < words->count; i++)
        json_writer_int(out, words->words[i], words->counts[i]);
    json_writer_object_end(out);
}

static int by_value(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* The smallest value that so many percent do not exceed. */
static int64_t quantile(const struct trial_samples *samples, size_t percent)
{
    size_t rank = (samples->count * percent + 99) / 100;
    return samples->values[rank > 0 ? rank - 1 : 0];
}

static void render_times(struct buffer *out, const char *name, struct trial_samples *samples)
{
    bool enough = samples->count >= TRIAL_CALLS_MIN;
    if (enough)
        qsort(samples->values, samples->count, sizeof *samples->values, by_value);
    json_writer_object(out, name);
    json_writer_int(out, "calls", (int64_t)samples->count);
    json_writer_int_or_null(out, "p50", enough, enough ? quantile(samples, 50) / 1000 : 0);
    json_writer_int_or_null(out, "p90", enough, enough ? quantile(samples, 90) / 1000 : 0);
    json_writer_object_end(out);
}

/* Means and shares are the reader's to compute of sums and numbers; where these are too few, there
 * are none. */
static void render_group(struct buffer *out, struct trial_group *group)
{
    static const char *const roles[] = {"primary", "canary", "shadow"};
    int64_t calls = group->answers + group->failures;
    bool enough = group->answers >= TRIAL_CALLS_MIN;
    json_writer_object(out, NULL);
    json_writer_text(out, "role", roles[group->role]);
    json_writer_text(out, "provider", group->provider);
    json_writer_text(out, "provider_model", group->model);
    json_writer_int(out, "calls", calls);
    json_writer_int(out, "answered", group->answers);
    json_writer_int(out, "failed", group->failures);
    json_writer_int(out, "unfinished", group->unfinished);
    json_writer_int_or_null(out, "failed_ppm", calls >= TRIAL_CALLS_MIN,
                            calls > 0 ? group->failures * 1000000 / calls : 0);
    render_words(out, "failures", &group->outcomes);
    render_times(out, "first_byte_ms", &group->first_byte_us);
    render_times(out, "total_ms", &group->total_us);
    json_writer_money(out, "cost", group->cost_nusd);
    if (enough)
        json_writer_money(out, "cost_a_call", group->cost_nusd / group->answers);
    else
        json_writer_null(out, "cost_a_call");
    json_writer_int_or_null(out, "output_tokens_a_call", enough,
                            enough ? group->output_tokens / group->answers : 0);
    render_words(out, "finish_reasons", &group->finish_reasons);
    json_writer_object_end(out);
}

static int by_role(const void *a, const void *b)
{
    const struct trial_group *first = *(struct trial_group *const *)a;
    const struct trial_group *second = *(struct trial_group *const *)b;
    int64_t first_calls = first->answers + first->failures;
    int64_t second_calls = second->answers + second->failures;
    if (first->role != second->role)
        return first->role < second->role ? -1 : 1;
    return (first_calls < second_calls) - (first_calls > second_calls);
}

void trial_groups_render(struct trial_groups *groups, struct buffer *out)
{
    qsort(groups->list, groups->count, sizeof groups->list[0], by_role);
    for (size_t i = 0; i < groups->count; i++)
        render_group(out, groups->list[i]);
}

void trial_groups_fini(struct trial_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        free(groups->list[i]->first_byte_us.values);
        free(groups->list[i]->total_us.values);
        free(groups->list[i]);
    }
    *groups = (struct trial_groups){.count = 0};
}
