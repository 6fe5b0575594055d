/* Whom the gateway asks by itself, as a VM's policies say: servers for context lengths, token
 * servers for access tokens. On the VM's thread. */
#ifndef SCRIPT_ASKED_SERVERS_H
#define SCRIPT_ASKED_SERVERS_H

#include "exchange/access_tokens.h"
#include "exchange/survey.h"
#include "script/vm.h"

/* Returns a reference of the caller's own. NULL: the VM has no memory left for the call. */
struct survey_list *asked_servers(struct vm *vm);
/* Wants a token for each service account through which a model is sold. */
void asked_servers_want_tokens(struct vm *vm, struct access_tokens *tokens);

#endif
