-- providers.lua: the providers, how to call them, and how long to wait.
local balances = require "policy.balances"
local breaker = require "policy.breaker"
local key_pool = require "policy.key_pool"
local known_providers = require "policy.known_providers"
local limits = require "policy.answer_limit"
local mappings = require "policy.mappings"
local places = require "policy.places"
local rate_headers = require "policy.rate_headers"
local schema = require "policy.schema"
local service_account = require "policy.service_account"

local providers = {}

local MEMBERS = {
    dialect = true, base_url = true, api_key = true, ca_file = true, connect_timeout_ms = true,
    first_byte_timeout_ms = true, idle_timeout_ms = true, total_timeout_ms = true,
    stream_timeout_ms = true, on_cancel = true, errors_shown = true, max_tokens_field = true,
    usage_unasked = true, counts_tokens = true, keeps_responses = true, compacts = true,
    headers = true, pass_headers = true, ask_context = true, cost = true, provider = true,
    paths = true, query = true, key_header = true, region = true, resource = true, project = true,
    map = true, breaker = true, api_keys = true, location = true, service_account = true,
    rerank = true, rate_limits = true, raw_predict = true, spend_per_day = true,
    balance = true, traceparent = true,
}
local GEMINI_BATCHES = 1024 -- many embeddings at once: of whom has them one by one
-- A bit for each: 2 to the power of its place in core/dialect/dialect_kind.h.
local SPOKEN = {
    openai = 1, ["openai-chat"] = 1, ["openai-responses"] = 2, anthropic = 4, gemini = 8,
    embeddings = 16, moderations = 32, rerank = 64, completions = 128,
    decisions = 256, ["gemini-embeddings"] = 512, speech = 2048, images = 4096,
    transcriptions = 8192, translations = 16384, image_edits = 32768,
    image_variations = 65536,
}
local PLACES = {
    [1] = 0, [2] = 1, [4] = 2, [8] = 3, [16] = 4, [32] = 5, [64] = 6, [128] = 7, [256] = 8,
    [512] = 9, [2048] = 11, [4096] = 12, [8192] = 13, [16384] = 14,
    [32768] = 15, [65536] = 16,
}
-- Who speaks OpenAI's chat mostly has these beside it, at the same address; and Google has its own.
local BESIDE = {
    [SPOKEN.openai] = {
        SPOKEN.embeddings, SPOKEN.moderations, SPOKEN.speech, SPOKEN.images,
        SPOKEN.transcriptions, SPOKEN.translations, SPOKEN.image_edits, SPOKEN.image_variations,
    },
    [SPOKEN.gemini] = { SPOKEN["gemini-embeddings"], GEMINI_BATCHES },
    [SPOKEN["gemini-embeddings"]] = { GEMINI_BATCHES },
}
local DIALECTS = { demo = true }
for word in pairs(SPOKEN) do
    DIALECTS[word] = true
end
local ON_CANCEL = { charge = true, free = true, read = true }
-- In the same order as in core/exchange/provider_headers.c.
local PASSED = {
    traceparent = 1, tracestate = 2, ["openai-organization"] = 4, ["openai-project"] = 8,
}
local PASSES_OWN_TRACE = 16 -- beside those bits, likewise
local PASSED_BY_DEFAULT = { traceparent = true, tracestate = true }
local FRAMING = "it says where the request ends, or is of the connection"
local OURS = {
    ["content-length"] = FRAMING, ["transfer-encoding"] = FRAMING, connection = FRAMING,
    ["keep-alive"] = FRAMING, ["proxy-connection"] = FRAMING, te = FRAMING, trailer = FRAMING,
    upgrade = FRAMING, expect = FRAMING, host = FRAMING, ["content-type"] = "it is the body's",
    ["content-encoding"] = "the body is sent as it is",
    ["accept-encoding"] = "answers are read as they come",
    authorization = "give the key as api_key",
}
local HEADERS_MAX, HEADER_BYTES_MAX = 16, 480
local TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000
-- As in core/exchange/candidate.h.
local COST_PATHS_MAX, COST_PATH_BYTES_MAX = 4, 95 -- as in core/dialect/stated_cost.h
-- One of the unit is 10^-n USD.
local COST_UNITS = { usd = 0, cents = 2, ticks = 10 }
local MAP_MEMBERS = { path = true, request = true, answer = true, carries = true }
local PATH_BYTES_MAX, QUERY_BYTES_MAX, KEY_HEADER_BYTES_MAX = 100, 100, 30
local MEMBER_BYTES_MAX = 31 -- as in core/dialect/rerank_names.h
local NAME_BYTES_MAX, URL_BYTES_MAX, KEY_BYTES_MAX, FILE_BYTES_MAX = 63, 450, 500, 250

