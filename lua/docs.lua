-- The documentation for readers who must be known: pages for everybody are answered before a task
-- begins (core/app/pages.c).
local session = require "dashboard.session"

-- Who reads, or nil. An operator without the second factor that the gateway asks for is nobody yet.
local function reader_of(x)
    local user = session.find(x)
    if not user or session.needs_second_factor(user) then
        return nil
    end
    return user.role == "user" and "customer" or "operator"
end

local function read(x)
    local _, path = x:asked()
    x:reply_doc(path, reader_of(x))
    x:refuse(404, "not_found", "There is nothing at " .. path .. ".")
end

if core.docs == "off" then
    return {}
end
return {
    { method = "GET", path = "/docs", handler = read },
    { method = "GET", path = "/docs/{id}", handler = read },
}
