/* Whose servers are asked for context lengths, as the policies of a VM say. On the VM's thread. */
#ifndef SCRIPT_ASKED_SERVERS_H
#define SCRIPT_ASKED_SERVERS_H

#include "exchange/survey.h"
#include "script/vm.h"

/* With a reference for the caller. NULL: the VM has no memory left to look. */
struct survey_list *asked_servers(struct vm *vm);

#endif
