-- What calls must cost with these policies. SIGHUP and `llm-gateway check` refuse a policy that
-- computes another price.
---@type policy.Examples
return {
    { model = "gpt-4o", input = 1000, output = 500, price = "0.009" },
    { model = "gpt-4o", input = 1000, cached_input = 1000, output = 500, price = "0.0105" },
    { model = "gpt-4o-mini", input = 1000, output = 500, price = "0.00054" },
    { model = "gpt-4o-mini", input = 1000, cached_input = 1000, output = 1, price = "0.00027072" },
    { model = "gpt-4-turbo", input = 1000, output = 500, price = "0.03" },
    { model = "gpt-4", input = 1000, output = 500, price = "0.072" },
    { model = "gpt-3.5-turbo", input = 1000, output = 500, price = "0.0015" },
    { model = "demo", input = 1000, output = 500, price = "0.00036" },
}
