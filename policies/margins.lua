-- What customers pay on top of the buy price. The most exact entry counts. All forms, functions
-- too: docs/POLICIES.md.
---@type policy.Margins
return {
    default = "20%",
    models = {},
    groups = {},
}
