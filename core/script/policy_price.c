#include "script/policy_price.h"

#include <stdlib.h>

#include "script/modules.h"
#include "script/policy_files.h"
#include "script/vm.h"

struct policy_price {
    struct vm *vm;
};

struct asking {
    struct slice question;
    bool for_people;
    struct buffer *out;
};

struct policy_price *policy_price_new(const char *folder, struct fault *fault)
{
    const struct vm_options options = {0};
    struct policy_price *price = malloc(sizeof *price);
    struct policy_files *files = policy_files_read(folder, fault);
    if (price != NULL && files != NULL)
        price->vm = vm_new(files, &options, fault);
    policy_files_unref(files);
    if (price != NULL && files != NULL && price->vm != NULL)
        return price;
    if (price == NULL)
        (void)fault_set(fault, "out_of_memory", "out of memory");
    free(price);
    return NULL;
}

void policy_price_free(struct policy_price *price)
{
    if (price == NULL)
        return;
    vm_unref(price->vm);
    free(price);
}

static int append_answer(lua_State *state)
{
    const struct asking *asking = lua_touserdata(state, 1);
    size_t bytes;
    modules_require(state, "policy.price");
    lua_getfield(state, -1, asking->for_people ? "text" : "line");
    lua_pushlstring(state, asking->question.data, asking->question.bytes);
    lua_call(state, 1, 1);
    const char *text = lua_tolstring(state, -1, &bytes);
    (void)buffer_append(asking->out, text, bytes);
    if (!asking->for_people)
        (void)buffer_append_char(asking->out, '\n');
    return 0;
}

bool policy_price_ask(struct policy_price *price, struct slice question, bool for_people,
                      struct buffer *out, struct fault *fault)
{
    struct asking asking = {question, for_people, out};
    if (!vm_call(price->vm, append_answer, &asking, fault))
        return false;
    return !out->failed || fault_set(fault, "policy_invalid", "the answer is too long");
}
