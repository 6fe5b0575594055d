#include "net/tail_source.h"

#include "base/support.h"

static struct slice peek(bool *over, void *arg)
{
    const struct tail_source *source = arg;
    *over = source->there == source->all.bytes;
    return (struct slice){source->all.data + source->sent, source->there - source->sent};
}

static void on_sent(size_t bytes, void *arg)
{
    struct tail_source *source = arg;
    source->sent += bytes;
    assert_true(source->sent <= source->there);
}

struct upstream_tail tail_source_of(struct tail_source *source, int64_t bytes)
{
    return (struct upstream_tail){bytes, peek, on_sent, source};
}
