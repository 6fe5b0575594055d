/* Where the API stands, as routes.lua says: asked for requests that a browser sends for a page, so
 * that what pages of other sites may read is the API and nothing else. On the VM's thread. */
#ifndef SCRIPT_MOUNTS_H
#define SCRIPT_MOUNTS_H

#include "base/slice.h"
#include "script/vm.h"

/* Whether a path, as it was sent, is a mount of the API or lies below one. */
bool mounts_have(struct vm *vm, struct slice path);

#endif
