-- What customers pay on top of the buy price. The most exact entry counts. docs/POLICIES.md
-- explains all forms, with functions.
---@type policy.Margins
return {
    default = "20%",
    models = {},
    groups = {},
}