local function base_url(node)
    local url = schema.text(node, "base_url", schema.REQUIRED, URL_BYTES_MAX)
    local host = string.match(url, "^[hH][tT][tT][pP][sS]?://([^/?#]*)")
    if not host then
        schema.fail(node, "base_url", "must begin with http:// or https://")
    elseif string.find(url, "[^\33-\126]") then
        schema.fail(node, "base_url", "holds a character that cannot stand in an address")
    elseif string.find(url, "[?#]") then
        schema.fail(node, "base_url", "must not have a query or a fragment")
    elseif string.find(host, "@", 1, true) then
        schema.fail(node, "base_url", "must not hold a user or password; give the key as api_key")
    elseif host == "" or string.sub(host, 1, 1) == ":" then
        schema.fail(node, "base_url", "has no host")
    end
    return (string.gsub(url, "/+$", ""))
end

-- The key, whether the provider can be called, and why not. Never put a key into a message.
local function api_key(node)
    local value = node.value.api_key
    if value == false then
        return nil, true, nil
    elseif value == nil then
        local what = places.why_unset(node, "api_key",
            "its api_key is nil (write false for a server without keys)")
        return nil, false, 'provider "' .. node.key .. '" has no key: ' .. what
    end
    value = schema.text(node, "api_key", nil, KEY_BYTES_MAX)
    if string.find(value, "^%s") or string.find(value, "%s$") then
        schema.fail(node, "api_key", "begins or ends with a space")
    end
    return value, true, nil
end

