#include "base/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_model.h"
#include "base/support.h"

/* A slice, so that a text may hold a NUL. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

/* What is tried one after the other is of meaning, hardly of memory: with ASan, where it takes ten
 * times as long, one of several. */
#ifdef __SANITIZE_ADDRESS__
enum { SHORT_MAX = 3, SEQUENCE_STEP = 7, LENGTH_STEP = 3 };
#else
enum { SHORT_MAX = 4, SEQUENCE_STEP = 1, LENGTH_STEP = 1 };
#endif

/* Parses from a block that ends where the text ends, so that the sanitizer sees a byte too many. */
static bool parses(struct slice text, unsigned depth_max)
{
    char *block = malloc(text.bytes ? text.bytes : 1);
    assert_non_null(block);
    if (text.bytes > 0)
        memcpy(block, text.data, text.bytes);
    struct json_value root;
    struct fault fault = {"", ""};
    bool valid = json_parse((struct slice){block, text.bytes}, depth_max, &root, &fault);
    if (!valid) {
        assert_string_equal(fault.code, "invalid_json");
        assert_true(fault.message[0] != '\0');
    }
    free(block);
    return valid;
}

static struct json_value parse(const char *text)
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(slice_of(text), 64, &root, &fault))
        fail_msg("%s: %s", fault.message, text);
    return root;
}

/* ---- validity, class by class ---- */

/* Many to a line: else they fill pages. */
/* clang-format off */
static const struct slice valid_texts[] = {
    TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("-0"), TEXT("\"\""), TEXT("[]"),
    TEXT("{}"), TEXT(" \t\r\n[ \t\r\n] \t\r\n"), TEXT("{ \n}"), TEXT("[1,2 , 3]"),
    TEXT("[[],{},[[]]]"), TEXT("{\"a\":{\"b\":[{}]}}"), TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"\":0}"),
    TEXT("[null,true,false]"),
    /* numbers */
    TEXT("-1"), TEXT("10"), TEXT("0.0"), TEXT("-0.0"), TEXT("1.5"), TEXT("1e5"), TEXT("1E5"),
    TEXT("1e+5"), TEXT("1e-5"), TEXT("0e0"), TEXT("0E+00"), TEXT("1.25e-007"), TEXT("1e400"),
    TEXT("123456789012345678901234567890.123456789"),
    /* strings */
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\u00e9\\u00E9\""), TEXT("\"\\u0000\""),
    TEXT("\"\\ud83d\\ude00\""), TEXT("\"\\ud800\""), TEXT("\"\\udc00\\ud800\""), TEXT("\"\x7f\""),
    TEXT("\"/\""), TEXT("\"'\""), TEXT("\"[,]{:}\""), TEXT("\"\xc2\x80\""), TEXT("\"\xdf\xbf\""),
    TEXT("\"\xe0\xa0\x80\""), TEXT("\"\xed\x9f\xbf\""), TEXT("\"\xee\x80\x80\""),
    TEXT("\"\xef\xbf\xbf\""), TEXT("\"\xf0\x90\x80\x80\""), TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("\"\xe2\x80\xa8\""), TEXT("\"\xef\xbb\xbf\""),
};

