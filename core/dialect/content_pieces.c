#include "dialect/content_pieces.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/least.h"

enum {
    PIECE_BYTES = 64, /* what a part counts beside its texts */
    CHOICES_MAX = 128
};

void content_pieces_init(struct content_pieces *pieces, size_t bytes_max)
{
    *pieces = (struct content_pieces){.left = bytes_max};
}

static void piece_free(struct piece *piece)
{
    buffer_fini(&piece->text);
    buffer_fini(&piece->id);
    buffer_fini(&piece->name);
    free(piece);
}

void content_pieces_fini(struct content_pieces *pieces)
{
    struct choice *choice;
    while ((choice = pieces->choices) != NULL) {
        pieces->choices = choice->next;
        while (choice->first != NULL) {
            struct piece *piece = choice->first;
            choice->first = piece->next;
            piece_free(piece);
        }
        free(choice);
    }
}

struct choice *content_choice(struct content_pieces *pieces, int64_t index)
{
    struct choice **at = &pieces->choices;
    size_t count = 0;
    for (; *at != NULL && (*at)->index < index; at = &(*at)->next)
        count++;
    if (*at != NULL && (*at)->index == index)
        return *at;
    if (count == CHOICES_MAX)
        return NULL;
    struct choice *choice = calloc(1, sizeof *choice);
    check(choice != NULL);
    choice->index = index;
    choice->next = *at;
    *at = choice;
    return choice;
}

/* ---- parts ---- */

static struct piece *piece_new(struct content_pieces *pieces, struct choice *choice,
                               enum piece_kind kind, int64_t key)
{
    if (choice == NULL || pieces->left < PIECE_BYTES) {
        pieces->cut = true;
        return NULL;
    }
    pieces->left -= PIECE_BYTES;
    struct piece *piece = calloc(1, sizeof *piece);
    check(piece != NULL);
    piece->kind = kind;
    piece->key = key;
    buffer_init(&piece->text, SIZE_MAX);
    buffer_init(&piece->id, SIZE_MAX);
    buffer_init(&piece->name, SIZE_MAX);
    if (choice->last != NULL)
        choice->last->next = piece;
    else
        choice->first = piece;
    choice->last = piece;
    return piece;
}

struct piece *content_piece(struct content_pieces *pieces, struct choice *choice,
                            enum piece_kind kind, int64_t key)
{
    struct piece *piece = choice != NULL ? choice->first : NULL;
    while (piece != NULL && (piece->kind != kind || piece->key != key))
        piece = piece->next;
    return piece != NULL ? piece : piece_new(pieces, choice, kind, key);
}

void content_grow(struct content_pieces *pieces, struct piece *piece, struct buffer *text,
                  struct slice inner)
{
    if (piece == NULL || piece->cut)
        return;
    struct slice kept = content_whole(inner, pieces->left);
    piece->cut = kept.bytes < inner.bytes;
    pieces->cut = pieces->cut || piece->cut;
    pieces->left -= kept.bytes;
    buffer_append_slice(text, kept);
}

void content_say(struct content_pieces *pieces, struct choice *choice, enum piece_kind kind,
                 int64_t key, struct slice inner)
{
    if (inner.bytes == 0)
        return;
    struct piece *piece = content_piece(pieces, choice, kind, key);
    if (piece != NULL)
        content_grow(pieces, piece, &piece->text, inner);
}

void content_add(struct content_pieces *pieces, struct choice *choice, int64_t key,
                 const struct json_value *value, content_put *put)
{
    struct content_text text;
    content_text_init(&text, pieces->left, slice_of(""));
    put(&text, value);
    struct piece *piece = text.out.bytes > 0 ? piece_new(pieces, choice, PIECE_WHOLE, key) : NULL;
    if (piece != NULL) {
        piece->text = text.out;
        pieces->left -= least_size(text.out.bytes, pieces->left);
    } else {
        content_text_fini(&text);
    }
    pieces->cut = pieces->cut || text.cut;
}

void content_forget(struct content_pieces *pieces, struct choice *choice, int64_t key)
{
    struct piece **at = &choice->first;
    choice->last = NULL;
    while (*at != NULL) {
        struct piece *piece = *at;
        if (piece->key != key) {
            choice->last = piece;
            at = &piece->next;
            continue;
        }
        *at = piece->next;
        pieces->left += PIECE_BYTES + piece->text.bytes + piece->id.bytes + piece->name.bytes;
        piece_free(piece);
    }
}
