-- The caller of the API, by the API key.
local caller = {}

-- Turns lines of names into a set; nil if there are none, which allows all.
function caller.models(lines)
    if lines == "" then
        return nil
    end
    local set = {}
    for name in string.gmatch(lines, "[^\n]+") do
        set[name] = true
    end
    return set
end

-- The group of the caller, and the lines of models that the key may use. `digest` names a key of
-- the signed-in user `user_id` (the dashboard's playground); nil: the request has a key. Ends the
-- task if the key does not work.
function caller.identify(x, digest, user_id)
    if digest then
        return x:authenticate_as(digest, user_id)
    end
    return x:authenticate()
end

-- Ends the task with a 401 if the key does not work.
function caller.authenticate(x)
    local group, key_models = x:authenticate()
    local key_id, account_id, user_id = x:caller()
    return {
        key_id = key_id,
        account_id = account_id,
        user_id = user_id,
        group = group,
        key_models = caller.models(key_models),
    }
end

return caller
