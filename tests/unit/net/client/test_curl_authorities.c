/* A file of authorities stands in the place of the system's, and not beside them: libcurl would go
 * on believing its own folder. What it has been told cannot be asked (7.88.1 answers with what it
 * was built with), so this notes it. */
#include "base/support.h"

#include <stdarg.h>

#include "net/client/curl_authorities.h"

static struct {
    unsigned count;
    const char *value;
} file, folder;

#undef curl_easy_setopt

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list values;
    assert_ptr_equal(easy, &file);
    assert_true(option == CURLOPT_CAINFO || option == CURLOPT_CAPATH);
    va_start(values, option);
    const char *value = va_arg(values, const char *);
    va_end(values);
    if (option == CURLOPT_CAINFO) {
        file.count++;
        file.value = value;
    } else {
        folder.count++;
        folder.value = value;
    }
    return CURLE_OK;
}

static void only_the_file_counts(void **state)
{
    (void)state;
    curl_authorities_set(&file, "/own/authority.pem");
    assert_int_equal(file.count, 1);
    assert_string_equal(file.value, "/own/authority.pem");
    assert_int_equal(folder.count, 1);
    assert_null(folder.value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_file_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
