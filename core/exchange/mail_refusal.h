/* Whether a mail server's refusal says that an address takes no mail, or is about us, the mail or
 * the moment. Pure. */
#ifndef EXCHANGE_MAIL_REFUSAL_H
#define EXCHANGE_MAIL_REFUSAL_H

#include <stdbool.h>

/* `line`: the server's, "550 5.1.1 no such user". `of_receiver`: it answered RCPT (RFC 5321); then
 * a code without an enhanced one (RFC 3463) is about the receiver. Only what is final counts: a
 * full mailbox may be emptied, and 5.7 is a policy, often about us. */
bool mail_refusal_is_of_address(const char *line, bool of_receiver);

#endif
