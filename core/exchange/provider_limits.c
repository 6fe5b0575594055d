#include "exchange/provider_limits.h"

#include "base/clock.h"
#include "base/duration.h"

/* Below this a time since 1970 is in seconds; as milliseconds it would be in 1973. */
#define UNIX_MS_MIN INT64_C(100000000000)

/* Some providers count tokens in fractions; below 0 stands for "unknown" (Azure). */
static int64_t count_of(struct slice text)
{
    int64_t number = 0;
    size_t i = 0;
    for (; i < text.bytes && i < 18 && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        number = number * 10 + (text.data[i] - '0');
    bool ends = i == text.bytes || text.data[i] == '.';
    return i > 0 && ends ? number : -1;
}

static int64_t from_now(int64_t at_ms)
{
    int64_t ms = at_ms - clock_wall_ms();
    return ms > 0 ? ms : 0;
}

static int64_t reset_of(struct slice text, enum limit_reset_form form)
{
    char copy[CLOCK_TEXT_BYTES + 16];
    int64_t ms = -1;
    if (text.bytes == 0)
        return -1;
    switch (form) {
    case LIMIT_RESET_SPAN:
        return duration_parse(text, &ms) ? ms : -1;
    case LIMIT_RESET_TIME:
        slice_copy(text, copy, sizeof copy);
        return clock_parse(copy, &ms) ? from_now(ms) : -1;
    case LIMIT_RESET_UNIX:
        ms = count_of(text);
        if (ms >= 0 && ms < UNIX_MS_MIN)
            ms *= 1000;
        return ms >= 0 ? from_now(ms) : -1;
    }
    return -1;
}

static struct slice value_of(const struct upstream_head *head, const char *name)
{
    bool named = name[0] != '\0' && head->field != NULL;
    return named ? head->field(head->from, name) : slice_of("");
}

void provider_limits_read(const struct provider_limit_fields *fields,
                          const struct upstream_head *head, struct provider_limits *out)
{
    out->said = false;
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS; i++) {
        struct provider_limit *limit = &out->of[i];
        limit->limit = count_of(value_of(head, fields->of[i].limit));
        limit->remaining = count_of(value_of(head, fields->of[i].remaining));
        limit->reset_ms = reset_of(value_of(head, fields->of[i].reset), fields->reset_form);
        out->said = out->said || limit->limit >= 0 || limit->remaining >= 0 || limit->reset_ms >= 0;
    }
}

int64_t provider_limits_spent_ms(const struct provider_limits *limits)
{
    int64_t spent_ms = -1;
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS && limits->said; i++) {
        const struct provider_limit *limit = &limits->of[i];
        if (limit->remaining == 0 && limit->reset_ms > spent_ms)
            spent_ms = limit->reset_ms;
    }
    return spent_ms;
}

int64_t provider_limits_wait_ms(const struct provider_limits *limits)
{
    int64_t spent_ms = provider_limits_spent_ms(limits);
    int64_t first_ms = -1;
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS && limits->said; i++) {
        const struct provider_limit *limit = &limits->of[i];
        if (limit->reset_ms > 0 && (first_ms < 0 || limit->reset_ms < first_ms))
            first_ms = limit->reset_ms;
    }
    return spent_ms >= 0 ? spent_ms : first_ms;
}
