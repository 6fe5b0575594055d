#include "base/logo_type.h"

#include <stddef.h>

#include "base/support.h"

#define NAMESPACE "xmlns=\"http://www.w3.org/2000/svg\""
#define BYTES(text) ((struct slice){text, sizeof text - 1})

static const char *type_of(struct slice file)
{
    const char *why = NULL;
    const char *type = logo_type(file, &why);
    assert_true(type != NULL || why != NULL);
    return type;
}

static void svg_has_a_prolog_or_not(void **state)
{
    static const char *const whole[] = {
        "<svg " NAMESPACE "/>",
        "<svg " NAMESPACE "><path d=\"M0 0\"/></svg>\n",
        "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <svg> --><svg\n" NAMESPACE "></svg>",
        "<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"a\" \"b\"><svg " NAMESPACE "></svg>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        assert_string_equal(type_of(slice_of(whole[i])), "image/svg+xml");
}

static void no_svg_is_refused(void **state)
{
    static const char *const none[] = {
        "",
        "<",
        "<svg",
        "<?xml",
        "<!--",
        "<html><svg " NAMESPACE "></svg></html>",
        "<svgx " NAMESPACE "></svgx>",
        "<svg></svg>",
        "<svg " NAMESPACE "><path",
        "<svg " NAMESPACE,
        "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg " NAMESPACE "></svg>",
        "<svg " NAMESPACE ">\xff</svg>",
        "GIF89a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(type_of(slice_of(none[i])));
}

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define PNG_END "\0\0\0\0IEND\xae\x42\x60\x82"

static void png_is_whole(void **state)
{
    (void)state;
    assert_string_equal(type_of(BYTES(PNG_HEAD PNG_END)), "image/png");
    assert_null(type_of(BYTES(PNG_HEAD)));
    assert_null(type_of(BYTES("\x89PNG\r\n\x1a\n")));
}

static void webp_is_whole(void **state)
{
    (void)state;
    assert_string_equal(type_of(BYTES("RIFF\x0c\0\0\0WEBPVP8L\0\0\0\0")), "image/webp");
    assert_null(type_of(BYTES("RIFF\x0d\0\0\0WEBPVP8L\0\0\0\0")));
    assert_null(type_of(BYTES("RIFF\x0c\0\0\0WEBPJUNK\0\0\0\0")));
    assert_null(type_of(BYTES("RIFF\x0c\0\0\0WEBP")));
    assert_null(type_of(BYTES("RIFF\x0c\0\0\0WAVEfmt ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svg_has_a_prolog_or_not),
        cmocka_unit_test(no_svg_is_refused),
        cmocka_unit_test(png_is_whole),
        cmocka_unit_test(webp_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