static const struct slice invalid_texts[] = {
    /* nothing, or not one value */
    TEXT(""), TEXT(" "), TEXT("\n"), TEXT("1 2"), TEXT("{}{}"), TEXT("[]]"), TEXT("{}}"),
    TEXT("[] x"), TEXT("null,"), TEXT(","), TEXT(":"), TEXT("]"), TEXT("}"), TEXT("1\0"),
    TEXT("\0"), TEXT("[]\0"), TEXT("\xef\xbb\xbf{}"), TEXT("\xff\xfe{\0}\0"), TEXT("{}\xc2\xa0"),
    TEXT("\x0c[]"), TEXT("\v[]"), TEXT("[]\x0c"), TEXT("[\x0c]"), TEXT("\xe2\x80\xa8[]"),
    TEXT("\xc2\x85[]"), TEXT("\"\"x"), TEXT("\"a\"\"b\""),
    /* arrays */
    TEXT("["), TEXT("[1"), TEXT("[1,"), TEXT("[,"), TEXT("[,]"), TEXT("[1,]"), TEXT("[,1]"),
    TEXT("[1,,2]"), TEXT("[1 2]"), TEXT("[1:2]"), TEXT("[\"a\":1]"), TEXT("[}"), TEXT("[1}"),
    TEXT("[[]"), TEXT("[\""), TEXT("[a]"), TEXT("[\"a\" \"b\"]"), TEXT("[1;2]"),
    /* objects */
    TEXT("{"), TEXT("{]"), TEXT("{,}"), TEXT("{\"a\""), TEXT("{\"a\"}"), TEXT("{\"a\":"),
    TEXT("{\"a\":}"), TEXT("{\"a\":1"), TEXT("{\"a\":1,"), TEXT("{\"a\":1,}"),
    TEXT("{\"a\":1,,\"b\":2}"), TEXT("{\"a\":1 \"b\":2}"), TEXT("{\"a\" 1}"), TEXT("{\"a\",1}"),
    TEXT("{\"a\"::1}"), TEXT("{\"a\":1:2}"), TEXT("{\"a\":1]"), TEXT("{a:1}"), TEXT("{'a':1}"),
    TEXT("{1:1}"), TEXT("{null:1}"), TEXT("{[]:1}"), TEXT("{:1}"), TEXT("{\"a\":1,\"b\"}"),
    TEXT("{\"a\":1,2}"), TEXT("{\"a\":{}"), TEXT("{\"a\":,}"), TEXT("{\"a\": }"),
    TEXT("{\"a\":[}]"), TEXT("[{]}"), TEXT("{\"a\":1,\"b\":}"), TEXT("{\"a\xff\":1}"),
    TEXT("{\"a\":1} // x"), TEXT("/* x */{}"), TEXT("{}#"), TEXT("{/**/}"),
    /* words */
    TEXT("nul"), TEXT("nulll"), TEXT("tru"), TEXT("fals"), TEXT("True"), TEXT("NULL"),
    TEXT("falsey"), TEXT("[nul]"), TEXT("[tru"), TEXT("undefined"), TEXT("n"), TEXT("nan"),
    /* numbers */
    TEXT("NaN"), TEXT("Infinity"), TEXT("-Infinity"), TEXT("-NaN"), TEXT("+1"), TEXT("01"),
    TEXT("-01"), TEXT("00"), TEXT("-00"), TEXT("-"), TEXT("--1"), TEXT("- 1"), TEXT(".5"),
    TEXT("-.5"), TEXT("1."), TEXT("-1."), TEXT("0."), TEXT("1.e1"), TEXT("1e"), TEXT("1e+"),
    TEXT("1e-"), TEXT("1E"), TEXT("1e1.5"), TEXT("1e1e1"), TEXT("1.2.3"), TEXT("1..2"),
    TEXT("0x10"), TEXT("0b1"), TEXT("0o7"), TEXT("1a"), TEXT("1_000"), TEXT("1,5"), TEXT("1+1"),
    TEXT("1e 5"), TEXT("1 .5"), TEXT("\xef\xbc\x91"), TEXT("[-]"), TEXT("[1.]"), TEXT("[1e]"),
    TEXT("[01]"), TEXT("[-a]"), TEXT("1f"), TEXT("1L"), TEXT("0e"), TEXT("0-1"),
    /* strings */
    TEXT("\""), TEXT("\"a"), TEXT("'a'"), TEXT("\"\\\""), TEXT("\"\\"), TEXT("\"\\a\""),
    TEXT("\"\\'\""), TEXT("\"\\0\""), TEXT("\"\\x41\""), TEXT("\"\\U0041\""), TEXT("\"\\\n\""),
    TEXT("\"\\\0\""), TEXT("\"\\ \""), TEXT("\"\\v\""), TEXT("\"\\\xc3\xa9\""), TEXT("\"\\u\""),
    TEXT("\"\\u1\""), TEXT("\"\\u12\""), TEXT("\"\\u123\""), TEXT("\"\\u123g\""),
    TEXT("\"\\u 123\""), TEXT("\"\\u+123\""), TEXT("\"\\u00:0\""), TEXT("\"\\u00@0\""),
    TEXT("\"\\u00`0\""), TEXT("\"\\u00/0\""), TEXT("\"\\u00G0\""), TEXT("\"\\ud83d\\u\""),
    TEXT("\"\\u12"), TEXT("\"\\u"), TEXT("\"\\ud83d\\"), TEXT("\"\n\""), TEXT("\"\t\""),
    TEXT("\"\r\""), TEXT("\"\0\""), TEXT("\"\x1f\""), TEXT("\"a\x01z\""), TEXT("{\"a\nb\":1}"),
    /* UTF-8 */
    TEXT("\"\x80\""), TEXT("\"\xbf\""), TEXT("\"\xc0\x80\""), TEXT("\"\xc1\xbf\""),
    TEXT("\"\xc2\""), TEXT("\"\xc3("), TEXT("\"\xc3(\""), TEXT("\"\xe0\x80\x80\""),
    TEXT("\"\xe0\x9f\xbf\""), TEXT("\"\xe2\x82\""), TEXT("\"\xe2(\xa1\""), TEXT("\"\xe2\x82(\""),
    TEXT("\"\xed\xa0\x80\""), TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xf0\x80\x80\x80\""),
    TEXT("\"\xf0\x8f\xbf\xbf\""), TEXT("\"\xf4\x90\x80\x80\""), TEXT("\"\xf0\x9f\x98\""),
    TEXT("\"\xf0\x9f(\x80\""), TEXT("\"\xf0\x9f\x98("), TEXT("\"\xf5\x80\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""), TEXT("\"\xfe\""), TEXT("\"\xff\""), TEXT("\"\xe9\""),
    TEXT("\"\xc3"), TEXT("\"\xe2\x82"), TEXT("\"\xf0\x9f\x98"), TEXT("\xc3\xa9"), TEXT("\xff"),
    TEXT("[\xff]"),
};
/* clang-format on */

