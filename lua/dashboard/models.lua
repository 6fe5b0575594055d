-- Price lists: of the signed-in user, and of everybody. They may be long, so the text of a model is
-- built once, except its prices, which may differ by customer.
local context = require "context"
local endpoints = require "policy.endpoints"
local json = require "json"
local policy = require "policy"
local session = require "dashboard.session"

local models = {}

-- A list that may change without a reload (by a rule, by what the operator's servers say) is built
-- anew after this time.
local PUBLIC_KEEP_MS = 60000

local HEAD = '{"id":%s,"name":%s,"owned_by":%s,"created":%.0f,"context_length":%s,'
    .. '"max_output_tokens":%.0f,"available":%s,"capabilities":%s,"input_modalities":%s,'
    .. '"output_modalities":%s,"supported_endpoints":%s,"pricing":{"input":"'
local TAIL = '}}'

local heads = {} -- model id -> filled-in HEAD; the policies of a VM never change

local function make_head(model, tokens)
    return string.format(HEAD, core.json_string(model.id), core.json_string(model.name),
        core.json_string(model.owned_by or core.brand_name), model.created, context.text(tokens),
        context.max_output(model, tokens),
        tostring(model.available), json.encode(json.list(model.capabilities)),
        json.encode(json.list(model.input_modalities)),
        json.encode(json.list(model.output_modalities)),
        json.encode(json.list(endpoints.paths(model.endpoints, policy.mounts.openai[1],
            model.id))))
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

local function list_text(x, list)
    local texts = {}
    for i, model in ipairs(list) do
        texts[i] = text_of(x, model)
    end
    return '{"data":[' .. table.concat(texts, ",") .. "]}"
end

function models.list(x)
    local user = session.user(x)
    local list = policy.models { group = user.group, user_id = user.id, key_id = "" }
    x:reply(200, list_text(x, list))
end

-- ---- without a session ----

local public -- {text, tag, until_ms}; nil: not asked for yet

local function may_change(list)
    for _, model in ipairs(list) do
        if model.context_key then
            return true
        end
    end
    return policy.has_rules
end

local function build_public(x)
    local list = policy.models { user_id = "", key_id = "" }
    local text = list_text(x, list)
    return {
        text = text,
        tag = '"' .. string.sub(x:digest(text), 1, 32) .. '"',
        until_ms = may_change(list) and core.now_ms() + PUBLIC_KEEP_MS or math.huge,
    }
end

-- The prices of a customer without a group. Whoever asks, and however often: a VM builds the text
-- once, and a copy that is still true is not sent again.
function models.public(x)
    if not public or core.now_ms() >= public.until_ms then
        public = build_public(x)
    end
    x:header("ETag", public.tag)
    x:header("Cache-Control", "public, no-cache")
    if string.find(x:asked_header("if-none-match") or "", public.tag, 1, true) then
        x:reply(304)
    end
    x:reply(200, public.text)
end

return models
