-- The member `group` of a body: "" or a group in the policies, for in an unknown group every
-- default would apply. nil if it is absent.
local body = require "dashboard.body"
local policy = require "policy"

local GROUP_BYTES_MAX = 31

return function(x, members)
    local group = body.label(x, members, "group", GROUP_BYTES_MAX)
    if group and group ~= "" and not policy.has_group(group) then
        local known = policy.groups()
        x:refuse(400, "invalid_value", "group must be one that the policies name"
            .. (#known > 0 and ": " .. table.concat(known, ", ") or "; they name none") .. ".",
            "group")
    end
    return group
end
