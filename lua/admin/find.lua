-- Reads one thing with an operation; ends the task with a 404 if there is none with this id.
local store = require "store"

return function(x, operation, id, what, param, ...)
    local found = store.is_id(id) and store.find(x, operation, id, ...)
    if not found then
        x:refuse(404, "not_found", "There is no such " .. what .. ".", param)
    end
    return found
end
