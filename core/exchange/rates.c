#include "exchange/rates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

enum {
    ONE = 1 << 20,      /* one token per byte */
    SHARES = 1 << 12,   /* the unit of shares */
    RELATIVE = 1 << 16, /* the unit of deviations */
    PARTS = 64,
    SLOTS = 64,      /* per part: 4,096 models in all */
    SAMPLES_MIN = 3, /* before a rate is used */
    SAMPLES_MAX = 1 << 20,
    TEXT_BYTES_MIN = 200, /* in a shorter text most tokens are the template's */
    RATE_MIN = ONE / 64,
    RATE_MAX = ONE + ONE / 4,
    /* The first samples move a rate half of the way, later ones an eighth. */
    FIRST_SAMPLES = 24,
    FIRST_STEP = 2,
    LATER_STEP = 8,
    LEARN_ALL = 64, /* calls of a model; then one of LEARN_EVERY */
    LEARN_EVERY = 8,
    HITS_MAX = 1 << 14,
    NEAR = SHARES / 8, /* distances between a text and an example */
    FAR = SHARES / 3
};

/* The rates before anything is learned: the start of learning, and the base of holds. */
static const int32_t first_rates[TEXT_CLASSES] = {[TEXT_LETTERS] = ONE / 4,
                                                  [TEXT_SPACES] = ONE / 8,
                                                  [TEXT_DIGITS] = ONE / 2,
                                                  [TEXT_SIGNS] = ONE / 2,
                                                  [TEXT_OTHERS] = ONE / 2};
static const int32_t held_rates[TEXT_CLASSES] = {[TEXT_LETTERS] = ONE / 4 + ONE / 64,
                                                 [TEXT_SPACES] = ONE / 4 + ONE / 64,
                                                 [TEXT_DIGITS] = ONE / 2,
                                                 [TEXT_SIGNS] = ONE / 2,
                                                 [TEXT_OTHERS] = ONE / 2};

struct slot {
    uint64_t name;  /* its hash; 0: free */
    uint64_t used;  /* when it was last used, by the part's counter */
    uint64_t calls; /* that could be learned from */
    struct model_rates rates;
};

struct part {
    pthread_mutex_t lock;
    uint64_t uses;
    int64_t forgotten;  /* models that made room for others */
    struct slot *slots; /* SLOTS of rates->slots */
};

struct rates {
    struct part parts[PARTS];
    struct slot *slots; /* of all parts, apart from their locks: unused pages take no memory */
};

struct rates *rates_new(void)
{
    struct rates *rates = calloc(1, sizeof *rates);
    check(rates != NULL);
    rates->slots = calloc((size_t)PARTS * SLOTS, sizeof *rates->slots);
    check(rates->slots != NULL);
    for (size_t i = 0; i < PARTS; i++) {
        check(pthread_mutex_init(&rates->parts[i].lock, NULL) == 0);
        rates->parts[i].slots = &rates->slots[i * SLOTS];
    }
    return rates;
}

void rates_free(struct rates *rates)
{
    if (rates == NULL)
        return;
    for (size_t i = 0; i < PARTS; i++)
        pthread_mutex_destroy(&rates->parts[i].lock);
    free(rates->slots);
    free(rates);
}

/* Only the operator chooses names, so no attacker can make them collide. */
static uint64_t hash_of(const char *model)
{
    uint64_t hash = hash_on(HASH_START, slice_of(model));
    return hash != 0 ? hash : 1;
}

static struct slot *find(struct part *part, uint64_t name)
{
    for (size_t i = 0; i < SLOTS && part->slots[i].name != 0; i++) {
        if (part->slots[i].name == name)
            return &part->slots[i];
    }
    return NULL;
}

/* Returns a free slot, or the one of the model that was unused for the longest time. */
static struct slot *take(struct part *part, uint64_t name)
{
    struct slot *oldest = &part->slots[0];
    for (size_t i = 0; i < SLOTS && oldest->name != 0; i++) {
        if (part->slots[i].name == 0 || part->slots[i].used < oldest->used)
            oldest = &part->slots[i];
    }
    part->forgotten += oldest->name != 0;
    *oldest = (struct slot){.name = name};
    return oldest;
}

