-- The models that you sell. A price is the provider's price, in USD per million tokens; customers
-- pay it plus the margin in margins.lua. docs/POLICIES.md explains all members.
---@type policy.Models
return {
    ["gpt-4o"] = {
        name = "GPT-4o",
        owned_by = "openai",
        created = 1715367049,
        context = 128000,
        max_output = 16384,
        input = "2.50",
        cached_input = "1.25",
        output = "10.00",
        image_tokens_max = 1445,
        capabilities = { "vision", "files", "tools", "json_mode", "json_schema", "logprobs" },
        candidates = { { provider = "openai", model = "gpt-4o" } },
    },

    ["gpt-4o-mini"] = {
        name = "GPT-4o mini",
        owned_by = "openai",
        created = 1721172741,
        context = 128000,
        max_output = 16384,
        input = "0.15",
        cached_input = "0.075",
        output = "0.60",
        image_tokens_max = 48169,
        capabilities = { "vision", "files", "tools", "json_mode", "json_schema", "logprobs" },
        candidates = { { provider = "openai", model = "gpt-4o-mini" } },
    },

    ["gpt-4-turbo"] = {
        name = "GPT-4 Turbo",
        owned_by = "openai",
        created = 1712361441,
        context = 128000,
        max_output = 4096,
        input = "10.00",
        output = "30.00",
        image_tokens_max = 1445,
        capabilities = { "vision", "tools", "json_mode", "logprobs" },
        candidates = { { provider = "openai", model = "gpt-4-turbo" } },
    },

    ["gpt-4"] = {
        name = "GPT-4",
        owned_by = "openai",
        created = 1687882411,
        context = 8192,
        max_output = 8192,
        input = "30.00",
        output = "60.00",
        capabilities = { "tools", "logprobs" },
        candidates = { { provider = "openai", model = "gpt-4" } },
    },

    ["gpt-3.5-turbo"] = {
        name = "GPT-3.5 Turbo",
        owned_by = "openai",
        created = 1677610602,
        context = 16385,
        max_output = 4096,
        input = "0.50",
        output = "1.50",
        capabilities = { "tools", "json_mode", "logprobs" },
        candidates = { { provider = "openai", model = "gpt-3.5-turbo" } },
    },

    -- One line sells what catalog.lua has, at the provider's prices (docs/CATALOG.md):
    -- ["claude-sonnet-5-5"] = sell("claude-sonnet-5-5"),
    -- ["gemini-3.8-flash"] = sell("gemini/gemini-3.8-flash", { image_tokens_max = 2240 }),
    -- ["gpt-6-luna"] = sell("gpt-6-luna", { web_search_max = 10, allow = { "web_search" } }),

    -- This model needs no key and no network: it gives a fixed answer at a small price.
    demo = {
        name = "Demo",
        created = 1763769600,
        context = 8192,
        max_output = 2048,
        input = "0.10",
        output = "0.40",
        candidates = { { provider = "demo" } },
    },
}
