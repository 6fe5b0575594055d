-- Which paths exist, who may use which model, and when the next candidate is tried.
-- docs/POLICIES.md explains all members.
---@type policy.Routes
return {
    mounts = {
        openai = { "/v1", "/api/v1" }, -- also Anthropic's messages
        gemini = { "/v1beta", "/api/v1beta" },
        dashboard = "/api",
    },
    queue = { wait_ms = 10000, calls = 200 }, -- for a provider's rate limit
    retry = {
        attempts_max = 3,
        on = { "connect", "reset", "timeout", "429", "5xx", "auth" },
    },
}