void rates_get(struct rates *rates, const char *model, struct model_rates *out)
{
    uint64_t name = hash_of(model);
    struct part *part = &rates->parts[name % PARTS];
    *out = (struct model_rates){.input = {.samples = 0}};
    pthread_mutex_lock(&part->lock);
    struct slot *slot = find(part, name);
    if (slot != NULL) {
        slot->used = ++part->uses;
        *out = slot->rates;
    }
    pthread_mutex_unlock(&part->lock);
}

/* ---- learning ---- */

/* Each class's share of a mix; they add up to about SHARES. Returns false for an empty mix. */
static bool shares_of(const struct text_mix *mix, int64_t shares[TEXT_CLASSES])
{
    int64_t bytes = text_mix_bytes(mix);
    for (size_t i = 0; i < TEXT_CLASSES && bytes > 0; i++)
        shares[i] = mix->bytes[i] * SHARES / bytes;
    return bytes > 0;
}

static int64_t expected(const int32_t per_class[TEXT_CLASSES], const int64_t shares[TEXT_CLASSES])
{
    int64_t sum = 0;
    for (size_t i = 0; i < TEXT_CLASSES; i++)
        sum += per_class[i] * shares[i];
    return sum / SHARES;
}

static int32_t bounded(int64_t rate)
{
    if (rate < RATE_MIN)
        return RATE_MIN;
    return (int32_t)(rate > RATE_MAX ? RATE_MAX : rate);
}

/* The nearest example and its distance: the sum of the differences of all shares, at most twice
 * SHARES. NULL: there is no example. */
static const struct rate_example *nearest(const struct rate_set *set,
                                          const int64_t shares[TEXT_CLASSES], int64_t *distance)
{
    const struct rate_example *found = NULL;
    *distance = INT64_MAX;
    for (size_t i = 0; i < RATE_EXAMPLES && set->examples[i].hits > 0; i++) {
        const struct rate_example *example = &set->examples[i];
        int64_t sum = 0;
        for (size_t j = 0; j < TEXT_CLASSES; j++) {
            int64_t difference = shares[j] - example->shares[j];
            sum += difference < 0 ? -difference : difference;
        }
        if (sum < *distance) {
            found = example;
            *distance = sum;
        }
    }
    return found;
}

static int64_t rate_of(const struct rate_set *set, const int64_t shares[TEXT_CLASSES])
{
    int64_t distance;
    int64_t by_class = expected(set->per_class, shares);
    const struct rate_example *example = nearest(set, shares, &distance);
    if (example == NULL || distance >= FAR)
        return by_class;
    if (distance <= NEAR)
        return example->rate;
    return (example->rate * (FAR - distance) + by_class * (distance - NEAR)) / (FAR - NEAR);
}

/* Normalised least mean squares: each rate moves by its class's part in the error. */
static void learn_classes(struct rate_set *set, const int64_t shares[TEXT_CLASSES], int64_t seen)
{
    int64_t error = seen - expected(set->per_class, shares);
    int64_t step = set->samples < FIRST_SAMPLES ? FIRST_STEP : LATER_STEP;
    int64_t squares = 1;
    for (size_t i = 0; i < TEXT_CLASSES; i++)
        squares += shares[i] * shares[i];
    for (size_t i = 0; i < TEXT_CLASSES; i++)
        set->per_class[i] =
            bounded(set->per_class[i] + error * shares[i] / step * SHARES / squares);
}

/* Puts a new example in a free place, or replaces the one with the fewest hits. */
static void add_example(struct rate_set *set, const int64_t shares[TEXT_CLASSES], int64_t seen)
{
    struct rate_example *place = &set->examples[0];
    for (size_t i = 0; i < RATE_EXAMPLES; i++) {
        if (set->examples[i].hits < place->hits)
            place = &set->examples[i];
    }
    *place = (struct rate_example){.hits = 1, .rate = (int32_t)seen, .deviation = RELATIVE / 8};
    for (size_t i = 0; i < TEXT_CLASSES; i++)
        place->shares[i] = (int16_t)shares[i];
}

