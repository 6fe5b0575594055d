-- The catalogue: what providers publish, read from the field's public price files. Run by the
-- command line only (core/script/catalog_tool.h):
--
--   catalog.import(root, options) -> the text of policies/catalog.lua, a summary for people
--     root: the decoded file; its numbers are texts. options: {label, date, sha256, providers (a
--     list; empty: all), modes (a list of those that are imported although the gateway does not
--     serve them)}
--   catalog.read(root, options) -> {name = entry}, the same notes as the summary's
--   catalog.renew(old, root, options) -> the text of the catalogue that import would make for the
--     providers of `old`, the table that the present catalog.lua returns
--   catalog.diff(old, root, options) -> what it would change, "changed" or ""
--     (lua/catalog/diff.lua). options: also {json, money = {{model, old, new}}, money_error}
local diff = require "catalog.diff"
local images = require "catalog.images"
local litellm = require "catalog.litellm"
local models_dev = require "catalog.models_dev"
local rules = require "catalog.rules"
local write = require "catalog.write"

local catalog = {}

local RULES_MAX = 32        -- as in core/exchange/price_schedule.h
local NAME_BYTES_MAX = 127  -- as in lua/policy/models.lua
local NAMES_SHOWN = 8

local function set_of(list)
    local set = {}
    for _, name in ipairs(list or {}) do
        set[name] = true
    end
    return set
end

-- The reader of this kind of file.
local function reader_of(root)
    if type(root) ~= "table" then
        error("is no JSON object with models", 0)
    elseif litellm.fits(root) then
        return litellm, "LiteLLM"
    elseif models_dev.fits(root) then
        return models_dev, "models.dev"
    end
    error("is neither LiteLLM's price file (model_prices_and_context_window_backup.json) nor "
        .. "models.dev's (api.json)", 0)
end

local function note(notes, kind, why, name)
    local list = notes[kind][why] or {}
    list[#list + 1] = name
    notes[kind][why] = list
end

local function is_name(name)
    return #name <= NAME_BYTES_MAX and not string.find(name, "[^\33-\126]")
end

-- The entry of a model, or nil and why it cannot be sold.
local function entry_of(name, read)
    if read.problem then
        return nil, read.problem
    elseif not is_name(name) then
        return nil, "its name is no name for models.lua"
    end
    local entry = read.facts
    entry.prices, entry.rules = rules.build(read)
    local count = rules.count(entry.rules)
    if count > RULES_MAX then
        return nil, string.format("has %d rules of prices; the gateway has room for %d", count,
            RULES_MAX)
    end
    entry.image_tokens_max = images[entry.model]
    entry.mode = entry.mode ~= "chat" and entry.mode or nil
    return entry
end

-- All models of the file as entries by name, and what was left out: notes = {unserved = {mode =
-- names}, refused = {why = names}, unknown = {member = names}}.
function catalog.read(root, options)
    local reader, source = reader_of(root)
    local wanted, modes = set_of(options.providers), set_of(options.modes)
    local entries, notes = {}, { unserved = {}, refused = {}, unknown = {} }
    modes.chat = true
    reader.each(root, function(name, model)
        local provider = reader.provider(name, model)
        if type(provider) ~= "string" or (next(wanted) and not wanted[provider]) then
            return
        end
        local read = reader.read(name, model)
        if read.unknown then
            note(notes, "unknown", read.unknown, name)
        end
        if not modes[read.facts.mode] then
            return note(notes, "unserved", read.facts.mode, name)
        end
        local entry, why = entry_of(name, read)
        if not entry then
            return note(notes, "refused", why, name)
        end
        entries[name] = entry
    end)
    return entries, notes, source
end

local function sorted_names(set)
    local names = {}
    for name in pairs(set) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local function some(names)
    table.sort(names)
    local shown = {}
    for i = 1, math.min(#names, NAMES_SHOWN) do
        shown[i] = names[i]
    end
    return table.concat(shown, ", ")
        .. (#names > NAMES_SHOWN and ", and " .. #names - NAMES_SHOWN .. " more" or "")
end

local function add_notes(title, list, out)
    if next(list) then
        out[#out + 1] = title
    end
    for _, why in ipairs(sorted_names(list)) do
        out[#out + 1] = string.format("  %s: %d (%s)", why, #list[why], some(list[why]))
    end
end

local function summary(entries, notes, source)
    local by_provider, count = {}, 0
    for _, entry in pairs(entries) do
        by_provider[entry.provider] = (by_provider[entry.provider] or 0) + 1
        count = count + 1
    end
    local parts = {}
    for _, name in ipairs(sorted_names(by_provider)) do
        parts[#parts + 1] = by_provider[name] .. " of " .. name
    end
    local out = {
        string.format("imported %d models from %s's file%s", count, source,
            count > 0 and ": " .. table.concat(parts, ", ") or ""),
    }
    add_notes("not imported, by what they are for (--mode):", notes.unserved, out)
    add_notes("not sold:", notes.refused, out)
    add_notes("members that this version does not know (they may be prices):", notes.unknown, out)
    return table.concat(out, "\n") .. "\n"
end

local function text_of(entries, source, options)
    local list = {}
    for _, name in ipairs(sorted_names(entries)) do
        list[#list + 1] = entries[name]
    end
    if #list == 0 then
        error("has no model that could be sold"
            .. (#(options.providers or {}) > 0 and " of these providers" or ""), 0)
    end
    return write.text({
        source = source, version = options.label, date = options.date, sha256 = options.sha256,
    }, list)
end

function catalog.import(root, options)
    local entries, notes, source = catalog.read(root, options)
    return text_of(entries, source, options), summary(entries, notes, source)
end

-- A comparison is about the providers of the catalogue, unless some are named.
local function scope(old, options)
    local seen, modes = {}, set_of(options.modes)
    if type(old) ~= "table" or type(old.models) ~= "table" then
        error("catalog.lua: has no models", 0)
    end
    for _, entry in pairs(old.models) do
        seen[tostring(entry.provider)] = true
        modes[entry.mode or "chat"] = true
    end
    options.providers = #options.providers > 0 and options.providers or sorted_names(seen)
    options.modes = sorted_names(modes)
    return options
end

function catalog.renew(old, root, options)
    local entries, _, source = catalog.read(root, scope(old, options))
    return text_of(entries, source, options), ""
end

function catalog.diff(old, root, options)
    local entries, _, source = catalog.read(root, scope(old, options))
    return diff.run(old, entries, options, source)
end

return catalog
