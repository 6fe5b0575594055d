/* What `llm-gateway doctor` asks the providers of a policy (lua/policy/probes.lua). On the VM's
 * thread. */
#ifndef SCRIPT_PROVIDER_PROBES_H
#define SCRIPT_PROVIDER_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "exchange/candidate.h"
#include "script/vm.h"

struct provider_probe {
    char name[CANDIDATE_PROVIDER_BYTES + 32];
    struct candidate *server; /* a reference, for the receiver to release; NULL: see `reason` */
    char url[CANDIDATE_BASE_URL_BYTES + 64];
    bool keyed;       /* it is asked with a key */
    char reason[256]; /* why it cannot be asked */
};

/* Returns how many there are, also where `room` is less. */
size_t provider_probes_list(struct vm *vm, struct provider_probe *out, size_t room);

#endif
