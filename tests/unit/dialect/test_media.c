/* Data in pieces: a data: URL that a stream brings piece by piece is one picture and no text. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/media.h"

/* base64 of so many bytes; the caller frees it. */
static char *base64(size_t bytes)
{
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    for (size_t i = 0; i < bytes; i++)
        text[i] = "QUJDabc0+/"[i % 10];
    text[bytes] = '\0';
    return text;
}

static void measure(struct media_run *run, const char *text, size_t bytes,
                    struct media_sizes *sizes)
{
    char string[1024];
    assert_true(bytes + 2 <= sizeof string);
    string[0] = '"';
    memcpy(string + 1, text, bytes);
    string[bytes + 1] = '"';
    const struct json_value value = {.type = JSON_STRING, .raw = {string, bytes + 2}};
    media_measure_piece(run, &value, sizes);
}

static struct media_sizes measured(const char *text, size_t piece_bytes)
{
    struct media_run run = {0};
    struct media_sizes sizes = {0};
    for (size_t at = 0, left = strlen(text); left > 0;) {
        size_t bytes = left < piece_bytes ? left : piece_bytes;
        measure(&run, text + at, bytes, &sizes);
        at += bytes;
        left -= bytes;
    }
    return sizes;
}

static void data_in_pieces_is_one_picture(void **state)
{
    (void)state;
    char *data = base64(5000);
    char text[6000];
    for (size_t piece_bytes = MEDIA_PIECE_BYTES_MIN + 1; piece_bytes <= 1000; piece_bytes += 13) {
        snprintf(text, sizeof text, "![it](data:image/png;base64,%s) It is so.", data);
        struct media_sizes sizes = measured(text, piece_bytes);
        if (sizes.image_count != 1 || sizes.text_bytes < 39 || sizes.text_bytes > 40 + 1300)
            fail_msg("pieces of %zu: %lld pictures, %lld bytes of text", piece_bytes,
                     (long long)sizes.image_count, (long long)sizes.text_bytes);
    }
    free(data);
}

static void each_of_two_is_one(void **state)
{
    (void)state;
    char *data = base64(2000);
    char text[6000];
    snprintf(text, sizeof text, "data:image/png;base64,%s data:image/png;base64,%s", data, data);
    for (size_t piece_bytes = 100; piece_bytes <= 1000; piece_bytes++) /* within the mark, too */
        assert_int_equal(measured(text, piece_bytes).image_count, 2);
    free(data);
}

static void a_token_is_text(void **state)
{
    (void)state;
    char *data = base64(2000);
    char text[3000];
    snprintf(text, sizeof text, "data:image/png;base64,%s", data);
    struct media_sizes sizes = measured(text, 8);
    assert_int_equal(sizes.image_count, 0);
    assert_int_equal(sizes.text_bytes, strlen(text));
    free(data);
}

static void short_data_is_text(void **state)
{
    (void)state;
    static const char text[] = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAI7";
    struct media_sizes sizes = measured(text, 70);
    assert_int_equal(sizes.image_count, 0);
    assert_int_equal(sizes.text_bytes, sizeof text - 1);
}

static void most_text_is_told_apart(void **state)
{
    (void)state;
    char *data = base64(200);
    char text[400];
    snprintf(text, sizeof text, "Look: ![it](data:image/png;base64,%.100s", data);
    assert_true(media_may_be_piece(slice_of(data)));
    assert_true(media_may_be_piece(slice_of(text)));
    assert_false(media_may_be_piece((struct slice){data, MEDIA_PIECE_BYTES_MIN - 1}));
    assert_false(media_may_be_piece(
        slice_of("A piece of prose, as long as some providers send it, ends with a few words")));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_in_pieces_is_one_picture),
        cmocka_unit_test(each_of_two_is_one),
        cmocka_unit_test(a_token_is_text),
        cmocka_unit_test(short_data_is_text),
        cmocka_unit_test(most_text_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
