#include "base/shades.h"

#include "base/support.h"

#define SOFT_LIGHT 0x566072
#define SOFT_DARK 0xa3adbd

static void check_light(uint32_t rgb)
{
    static const uint32_t grounds[] = {0xffffff, 0xf6f7f9, 0xeff1f5};
    struct shades it;
    shades_make(rgb, SHADES_LIGHT, &it);
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        assert_true(shades_contrast(it.accent, grounds[i]) >= 4.5);
    assert_true(shades_contrast(it.accent, it.wash) >= 4.5);
    assert_true(shades_contrast(it.strong, it.wash) >= 4.5);
    assert_true(shades_contrast(it.ink, it.accent) >= 4.5);
    assert_true(shades_contrast(it.ink, it.strong) >= 4.5);
    assert_true(shades_contrast(SOFT_LIGHT, it.wash) >= 4.5);
}

static void check_dark(uint32_t rgb)
{
    static const uint32_t grounds[] = {0x0e1116, 0x161b22, 0x1c222b, 0x0b0e13};
    struct shades it;
    shades_make(rgb, SHADES_DARK, &it);
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        assert_true(shades_contrast(it.accent, grounds[i]) >= 4.5);
    assert_true(shades_contrast(it.accent, it.wash) >= 4.5);
    assert_true(shades_contrast(it.strong, it.wash) >= 4.5);
    assert_true(shades_contrast(it.ink, it.accent) >= 4.5);
    assert_true(shades_contrast(it.ink, it.strong) >= 4.5);
    assert_true(shades_contrast(SOFT_DARK, it.wash) >= 4.5);
}

/* A colour of each hue, as dark and as light as it may be. */
static void every_colour_has_shades_that_pass(void **state)
{
    (void)state;
    for (uint32_t red = 0; red <= 255; red += 17) {
        for (uint32_t green = 0; green <= 255; green += 17) {
            for (uint32_t blue = 0; blue <= 255; blue += 17) {
                check_light(red << 16 | green << 8 | blue);
                check_dark(red << 16 | green << 8 | blue);
            }
        }
    }
}

static void what_passes_stays_as_it_is(void **state)
{
    struct shades it;
    (void)state;
    shades_make(0x0f5132, SHADES_LIGHT, &it);
    assert_int_equal(it.accent, 0x0f5132);
    shades_make(0xffd400, SHADES_DARK, &it);
    assert_int_equal(it.accent, 0xffd400);
    shades_make(0xffd400, SHADES_LIGHT, &it);
    assert_int_not_equal(it.accent, 0xffd400);
}

/* Values of the definition in WCAG 2.2. */
static void contrast_is_as_defined(void **state)
{
    (void)state;
    assert_float_equal(shades_contrast(0xffffff, 0x000000), 21, 0.001);
    assert_float_equal(shades_contrast(0x777777, 0xffffff), 4.478, 0.001);
    assert_float_equal(shades_contrast(0xffffff, 0x777777), 4.478, 0.001);
    assert_float_equal(shades_contrast(0x3f51d8, 0x3f51d8), 1, 0.001);
}

static void only_six_digits_are_a_colour(void **state)
{
    static const char *const none[] = {"",         "#",        "#fff",    "3f51d8",
                                       "#3f51d",   "#3f51d8f", "#3f51dg", " #3f51d8",
                                       "#3f51d8 ", "#-f51d8",  "#0x51d8", "#3f 51d"};
    uint32_t rgb = 7;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(shades_read(slice_of(none[i]), &rgb));
    assert_int_equal(rgb, 7);
    assert_true(shades_read(slice_of("#3F51d8"), &rgb));
    assert_int_equal(rgb, 0x3f51d8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_colour_has_shades_that_pass),
        cmocka_unit_test(what_passes_stays_as_it_is),
        cmocka_unit_test(contrast_is_as_defined),
        cmocka_unit_test(only_six_digits_are_a_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
