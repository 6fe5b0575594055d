#include "exchange/trial.h"

#include "base/hash.h"

uint64_t trial_seed(const char *trial, const char *account_id, const char *model)
{
    /* A line end stands in none of them, so no two triples make the same text. */
    const char *const parts[] = {trial, "\n", account_id, "\n", model};
    uint64_t hash = HASH_START;
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash = hash_on(hash, slice_of(parts[i]));
    return hash;
}

bool trial_draws(uint64_t seed, int64_t share_ppm)
{
    /* Mixes the bits well (the finalizer of MurmurHash3, which is public domain). */
    seed = (seed ^ seed >> 33) * UINT64_C(0xff51afd7ed558ccd);
    seed = (seed ^ seed >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    seed ^= seed >> 33;
    return (int64_t)(seed % 1000000) < share_ppm;
}
