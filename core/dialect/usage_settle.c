#include "dialect/usage_settle.h"

#include "base/money.h"

int64_t usage_settle_unexplained(const struct usage_counts *counts)
{
    const int64_t *of = counts->of;
    if (of[COUNT_TOTAL] < 0 || of[COUNT_PROMPT] <= 0 || of[COUNT_COMPLETION] < 0)
        return 0;
    int64_t rest = of[COUNT_TOTAL] - of[COUNT_PROMPT] - of[COUNT_COMPLETION];
    return rest > 0 ? rest : 0;
}

/* Settles a cached count that is larger than the prompt: if the total is large enough, the cached
 * tokens stand beside the prompt. */
static void settle_cached(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    int64_t output = of[COUNT_COMPLETION] > 0 ? of[COUNT_COMPLETION] : 0;
    if (of[COUNT_PROMPT] < 0 || of[COUNT_CACHED] <= of[COUNT_PROMPT])
        return;
    if (of[COUNT_TOTAL] >= of[COUNT_PROMPT] + of[COUNT_CACHED] + output) {
        of[COUNT_PROMPT] += of[COUNT_CACHED];
    } else {
        of[COUNT_CACHED] = -1;
        counts->flawed = true;
    }
}

/* Anthropic's prompt excludes the tokens that its cache read and wrote. If an aggregator has added
 * them up, it uses the names of OpenAI's form, and there the prompt includes them. */
static void settle_prompt(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    if (of[COUNT_PROMPT] < 0)
        return;
    if (counts->anthropic && of[COUNT_READ] > 0)
        of[COUNT_PROMPT] += of[COUNT_READ];
    if (counts->anthropic && of[COUNT_WRITTEN] > 0)
        of[COUNT_PROMPT] += of[COUNT_WRITTEN];
    of[COUNT_PROMPT] += usage_counts_known(counts, COUNT_TOOLS);
    of[COUNT_PROMPT] += usage_counts_known(counts, COUNT_CITATIONS);
    if (of[COUNT_CACHED] < 0)
        of[COUNT_CACHED] = of[COUNT_READ];
    settle_cached(counts);
}

/* Derives a count that only the total gives. Tokens that a cache read or wrote stand beside the
 * prompt if they are exactly what the total has more. */
static void settle_total(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    if (of[COUNT_PROMPT] < 0 && of[COUNT_COMPLETION] >= 0 &&
        of[COUNT_TOTAL] > of[COUNT_COMPLETION]) {
        of[COUNT_PROMPT] = of[COUNT_TOTAL] - of[COUNT_COMPLETION];
        settle_cached(counts);
    }
    int64_t known = of[COUNT_PROMPT] + (of[COUNT_THOUGHTS] > 0 ? of[COUNT_THOUGHTS] : 0);
    if (of[COUNT_COMPLETION] < 0 && of[COUNT_TOTAL] > known && of[COUNT_PROMPT] > 0)
        of[COUNT_COMPLETION] = of[COUNT_TOTAL] - known;
    int64_t rest = usage_settle_unexplained(counts);
    int64_t cached = of[COUNT_CACHED] > 0 ? of[COUNT_CACHED] : 0;
    int64_t written = of[COUNT_WRITTEN] > 0 ? of[COUNT_WRITTEN] : 0;
    bool reasoned = of[COUNT_REASONING] > 0 || of[COUNT_THOUGHTS] > 0;
    bool beside = rest == cached || rest == written || rest == cached + written;
    if (rest > 0 && !reasoned && beside)
        of[COUNT_PROMPT] += rest;
}

/* Reasoning may be part of the completion or stand beside it; the total tells which. Without a
 * total it stands beside it if it is the larger. Some servers show reasoning only in the total. */