static void accepts_valid_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof valid_texts / sizeof *valid_texts; i++) {
        if (!parses(valid_texts[i], 64))
            fail_msg("refused: %.*s", (int)valid_texts[i].bytes, valid_texts[i].data);
    }
}

static void refuses_invalid_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof invalid_texts / sizeof *invalid_texts; i++) {
        if (parses(invalid_texts[i], 64))
            fail_msg("accepted: %.*s", (int)invalid_texts[i].bytes, invalid_texts[i].data);
    }
}

/* No beginning of a text is valid, unless nothing but white space is missing. */
static void refuses_every_beginning(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [1.5e-3, true, \"\\u00e9 \\ud83d\\ude00 \xe2\x82\xac and "
                               "some more plain text\", {}, [null]], \"b\": -0}";
    assert_true(parses(slice_of(text), 64));
    for (size_t bytes = 0; bytes < sizeof text - 1; bytes++)
        assert_false(parses((struct slice){text, bytes}, 64));
}

static void depth_is_exact(void **state)
{
    (void)state;
    assert_true(parses(slice_of("1"), 0));
    assert_false(parses(slice_of("[]"), 0));
    assert_true(parses(slice_of("[{},[],{}]"), 2));
    assert_false(parses(slice_of("[[],[[]]]"), 2));
    char text[2 * 1100];
    for (unsigned depth = 1; depth <= 1100; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct slice nested = {text, 2 * (size_t)depth};
        assert_false(parses(nested, depth - 1));
        assert_int_equal(parses(nested, depth), depth <= 1024);
        assert_int_equal(parses(nested, UINT_MAX), depth <= 1024); /* there is always an end */
    }
    static char deep[1000000];
    memset(deep, '[', sizeof deep);
    assert_false(parses((struct slice){deep, sizeof deep}, UINT_MAX));
    for (size_t i = 0; i < sizeof deep; i += 5)
        memcpy(deep + i, "{\"\":[", 5);
    assert_false(parses((struct slice){deep, sizeof deep}, 64));
}

static void fault_names_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"a\":1,}", "Invalid JSON at byte 7: expected a key in quotes."},
        {"[1 2]", "Invalid JSON at byte 3: expected a comma or ]."},
        {"{\"a\" 1}", "Invalid JSON at byte 5: expected a colon."},
        {"{\"a\":1", "Invalid JSON at byte 6: the text ends too early."},
        {"\"a\nb\"", "Invalid JSON at byte 2: control character in a string."},
        {"\"a\xff\"", "Invalid JSON at byte 2: invalid UTF-8."},
        {"[1] 2", "Invalid JSON at byte 4: something follows the end of the value."},
        {"[01]", "Invalid JSON at byte 2: expected a comma or ]."},
        {"  x", "Invalid JSON at byte 2: expected a value."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value root = {.type = JSON_NULL, .raw = {"untouched", 9}};
        struct fault fault;
        assert_false(json_parse(slice_of(cases[i].text), 64, &root, &fault));
        assert_string_equal(fault.message, cases[i].message);
        assert_true(slice_equals(root.raw, "untouched"));
        assert_false(json_parse(slice_of(cases[i].text), 64, &root, NULL));
    }
}

