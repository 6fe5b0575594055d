#include "exchange/mail_refusal.h"

#include <stddef.h>
#include <stdio.h>
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

bool mail_refusal_is_of_address(const char *line, bool of_receiver)
{
    int code, status, subject, detail;
    if (sscanf(line, "%3d", &code) != 1 || code / 100 != 5 || strlen(line) < 3)
        return false;
    const char *rest = line + 3 + strspn(line + 3, " -");
    if (sscanf(rest, "%1d.%3d.%3d", &status, &subject, &detail) == 3)
        return status == 5 && is_of_mailbox(subject, detail);
    return of_receiver && (code == 550 || code == 551 || code == 553);
}
