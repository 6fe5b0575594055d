/* The servers that are asked for context lengths, as a VM's policies say. On the VM's thread. */
#ifndef SCRIPT_ASKED_SERVERS_H
#define SCRIPT_ASKED_SERVERS_H

#include "exchange/survey.h"
#include "script/vm.h"

/* Returns a reference of the caller's own. NULL: the VM has no memory left for the call. */
struct survey_list *asked_servers(struct vm *vm);

#endif
