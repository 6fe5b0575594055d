#include "exchange/limit_room.h"

struct limit_room limit_room_unknown(void)
{
    return (struct limit_room){
        .requests = INT64_MAX, .tokens = INT64_MAX, .tokens_limit = INT64_MAX};
}

static bool has_tokens(const struct limit_room *room, int64_t tokens)
{
    return tokens <= room->tokens || tokens > room->tokens_limit;
}

bool limit_room_takes(const struct limit_room *room, int64_t tokens)
{
    return room->requests > 0 && has_tokens(room, tokens);
}

int64_t limit_room_until_ms(const struct limit_room *room, int64_t tokens, int64_t now_ms)
{
    if (has_tokens(room, tokens))
        return now_ms;
    if (room->renewed_tokens <= 0)
        return room->tokens_reset_ms;
    int64_t missing = tokens - room->tokens;
    int64_t until_ms =
        now_ms + (missing * room->renewed_ms + room->renewed_tokens - 1) / room->renewed_tokens;
    return until_ms < room->tokens_reset_ms ? until_ms : room->tokens_reset_ms;
}

void limit_room_take(struct limit_room *room, int64_t tokens)
{
    if (room->requests != INT64_MAX)
        room->requests--;
    if (room->tokens != INT64_MAX && tokens <= room->tokens_limit)
        room->tokens -= tokens;
}
