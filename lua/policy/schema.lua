-- Checks of what a policy file returned. Each finds one kind of mistake, and names the value, its
-- line and what would be right. A node is a table of the file with the way to it: {file =
-- "models.lua", value = table, key = its key in the parent, parent = node}.
local native = require "policy.native"

local schema = {}

local NAMES_MAX = 64

local function is_name(key)
    return type(key) == "string" and #key <= 1024 and string.find(key, "^[%a_][%w_]*$") ~= nil
end

-- The steps from the file's table to `key` in `node` (nil: to the node itself).
local function path_of(node, key)
    local steps = {}
    if key ~= nil then
        steps[1] = key
    end
    while node.parent do
        table.insert(steps, 1, node.key)
        node = node.parent
    end
    return steps
end

local function path_text(file, steps)
    local parts = { (string.gsub(file, "%.lua$", "")) }
    for _, step in ipairs(steps) do
        if is_name(step) then
            parts[#parts + 1] = "." .. step
        elseif type(step) == "number" then
            parts[#parts + 1] = "[" .. step .. "]"
        else
            parts[#parts + 1] = '["' .. string.sub(tostring(step), 1, 100) .. '"]'
        end
    end
    return table.concat(parts)
end

-- models["gpt-4o"].input
function schema.path(node, key)
    return path_text(node.file, path_of(node, key))
end

-- "models.lua:12", or "models.lua" if the text does not show the line.
function schema.place(node, key)
    local line = native.line(node.file, path_of(node, key))
    return line and node.file .. ":" .. line or node.file
end

-- Ends the load: "models.lua:12: models["gpt-4o"].input: <why>".
function schema.fail(node, key, why, ...)
    local text = select("#", ...) > 0 and string.format(why, ...) or why
    error(schema.place(node, key) .. ": " .. schema.path(node, key) .. ": " .. text, 0)
end

-- How a message shows a value. Strings may be secrets, so they are never shown.
local function kind_of(value)
    if type(value) == "number" then
        return string.format("%.14g", value)
    elseif type(value) == "boolean" then
        return tostring(value)
    elseif type(value) == "nil" then
        return "nothing"
    end
    return "a " .. type(value)
end
schema.kind_of = kind_of

local function nearest(name, known)
    local found = type(name) == "string" and native.nearest(name, known)
    return found and '; did you mean "' .. found .. '"?' or ""
end
schema.nearest = nearest

-- The keys of a set as text: "a, b, c".
local function names_of(set)
    local names = {}
    for name in pairs(set) do
        names[#names + 1] = tostring(name)
    end
    table.sort(names)
    if #names > NAMES_MAX then
        names = { names[1], names[2], names[3], "... (" .. #names .. ")" }
    end
    return table.concat(names, ", ")
end

-- The name that was probably meant, or else all known names.
local function hint(name, known)
    local found = nearest(name, known)
    return found ~= "" and found or "; known are " .. names_of(known)
end

-- true or false; the default if absent.
function schema.boolean(node, key, default)
    local value = node.value[key]
    if value == nil then
        return default
    elseif type(value) ~= "boolean" then
        schema.fail(node, key, "must be true or false, not %s", kind_of(value))
    end
    return value
end

-- The node of the table at `key`, with any members.
function schema.child(node, key)
    local value = node.value[key]
    if type(value) ~= "table" then
        schema.fail(node, key, "must be a table, not %s", kind_of(value))
    end
    return { file = node.file, value = value, key = key, parent = node }
end

-- Refuses members that are not in `members` (a set of names).
function schema.only(node, members)
    for key in pairs(node.value) do
        if not members[key] then
            schema.fail(node, key, "there is no such member%s", hint(key, members))
        end
    end
    return node
end

-- The whole file as a node.
function schema.open(file, value)
    if type(value) ~= "table" then
        error(file .. ": must return a table, not " .. kind_of(value), 0)
    end
    return { file = file, value = value }
end

-- Iterates over the names of a table in alphabetical order; refuses other keys.
function schema.each(node, noun)
    local names = {}
    for key in pairs(node.value) do
        if type(key) ~= "string" or key == "" then
            schema.fail(node, key, "must have a name: the key is %s's name", noun)
        end
        names[#names + 1] = key
    end
    table.sort(names)
    local i = 0
    return function()
        i = i + 1
        return names[i]
    end
end

-- The length of a list; refuses names and holes.
function schema.list(node, noun)
    local count = #node.value
    for key in pairs(node.value) do
        if type(key) ~= "number" or key < 1 or key > count or key ~= math.floor(key) then
            schema.fail(node, key, "is not expected: this is a list of %s, one after the other",
                noun)
        end
    end
    return count
end

-- ---- single values: an optional one that is nil gives `default` ----

local REQUIRED = {}
schema.REQUIRED = REQUIRED

local function absent(node, key, default, what)
    if default == REQUIRED then
        schema.fail(node, key, "is missing; it must be %s", what)
    end
    return default
end

function schema.text(node, key, default, bytes_max)
    local value = node.value[key]
    if value == nil then
        return absent(node, key, default, "a text")
    elseif type(value) ~= "string" then
        schema.fail(node, key, "must be a text, not %s", kind_of(value))
    elseif value == "" then
        schema.fail(node, key, "is empty")
    elseif #value > (bytes_max or 1024) then
        schema.fail(node, key, "is longer than %d bytes", bytes_max or 1024)
    elseif string.find(value, "%c") then
        schema.fail(node, key, "holds a line break or another control character")
    end
    return value
end

function schema.integer(node, key, default, least, most)
    local value = node.value[key]
    if value == nil then
        return absent(node, key, default, "a whole number")
    elseif type(value) ~= "number" or value ~= math.floor(value) then
        schema.fail(node, key, "must be a whole number, not %s", kind_of(value))
    elseif value < least or value > most then
        schema.fail(node, key, "must be from %.0f to %.0f, not %.14g", least, most, value)
    end
    return value
end

-- A date (midnight UTC) or a time, in milliseconds since 1970; and its text. nil if absent.
function schema.moment(node, key)
    local text = schema.text(node, key, nil, 40)
    local at_ms = text and native.time(text)
    if text and not at_ms then
        schema.fail(node, key, 'must be a date such as "2026-12-01" (midnight UTC) or a time such '
            .. 'as "2026-12-01T16:00:00Z"')
    end
    return at_ms, text
end

function schema.callable(node, key)
    local value = node.value[key]
    if value ~= nil and type(value) ~= "function" then
        schema.fail(node, key, "must be a function, not %s", kind_of(value))
    end
    return value
end

-- One of the keys of `known`.
function schema.choice(node, key, default, known)
    local value = node.value[key]
    if value == nil then
        return absent(node, key, default, "one of " .. names_of(known))
    elseif type(value) ~= "string" then
        schema.fail(node, key, "must be a text, not %s", kind_of(value))
    elseif known[value] == nil then
        local name = string.sub(value, 1, 100)
        schema.fail(node, key, 'there is no "%s"%s', name, hint(value, known))
    end
    return value
end

-- A list of texts from `known` (any text when nil) as a list and as a set.
function schema.choices(node, key, known, noun)
    local list, set = {}, {}
    if node.value[key] == nil then
        return list, set
    end
    local child = schema.child(node, key)
    for i = 1, schema.list(child, noun) do
        local value = known and schema.choice(child, i, REQUIRED, known)
            or schema.text(child, i, REQUIRED, 128)
        if set[value] then
            schema.fail(child, i, "is given twice")
        end
        list[i], set[value] = value, true
    end
    return list, set
end

-- ---- money ----

local function money(node, key, parse, what)
    local value = node.value[key]
    if value == nil then
        return nil
    elseif type(value) ~= "string" and type(value) ~= "number" then
        schema.fail(node, key, "must be %s, not %s", what, kind_of(value))
    end
    local parsed, why = parse(value)
    if not parsed then
        schema.fail(node, key, "%s", why)
    end
    return parsed
end

-- USD per million tokens -> pico-USD per token.
function schema.price(node, key)
    return money(node, key, native.price, 'a price in USD per million tokens such as "0.15"')
end

-- USD for one -> pico-USD.
function schema.single_price(node, key)
    return money(node, key, native.single_price, 'a price in USD for one such as "0.01"')
end

-- USD -> nano-USD.
function schema.amount(node, key)
    return money(node, key, native.amount, 'an amount in USD such as "12.50"')
end

-- A text such as "20%" -> parts per million, or nil and why. For values from functions too.
function schema.parse_margin(value)
    if type(value) ~= "string" then
        return nil, 'must be a text such as "20%", not ' .. kind_of(value)
    end
    local ppm, why = native.margin(value)
    if not ppm then
        return nil, why
    end
    return ppm
end

-- "1.1" -> 1100000 parts per million, or nil.
function schema.factor(node, key, most_ppm)
    local nusd = money(node, key, native.amount, 'a factor such as "1.1"')
    if nusd == nil then
        return nil
    elseif nusd % 1000 ~= 0 then
        schema.fail(node, key, "has more than 6 decimals")
    elseif nusd == 0 or nusd / 1000 > most_ppm then
        schema.fail(node, key, "must be above 0 and at most %.0f", most_ppm / 1e6)
    end
    return nusd / 1000
end

function schema.margin(node, key, default)
    local value = node.value[key]
    if value == nil then
        return absent(node, key, default, 'a margin such as "20%"')
    end
    local ppm, why = schema.parse_margin(value)
    if not ppm then
        schema.fail(node, key, "%s", why)
    end
    return ppm
end

return schema
