-- The context of a model in tokens: what models.lua states, or what the model's server says if that
-- is less or nothing is stated.
local context = {}

-- `model` has `context` (or nil) and `context_key` (nil: its server is not asked). Returns the
-- tokens, nil if neither gives them, and whether the server gave them.
function context.of(x, model)
    local stated = model.context
    if not model.context_key then
        return stated, false
    end
    local served, trained = x:learned_context(model.context_key)
    local said = served or (not stated and trained) or nil
    if said and (not stated or said < stated) then
        return said, true
    end
    return stated, false
end

-- The longest answer; never longer than the context.
function context.max_output(model, tokens)
    return tokens and math.min(tokens, model.max_output) or model.max_output
end

-- As JSON.
function context.text(tokens)
    return tokens and string.format("%.0f", tokens) or "null"
end

return context