/* ---- validity and meaning against the model ---- */

/* Whether it is valid, for the model and for base/json. */
static void assert_same_validity(struct slice text, unsigned depth_max)
{
    struct buffer ignored;
    size_t text_bytes = 0;
    buffer_init(&ignored, 0);
    struct json_value root;
    if (json_parse(text, depth_max, &root, NULL) !=
        model_read(text, depth_max, &ignored, &text_bytes))
        model_assert_agrees(text, depth_max); /* says which text */
    buffer_fini(&ignored);
}

/* All texts of up to SHORT_MAX of the bytes that mean something. */
static void all_short_texts(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]\",:019-+.eE\\u/ \nna\t\x01\xc3\xa9";
    enum { COUNT = sizeof bytes - 1 };
    size_t texts = 1;
    for (size_t length = 1; length <= SHORT_MAX; length++) {
        texts *= COUNT;
        for (size_t n = 0; n < texts; n++) {
            char text[SHORT_MAX];
            size_t rest = n;
            for (size_t i = 0; i < length; i++, rest /= COUNT)
                text[i] = bytes[rest % COUNT];
            assert_same_validity((struct slice){text, length}, 8);
        }
    }
}

/* All that may stand in place of a character: every sequence of three bytes after each lead byte,
 * and every edge of the fourth. */
static void all_short_byte_sequences(void **state)
{
    (void)state;
    static const char edges[] = "\"a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xff";
    for (unsigned lead = 0x80; lead < 256; lead++) {
        size_t fourths = lead >= 0xf0 && lead < 0xf6 ? sizeof edges - 1 : 1;
        for (unsigned n = 0; n < 65536; n += SEQUENCE_STEP) {
            if (lead < 0xc0 && n > 300)
                break; /* wrong whatever follows */
            for (size_t i = 0; i < fourths; i++) {
                const char text[] = {'"', (char)lead, (char)(n >> 8), (char)n, edges[i], '"'};
                assert_same_validity((struct slice){text, sizeof text}, 1);
            }
        }
    }
}

/* Strings are looked at 64 or 16 bytes at a time: each kind of byte at each place. */
static void every_place_in_a_long_string(void **state)
{
    (void)state;
    static const char *const specials[] = {"\"",        "\\\\",     "\\\"",     "\\u0041",
                                           "\x1f",      "\xc3\xa9", "\x80",     "\xf0\x9f\x98\x80",
                                           "\x7f",      "\\",       "\\\\\"",   "\xff",
                                           "!",         "#",        "\xe2\x82", "\n",
                                           "[",         "\\\\\\",   "\\n",      "\\x",
                                           "\\n\\\\\\t"};
    char text[160];
    for (size_t length = 0; length <= 140; length += LENGTH_STEP) {
        for (size_t place = 0; place <= length; place++) {
            for (size_t s = 0; s < sizeof specials / sizeof *specials; s++) {
                size_t bytes = strlen(specials[s]);
                text[0] = '"';
                memset(text + 1, 'x', length);
                memcpy(text + 1 + place, specials[s], bytes);
                size_t end = 1 + (place + bytes > length ? place + bytes : length);
                text[end] = '"';
                model_assert_agrees((struct slice){text, end + 1}, 1);
            }
        }
    }
}

