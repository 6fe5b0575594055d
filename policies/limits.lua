-- The limits of use. Each rule counts by key, user or group, or over all. If several rules count
-- the same thing, the last that fits a request is in force. docs/POLICIES.md explains all members.
---@type policy.Limits
return {
    { scope = "key", requests_per_minute = 6000, tokens_per_minute = 20e6, concurrency = 1000 },
    { scope = "user", requests_per_minute = 12000, tokens_per_minute = 40e6, concurrency = 2000 },
}
