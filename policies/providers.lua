-- The providers that answer calls. Addresses and keys come from the gateway's environment, not from
-- this file. A provider without its key is unavailable. All members are in docs/POLICIES.md.
local openai_url = env("OPENAI_BASE_URL", "https://api.openai.com/v1")
local gemini_url = env("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")

---@type policy.Providers
return {
    openai = {
        -- Another server in OpenAI's place may know no Responses: they are translated for it.
        dialect = starts_with(openai_url, "https://api.openai.com/")
            and { "openai-chat", "openai-responses", "completions", "decisions" }
            or "openai",
        keeps_responses = starts_with(openai_url, "https://api.openai.com/"),
        base_url = openai_url,
        api_key = env("OPENAI_API_KEY"),
        connect_timeout_ms = 5000,
        first_byte_timeout_ms = 120000, -- until the answer begins
        idle_timeout_ms = 60000,        -- between two pieces of a streamed answer
        total_timeout_ms = 600000,
        counts_tokens = starts_with(openai_url, "https://api.openai.com/"), -- for nothing
        compacts = starts_with(openai_url, "https://api.openai.com/"), -- conversations that grow
    },

    -- Others that sell() in models.lua finds. Each speaks its own dialect; calls of clients that
    -- speak another one are translated.
    anthropic = {
        dialect = "anthropic",
        base_url = env("ANTHROPIC_BASE_URL", "https://api.anthropic.com"), -- or with /v1
        api_key = env("ANTHROPIC_API_KEY"),
        counts_tokens = true,
    },
    gemini = {
        -- Its address for OpenAI's clients, .../v1beta/openai, still works.
        dialect = contains(gemini_url, "/openai") and "openai" or "gemini",
        base_url = gemini_url,
        api_key = env("GEMINI_API_KEY"),
        counts_tokens = not contains(gemini_url, "/openai"),
    },
    xai = {
        dialect = "openai",
        base_url = env("XAI_BASE_URL", "https://api.x.ai/v1"),
        api_key = env("XAI_API_KEY"),
        cost = { path = "usage.cost_in_usd_ticks", unit = "ticks" }, -- what it says that it charges
    },
    deepseek = {
        dialect = "openai",
        base_url = env("DEEPSEEK_BASE_URL", "https://api.deepseek.com"),
        api_key = env("DEEPSEEK_API_KEY"),
    },
    mistral = {
        dialect = "openai",
        base_url = env("MISTRAL_BASE_URL", "https://api.mistral.ai/v1"),
        api_key = env("MISTRAL_API_KEY"),
        max_tokens_field = "max_tokens", -- it refuses members that it does not know
        usage_unasked = true,
    },

    -- The built-in provider answers by itself. Use it to try things out and for tests.
    demo = { dialect = "demo" },
}
