/* The passwords that guessing begins with. */
#ifndef BASE_COMMON_PASSWORDS_H
#define BASE_COMMON_PASSWORDS_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether it is one of them, in capitals or not, or twice one of them, or one of them with at most
 * four digits or signs behind it: password, PasswordPassword, password1!. */
bool common_passwords_have(struct slice password);

#endif
