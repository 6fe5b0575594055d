-- Calls a function of the operator's. All rules see the request through one read-only view, so a
-- call allocates nothing and no rule can change what the next one sees.
local native = require "policy.native"

local rule = {}

local MEMBERS = {
    model = true, group = true, user_id = true, key_id = true, stream = true, input_tokens = true,
    output_tokens = true,
}
rule.MEMBERS = MEMBERS -- a test compares it with lua/annotations/policy.lua

local current -- the request in the view; a rule cannot yield, so one is enough

local view = setmetatable({}, {
    __index = function(_, name)
        if not MEMBERS[name] then
            local found = type(name) == "string" and native.nearest(name, MEMBERS)
            error("a request has no member '" .. tostring(name) .. "'"
                .. (found and "; did you mean '" .. found .. "'?" or ""), 2)
        end
        return current[name]
    end,
    __newindex = function()
        error("a rule cannot change the request", 2)
    end,
    __metatable = false,
})

-- A read-only table with these members.
function rule.freeze(members)
    return setmetatable({}, {
        __index = members,
        __newindex = function()
            error("a rule cannot change what it is given", 2)
        end,
        __metatable = false,
    })
end

-- The result of fn(request, argument), or nil and why it failed. `name` is like "margins.lua:
-- rule".
function rule.call(name, fn, request, argument)
    current = request
    local done, result = pcall(fn, view, argument)
    if done then
        return result
    elseif type(result) ~= "string" then
        return nil, name .. ": raised an error that is not a text"
    elseif not string.find(string.sub(result, 1, 64), "^%l+%.lua:") then
        result = name .. ": " .. result -- Lua knows no line: out of memory, or a tail call
    end
    return nil, result
end

return rule