static void random_documents(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int i = 0; i < 20000; i++) {
        struct buffer text;
        buffer_init(&text, 1 << 20);
        model_write(&dice, 5, &text);
        assert_true(parses(buffer_slice(&text), 5)); /* the model writes valid texts only */
        model_assert_agrees(buffer_slice(&text), 5);
        buffer_fini(&text);
    }
}

/* One to three of: a byte changed, taken out, put in, or the end cut off. */
static size_t damage(struct dice *dice, char *text, size_t bytes)
{
    static const char bytes_of_interest[] = "{}[]\",:0-.eE\\u \n\x01\x80\xc3\xe2\xf0\xff";
    for (size_t times = 1 + dice_below(dice, 3); times > 0 && bytes > 0; times--) {
        size_t place = dice_below(dice, bytes);
        char byte =
            dice_below(dice, 4) ? bytes_of_interest[dice_below(dice, 22)] : (char)dice_u64(dice);
        switch (dice_below(dice, 7)) {
        case 0:
            bytes = place;
            break;
        case 1:
        case 2:
            memmove(text + place, text + place + 1, bytes - place - 1);
            bytes--;
            break;
        case 3:
        case 4:
            memmove(text + place + 1, text + place, bytes - place);
            text[place] = byte;
            bytes++;
            break;
        default:
            text[place] = byte;
        }
    }
    return bytes;
}

static void random_damaged_documents(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    unsigned refused = 0;
    for (int i = 0; i < 60000; i++) {
        struct buffer text;
        buffer_init(&text, 1 << 20);
        model_write(&dice, 4, &text);
        buffer_append_text(&text, "   "); /* room for what is put in */
        size_t bytes = damage(&dice, text.data, text.bytes - 3);
        char *block = malloc(bytes + 1); /* one byte, so that an empty text has a place too */
        assert_non_null(block);
        memcpy(block + 1, text.data, bytes);
        unsigned depth_max = (unsigned)dice_below(&dice, 6);
        model_assert_agrees((struct slice){block + 1, bytes}, depth_max);
        refused += !json_parse((struct slice){block + 1, bytes}, 8, &(struct json_value){0}, NULL);
        free(block);
        buffer_fini(&text);
    }
    assert_in_range(refused, 5000, 59000);
}

/* ---- walking ---- */

static void walks_by_slices(void **state)
{
    (void)state;
    struct json_value root =
        parse(" { \"a\\u0062\" : [ 1 , \"x]\\\"\" ] ,\"n\":null, \"\":{\"y\":{}}\n} ");
    assert_int_equal(root.type, JSON_OBJECT);
    assert_int_equal(root.raw.data[0], '{');
    assert_int_equal(root.raw.data[root.raw.bytes - 1], '}');
    struct json_walk walk = json_walk(&root);
    struct json_item item;
    assert_true(json_next(&walk, &item));
    assert_true(slice_equals(item.key, "a\\u0062"));
    assert_int_equal(item.value.type, JSON_ARRAY);
    assert_true(slice_equals(item.value.raw, "[ 1 , \"x]\\\"\" ]"));
    struct json_walk inner = json_walk(&item.value);
    struct json_walk copy = inner;
    assert_true(json_next(&inner, &item));
    assert_int_equal(item.value.type, JSON_NUMBER);
    assert_true(slice_equals(item.value.raw, "1"));
    assert_true(json_next(&inner, &item));
    assert_true(slice_equals(item.value.raw, "\"x]\\\"\""));
    assert_false(json_next(&inner, &item));
    assert_true(json_next(&copy, &item)); /* a copy has its own place */
    assert_true(slice_equals(item.value.raw, "1"));
    assert_true(json_next(&walk, &item));
    assert_true(slice_equals(item.key, "n"));
    assert_int_equal(item.value.type, JSON_NULL);
    assert_true(slice_equals(item.value.raw, "null"));
    assert_true(json_next(&walk, &item));
    assert_int_equal(item.key.bytes, 0);
    assert_true(slice_equals(item.value.raw, "{\"y\":{}}"));
    assert_false(json_next(&walk, &item));
    assert_false(json_next(&walk, &item));
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_type type;
    } cases[] = {
        {"null", JSON_NULL},  {"false", JSON_FALSE}, {"true", JSON_TRUE}, {"0", JSON_NUMBER},
        {"-1", JSON_NUMBER},  {"\"\"", JSON_STRING}, {"[]", JSON_ARRAY},  {"{}", JSON_OBJECT},
        {" 7 ", JSON_NUMBER}, {"\tnull", JSON_NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value root = parse(cases[i].text);
        assert_int_equal(root.type, cases[i].type);
        struct json_walk walk = json_walk(&root);
        struct json_item item;
        assert_false(json_next(&walk, &item)); /* empty, or no container */
        char array[32];
        snprintf(array, sizeof array, "[%s]", cases[i].text);
        root = parse(array);
        walk = json_walk(&root);
        assert_true(json_next(&walk, &item));
        assert_int_equal(item.value.type, cases[i].type);
        struct slice trimmed = slice_trim(slice_of(cases[i].text));
        assert_int_equal(item.value.raw.bytes, trimmed.bytes);
        assert_memory_equal(item.value.raw.data, trimmed.data, trimmed.bytes);
    }
}

