-- GET models and models/{id}: the models that the key may use, with OpenAI's and OpenRouter's
-- members. The list may be long, so the text of a model is built once, except its prices, which may
-- differ by customer.
local caller = require "openai.caller"
local context = require "context"
local json = require "json"
local endpoints = require "policy.endpoints"
local policy = require "policy"
local query = require "query"

local models = {}

local ID_BYTES_MAX = 128
local PAGE_MAX = 1000000
local STATUS = { model_not_found = 404, model_not_allowed = 403, model_not_priced = 503 }

-- The members of OpenAI, then those that Anthropic's clients read, then OpenRouter's.
local HEAD = '{"id":%s,"object":"model","created":%.0f,"owned_by":%s,"type":"model",'
    .. '"display_name":%s,"created_at":%s,"lifecycle":"active","max_input_tokens":%s,'
    .. '"max_tokens":%.0f,"name":%s,'
    .. '"available":%s,"context_length":%s,"architecture":{"modality":"%s","input_modalities":%s,'
    .. '"output_modalities":%s},"supported_endpoints":%s,"top_provider":{"context_length":%s,'
    .. '"max_completion_tokens":%.0f},"pricing":{"prompt":"'
local TAIL = '}}'

local heads = {} -- model id -> filled-in HEAD; the policies of a VM never change

local function make_head(model, tokens)
    local inputs, outputs = model.input_modalities, model.output_modalities
    local length = context.text(tokens)
    return string.format(HEAD, core.json_string(model.id), model.created,
        core.json_string(model.owned_by or core.brand_name), core.json_string(model.name),
        core.json_string(core.format_time(model.created * 1000)), length,
        context.max_output(model, tokens),
        core.json_string(model.name), tostring(model.available), length,
        table.concat(inputs, "+") .. "->" .. table.concat(outputs, "+"),
        json.encode(json.list(inputs)), json.encode(json.list(outputs)),
        json.encode(json.list(endpoints.paths(model.endpoints, policy.mounts.openai[1],
            model.id))),
        length, context.max_output(model, tokens))
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
    local pricing = model.pricing
    return head .. pricing.prompt .. '","completion":"' .. pricing.completion
        .. '","input_cache_read":"' .. pricing.cached .. '"' .. pricing.extra .. TAIL
end

local function id_of(model)
    return model and core.json_string(model.id) or "null"
end

-- Where the model of this id stands in a list; nil if it does not.
function models.place_of(list, id)
    for i, model in ipairs(list) do
        if model.id == id then
            return i
        end
    end
end

local function read_place(x, list, id, name)
    local place = models.place_of(list, id)
    if not place then
        x:refuse(400, "invalid_value", name .. " is the id of no model in this list.", name)
    end
    return place
end

-- The places of the first and the last model that are asked for, and whether there are more that
-- way. Only Anthropic's clients ask for pages; who names no limit gets all.
local function page_of(x, list)
    if not x:asked_header("anthropic-version") then
        return 1, #list, false
    end
    local values = query.read(x)
    local limit = query.integer(x, values, "limit", PAGE_MAX, 1, PAGE_MAX)
    local before = query.text(x, values, "before_id")
    if before then
        local last = read_place(x, list, before, "before_id") - 1
        local first = math.max(last - limit + 1, 1)
        return first, last, first > 1
    end
    local after = query.text(x, values, "after_id")
    local first = after and read_place(x, list, after, "after_id") + 1 or 1
    local last = math.min(first + limit - 1, #list)
    return first, last, last < #list
end

-- One answer for the clients of OpenAI, of Anthropic (has_more, first_id, last_id) and for Codex,
-- which reads `models` and takes its own list where that is empty.
function models.list(x)
    local list, texts = policy.models(caller.authenticate(x)), {}
    local first, last, has_more = page_of(x, list)
    for i = first, last do
        texts[#texts + 1] = text_of(x, list[i])
    end
    local is_empty = #texts == 0
    x:reply(200, '{"object":"list","data":[' .. table.concat(texts, ",") .. '],"has_more":'
        .. tostring(has_more) .. ',"first_id":' .. id_of(not is_empty and list[first])
        .. ',"last_id":' .. id_of(not is_empty and list[last]) .. ',"models":[]}')
end

-- The model that a path names, for this caller. Ends the task if there is none.
function models.find(x, path_text)
    local who = caller.authenticate(x)
    local id = core.unescape(path_text)
    if not id or #id > ID_BYTES_MAX then
        x:refuse(404, "model_not_found", "There is no model of this name.", "model")
    end
    local model, code, message = policy.model(id, who)
    if not model and not STATUS[code] then
        x:fail(message)
    elseif not model then
        x:refuse(STATUS[code], code, message, "model", nil, nil, true)
    end
    return model
end

function models.get(x, path_text)
    x:reply(200, text_of(x, models.find(x, path_text)))
end

return models
