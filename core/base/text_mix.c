#include "base/text_mix.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    BLOCK_BYTES = 64,      /* one sample; at most 255 times 16, because counters have 8 bits */
    WHOLE_BYTES_MAX = 256, /* a longer text is sampled */
    BLOCKS_COUNTED = 32,   /* blocks in one go: a block adds at most 4 to a counter of 8 bits */
    BLOCKS_MIN = 4,        /* the least number of samples */
    STEP_BYTES = 1024      /* or one for each of these, if that is more */
};

static enum text_class class_of(unsigned char c)
{
    if (c >= 0x80)
        return TEXT_OTHERS;
    if (c <= ' ')
        return TEXT_SPACES;
    if (c >= '0' && c <= '9')
        return TEXT_DIGITS;
    unsigned char lower = c | 0x20;
    return lower >= 'a' && lower <= 'z' ? TEXT_LETTERS : TEXT_SIGNS;
}

static unsigned hex4(const char *digits)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        n = n << 4 | ((c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 0xfu);
    }
    return n;
}

/* Counts an escape as the character it stands for. Returns the escape's length. */
static size_t add_escape(struct text_mix *mix, struct slice rest)
{
    if (rest.bytes < 2)
        return 1;
    char c = rest.data[1];
    if (c == 'u' && rest.bytes >= 6) {
        unsigned unit = hex4(rest.data + 2);
        if (unit < 0x80)
            mix->bytes[class_of((unsigned char)unit)]++;
        else /* half of a pair counts as two bytes of the character's four */
            mix->bytes[TEXT_OTHERS] += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
        return 6;
    }
    mix->bytes[c == 'n' || c == 'r' || c == 't' ? TEXT_SPACES : TEXT_SIGNS]++;
    return 2;
}

static void add_slowly(struct text_mix *mix, struct slice text)
{
    for (size_t at = 0; at < text.bytes;) {
        if (text.data[at] == '\\') {
            at += add_escape(mix, (struct slice){text.data + at, text.bytes - at});
            continue;
        }
        mix->bytes[class_of((unsigned char)text.data[at])]++;
        at++;
    }
}

#ifdef __SSE2__
/* Counts of bytes of each class, in sixteen columns of 8 bits: for texts up to 255 times sixteen
 * bytes. */
struct counts {
    __m128i letters;
    __m128i spaces;
    __m128i digits;
    __m128i others;
    int64_t bytes;
};

static int64_t sum_of(__m128i counts)
{
    __m128i sums = _mm_sad_epu8(counts, _mm_setzero_si128());
    return _mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
}

/* Marks the bytes among the `count` values from `first` on. The range is moved so that one signed
 * comparison is enough. */
static __m128i is_in(__m128i bytes, char first, int count)
{
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(-128 - first)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(-128 + count)));
}

/* Returns whether there is a \u escape: it looks like a token or two of letters and digits, and is
 * another character. (The other escapes are two bytes for one, and rare.) */
static bool has_units(__m128i bytes)
{
    unsigned slashes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    if (slashes == 0)
        return false;
    unsigned us = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('u')));
    return (slashes << 1 & (us | 0x10000)) != 0;
}

static __m128i load(const char *data)
{
    return _mm_loadu_si128((const __m128i *)(const void *)data);
}

/* Counts 16 bytes. Signs are what is in no other class. */
static void add_sixteen(struct counts *counts, __m128i bytes)
{
    __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    counts->letters = _mm_sub_epi8(counts->letters, is_in(lower, 'a', 26));
    counts->digits = _mm_sub_epi8(counts->digits, is_in(bytes, '0', 10));
    counts->spaces = _mm_sub_epi8(counts->spaces, is_in(bytes, 0, ' ' + 1));
    counts->others = _mm_sub_epi8(counts->others, _mm_cmplt_epi8(bytes, _mm_setzero_si128()));
}

/* The last 16 bytes of a text, with a sign for each but the last `rest`. */
static __m128i last_sixteen(struct slice text, size_t rest)
{
    static const char lanes[32] = {'!', '!', '!', '!', '!', '!', '!', '!',
                                   '!', '!', '!', '!', '!', '!', '!', '!'};
    __m128i signs = load(lanes + rest);
    __m128i bytes = load(text.data + text.bytes - 16);
    __m128i kept = _mm_and_si128(bytes, _mm_cmpeq_epi8(signs, _mm_setzero_si128()));
    return _mm_or_si128(kept, signs);
}

