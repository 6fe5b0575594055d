-- Whoever sends an API key.
local caller = {}

-- The names of lines as a set; nil for none, which allows all.
local function set_of(lines)
    if lines == "" then
        return nil
    end
    local set = {}
    for name in string.gmatch(lines, "[^\n]+") do
        set[name] = true
    end
    return set
end

local function record(key_id, account_id, user_id, group, key_models)
    return {
        key_id = key_id,
        account_id = account_id,
        user_id = user_id,
        group = group,
        key_models = set_of(key_models),
    }
end

-- Ends the task with a 401 when the key is none of ours.
function caller.authenticate(x)
    return record(x:authenticate())
end

-- A key of the user who is signed in; ends the task with a 404 when it is none of his.
function caller.authenticate_as(x, digest, user_id)
    return record(x:authenticate_as(digest, user_id))
end

return caller
