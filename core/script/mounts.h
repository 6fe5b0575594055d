/* The mounts of the API, as routes.lua sets them. They are needed for requests that browsers send
 * for web pages: pages of other sites may read the API and nothing else. On the VM's thread. */
#ifndef SCRIPT_MOUNTS_H
#define SCRIPT_MOUNTS_H

#include "base/slice.h"
#include "script/vm.h"

/* Returns whether a path, as the client sent it, is a mount of the API or lies below one. */
bool mounts_have(struct vm *vm, struct slice path);

#endif
