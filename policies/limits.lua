-- How much is too much. Each rule counts by key, user, group or over all; of rules that count the
-- same thing, the last that fits a request is in force. All members: docs/POLICIES.md.
---@type policy.Limits
return {
    { scope = "key", requests_per_minute = 6000, tokens_per_minute = 20e6, concurrency = 1000 },
    { scope = "user", requests_per_minute = 12000, tokens_per_minute = 40e6, concurrency = 2000 },
}
