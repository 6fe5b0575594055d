-- The price list of the user who is signed in. It may be long, so a model's text is put together
-- once, but for its prices, which may be the customer's own.
local json = require "json"
local policy = require "policy"
local session = require "dashboard.session"

local HEAD = '{"id":%s,"name":%s,"owned_by":%s,"created":%.0f,"context_length":%.0f,'
    .. '"max_output_tokens":%.0f,"available":%s,"capabilities":%s,"input_modalities":%s,'
    .. '"output_modalities":%s,"pricing":{"input":"'
local TAIL = '"}}'

local heads = {} -- model id -> HEAD filled in; the policies of a VM never change

local function make_head(model)
    return string.format(HEAD, core.json_string(model.id), core.json_string(model.name),
        core.json_string(model.owned_by), model.created, model.context, model.max_output,
        tostring(model.available), json.encode(json.list(model.capabilities)),
        json.encode(json.list(model.input_modalities)),
        json.encode(json.list(model.output_modalities)))
end

local function text_of(model)
    local head = heads[model.id]
    if not head then
        head = make_head(model)
        heads[model.id] = head
    end
    local prices = model.prices
    return head .. prices.input .. '","cached_input":"' .. prices.cached_input .. '","output":"'
        .. prices.output .. TAIL
end

return function(x)
    local user = session.user(x)
    local texts = policy.models { group = user.group, user_id = user.id, key_id = "" }
    for i = 1, #texts do
        texts[i] = text_of(texts[i])
    end
    x:reply(200, '{"data":[' .. table.concat(texts, ",") .. "]}")
end
