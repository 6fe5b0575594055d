/* Whose balances the policies of a VM want to know, and what reads them there. On the VM's
 * thread. */
#ifndef SCRIPT_BALANCE_SOURCES_H
#define SCRIPT_BALANCE_SOURCES_H

#include "exchange/balance_watcher.h"
#include "script/vm.h"

/* Gives the watcher the VM's sources. The VM must outlive them. */
void balance_sources_give(struct vm *vm, struct balance_watcher *watcher);

#endif
