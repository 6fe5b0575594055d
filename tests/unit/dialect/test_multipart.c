/* Forms with files: where the parts are, and what is refused because readers of forms differ. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "dialect/form_pieces.h"
#include "dialect/multipart.h"

#define TYPE "multipart/form-data; boundary=b"
#define HEAD(parameters) "--b\r\nContent-Disposition: form-data; " parameters "\r\n"
#define PART(name, value) HEAD("name=\"" name "\"") "\r\n" value "\r\n"
#define FILE_PART HEAD("name=\"file\"; filename=\"a.wav\"") "Content-Type: a/b\r\n\r\n\1\0\r\n-\r\n"
#define END "--b--\r\n"

static struct multipart form;
static struct request_fault fault;

/* It is the same in pieces: split at each place, and in pieces of one size. */
static void assert_same_in_pieces(struct slice body, bool good)
{
    const struct multipart *whole = good ? &form : NULL;
    size_t step = body.bytes / 600 + 1;
    for (size_t at = 1; at < body.bytes; at += step)
        form_pieces_compare(body, slice_of("b"), at, body.bytes, whole, &fault);
    for (size_t piece = step; piece < 100 + step; piece = 3 * piece + 1)
        form_pieces_compare(body, slice_of("b"), piece, piece, whole, &fault);
}

static bool scan(struct slice body)
{
    /* A copy of its own size: a sanitizer sees what is read beyond it. */
    char *copy = malloc(body.bytes + 1);
    assert_non_null(copy);
    memcpy(copy, body.data, body.bytes);
    char *exact = realloc(copy, body.bytes > 0 ? body.bytes : 1);
    fault = (struct request_fault){.code = NULL};
    bool good =
        multipart_scan((struct slice){exact, body.bytes}, slice_of("b"), false, &form, &fault);
    for (size_t i = 0; good && i < form.count; i++) {
        const struct multipart_part *part = &form.parts[i];
        assert_true(part->whole.data >= exact);
        assert_true(part->value.data + part->value.bytes <= exact + body.bytes);
        assert_true(part->name.bytes >= 1 && part->name.bytes <= 64);
    }
    assert_same_in_pieces((struct slice){exact, body.bytes}, good);
    free(exact);
    assert_true(good || (fault.code != NULL && fault.message[0] != '\0'));
    return good;
}

static void finds_the_parts(void **state)
{
    (void)state;
    static const char body[] = PART("model", "whisper") PART("empty", "") FILE_PART END;
    const struct slice text = {body, sizeof body - 1};
    assert_true(multipart_scan(text, slice_of("b"), false, &form, &fault));
    assert_int_equal(form.count, 3);
    assert_true(slice_equals(form.parts[0].name, "model"));
    assert_true(slice_equals(form.parts[0].value, "whisper"));
    assert_false(form.parts[0].is_file);
    assert_int_equal(form.parts[1].value.bytes, 0);
    assert_true(slice_equals(form.parts[2].name, "file"));
    assert_true(form.parts[2].is_file);
    assert_memory_equal(form.parts[2].value.data, "\1\0\r\n-", 5);
    assert_int_equal(form.parts[2].value.bytes, 5);
}

static void forms_of_usual_clients_are_read(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        END,     /* no parts at all */
        "--b--", /* no line break at the end */
        PART("a", "x") "--b--",
        "--b\r\ncontent-disposition:form-data;name=a\r\n\r\nx\r\n" END,
        "--b\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"; filename=\"\xc3\xa9.wav\"; filename*=utf-8''%C3%A9.wav") "\r\nx\r\n" END,
        HEAD("name=\"a\"; filename=\"C:\\dir\\x.wav\"") "\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Length: 1\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Transfer-Encoding: binary\r\n\r\nx\r\n" END,
        PART("a[]", "--") END,
        PART("a", "\r\n\r\n--") END,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        if (!scan(slice_of(bodies[i])))
            fail_msg("%s: %s", bodies[i], fault.message);
    }
}

