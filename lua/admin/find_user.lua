-- Finds the user of a member or parameter user_id, as a table; ends the task if it is missing, or
-- if there is no such user.
local cjson = require "cjson"
local find = require "admin.find"

return function(x, id)
    if not id then
        x:refuse(400, "missing_field", "user_id is missing.", "user_id")
    end
    return cjson.decode(find(x, "user.get", id, "user", "user_id"))
end
