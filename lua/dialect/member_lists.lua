-- What a dialect's members.lua is made with.
local native = require "dialect.native"

-- Returns the module's table, and the function that adds a list to it by its name. `place` is where
-- the list stands in docs/DIALECTS.md; `open`: of an answer, which may have more than we know.
-- `any_case`: names may also be written in snake case.
return function(any_case)
    local members = { lists = {} }
    return members, function(name, place, rows, open)
        members[name] = native.members(rows, open, any_case)
        members.lists[#members.lists + 1] = { place = place, rows = rows, open = open }
    end
end
