/* What goes on right now: calls to models in the last minutes, streams that are open, how each
 * provider does. Kept by each worker in a sheet of its own, without a lock; whoever asks adds the
 * sheets up. Numbers of the running process only: what is paid for is in the ledger.
 *
 * A sheet is written by its worker's thread alone and read by any; all that is written often is
 * atomic, each number by itself, so that a sum may be a call ahead of another. */
#ifndef EXCHANGE_BOARD_H
#define EXCHANGE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct board;
struct board_sheet;
struct exchange;
struct store;

struct board *board_new(unsigned sheet_count);
void board_free(struct board *board);
struct board_sheet *board_sheet(struct board *board, unsigned index);

/* ---- by the worker ---- */

/* A call to a model has ended. */
void board_count_call(struct board_sheet *sheet, const struct exchange *exchange);
/* Its present attempt has been decided, or was cut in the middle of its answer (`cut`). */
void board_count_attempt(struct board_sheet *sheet, const struct exchange *exchange, bool cut);
/* What became of the counts of its answer: those of a provider that needs correcting are shown. */
enum board_usage { BOARD_REPORTED, BOARD_CORRECTED, BOARD_MISSING, BOARD_EXCESSIVE };
enum { BOARD_USAGES = BOARD_EXCESSIVE + 1 };
void board_count_usage(struct board_sheet *sheet, const struct exchange *exchange,
                       enum board_usage usage);
/* How many calls and streams are open; every tick. */
void board_count_open(struct board_sheet *sheet, int64_t calls, int64_t streams);

/* ---- by anybody ---- */

/* JSON: what is open and what the last minute was like. */
void board_render_live(struct board *board, const struct store *store, struct buffer *out);
/* JSON: {window_s, attempts, failures, first_byte_ms, last_success_at, last_error, usage} of a
 * provider in the last five minutes; usage since the start: how many answers had counts that were
 * {reported, corrected, missing, excessive (more than model and request allow)}. */
void board_render_provider(struct board *board, const char *name, struct buffer *out);

#endif
