/* Reason phrases (RFC 9110, 15; RFC 6585): of each status some words, of an unknown one those of
 * its class. */
#include "base/support.h"

#include <string.h>

#include "net/server/phrase.h"

static void known_statuses_have_their_names(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *phrase;
    } known[] = {{200, "OK"},
                 {201, "Created"},
                 {204, "No Content"},
                 {304, "Not Modified"},
                 {308, "Permanent Redirect"},
                 {402, "Payment Required"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {409, "Conflict"},
                 {413, "Content Too Large"},
                 {415, "Unsupported Media Type"},
                 {422, "Unprocessable Content"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"},
                 {505, "HTTP Version Not Supported"},
                 {511, "Network Authentication Required"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_string_equal(phrase_of(known[i].status), known[i].phrase);
}

/* RFC 9110, 15: a recipient treats one that it does not know as the x00 of its class. */
static void an_unknown_status_says_its_class(void **state)
{
    (void)state;
    assert_string_equal(phrase_of(299), "Success");
    assert_string_equal(phrase_of(399), "Redirection");
    assert_string_equal(phrase_of(418), "Client Error");
    assert_string_equal(phrase_of(499), "Client Error");
    assert_string_equal(phrase_of(599), "Server Error");
}

/* Providers may answer anything; what is read from beyond a table would be no phrase. */
static void any_number_has_words_that_fit_into_a_line(void **state)
{
    (void)state;
    for (int status = -1000; status < 2000; status++) {
        const char *phrase = phrase_of(status);
        assert_non_null(phrase);
        assert_in_range(strlen(phrase), 2, 40);
        assert_null(strpbrk(phrase, "\r\n"));
        if (status < 200 || status > 599)
            assert_string_equal(phrase, "Unknown");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_statuses_have_their_names),
        cmocka_unit_test(an_unknown_status_says_its_class),
        cmocka_unit_test(any_number_has_words_that_fit_into_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
