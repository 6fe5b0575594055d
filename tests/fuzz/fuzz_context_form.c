/* What a server says of its models: lengths stay within their bounds, and no name is longer than
 * ours may be. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/context_form.h"

static void look(const char *model, const struct context_lengths *lengths, void *arg)
{
    int *count = arg;
    check(strlen(model) < LIMIT_MODEL_NAME_BYTES + sizeof ":latest");
    check(lengths->served >= 0 && lengths->served <= 1000000000);
    check(lengths->trained >= 0 && lengths->trained <= 1000000000);
    check(lengths->served + lengths->trained > 0);
    (*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    int told = 0;
    int count = context_form_read((struct slice){(const char *)data, bytes}, look, &told);
    check(count <= told && told <= 2 * (count > 0 ? count : 0));
    return 0;
}