/* Returns how many bytes at the front it added: none behind a \u, and none of a text under 16. */
static size_t add_fast(struct counts *counts, struct slice text)
{
    struct counts sum = *counts; /* a copy stays in registers */
    size_t at = 0;
    bool units = false;
    for (; text.bytes - at >= 16; at += 16) {
        __m128i bytes = load(text.data + at);
        units = has_units(bytes);
        if (units)
            break;
        add_sixteen(&sum, bytes);
    }
    if (!units && at > 0 && at < text.bytes) {
        __m128i bytes = last_sixteen(text, text.bytes - at);
        if (!has_units(bytes)) {
            add_sixteen(&sum, bytes);
            at = text.bytes;
        }
    }
    sum.bytes += (int64_t)at;
    *counts = sum;
    return at;
}

static void add_counts(struct text_mix *mix, const struct counts *counts)
{
    int64_t letters = sum_of(counts->letters);
    int64_t spaces = sum_of(counts->spaces);
    int64_t digits = sum_of(counts->digits);
    int64_t others = sum_of(counts->others);
    mix->bytes[TEXT_LETTERS] += letters;
    mix->bytes[TEXT_SPACES] += spaces;
    mix->bytes[TEXT_DIGITS] += digits;
    mix->bytes[TEXT_OTHERS] += others;
    mix->bytes[TEXT_SIGNS] += counts->bytes - letters - spaces - digits - others;
}
#else
struct counts {
    int64_t bytes;
};

static size_t add_fast(struct counts *counts, struct slice text)
{
    (void)counts;
    (void)text;
    return 0;
}

static void add_counts(struct text_mix *mix, const struct counts *counts)
{
    (void)mix;
    (void)counts;
}
#endif

static void add_block(struct text_mix *mix, struct slice text)
{
    struct counts counts = {.bytes = 0};
    size_t done = add_fast(&counts, text);
    add_counts(mix, &counts);
    add_slowly(mix, (struct slice){text.data + done, text.bytes - done});
}

/* The next pseudo-random number: SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t bits = *seed += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

/* Adds one block from each part of the text, at a random place in it. */
static void add_samples(struct text_mix *mix, struct slice text)
{
    struct text_mix sample = {.seed = 0};
    size_t blocks = text.bytes / STEP_BYTES > BLOCKS_MIN ? text.bytes / STEP_BYTES : BLOCKS_MIN;
    size_t step = text.bytes / blocks;
    struct counts counts = {.bytes = 0};
    for (size_t i = 0; i < blocks; i++) {
        size_t at = i * step + next_random(&mix->seed) % (step - BLOCK_BYTES + 1);
        size_t done = add_fast(&counts, (struct slice){text.data + at, BLOCK_BYTES});
        add_slowly(&sample, (struct slice){text.data + at + done, BLOCK_BYTES - done});
        if (i % BLOCKS_COUNTED == BLOCKS_COUNTED - 1) { /* before a column runs over */
            add_counts(&sample, &counts);
            counts = (struct counts){.bytes = 0};
        }
    }
    add_counts(&sample, &counts);
    int64_t sampled = text_mix_bytes(&sample);
    for (size_t i = 0; i < TEXT_CLASSES && sampled > 0; i++)
        mix->bytes[i] += sample.bytes[i] * (int64_t)text.bytes / sampled;
}

/* An escape that two pieces share counts as what they have of it. */
static void add_pieces(struct text_mix *mix, struct slice text)
{
    for (size_t at = 0; at < text.bytes; at += WHOLE_BYTES_MAX) {
        size_t rest = text.bytes - at;
        add_block(mix,
                  (struct slice){text.data + at, rest < WHOLE_BYTES_MAX ? rest : WHOLE_BYTES_MAX});
    }
}

void text_mix_add(struct text_mix *mix, struct slice text)
{
    if (mix->whole) {
        add_pieces(mix, text);
        return;
    }
    if (text.bytes <= WHOLE_BYTES_MAX)
        add_block(mix, text);
    else
        add_samples(mix, text);
}

int64_t text_mix_bytes(const struct text_mix *mix)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < TEXT_CLASSES; i++)
        bytes += mix->bytes[i];
    return bytes;
}