/* ---- members ---- */

static void finds_and_counts_members(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        unsigned count;
        const char *value;
    } cases[] = {
        {"{\"model\":1}", "model", 1, "1"},
        {"{\"mod\\u0065l\":1}", "model", 1, "1"},
        {"{\"\\u006d\\u006F\\u0064\\u0065\\u006c\":1}", "model", 1, "1"},
        {"{\"model\":1,\"mod\\u0065l\":2}", "model", 2, "2"},
        {"{\"mod\\u0065l\":2,\"model\":1}", "model", 2, "1"},
        {"{\"a\":1,\"a\":2,\"a\":3}", "a", 3, "3"},
        {"{\"Model\":1,\"models\":2,\"mode\":3,\"\":4}", "model", 0, NULL},
        {"{\"model\\u0000\":1,\"model \":2}", "model", 0, NULL},
        {"{\"\\u0000\":1}", "", 0, NULL},
        {"{\"\":1}", "", 1, "1"},
        {"{\"a\":{\"model\":1},\"b\":[{\"model\":2}]}", "model", 0, NULL},
        {"{\"a\":\"model\"}", "model", 0, NULL},
        {"{\"a\\/b\":1}", "a/b", 1, "1"},
        {"{\"a\\u005cu0062\":1}", "ab", 0, NULL}, /* decoded once, not twice */
        {"{\"a\\u005cu0062\":1}", "a\\u0062", 1, "1"},
        {"{\"a\\u0062\":1}", "a\\u0062", 0, NULL}, /* the name is not in escapes */
        {"{\"\xc3\xa9\":1,\"\\u00e9\":2}", "\xc3\xa9", 2, "2"},
        {"{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", 1, "1"},
        {"{\"\\ud83d\":1}", "\xef\xbf\xbd", 1, "1"},
        {"[\"model\",1]", "model", 0, NULL},
        {"\"model\"", "model", 0, NULL},
        {"null", "model", 0, NULL},
        {"{}", "model", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value root = parse(cases[i].text);
        struct json_value value = {.type = JSON_NULL, .raw = {"untouched", 9}};
        if (json_find(&root, cases[i].name, &value) != cases[i].count)
            fail_msg("%s in %s", cases[i].name, cases[i].text);
        assert_true(slice_equals(value.raw, cases[i].value ? cases[i].value : "untouched"));
    }
}

static void finds_several_at_once(void **state)
{
    struct json_member members[] = {{.name = "a"}, {.name = "n\\"}, {.name = "b"}, {.name = "c"}};
    struct json_value root =
        parse("{\"c\":{\"a\":9},\"a\":1,\"other\":[],\"\\u0061\":2,\"n\\\\\":\"x\"}");
    (void)state;
    members[2].count = 7; /* of a search before */
    assert_int_equal(json_find_all(&root, members, 4), 5);
    assert_int_equal(members[0].count, 2);
    assert_true(slice_equals(members[0].value.raw, "2"));
    assert_true(slice_equals(members[1].value.raw, "\"x\""));
    assert_int_equal(members[2].count, 0);
    assert_int_equal(members[2].value.type, JSON_NULL);
    assert_true(slice_equals(members[2].value.raw, ""));
    assert_non_null(members[2].value.raw.data); /* so that it may be walked */
    assert_true(slice_equals(members[3].value.raw, "{\"a\":9}"));
    root = parse("[\"a\",1]");
    assert_int_equal(json_find_all(&root, members, 4), 0);
    assert_int_equal(members[0].count, 0);
}

