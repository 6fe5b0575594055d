-- The translation between two dialects, as core/script/translation.c calls it. A dialect is five
-- modules: it reads and writes a request, reads an answer (events or whole), and writes it as a
-- stream or whole. What lies between them is described in common.lua. Embeddings are no
-- conversations: they are translated among themselves, and never streamed.
local common = require "dialect.common"
local collector = require "dialect.collector"
local custom = require "dialect.custom"
local in_turn = require "dialect.in_turn"
local mapped = require "dialect.mapped"
local names = require "dialect.names"
local native = require "dialect.native"
local results = require "dialect.results"

local dialect = {}

local ROOT = 1

local FOLDERS = {
    ["openai-chat"] = "dialect.chat",
    ["openai-responses"] = "dialect.responses",
    anthropic = "dialect.anthropic",
    gemini = "dialect.gemini",
    embeddings = "dialect.embeddings",
    ["gemini-embeddings"] = "dialect.gemini_embeddings",
    ["gemini-embeddings-batch"] = "dialect.gemini_embeddings",
}

local parts = {} -- name of a module -> module; the modules of a VM never change

local function part(name, what)
    local module = FOLDERS[name] .. "." .. what
    parts[module] = parts[module] or require(module)
    return parts[module]
end

-- Where the client has tools that take any text, or that have other names for the provider, calls
-- of them are turned back.
local function turning_back(asked, writer)
    return asked.custom and next(asked.custom) and custom.wrap(writer) or writer
end

local function writer_of(client, asked)
    if asked.answer.compacts then
        return part(client, "compact").writer
    end
    local writer = in_turn.wrap(turning_back(asked, part(client, "write_stream")))
    return names.wrap(asked.answer, writer)
end

-- Agents say how much to reason to every model; one that never does refuses the member.
local function read_request(wish, client)
    local asked = part(client, "read_request")(wish, client)
    if wish.never_reasons then
        asked.effort, asked.budget, asked.thinking, asked.thoughts = nil, nil, nil, nil
    end
    return asked
end

local function write_request(client, provider, wish)
    local asked = read_request(wish, client)
    if asked.messages then
        common.check_roles(asked)
        common.check_choice(asked)
        results.settle(asked)
        names.fit(asked, provider)
    end
    part(provider, "write_request")(asked, wish, provider)
    return asked
end

-- Writes the provider's body; returns the state of the answer.
function dialect.request(client, provider, wish)
    local map = mapped.find(provider)
    local asked = map and mapped.write_request(map, wish, function()
        return read_request(wish, client)
    end) or write_request(client, provider, wish)
    return {
        client = client,
        map = map,
        memory = map and {}, -- the operator's function keeps there what later events need
        provider = provider,
        id = wish.exchange_id,
        model = wish.model_public,
        created = wish.created,
        streamed = wish.streamed,
        asked = asked.answer, -- what the client's writer must know of the request
        custom = asked.custom,
        reader = map and mapped.reader or part(provider, "read_answer"),
        writer = map and mapped.writer or asked.messages and writer_of(client, asked),
        choice = 0,
        reasons = {},
        calls_made = {},
    }
end

function dialect.event(s, name)
    s.reader.event(s, name)
end

-- So many pieces of the open text went out without the writer; the document has their text.
function dialect.skipped(s, count)
    s.writer.skipped(s, native.content(native.document, ROOT), tonumber(count))
end

function dialect.finish(s)
    if s.reader.finish then
        s.reader.finish(s)
    end
    s.writer.finish(s)
end

-- Embeddings: a list of them, in the order of what was asked for.
local function embeddings_body(s)
    s.reader.body(s)
    if #s.embeddings ~= s.asked.inputs then
        error("there are " .. #s.embeddings .. " embeddings of " .. s.asked.inputs .. " inputs", 0)
    end
    part(s.client, "write_body")(s)
end

function dialect.body(s)
    if s.asked.inputs then
        embeddings_body(s)
        return
    end
    if s.streamed then
        s.reader.body(s)
        dialect.finish(s)
        return
    end
    if s.asked.compacts then
        s.reader.body(s)
        part(s.client, "compact").body(s)
        return
    end
    s.writer = names.wrap(s.asked, turning_back(s, collector.new(s)))
    s.reader.body(s)
    if s.writer.flush then
        s.writer.flush(s)
    end
    part(s.client, "write_body")(s)
end

dialect.output = native.output

return dialect
