/* The common passwords, which an attacker tries first. */
#ifndef BASE_COMMON_PASSWORDS_H
#define BASE_COMMON_PASSWORDS_H

#include <stdbool.h>

#include "base/slice.h"

/* True when `password` is one of them in any case, or one of them twice, or one of them with at
 * most four digits or signs behind it: password, PasswordPassword, password1!. */
bool common_passwords_have(struct slice password);

#endif
