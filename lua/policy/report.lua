-- The effective prices as text: what `llm-gateway check` prints.
local policy = require "policy"
local prices = require "policy.prices"

local report = {}

local TITLES = {
    "model", "provider", "buy: input", "cached", "output", "margin", "sell: input", "cached",
    "output",
}
local SPACE = string.byte(" ")
local LEFT = { [1] = true, [2] = true } -- columns of text; the others are numbers

local function row_of(record)
    if not record.buy then
        return { record.model, "-", "-", "-", "-", "-", "-", "-", "-" }
    end
    local trial = record.trial and " (" .. record.trial .. " " .. record.share .. ")" or ""
    local row = { record.model, record.provider .. trial }
    for _, list in ipairs { record.buy, record.sell } do
        for _, kind in ipairs { "input", "cached_input", "output" } do
            row[#row + 1] = list[kind] or "-"
        end
    end
    table.insert(row, 6, record.margin or record.trial and "-" or "?")
    return row
end

local function widths_of(rows)
    local widths = {}
    for _, row in ipairs(rows) do
        for column, text in ipairs(row) do
            widths[column] = math.max(widths[column] or 0, #text)
        end
    end
    return widths
end

local function line_of(row, widths)
    local parts = {}
    for column, text in ipairs(row) do
        local space = string.rep(" ", widths[column] - #text)
        parts[column] = LEFT[column] and text .. space or space .. text
    end
    local line = table.concat(parts, "  ")
    local last = #line
    while string.byte(line, last) == SPACE do
        last = last - 1
    end
    return string.sub(line, 1, last)
end

-- What the columns do not have: "m (openai): also web_search 0.01, sold for 0.012".
local USUAL = { input = true, cached_input = true, output = true }

local function others_of(record)
    local parts = {}
    for _, unit in ipairs(prices.UNITS) do
        if record.buy[unit.name] and not USUAL[unit.name] then
            parts[#parts + 1] = unit.name .. " " .. record.buy[unit.name]
                .. (record.sell[unit.name] and " (sold at " .. record.sell[unit.name] .. ")" or "")
        end
    end
    return parts
end

-- "margin -12.5% (service tier flex, web_search at a loss), 20% (plain)": the lowest first.
local function margins_of(record)
    local parts, list = {}, record.margins
    if list[1].margin == list[#list].margin then
        return "margin " .. list[1].margin .. " under every rule"
    end
    for i, found in ipairs(list) do
        parts[i] = found.margin .. " (" .. (found.when or "plain")
            .. (found.loss and ": " .. found.loss .. " at a loss" or "") .. ")"
    end
    return "margin " .. table.concat(parts, ", ")
end

-- Other units, hedging, conditions and their margins, a line for each.
local function details_of(records)
    local lines = {}
    for _, record in ipairs(records) do
        local head = record.model .. " of " .. (record.provider or "-") .. ": "
        local parts = record.buy and others_of(record) or {}
        if #parts > 0 then
            lines[#lines + 1] = head .. table.concat(parts, ", ")
        end
        if record.sold_by_cost then
            lines[#lines + 1] = head .. "sold by cost: what the provider states for a call, and "
                .. "the margin; the prices are those of its hold"
        end
        if record.hedged then
            lines[#lines + 1] = record.model .. ": hedged after " .. record.hedged
        end
        for _, line in ipairs(record.when or {}) do
            lines[#lines + 1] = head .. line
        end
        if record.margins then
            lines[#lines + 1] = head .. margins_of(record)
        end
    end
    return lines
end

-- Each reason once, in the order of its models.
local function notes_of(records)
    local notes, models = {}, {}
    for _, record in ipairs(records) do
        local reason = record.unavailable_reason
        if not record.buy then
            reason = "no price, so not sold"
        elseif record.margin_error then
            reason = "the margin cannot be computed: " .. record.margin_error
        elseif record.loss then
            reason = "sold at a loss through " .. record.provider .. ", as allow_loss says"
        end
        if reason then
            if not models[reason] then
                models[reason] = {}
                notes[#notes + 1] = reason
            end
            table.insert(models[reason], record.model)
        end
    end
    for i, reason in ipairs(notes) do
        notes[i] = "note: " .. reason .. " (" .. table.concat(models[reason], ", ") .. ")"
    end
    return notes
end

-- What names a group or a model, of one and of more; and what becomes of it. A group that no file
-- names gets every default.
local NAMERS = {
    user = { "group", "user is in", "users are in" },
    invitation = { "group", "invitation is for", "invitations are for" },
    vouchers = { "group", "batch of vouchers is for", "batches of vouchers are for" },
    quota = { "model", "quota is of", "quotas are of", "; it limits nothing",
        "; they limit nothing" },
    key = { "model", "key may use", "keys may use" },
}

-- Why policies do not know the name; nil if they do.
local function unknown(kind, name)
    if kind == "group" then
        return not policy.has_group(name) and "which no policy names" or nil
    end
    local entry, is_sold = policy.entry(name)
    if not is_sold then
        return "which models.lua does not have"
    end
    return entry ~= name and 'which is another name of "' .. entry .. '"' or nil
end

local function warning_of(line)
    local what, count, name = string.match(line, "^(%a+) (%d+) (.*)$")
    local namer = NAMERS[what]
    local why = unknown(namer[1], name)
    local one = count == "1"
    return why and "warning: " .. count .. " " .. namer[one and 2 or 3] .. " the " .. namer[1]
        .. ' "' .. name .. '", ' .. why .. (namer[one and 4 or 5] or "") or nil
end

-- `lines`: what the database names of the policies, such as "user 12 vip".
local function warnings_of(lines)
    local warnings = {}
    for line in string.gmatch(lines, "[^\n]+") do
        warnings[#warnings + 1] = warning_of(line)
    end
    return warnings
end

local function warning_of_key(name)
    return 'warning: the key of the provider "' .. name .. '" stands in providers.lua itself: '
        .. 'whoever reads the file or a copy of it has the key. Write env("NAME") there, put the '
        .. "key into the environment, and let the provider replace it"
end

-- A table of all models, then why some of them cannot be called.
function report.text(names)
    local records = policy.status()
    local rows = { TITLES }
    for _, record in ipairs(records) do
        rows[#rows + 1] = row_of(record)
    end
    local widths = widths_of(rows)
    local lines = { "Prices in USD per million tokens, for a customer without a group:", "" }
    for _, row in ipairs(rows) do
        lines[#lines + 1] = line_of(row, widths)
    end
    for _, more in ipairs { details_of(records), notes_of(records) } do
        if #more > 0 then
            lines[#lines + 1] = ""
        end
        for _, line in ipairs(more) do
            lines[#lines + 1] = line
        end
    end
    for _, provider in ipairs(policy.providers()) do
        lines[#lines + 1] = provider.key_is_written and warning_of_key(provider.name) or nil
    end
    for _, warning in ipairs(warnings_of(names)) do
        lines[#lines + 1] = warning
    end
    return table.concat(lines, "\n") .. "\n"
end

return report
