/* Reads a form with files as its bytes come. It keeps all but the files' bytes, measures sound, and
 * finds out what the form asks for when its first file begins, and again when all is there. Pure
 * functions. */
#ifndef DIALECT_FORM_FLOW_H
#define DIALECT_FORM_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/dialect_form.h"
#include "dialect/dialect_kind.h"

struct form_flow;

/* Whether requests at this path are forms with sound, or with pictures. */
bool form_flow_is_sound(struct slice path);
bool form_flow_is_pictures(struct slice path);

/* Returns NULL with *fault if this is no Content-Type of a form. */
struct form_flow *form_flow_new(struct slice content_type, struct request_fault *fault);
void form_flow_free(struct form_flow *flow); /* NULL is allowed */

enum form_step {
    FORM_TAKEN,    /* as far as it goes */
    FORM_AT_FILE,  /* the first file begins here; form_flow_pass lets it go on */
    FORM_TOO_LONG, /* it has more than LIMIT_FORM_TEXT_BYTES beside its files */
    FORM_REFUSED
};
/* `ahead`: what has come and was not taken; `over`: nothing comes behind it. *out_bytes: how many
 * are taken: these may go to the provider. The last ones are taken only from a good form. */
enum form_step form_flow_take(struct form_flow *flow, struct slice ahead, bool over,
                              size_t *out_bytes, struct request_fault *fault);
void form_flow_pass(struct form_flow *flow);
/* How long the sound is in the bytes of its files that have been taken, without the last so many:
 * as measured, and at most, or where that cannot be told yet, what so many bytes may be. */
int64_t form_flow_sound_seconds(const struct form_flow *flow, int64_t without_bytes);
/* All was taken, and it is good. */
bool form_flow_is_over(const struct form_flow *flow);

/* Reads the request by what has been taken. `bytes_most`: of all files, before the end. *text gets
 * the form as it is read: without the bytes of files and, before the end, with an end of ours, of
 * form_flow_closing_bytes. It is the caller's, and *out borrows it. */
bool form_flow_read(struct form_flow *flow, enum dialect dialect, struct slice content_type,
                    int64_t bytes_most, uint64_t seed, struct buffer *text,
                    struct model_request *out, struct request_fault *fault);
size_t form_flow_closing_bytes(const struct form_flow *flow);

/* Whether the form asks for what it asked for when its first file began, and no more than was
 * reckoned with. If not, *fault says what must stand before the files. */
bool form_flow_agrees(const struct model_request *begun, const struct model_request *now,
                      struct request_fault *fault);

#endif
