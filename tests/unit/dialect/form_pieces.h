/* A form that comes in pieces: read by multipart_flow.h, compared with the whole. For unit tests
 * and the fuzzer: a difference ends the program. */
#ifndef FORM_PIECES_H
#define FORM_PIECES_H

#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "dialect/multipart_flow.h"

struct form_pieces {
    struct multipart_flow flow;
    struct buffer ahead;
    struct buffer skeleton; /* all but the bytes of files */
    size_t file_bytes;
    size_t taken_bytes;
    struct request_fault fault;
    enum multipart_step last;
};

/* Steps as far as it goes. */
static inline void form_pieces_walk(struct form_pieces *pieces, bool over)
{
    size_t bytes;
    do {
        pieces->last = multipart_flow_step(&pieces->flow, buffer_slice(&pieces->ahead), over,
                                           &bytes, &pieces->fault);
        check(bytes <= pieces->ahead.bytes);
        if (pieces->last == MULTIPART_TEXT)
            check(buffer_append(&pieces->skeleton, pieces->ahead.data, bytes));
        if (pieces->last == MULTIPART_FILE)
            pieces->file_bytes += bytes;
        buffer_consume(&pieces->ahead, bytes);
        pieces->taken_bytes += bytes;
    } while (pieces->last == MULTIPART_TEXT || pieces->last == MULTIPART_FILE);
    check(pieces->ahead.bytes < MULTIPART_AHEAD_BYTES || pieces->last != MULTIPART_LACKS);
    check(!over || pieces->last == MULTIPART_OVER || pieces->last == MULTIPART_REFUSED);
}

/* Each piece has `piece` bytes, the first one `first`. */
static inline void form_pieces_read(struct form_pieces *pieces, struct slice body,
                                    struct slice boundary, size_t first, size_t piece)
{
    memset(pieces, 0, sizeof *pieces);
    multipart_flow_init(&pieces->flow, boundary);
    buffer_init(&pieces->ahead, body.bytes + 1);
    buffer_init(&pieces->skeleton, body.bytes + 1);
    while (body.bytes > 0 && pieces->last != MULTIPART_REFUSED) {
        size_t bytes = first < body.bytes ? first : body.bytes;
        check(buffer_append(&pieces->ahead, body.data, bytes));
        body.data += bytes;
        body.bytes -= bytes;
        first = piece;
        form_pieces_walk(pieces, false);
    }
    if (pieces->last != MULTIPART_REFUSED)
        form_pieces_walk(pieces, true);
}

/* The skeleton has the same parts, but that its files are empty. */
static inline void form_pieces_same_parts(const struct form_pieces *pieces,
                                          const struct multipart *whole, struct slice boundary)
{
    struct multipart parts;
    struct request_fault fault;
    size_t file_bytes = 0;
    check(multipart_scan(buffer_slice(&pieces->skeleton), boundary, true, &parts, &fault));
    check(parts.count == whole->count);
    for (size_t i = 0; i < parts.count; i++) {
        const struct multipart_part *a = &parts.parts[i];
        const struct multipart_part *b = &whole->parts[i];
        check(a->is_file == b->is_file && a->name.bytes == b->name.bytes);
        check(memcmp(a->name.data, b->name.data, a->name.bytes) == 0);
        check(a->value.bytes == (a->is_file ? 0 : b->value.bytes));
        check(a->value.bytes == 0 || memcmp(a->value.data, b->value.data, a->value.bytes) == 0);
        file_bytes += b->is_file ? b->value.bytes : 0;
    }
    check(pieces->file_bytes == file_bytes);
}

/* `whole`: of a good form; NULL: `fault` says what is wrong. */
static inline void form_pieces_compare(struct slice body, struct slice boundary, size_t first,
                                       size_t piece, const struct multipart *whole,
                                       const struct request_fault *fault)
{
    struct form_pieces pieces;
    form_pieces_read(&pieces, body, boundary, first, piece);
    check((pieces.last == MULTIPART_OVER) == (whole != NULL));
    if (whole == NULL)
        check(strcmp(pieces.fault.message, fault->message) == 0);
    else
        check(pieces.taken_bytes == body.bytes);
    if (whole != NULL)
        form_pieces_same_parts(&pieces, whole, boundary);
    buffer_fini(&pieces.ahead);
    buffer_fini(&pieces.skeleton);
}

#endif
