-- What providers.lua says of APIs that operators map. It stands here for lua/dialect/mapped.lua.
return {
    -- provider -> { request = function or nil, answer = function, carries = set of words }
    of = {},
    -- The words of docs/DIALECTS.md that a mapping may carry.
    WORDS = {
        audio = true, budget = true, cache = true, cache_key = true, call = true, choice = true,
        detail = true, effort = true, file = true, format = true, frequency_penalty = true,
        image = true, is_error = true, json = true, limit = true, logit_bias = true,
        logprobs = true, metadata = true, modalities = true, n = true, parallel = true,
        presence_penalty = true, reasoning = true, refusal = true, result = true, seed = true,
        service_tier = true, stop = true, strict = true, system = true, temperature = true,
        text = true, thoughts = true, tools = true, top_k = true, top_logprobs = true,
        top_p = true, user = true, verbosity = true,
    },
}
