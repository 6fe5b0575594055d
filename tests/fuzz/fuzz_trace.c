/* A client's `traceparent` and `tracestate`: what is taken is written again as the same, and is no
 * longer than it may be. And a collector's answer. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "exchange/otlp_answer.h"
#include "exchange/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct slice text = {(const char *)data, bytes};
    struct trace_context found, again;
    char written[TRACEPARENT_BYTES], words[OTLP_WORDS_BYTES];
    if (bytes == 0)
        return 0;
    (void)otlp_answer_rejected(text, words);
    otlp_answer_refusal(text, words);
    check(strlen(words) < OTLP_WORDS_BYTES);
    if (trace_context_parse(text, &found)) {
        trace_context_format(&found, written);
        check(strlen(written) == TRACEPARENT_BYTES - 1);
        check(trace_context_parse(slice_of(written), &again));
        check(memcmp(written + 3, text.data + 3, TRACEPARENT_BYTES - 1 - 3 - 2) == 0);
        check(again.flags == found.flags);
    }
    if (trace_state_is(text))
        check(slice_find(text, slice_of("=")) > 0 && slice_char(text, '\n') == NULL);
    return 0;
}
