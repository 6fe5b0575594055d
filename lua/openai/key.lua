-- GET key: limits, use and the rest of the budget of the request's key.
local caller = require "openai.caller"
local json = require "json"
local store = require "store"

return function(x)
    local who = caller.authenticate(x)
    x:reply(200, json.encode { data = json.raw(store.call(x, "key.get", who.key_id)) })
end
