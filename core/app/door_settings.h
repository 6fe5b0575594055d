/* The settings of who may become a customer: a part of gateway.conf (config.h). */
#ifndef APP_DOOR_SETTINGS_H
#define APP_DOOR_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"

struct doors;

enum { DOOR_SETTING_BYTES = LIMIT_DESTINATION_BYTES };
enum sign_up { SIGN_UP_OPEN, SIGN_UP_INVITATION, SIGN_UP_CLOSED };

struct door_settings {
    int64_t sign_up; /* enum sign_up */
    char sign_up_domains[DOOR_SETTING_BYTES];
    int64_t sign_up_proof_bits;
    char sign_up_check_url[DOOR_SETTING_BYTES]; /* "": nobody is asked */
    char sign_up_check_secret[DOOR_SETTING_BYTES];
    int64_t sign_up_check_failure;                /* 0: refuses, 1: lets pass */
    char sign_up_credit[DOOR_SETTING_BYTES];      /* USD; "": none */
    char sign_up_credits_max[DOOR_SETTING_BYTES]; /* USD a day; "": no bound */
    char terms_url[DOOR_SETTING_BYTES];
    char terms_version[DOOR_SETTING_BYTES];
    char privacy_url[DOOR_SETTING_BYTES];
};

/* False: *fault says what to do. */
bool door_settings_check(const struct door_settings *settings, struct fault *fault);

/* Of settings that were checked; borrows their texts. `must_verify` and `check_ca_file` are left to
 * the caller. */
void door_settings_read(const struct door_settings *settings, struct doors *out);

#endif
