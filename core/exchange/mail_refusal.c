#include "exchange/mail_refusal.h"

#include <stddef.h>
#include <string.h>

/* No such mailbox, no such domain, no valid address, moved, no mail there (null MX); disabled. */
static bool is_of_mailbox(int subject, int detail)
{
    static const int addressing[] = {1, 2, 3, 6, 10};
    for (size_t i = 0; subject == 1 && i < sizeof addressing / sizeof addressing[0]; i++) {
        if (detail == addressing[i])
            return true;
    }
    return subject == 2 && detail == 1;
}

/* Takes one to three digits, and moves behind them. */
static bool read_number(const char **at, int *out)
{
    size_t digits = strspn(*at, "0123456789");
    *out = 0;
    for (size_t i = 0; i < digits && digits <= 3; i++)
        *out = *out * 10 + (*at)[i] - '0';
    *at += digits;
    return digits > 0 && digits <= 3;
}

bool mail_refusal_is_of_address(const char *line, bool of_receiver)
{
    int code, status, subject, detail;
    const char *rest = line;
    if (!read_number(&rest, &code) || code / 100 != 5)
        return false;
    rest += strspn(rest, " -");
    if (read_number(&rest, &status) && *rest++ == '.' && read_number(&rest, &subject) &&
        *rest++ == '.' && read_number(&rest, &detail))
        return status == 5 && is_of_mailbox(subject, detail);
    return of_receiver && (code == 550 || code == 551 || code == 553);
}
