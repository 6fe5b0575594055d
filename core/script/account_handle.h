/* A service account (exchange/service_account.h) as a value of our own Lua. */
#ifndef SCRIPT_ACCOUNT_HANDLE_H
#define SCRIPT_ACCOUNT_HANDLE_H

#include <lua.h>

struct service_account;

/* For `policy.native`: service_account(path or text, ca_file or nil) gives the handle and the
 * project that the key file names ("" if none), or nil and why. Reads the file. */
int account_handle_new(lua_State *state);
/* Returns the account of the handle at `index`, borrowed from the VM; NULL: there is nil. Raises
 * for another value. */
struct service_account *account_handle_get(lua_State *state, int index);
/* The same of a member of the table at `index`, which keeps it. */
struct service_account *account_handle_member(lua_State *state, int index, const char *name);

#endif