static void settle_completion(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    int64_t prompt = of[COUNT_PROMPT] > 0 ? of[COUNT_PROMPT] : 0;
    if (of[COUNT_THOUGHTS] > 0) {
        of[COUNT_COMPLETION] =
            (of[COUNT_COMPLETION] > 0 ? of[COUNT_COMPLETION] : 0) + of[COUNT_THOUGHTS];
        of[COUNT_REASONING] = of[COUNT_THOUGHTS];
        return;
    }
    if (of[COUNT_CITATIONS] >= 0 &&
        of[COUNT_COMPLETION] >= 0) { /* Perplexity's total has neither */
        of[COUNT_COMPLETION] += usage_counts_known(counts, COUNT_REASONING);
        return;
    }
    if (of[COUNT_REASONING] <= 0 && usage_settle_unexplained(counts) > 0) {
        of[COUNT_REASONING] = usage_settle_unexplained(counts);
        of[COUNT_COMPLETION] += of[COUNT_REASONING];
        return;
    }
    if (of[COUNT_COMPLETION] < 0 || of[COUNT_REASONING] <= 0)
        return;
    int64_t together = of[COUNT_COMPLETION] + of[COUNT_REASONING];
    bool beside = of[COUNT_TOTAL] >= 0 ? of[COUNT_TOTAL] >= prompt + together
                                       : of[COUNT_REASONING] > of[COUNT_COMPLETION];
    if (beside)
        of[COUNT_COMPLETION] = together;
}

/* What was written to a cache without a sum: the life times have it. */
static void settle_written(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    if (of[COUNT_WRITTEN] >= 0 || of[COUNT_WRITTEN_INSIDE] >= 0 ||
        (of[COUNT_WRITTEN_SHORT] < 0 && of[COUNT_WRITTEN_LONG] < 0))
        return;
    of[COUNT_WRITTEN] = usage_counts_known(counts, COUNT_WRITTEN_SHORT) +
                        usage_counts_known(counts, COUNT_WRITTEN_LONG);
}

/* The usual counts that only the turns give. The last event of a stream has no life times beside
 * its sum of what was written to a cache, but each turn has them. */
static void settle_turns(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    const struct usage_turns *turns = &counts->turns;
    if (turns->count == 0)
        return;
    if (of[COUNT_PROMPT] < 0) {
        of[COUNT_PROMPT] = turns->prompt;
        of[COUNT_READ] = turns->read;
        of[COUNT_WRITTEN] = turns->written;
        of[COUNT_WRITTEN_LONG] = turns->written_long;
        counts->anthropic = true;
    }
    if (of[COUNT_COMPLETION] < 0)
        of[COUNT_COMPLETION] = turns->completion;
    if (of[COUNT_WRITTEN_LONG] < 0 && turns->written_long > 0 &&
        of[COUNT_WRITTEN] == turns->written)
        of[COUNT_WRITTEN_LONG] = turns->written_long;
}

static void add_known(int64_t *count, int64_t more)
{
    *count = (*count > 0 ? *count : 0) + more;
}

/* Turns that the usual counts do not include are billed in addition. What they are to be added to
 * must be known: they alone are no whole. */
static void add_aside(struct usage_counts *counts)
{
    int64_t *of = counts->of;
    const struct usage_turns *aside = &counts->aside;
    if (aside->count == 0)
        return;
    if (of[COUNT_PROMPT] >= 0) {
        of[COUNT_PROMPT] += aside->prompt + aside->read + aside->written;
        add_known(&of[COUNT_CACHED], aside->read);
        add_known(&of[of[COUNT_WRITTEN_INSIDE] >= 0 ? COUNT_WRITTEN_INSIDE : COUNT_WRITTEN],
                  aside->written);
        if (aside->written_long > 0) /* else what is not told would be told as 0 */
            add_known(&of[COUNT_WRITTEN_LONG], aside->written_long);
    }
    if (of[COUNT_COMPLETION] >= 0)
        of[COUNT_COMPLETION] += aside->completion;
    counts->flawed = counts->flawed || of[COUNT_PROMPT] < 0 || of[COUNT_COMPLETION] < 0;
}

/* A sum may be above every bound though its parts are not. */
static void bound(struct usage_counts *counts)
{
    static const enum usage_count sums[] = {COUNT_PROMPT, COUNT_COMPLETION};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        if (counts->of[sums[i]] <= MONEY_TOKENS_MAX)
            continue;
        counts->of[sums[i]] = -1;
        counts->flawed = true;
    }
}

void usage_settle(struct usage_counts *counts)
{
    settle_written(counts);
    settle_turns(counts);
    settle_prompt(counts);
    settle_total(counts);
    settle_completion(counts);
    add_aside(counts);
    bound(counts);
}