static void learn_example(struct rate_set *set, const int64_t shares[TEXT_CLASSES], int64_t seen)
{
    int64_t distance;
    const struct rate_example *found = nearest(set, shares, &distance);
    if (found == NULL || distance > NEAR) {
        add_example(set, shares, seen);
        return;
    }
    struct rate_example *example = &set->examples[found - set->examples];
    int64_t error = seen - example->rate;
    int64_t deviation = (error < 0 ? -error : error) * RELATIVE / seen;
    example->deviation += (int32_t)((deviation - example->deviation) / 4);
    example->rate += (int32_t)(error / 4);
    if (example->hits < HITS_MAX)
        example->hits++;
}

static void learn(struct rate_set *set, const struct rate_sample *sample)
{
    int64_t shares[TEXT_CLASSES];
    if (sample->bytes < TEXT_BYTES_MIN || !shares_of(sample->mix, shares))
        return;
    int64_t seen = sample->tokens * ONE / sample->bytes;
    if (seen < RATE_MIN * 4 || seen > RATE_MAX)
        return; /* these tokens are not of this text alone */
    if (set->samples == 0)
        memcpy(set->per_class, first_rates, sizeof first_rates);
    learn_classes(set, shares, seen);
    learn_example(set, shares, seen);
    if (set->samples < SAMPLES_MAX)
        set->samples++;
}

void rates_learn(struct rates *rates, const char *model, const struct rate_sample *input,
                 const struct rate_sample *output)
{
    if (input->bytes < TEXT_BYTES_MIN && output->bytes < TEXT_BYTES_MIN)
        return;
    uint64_t name = hash_of(model);
    struct part *part = &rates->parts[name % PARTS];
    pthread_mutex_lock(&part->lock);
    struct slot *slot = find(part, name);
    if (slot == NULL)
        slot = take(part, name);
    slot->used = ++part->uses;
    if (slot->calls++ < LEARN_ALL || slot->calls % LEARN_EVERY == 0) {
        learn(&slot->rates.input, input);
        learn(&slot->rates.output, output);
    }
    pthread_mutex_unlock(&part->lock);
}

int64_t rates_forgotten(struct rates *rates)
{
    int64_t sum = 0;
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_lock(&rates->parts[i].lock);
        sum += rates->parts[i].forgotten;
        pthread_mutex_unlock(&rates->parts[i].lock);
    }
    return sum;
}

/* ---- using ---- */

int64_t rates_of_mix(const struct rate_set *set, const struct text_mix *mix)
{
    int64_t shares[TEXT_CLASSES];
    if (set->samples < SAMPLES_MIN || !shares_of(mix, shares))
        return 0;
    return rate_of(set, shares);
}

static int64_t by_rate(int64_t rate, int64_t bytes)
{
    return (bytes * rate + ONE - 1) / ONE;
}

int64_t rates_tokens(int64_t rate, int64_t bytes, int64_t template_tokens)
{
    int64_t documented = (bytes + 3) / 4;
    int64_t learned = by_rate(rate, bytes) + template_tokens;
    bool alike = learned * 10 >= documented * 9 && learned * 10 <= documented * 11;
    return rate == 0 || alike ? documented : learned;
}

/* Adds 1/32, and three times the mean error for such texts. */
static int64_t with_margin(const struct rate_set *set, const int64_t shares[TEXT_CLASSES])
{
    int64_t distance;
    const struct rate_example *example = nearest(set, shares, &distance);
    bool known = example != NULL && distance <= NEAR;
    int64_t rate = rate_of(set, shares);
    int64_t deviation = known ? example->deviation : RELATIVE / 8;
    return rate + rate / 32 + rate * 3 * deviation / RELATIVE;
}

int64_t rates_tokens_held(const struct rate_set *set, const struct text_mix *mix, int64_t bytes)
{
    enum { SPARE_TOKENS = 16 };
    int64_t shares[TEXT_CLASSES];
    if (!shares_of(mix, shares))
        return bytes;
    bool learned = set->samples >= SAMPLES_MIN;
    int64_t rate = learned ? with_margin(set, shares) : expected(held_rates, shares);
    int64_t tokens = by_rate(rate, bytes) + SPARE_TOKENS;
    return tokens < bytes ? tokens : bytes;
}
