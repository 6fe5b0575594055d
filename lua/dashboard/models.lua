-- The price list of the signed-in user. It may be long, so the text of a model is built once,
-- except its prices, which may differ by customer.
local context = require "context"
local json = require "json"
local policy = require "policy"
local session = require "dashboard.session"

local HEAD = '{"id":%s,"name":%s,"owned_by":%s,"created":%.0f,"context_length":%s,'
    .. '"max_output_tokens":%.0f,"available":%s,"capabilities":%s,"input_modalities":%s,'
    .. '"output_modalities":%s,"pricing":{"input":"'
local TAIL = '}}'

local heads = {} -- model id -> filled-in HEAD; the policies of a VM never change

local function make_head(model, tokens)
    return string.format(HEAD, core.json_string(model.id), core.json_string(model.name),
        core.json_string(model.owned_by), model.created, context.text(tokens),
        context.max_output(model, tokens),
        tostring(model.available), json.encode(json.list(model.capabilities)),
        json.encode(json.list(model.input_modalities)),
        json.encode(json.list(model.output_modalities)))
end

local function head_of(x, model)
    if model.context_key then -- the server's answer may change
        return make_head(model, context.of(x, model))
    end
    local head = heads[model.id]
    if not head then
        head = make_head(model, model.context)
        heads[model.id] = head
    end
    return head
end

local function text_of(x, model)
    local head = head_of(x, model)
    local prices = model.prices
    return head .. prices.input .. '","cached_input":"' .. prices.cached_input .. '","output":"'
        .. prices.output .. '"' .. prices.extra .. TAIL
end

return function(x)
    local user = session.user(x)
    local texts = policy.models { group = user.group, user_id = user.id, key_id = "" }
    for i = 1, #texts do
        texts[i] = text_of(x, texts[i])
    end
    x:reply(200, '{"data":[' .. table.concat(texts, ",") .. "]}")
end
