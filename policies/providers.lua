-- The providers that answer calls. Addresses and keys come from the gateway's environment, not from
-- this file. A provider without its key is unavailable. All members are in docs/POLICIES.md.
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

    -- The built-in provider answers by itself. Use it to try things out and for tests.
    demo = { dialect = "demo" },
}