static void compares_keys(void **state)
{
    (void)state;
    assert_true(json_key_is(slice_of("stream"), "stream"));
    assert_true(json_key_is(slice_of("str\\u0065am"), "stream"));
    assert_true(json_key_is(slice_of("\\\"\\\\\\/\\b\\f\\n\\r\\t"), "\"\\/\b\f\n\r\t"));
    assert_false(json_key_is(slice_of("str\\u0045am"), "stream"));
    assert_false(json_key_is(slice_of("stream"), "streams"));
    assert_false(json_key_is(slice_of("streams"), "stream"));
    assert_false(json_key_is(slice_of(""), "stream"));
    assert_true(json_key_is(slice_of(""), ""));
    assert_false(json_key_is(slice_of("stream\\u0000x"), "stream"));
}

/* In a block that ends where the text ends; -1: it is none. */
static ptrdiff_t natural_bytes(struct slice text)
{
    char *block = malloc(text.bytes ? text.bytes : 1);
    assert_non_null(block);
    memcpy(block, text.data, text.bytes);
    const char *end = json_natural_end(block, block + text.bytes);
    ptrdiff_t bytes = end != NULL ? end - block : -1;
    free(block);
    return bytes;
}

static void finds_the_end_of_a_whole_number(void **state)
{
    (void)state;
    static const char digits[] = "1234567890123456789";
    static const struct slice none[] = {TEXT(""),
                                        TEXT(","),
                                        TEXT("-1"),
                                        TEXT("/1"),
                                        TEXT(":1"),
                                        TEXT("01"),
                                        TEXT("00"),
                                        {digits, sizeof digits - 1},
                                        TEXT("000000000000000000001")};
    static const char *const behind[] = {"",  ",",    "}",  "/",
                                         ":", "\x80", "e5", ",\"b\":12345678901"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(natural_bytes(none[i]), -1);
    for (int count = 1; count <= 18; count++) {
        for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
            char text[64];
            snprintf(text, sizeof text, "%.*s%s", count, digits, behind[i]);
            assert_int_equal(natural_bytes(slice_of(text)), count);
        }
    }
    assert_int_equal(natural_bytes(slice_of("0,1")), 1);
}

static void knows_what_is_empty(void **state)
{
    (void)state;
    static const char *const empty[] = {"null", "[]", "{}", "\"\"", "[ \n]", "{\t }"};
    static const char *const full[] = {"0",        "false", "[null]",      "[[]]",
                                       "{\"\":0}", "\" \"", "\"\\u0000\"", "[ 1 ]"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty + sizeof full / sizeof *full; i++) {
        bool is_full = i >= sizeof empty / sizeof *empty;
        struct json_value value;
        struct fault fault;
        const char *text = is_full ? full[i - sizeof empty / sizeof *empty] : empty[i];
        assert_true(json_parse(slice_of(text), 8, &value, &fault));
        if (json_is_empty(&value) == is_full)
            fail_msg("%s", text);
    }
    const struct json_value absent = {.type = JSON_NULL};
    assert_true(json_is_empty(&absent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_valid_texts),
        cmocka_unit_test(refuses_invalid_texts),
        cmocka_unit_test(refuses_every_beginning),
        cmocka_unit_test(depth_is_exact),
        cmocka_unit_test(fault_names_the_place),
        cmocka_unit_test(all_short_texts),
        cmocka_unit_test(all_short_byte_sequences),
        cmocka_unit_test(every_place_in_a_long_string),
        cmocka_unit_test(random_documents),
        cmocka_unit_test(random_damaged_documents),
        cmocka_unit_test(walks_by_slices),
        cmocka_unit_test(types),
        cmocka_unit_test(finds_and_counts_members),
        cmocka_unit_test(finds_several_at_once),
        cmocka_unit_test(compares_keys),
        cmocka_unit_test(finds_the_end_of_a_whole_number),
        cmocka_unit_test(knows_what_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
