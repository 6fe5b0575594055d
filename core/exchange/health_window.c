#include "exchange/health_window.h"

#include <string.h>

#include "base/json_writer.h"

static struct health_slot *present_slot(struct health_window *window, int64_t now_ms)
{
    int64_t tick = now_ms / HEALTH_SLOT_MS;
    struct health_slot *slot = &window->slots[tick % HEALTH_SLOTS];
    if (slot->tick != tick)
        *slot = (struct health_slot){.tick = tick};
    return slot;
}

void health_window_count(struct health_window *window, enum health_result result, int64_t took_us,
                         int64_t now_ms)
{
    struct health_slot *slot = present_slot(window, now_ms);
    slot->results[result]++;
    if (result == HEALTH_ANSWERED)
        time_counts_add(&slot->first_byte, took_us / 1000);
}

void health_window_count_end(struct health_window *window, int64_t took_us, int64_t now_ms)
{
    time_counts_add(&present_slot(window, now_ms)->total, took_us / 1000);
}

void health_window_count_cut(struct health_window *window, int64_t now_ms)
{
    present_slot(window, now_ms)->cuts++;
}

void health_window_count_plain(struct health_window *window, int64_t took_us, int64_t now_ms)
{
    int64_t tick = now_ms / HEALTH_SPAN_MS;
    struct health_span *span = &window->spans[tick % 2];
    if (span->tick != tick)
        *span = (struct health_span){.tick = tick};
    time_counts_add(&span->plain, took_us / 1000);
}

void health_window_sum_plain(const struct health_window *window, int64_t now_ms,
                             struct time_sums *out)
{
    int64_t last = now_ms / HEALTH_SPAN_MS;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2; i++) {
        const struct health_span *span = &window->spans[i];
        if (span->tick >= last - 1 && span->tick <= last)
            time_sums_add(out, &span->plain);
    }
}

static void add_slot(struct health_sums *sums, const struct health_slot *slot)
{
    for (int i = 0; i < HEALTH_RESULTS; i++) {
        sums->results[i] += slot->results[i];
        sums->calls += slot->results[i];
    }
    sums->cuts += slot->cuts;
    time_sums_add(&sums->first_byte, &slot->first_byte);
    time_sums_add(&sums->total, &slot->total);
}

void health_window_sum(const struct health_window *window, int64_t span_ms, int64_t now_ms,
                       struct health_sums *out)
{
    int64_t last = now_ms / HEALTH_SLOT_MS;
    int64_t slots = (span_ms + HEALTH_SLOT_MS - 1) / HEALTH_SLOT_MS;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < HEALTH_SLOTS; i++) {
        const struct health_slot *slot = &window->slots[i];
        if (slot->tick > last - slots && slot->tick <= last)
            add_slot(out, slot);
    }
    out->answered = out->results[HEALTH_ANSWERED];
    out->failures = out->results[HEALTH_FAILED] + out->results[HEALTH_FORBIDDEN] + out->cuts;
}

void health_window_render(const struct health_sums *sums, struct buffer *out)
{
    static const char *const names[HEALTH_RESULTS] = {
        [HEALTH_ANSWERED] = "answered", [HEALTH_REFUSED] = "refused",
        [HEALTH_FAILED] = "failed",     [HEALTH_LIMITED] = "rate_limited",
        [HEALTH_DENIED] = "denied",     [HEALTH_FORBIDDEN] = "forbidden"};
    json_writer_int(out, "calls", sums->calls);
    json_writer_int(out, "failures", sums->failures);
    json_writer_object(out, "results");
    for (int i = 0; i < HEALTH_RESULTS; i++)
        json_writer_int(out, names[i], sums->results[i]);
    json_writer_int(out, "cut", sums->cuts);
    json_writer_object_end(out);
    time_sums_render("first_byte_ms", &sums->first_byte, out);
    time_sums_render("total_ms", &sums->total, out);
}
