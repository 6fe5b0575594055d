/* What the client may learn of a failed attempt. Few fail, so it is made when it is needed, and
 * freed with the attempt. */
#ifndef EXCHANGE_ATTEMPT_REFUSAL_H
#define EXCHANGE_ATTEMPT_REFUSAL_H

struct attempt;

struct provider_refusal {
    int status; /* of a REFUSED attempt */
    char message[512];
    char param[64];
    char code[48];
};

/* Empty if there is none. */
const struct provider_refusal *attempt_refusal(const struct attempt *attempt);
/* The same, to be written. */
struct provider_refusal *attempt_refuse(struct attempt *attempt);

#endif
