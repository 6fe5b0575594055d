/* What another catalogue would have changed in money: the calls of the last 30 days, charged again
 * under the policies with the present catalog.lua and with the other one (app/replay.h). */
#ifndef APP_CATALOG_MONEY_H
#define APP_CATALOG_MONEY_H

#include "app/config.h"
#include "base/buffer.h"
#include "base/slice.h"

/* Adds the members of an object of JSON: `money`, a list of {model, old, new} with the costs in
 * nano-USD, or `money_error`, a text that says why there is none: it took longer than `timeout_s`,
 * say. */
void catalog_money_add(const struct config *config, struct slice catalog, int timeout_s,
                       struct buffer *out);

#endif
