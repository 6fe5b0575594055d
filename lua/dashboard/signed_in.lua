-- The answer to who has just signed in: the user, and what the user's role may do (for pages).
local cjson = require "cjson"
local json = require "json"
local roles = require "dashboard.roles"

return function(x, status, user_text)
    x:reply(status, json.encode {
        user = json.raw(user_text),
        permissions = json.list(roles.permissions(cjson.decode(user_text).role)),
    })
end
