-- How many tokens a model takes: as models.lua states it, or as its server says, where that is less
-- or nothing is stated.
local context = {}

-- `model` has `context` (or nil) and `context_key` (nil: its server is not asked). Returns the
-- tokens, nil while neither has said them, and whether it is the server that has.
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

-- The longest answer, which is no longer than the context.
function context.max_output(model, tokens)
    return tokens and math.min(tokens, model.max_output) or model.max_output
end

-- As JSON.
function context.text(tokens)
    return tokens and string.format("%.0f", tokens) or "null"
end

return context
