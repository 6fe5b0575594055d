-- Who is called. Addresses and keys come from the environment of the gateway: no secret stands
-- here. A provider without its key is loaded and marked unavailable. All members: docs/POLICIES.md.
---@type policy.Providers
return {
    openai = {
        dialect = "openai",
        base_url = env("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        api_key = env("OPENAI_API_KEY"),
        connect_timeout_ms = 5000,
        first_byte_timeout_ms = 120000, -- until the answer begins
        idle_timeout_ms = 60000,        -- between two pieces of a streamed answer
        total_timeout_ms = 600000,
    },

    -- The built-in provider: answers by itself, for trying out and for tests.
    demo = { dialect = "demo" },
}
