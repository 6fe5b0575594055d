/* The build puts common_passwords.txt into the program: some 20,000 lines in lower case, sorted by
 * bytes. The search is a binary search over its lines and needs no other memory.
 *
 * The words are facts from two published counts of leaked passwords: Royce Williams' list as Django
 * 4.2 ships it (BSD-3-Clause, Django Software Foundation), and the password list of zxcvbn 4.4.2
 * (MIT, Dan Wheeler and Dropbox). */
#include "base/common_passwords.h"

#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/secret.h"

enum { LONGEST_BYTES = 64, ENDING_BYTES_MAX = 4 };

static struct slice line_at(struct slice list, size_t place)
{
    size_t from = place, to = place;
    while (from > 0 && list.data[from - 1] != '\n')
        from--;
    while (to < list.bytes && list.data[to] != '\n')
        to++;
    return (struct slice){list.data + from, to - from};
}

static int compare(struct slice a, struct slice b)
{
    size_t bytes = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = memcmp(a.data, b.data, bytes);
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static bool is_listed(struct slice word)
{
    check(common_password_asset_count == 1);
    struct slice list = {common_password_assets[0].data, common_password_assets[0].bytes};
    size_t low = 0, high = list.bytes;
    while (low < high) {
        struct slice line = line_at(list, low + (high - low) / 2);
        int order = compare(word, line);
        if (order == 0)
            return true;
        if (order < 0)
            high = (size_t)(line.data - list.data);
        else
            low = (size_t)(line.data - list.data) + line.bytes + 1;
    }
    return false;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Takes lower case. Tries the word whole, without the digits and signs at its end, and as twice a
 * word. */
static bool is_common(struct slice word)
{
    size_t half = word.bytes / 2;
    bool doubled = word.bytes % 2 == 0 && memcmp(word.data, word.data + half, half) == 0;
    if (is_listed(word) || (doubled && is_listed((struct slice){word.data, half})))
        return true;
    for (int i = 0; i < ENDING_BYTES_MAX && word.bytes > 1; i++) {
        if (is_letter(word.data[word.bytes - 1]))
            return false;
        word.bytes--;
        if (is_listed(word))
            return true;
    }
    return false;
}

bool common_passwords_have(struct slice password)
{
    char small[2 * LONGEST_BYTES];
    if (password.bytes > sizeof small)
        return false;
    for (size_t i = 0; i < password.bytes; i++) {
        char c = password.data[i];
        small[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    bool common = is_common((struct slice){small, password.bytes});
    secret_wipe(small, password.bytes);
    return common;
}