static void what_readers_might_disagree_about_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "--b",
        "x" PART("a", "x") END,
        "\r\n" PART("a", "x") END,
        "--b \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" END,
        PART("a", "x"),
        PART("a", "x") "--b",
        PART("a", "x") "--b\r\n",
        PART("a", "x") END "x",
        PART("a", "x") END "\r\n",
        PART("a", "x\n--b\r\n") END,
        PART("a", "x--b") END,
        PART("a", "x\r\n--bc") END,
        HEAD("name=\"a\"") "\r\n--b--", /* no line break before the end */
        "--b\r\n\r\nx\r\n" END,
        "--b\r\nContent-Type: a/b\r\n\r\nx\r\n" END,
        "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n" END,
        HEAD("name=\"\"") "\r\nx\r\n" END,
        HEAD("name=\"a b\"") "\r\nx\r\n" END,
        HEAD("name=\"a%64\"") "\r\nx\r\n" END,
        HEAD("name=\"a\\\"b\"") "\r\nx\r\n" END,
        HEAD("name=\"a") "\r\nx\r\n" END,
        HEAD("name=\"a\" x") "\r\nx\r\n" END,
        HEAD("name=\"a\"; name=\"a\"") "\r\nx\r\n" END,
        HEAD("name*=utf-8''a") "\r\nx\r\n" END,
        HEAD("filename=\"a\"") "\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") " folded: x\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "no header\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "--b: x\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"\nX: y") "\r\nx\r\n" END,
        HEAD("name=\"a\"\rX: y") "\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Length: 2\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Length: x\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Transfer-Encoding: base64\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Type: multipart/mixed; boundary=c\r\n\r\nx\r\n" END,
        HEAD("name=\"a\"") "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\nx\r\n" END,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        if (scan(slice_of(bodies[i])))
            fail_msg("%s", bodies[i]);
        assert_string_equal(fault.code, "invalid_form");
    }
}

static void no_beginning_of_a_form_is_a_form(void **state)
{
    (void)state;
    static const char body[] = PART("model", "whisper") FILE_PART "--b--";
    for (size_t bytes = 0; bytes + 1 < sizeof body; bytes++)
        assert_false(scan((struct slice){body, bytes}));
    assert_true(scan((struct slice){body, sizeof body - 1}));
}

/* Each byte replaced by each of some others: refused, or parts inside of the body. */
static void no_change_leads_astray(void **state)
{
    (void)state;
    static const char body[] = PART("model", "whisper") FILE_PART END;
    static const char others[] = "\0\r\n-b\"\\;=: %\xff";
    char changed[sizeof body];
    for (size_t at = 0; at + 1 < sizeof body; at++) {
        for (size_t i = 0; i < sizeof others - 1; i++) {
            memcpy(changed, body, sizeof body);
            changed[at] = others[i];
            (void)scan((struct slice){changed, sizeof body - 1});
        }
    }
}

static void it_is_bounded(void **state)
{
    (void)state;
    struct buffer body;
    buffer_init(&body, 1 << 20);
    for (int i = 0; i < LIMIT_FORM_PARTS; i++)
        buffer_append_text(&body, PART("a", "x"));
    size_t bytes = body.bytes;
    buffer_append_text(&body, END);
    assert_true(scan(buffer_slice(&body)));
    assert_int_equal(form.count, LIMIT_FORM_PARTS);
    body.bytes = bytes;
    buffer_append_text(&body, PART("a", "x") END);
    assert_false(scan(buffer_slice(&body)));
    buffer_reset(&body);
    buffer_append_text(&body, "--b\r\nX: ");
    for (int i = 0; i < LIMIT_FORM_HEAD_BYTES; i++)
        buffer_append_char(&body, 'x');
    buffer_append_text(&body, "\r\n\r\nx\r\n" END);
    assert_false(scan(buffer_slice(&body)));
    buffer_fini(&body);
}

static void the_boundary_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *boundary; /* NULL: refused */
    } cases[] = {
        {TYPE, "b"},
        {"Multipart/Form-Data;BOUNDARY=\"b:c\"; charset=utf-8", "b:c"},
        {"multipart/form-data; charset=utf-8; boundary=----x", "----x"},
        {"multipart/form-data; boundary=b;", "b"},
        {"", NULL},
        {"application/json", NULL},
        {"multipart/mixed; boundary=b", NULL},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=\"b c\"", NULL},
        {"multipart/form-data; boundary=b c", NULL},
        {"multipart/form-data; boundary=b; boundary=b", NULL},
        {"multipart/form-data; boundary=b\r\nX: y", NULL},
        {"multipart/form-data; boundary=\"b\\\"c\"", NULL},
        {"multipart/form-data boundary=b", NULL},
        {"multipart/form-data, multipart/form-data; boundary=b", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice boundary;
        bool good = multipart_boundary(slice_of(cases[i].type), &boundary, &fault);
        if (good != (cases[i].boundary != NULL))
            fail_msg("%s", cases[i].type);
        if (good)
            assert_true(slice_equals(boundary, cases[i].boundary));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_parts),
        cmocka_unit_test(forms_of_usual_clients_are_read),
        cmocka_unit_test(what_readers_might_disagree_about_is_refused),
        cmocka_unit_test(no_beginning_of_a_form_is_a_form),
        cmocka_unit_test(no_change_leads_astray),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(the_boundary_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
