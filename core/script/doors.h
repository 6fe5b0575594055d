/* Who may become a customer, as Lua sees it: `core.doors` (docs/DOORS.md). */
#ifndef SCRIPT_DOORS_H
#define SCRIPT_DOORS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

struct doors {
    const char *sign_up;      /* "open", "invitation", "closed" */
    const char *domains;      /* with commas between them; "": all */
    bool must_verify;         /* before anything but signing in */
    int64_t proof_bits;       /* 0: no proof of work is asked */
    const char *check_url;    /* a server of the operator's that decides; "": none */
    const char *check_secret; /* of its signatures */
    const char *check_ca_file;
    bool check_may_fail;      /* without its answer the sign-up goes on */
    int64_t credit_nusd;      /* for each sign-up; 0: none */
    int64_t credits_max_nusd; /* in a day of UTC; -1: no bound */
    const char *terms_url;    /* "": none */
    const char *terms_version;
    const char *privacy_url; /* "": none */
};

/* Sets the field `doors` of the table on top of the stack. Copies the texts. */
void doors_install(lua_State *state, const struct doors *doors);

#endif