-- The entry's own headers, as lines. Headers of framing and of the connection are ours.
local function headers(node)
    if node.value.headers == nil then
        return ""
    end
    local own = schema.child(node, "headers")
    local lines, seen = {}, {}
    for name in schema.each(own, "the header") do
        local lower = string.lower(name)
        if not string.find(name, "^[%w!#$%%&'*+.^_`|~-]+$") then
            schema.fail(own, name, "is no name of a header")
        elseif OURS[lower] then
            schema.fail(own, name, "is set by the gateway: %s", OURS[lower])
        elseif seen[lower] then
            schema.fail(own, name, "is given twice")
        end
        seen[lower] = true
        local value = schema.text(own, name, schema.REQUIRED, HEADER_BYTES_MAX)
        if string.find(value, "[^\9\32-\126]") then
            schema.fail(own, name, "holds a character that cannot stand in a header")
        end
        lines[#lines + 1] = name .. ": " .. value .. "\n"
    end
    if #lines > HEADERS_MAX then
        schema.fail(node, "headers", "has more than %d", HEADERS_MAX)
    end
    return table.concat(lines)
end

-- The client's headers that are passed on, one bit each.
local function pass_headers(node)
    local default = node.value.pass_headers == nil
    local _, set = schema.choices(node, "pass_headers", PASSED, "headers")
    local bits = 0
    for name, bit in pairs(PASSED) do
        if set[name] or (default and PASSED_BY_DEFAULT[name]) then
            bits = bits + bit
        end
    end
    if schema.boolean(node, "traceparent", false) then
        bits = bits + PASSES_OWN_TRACE
    end
    return bits
end

-- A path to a member of an answer: names with dots between.
local function path(node, key, default)
    local text = schema.text(node, key, default, COST_PATH_BYTES_MAX)
    if not text then
        return nil
    elseif string.find("." .. text .. ".", "..", 1, true) or string.find(text, "[^%w_.%-]") then
        schema.fail(node, key, 'must be names of members with dots between, such as "usage.cost"')
    end
    return text
end

local function cost_path(node)
    schema.only(node, { path = true, unit = true, only_if = true })
    local unit = schema.choice(node, "unit", "usd", COST_UNITS)
    return {
        path = path(node, "path", schema.REQUIRED),
        only_if = path(node, "only_if"),
        decimals = COST_UNITS[unit],
    }
end

-- Where answers say what we pay: one path, or a list of them.
local function cost(node)
    if node.value.cost == nil then
        return nil
    end
    local own = schema.child(node, "cost")
    if own.value[1] == nil then
        return { cost_path(own) }
    end
    local list = {}
    for i = 1, schema.list(own, "paths") do
        list[i] = cost_path(schema.child(own, i))
    end
    if #list > COST_PATHS_MAX then
        schema.fail(node, "cost", "must be at most %d paths, not %d", COST_PATHS_MAX, #list)
    elseif list[1].only_if then
        schema.fail(own, 1, "must have no only_if: without the first path nothing is stated")
    end
    return list
end

-- `seen`: the bits that are named, as a set.
local function with_beside(seen)
    local all, bits = {}, 0
    for named in pairs(seen) do
        all[named] = true
        for _, bit in ipairs(BESIDE[named] or {}) do
            all[bit] = true
        end
    end
    for bit in pairs(all) do
        bits = bits + bit
    end
    return bits
end

-- Conversations are translated into it; the first of all where there is none.
local function first_conversation(list)
    for _, word in ipairs(list) do
        if SPOKEN[word] < SPOKEN.embeddings then
            return word
        end
    end
    return list[1]
end

-- The dialects that the provider speaks: one, or a list. Returns their names as text, a bit for
-- each, and the place of the one into which other conversations are translated.
local function dialect(node)
    local value = node.value.dialect
    if type(value) ~= "table" then
        local word = schema.choice(node, "dialect", schema.REQUIRED, DIALECTS)
        local bit = SPOKEN[word]
        if not bit then -- the demo speaks chat
            return word, 1, 0
        end
        return word, with_beside { [bit] = true }, PLACES[bit]
    end
    local list = schema.choices(node, "dialect", SPOKEN, "dialects")
    local seen = {}
    for i, word in ipairs(list) do
        local bit = SPOKEN[word]
        if seen[bit] then
            schema.fail(schema.child(node, "dialect"), i, "is given twice")
        end
        seen[bit] = true
    end
    if #list == 0 then
        schema.fail(node, "dialect", "is empty: name at least one")
    end
    return table.concat(list, ", "), with_beside(seen), PLACES[SPOKEN[first_conversation(list)]]
end

-- Whether customers may name what it keeps of their calls; nil: they may not.
local function keeps_responses(node, spoken)
    local keeps = schema.boolean(node, "keeps_responses", false)
    if keeps and math.floor(spoken / SPOKEN["openai-responses"]) % 2 == 0 then
        schema.fail(node, "keeps_responses", 'is true, but dialect has no "openai-responses": only '
            .. "answers of that dialect are kept")
    end
    return keeps or nil
end

-- The entry with what is known of the provider that it names.
local function with_known(node)
    local name = schema.choice(node, "provider", nil, known_providers)
    if not name then
        return node
    end
    local value = {}
    for member, usual in pairs(known_providers[name]) do
        value[member] = usual
    end
    value.source, value.date, value.hosts, value.by_account = nil, nil, nil, nil
    for member, own in pairs(node.value) do
        value[member] = own
    end
    return { file = node.file, value = value, key = node.key, parent = node.parent }
end

-- The record's members about the key: a key of its own, or a service account.
local function read_key(node, known)
    local value = node.value
    local by_account = known and known.by_account and value.api_key == nil
    if value.service_account == nil and not by_account then
        local key, available, reason = api_key(node)
        return { api_key = key, available = available, unavailable_reason = reason }
    end
    local account, project, reason = service_account.read(node)
    value.project = value.project or known and project or nil
    return {
        service_account = account, available = account ~= nil, unavailable_reason = reason,
    }
end

-- A path between the base URL and what a dialect appends.
local function path_text(node, key)
    local text = schema.text(node, key, schema.REQUIRED, PATH_BYTES_MAX)
    local plain = string.gsub(text, "{model}", "model", 1)
    if not string.find(text, "^/") or string.find(text, "/$")
        or string.find(plain, "[^%w/._~-]") then
        schema.fail(node, key, 'must begin with "/" and not end with it; "{model}" may stand in it '
            .. "once, but no query")
    end
    return text
end

-- The paths, one for each dialect in their order; nil: none.
local function paths(node)
    if node.value.paths == nil then
        return nil
    end
    local own = schema.child(node, "paths")
    local any = own.value.any ~= nil and path_text(own, "any") or ""
    local list = {}
    for _, place in pairs(PLACES) do
        list[place + 1] = any
    end
    for word in schema.each(own, "the dialect") do
        if word ~= "any" then
            if not SPOKEN[word] then
                schema.fail(own, word, "is no dialect%s", schema.nearest(word, SPOKEN))
            end
            list[PLACES[SPOKEN[word]] + 1] = path_text(own, word)
        end
    end
    return list
end

local function query(node)
    local text = schema.text(node, "query", nil, QUERY_BYTES_MAX)
    if text and string.find(text, "[^%w=&._~%%-]") then
        schema.fail(node, "query", 'must be "name=value", with & between several')
    end
    return text
end

-- The field in which the key goes; nil: each dialect's own.
local function key_header(node)
    local name = schema.text(node, "key_header", nil, KEY_HEADER_BYTES_MAX)
    local lower = name and string.lower(name)
    if name and (string.find(name, "[^%w-]") or OURS[lower] and lower ~= "authorization") then
        schema.fail(node, "key_header", 'must be the name of a header, such as "api-key"')
    end
    return lower
end

-- What a provider of reranking calls top_n in a request, and results in an answer; nil: that.
local function rerank(node, spoken)
    if node.value.rerank == nil then
        return nil
    end
    local own = schema.only(schema.child(node, "rerank"), { top_n = true, results = true })
    for name, value in pairs(own.value) do
        if type(value) ~= "string" or #value > MEMBER_BYTES_MAX
            or not string.find(value, "^[%a_][%w_]*$") then
            schema.fail(own, name, 'must be the name of a member, such as "top_k"')
        end
    end
    if math.floor(spoken / SPOKEN.rerank) % 2 == 0 then
        schema.fail(node, "rerank", 'is given, but dialect has no "rerank"')
    end
    return { top_n = own.value.top_n, results = own.value.results }
end

-- An API that the operator maps. Returns the path that is asked, or nil.
local function map(node)
    if node.value.map == nil then
        return nil
    end
    local own = schema.only(schema.child(node, "map"), MAP_MEMBERS)
    local _, carries = schema.choices(own, "carries", mappings.WORDS, "words")
    local answer = schema.callable(own, "answer")
    if node.value.dialect ~= "openai-chat" then
        schema.fail(node, "map", 'is for dialect = "openai-chat": what it reads and writes becomes '
            .. "that")
    elseif not answer then
        schema.fail(own, "answer", "is missing: a function that reads an answer")
    end
    mappings.of[node.key] =
        { request = schema.callable(own, "request"), answer = answer, carries = carries }
    return own.value.path ~= nil and path_text(own, "path") or "/chat/completions"
end

-- What all calls to the provider may cost from midnight to midnight UTC; 0: no cap.
local function spend_per_day(node)
    local nusd = schema.amount(node, "spend_per_day")
    if nusd == 0 then
        schema.fail(node, "spend_per_day", "must be above 0; a provider that is not to be asked is "
            .. "left out of models.lua")
    end
    return nusd or 0
end

local function provider(parent, name)
    if #name > NAME_BYTES_MAX then
        schema.fail(parent, name, "a provider's name has at most %d bytes", NAME_BYTES_MAX)
    elseif string.find(name, "%c") then
        schema.fail(parent, name, "a provider's name has no control characters")
    end
    local node, further_keys =
        key_pool.read(with_known(schema.only(schema.child(parent, name), MEMBERS)))
    local known = known_providers[node.value.provider]
    local key = node.value.dialect ~= "demo" and read_key(node, known)
    local no_address = places.fill(node, known)
    local words, spoken, spoken_first = dialect(node)
    local timeout = function(member, default)
        return schema.integer(node, member, default, 1, TIMEOUT_MS_MAX)
    end
    local record = {
        name = name,
        dialect = words,
        demo = words == "demo",
        spoken = spoken,
        spoken_first = spoken_first,
        available = true,
        headers = "",
        pass_headers = 0,
        on_cancel = schema.choice(node, "on_cancel", "charge", ON_CANCEL),
        errors_shown = schema.boolean(node, "errors_shown", false),
        max_tokens_field = "max_tokens",
        ask_context = false,
        breaker = breaker.read(node),
        spend_per_day_nusd = spend_per_day(node),
        further_keys = further_keys,
        connect_timeout_ms = timeout("connect_timeout_ms", 5000),
        first_byte_timeout_ms = timeout("first_byte_timeout_ms", 120000),
        idle_timeout_ms = timeout("idle_timeout_ms", 60000),
        total_timeout_ms = timeout("total_timeout_ms", 600000),
        stream_timeout_ms = timeout("stream_timeout_ms", 21600000),
    }
    if record.demo then
        for _, member in ipairs {
            "base_url", "api_key", "ca_file", "max_tokens_field", "ask_context", "cost",
            "usage_unasked", "counts_tokens", "keeps_responses", "compacts", "provider", "paths",
            "query", "key_header", "map", "api_keys", "service_account", "rerank", "rate_limits",
            "raw_predict", "spend_per_day", "balance", "traceparent",
        } do
            if node.value[member] ~= nil then
                schema.fail(node, member, "the built-in demo provider has none")
            end
        end
        return record
    end
    record.base_url = base_url(node)
    record.balance = balances.read(node, node.value.provider, record.base_url)
    record.paths = paths(node)
    record.map_path = map(node)
    if record.map_path then -- nothing else is asked there
        record.spoken = SPOKEN["openai-chat"]
    end
    record.rerank = rerank(node, spoken)
    record.rate_limits = rate_headers.read(node)
    record.query = query(node)
    record.key_header = key_header(node)
    record.headers = headers(node)
    record.pass_headers = pass_headers(node)
    record.max_tokens_field = limits.field(node, limits.usual_field(record.base_url))
    record.ca_file = node.value.ca_file and schema.text(node, "ca_file", nil, FILE_BYTES_MAX)
    record.cost = cost(node)
    record.usage_unasked = schema.boolean(node, "usage_unasked", false) or nil
    record.counts_tokens = schema.boolean(node, "counts_tokens", false) or nil
    record.keeps_responses = keeps_responses(node, spoken)
    record.compacts = schema.boolean(node, "compacts", false) or nil
    record.raw_predict = schema.boolean(node, "raw_predict", false) or nil
    record.ask_context = schema.boolean(node, "ask_context", node.value.api_key == false)
    if record.raw_predict and node.value.dialect ~= "anthropic" then
        schema.fail(node, "raw_predict", 'is for dialect = "anthropic"')
    end
    for member, value in pairs(key) do
        record[member] = value
    end
    record.key_is_written = key_pool.is_written(node, record)
    if no_address then
        record.available, record.unavailable_reason = false, no_address
    end
    if record.ask_context and record.paths
        and string.find(record.paths[spoken_first + 1], "{model}", 1, true) then
        schema.fail(node, "ask_context", "is true, but the address has a model in it")
    end
    return record
end

-- The returned table -> name -> record.
function providers.read(value)
    local node = schema.open("providers.lua", value)
    local found = {}
    for name in schema.each(node, "the provider") do
        found[name] = provider(node, name)
    end
    return found
end

-- A test compares this with lua/annotations/policy.lua.
providers.MEMBERS = MEMBERS
providers.MAP_MEMBERS = MAP_MEMBERS
providers.SPOKEN = SPOKEN

return providers
