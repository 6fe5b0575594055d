-- GET generation?id=: the record of one exchange of the account.
local caller = require "openai.caller"
local json = require "json"
local query = require "query"
local store = require "store"

local ID_BYTES_MAX = 64

return function(x)
    local who = caller.authenticate(x)
    local id = query.read(x).id
    if not id then
        x:refuse(400, "missing_field", "id is missing: the x-request-id of an answer.", "id")
    end
    local record = #id <= ID_BYTES_MAX and store.find(x, "usage.get", who.account_id, id)
    if not record then
        x:refuse(404, "not_found", "There is no record of such a request.", "id")
    end
    x:reply(200, json.encode { data = json.raw(record) })
end
