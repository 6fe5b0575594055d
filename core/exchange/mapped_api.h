/* An API that the operator maps: its answers become those of OpenAI's chat before anything else
 * reads them, so they are metered, judged and translated like those. A part of an attempt; worker's
 * thread. */
#ifndef EXCHANGE_MAPPED_API_H
#define EXCHANGE_MAPPED_API_H

#include <stdbool.h>

#include "base/buffer.h"
#include "exchange/translator.h"

struct mapped_api;

/* `mapper` is moved in. */
struct mapped_api *mapped_api_new(const struct translator *mapper);
void mapped_api_free(struct mapped_api *api); /* NULL is allowed */

/* Appends the body that goes out, made of one of OpenAI's chat. */
bool mapped_api_request(struct mapped_api *api, struct slice chat_body,
                        const struct translator_wish *wish, struct buffer *out,
                        struct request_fault *fault);
/* Takes bytes of a stream of events and appends those of OpenAI's chat. False: it is not
 * understood. */
bool mapped_api_feed(struct mapped_api *api, struct slice data, struct buffer *out);
/* The stream has ended as HTTP ends it: appends its end if it is whole. */
bool mapped_api_end(struct mapped_api *api, struct buffer *out);
/* Appends a plain answer, or a whole stream if one was wished for. */
bool mapped_api_body(struct mapped_api *api, struct slice body, struct buffer *out);
/* Why the last call returned false: for the log. */
const char *mapped_api_why(struct mapped_api *api);

#endif
