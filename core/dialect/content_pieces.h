/* The choices of an answer, and the parts of each, that grow by pieces (content_answer.h). Only for
 * this room. */
#ifndef DIALECT_CONTENT_PIECES_H
#define DIALECT_CONTENT_PIECES_H

#include "dialect/content_parts.h"

enum piece_kind {
    PIECE_TEXT,
    PIECE_REASONING,
    PIECE_REFUSAL,
    PIECE_SOUND,
    PIECE_CALL,
    PIECE_WHOLE
};

/* A part. Its texts are as they stand in JSON. */
struct piece {
    struct piece *next;
    enum piece_kind kind;
    int64_t key; /* which part of the answer it is */
    bool cut;
    struct buffer text; /* of a call its arguments; of a whole part its JSON */
    struct buffer id, name;
};

struct choice {
    struct choice *next;
    int64_t index;
    struct piece *first, *last;
};

struct content_pieces {
    size_t left; /* bytes that may still be kept */
    bool cut;
    struct choice *choices; /* in the order of their indices */
};

void content_pieces_init(struct content_pieces *pieces, size_t bytes_max);
void content_pieces_fini(struct content_pieces *pieces);

/* Finds or makes it; NULL: there are too many. */
struct choice *content_choice(struct content_pieces *pieces, int64_t index);
/* The part of this kind and key, made if there is none; NULL: no room, or no choice. */
struct piece *content_piece(struct content_pieces *pieces, struct choice *choice,
                            enum piece_kind kind, int64_t key);
/* Appends to a text of a part; `piece`: NULL is allowed. */
void content_grow(struct content_pieces *pieces, struct piece *piece, struct buffer *text,
                  struct slice inner);
/* The usual case: both. An empty text makes no part. */
void content_say(struct content_pieces *pieces, struct choice *choice, enum piece_kind kind,
                 int64_t key, struct slice inner);
/* Adds what `put` writes of the value, as parts that are whole. */
void content_add(struct content_pieces *pieces, struct choice *choice, int64_t key,
                 const struct json_value *value, content_put *put);
/* Forgets the parts with this key. */
void content_forget(struct content_pieces *pieces, struct choice *choice, int64_t key);

#endif
