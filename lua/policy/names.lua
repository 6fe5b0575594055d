-- Names of models that are no entries: other names of an entry, some with a star for any letters
-- (models.lua: ["gpt-4o-*"] = "gpt-4o"), and names that are mistyped.
local native = require "policy.native"
local schema = require "policy.schema"

local names = {}

local PATTERNS_MAX = 100 -- each is compared with a name that is no entry
local NEAR = 24 -- names before and behind a mistyped one that are looked at
local TRIES = 3 -- of those, how many may turn out to be not for the caller

-- ---- other names ----

function names.is_pattern(id)
    return string.find(id, "*", 1, true) ~= nil
end

local function pattern(node, id, target)
    local before, behind = string.match(id, "^([^*]*)%*([^*]*)$")
    if not before then
        schema.fail(node, id, "has more than one star")
    elseif before == "" and behind == "" then
        schema.fail(node, id, "is a star alone: it would be every name")
    end
    return { id = id, before = before, behind = behind, target = target }
end

-- The longer the text beside the star, the sooner; a tie would be a matter of luck.
local function sort_patterns(node, list)
    table.sort(list, function(a, b)
        local a_bytes, b_bytes = #a.id, #b.id
        return a_bytes > b_bytes or (a_bytes == b_bytes and a.id < b.id)
    end)
    for i = 2, #list do
        local one, other = list[i - 1], list[i]
        if #one.id == #other.id and one.target ~= other.target and names.overlap(one, other) then
            schema.fail(node, other.id, 'fits the same names as "%s", which is as long', one.id)
        end
    end
end

-- Whether some name may fit both: one's beginning begins the other's, and so for the ends.
function names.overlap(one, other)
    local function agree(a, b)
        local bytes = math.min(#a, #b)
        return string.sub(a, 1, bytes) == string.sub(b, 1, bytes)
    end
    return agree(one.before, other.before)
        and agree(string.reverse(one.behind), string.reverse(other.behind))
end

-- `others`: name -> the name of the entry that it stands for. `models`: the entries.
function names.read(node, others, models)
    local found = { exact = {}, patterns = {} }
    for id, target in pairs(others) do
        if others[target] then
            schema.fail(node, id, '"%s" is another name itself: name the entry', target)
        elseif not models[target] then
            schema.fail(node, id, 'there is no entry "%s"%s', string.sub(target, 1, 100),
                schema.nearest(target, models))
        elseif names.is_pattern(id) then
            table.insert(found.patterns, pattern(node, id, target))
        else
            found.exact[id] = target
        end
    end
    if #found.patterns > PATTERNS_MAX then
        error("models.lua: has more than " .. PATTERNS_MAX .. " names with a star", 0)
    end
    sort_patterns(node, found.patterns)
    return found
end

local function fits(each, name)
    local before, behind = each.before, each.behind
    return #name >= #before + #behind and string.sub(name, 1, #before) == before
        and (behind == "" or string.sub(name, -#behind) == behind)
end

-- The entry that the name stands for, or nil.
function names.target(found, name)
    if found.exact[name] then
        return found.exact[name]
    end
    for _, each in ipairs(found.patterns) do
        if fits(each, name) then
            return each.target
        end
    end
end

-- ---- mistyped names ----

-- Without what people get wrong: capitals, signs, the maker in front.
local function plain(name)
    return string.lower((string.gsub(string.gsub(name, "^.*/", ""), "[^%w]", "")))
end

-- What tells versions apart is no slip of the finger.
local function digits(text)
    return (string.gsub(text, "%D", ""))
end

-- An index of the entries, for `similar`.
function names.index(ids)
    local index = { list = {} }
    for _, id in ipairs(ids) do
        index.list[#index.list + 1] = { plain = plain(id), id = id }
    end
    table.sort(index.list, function(a, b)
        return a.plain < b.plain or (a.plain == b.plain and a.id < b.id)
    end)
    return index
end

-- The place of the first entry that is not before the text.
local function place_of(list, text)
    local low, high = 1, #list + 1
    while low < high do
        local middle = math.floor((low + high) / 2)
        if list[middle].plain < text then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

-- The entry that the name most likely means, of those for which may(id) is true; or nil. Bounded,
-- however many entries there are: only those around it in the order of the alphabet are looked at.
function names.similar(index, name, may)
    local text = plain(name)
    local place, wanted, near = place_of(index.list, text), digits(text), {}
    for i = math.max(1, place - NEAR), math.min(#index.list, place + NEAR) do
        local each = index.list[i]
        if digits(each.plain) == wanted and not near[each.plain] then
            near[each.plain] = each.id
        end
    end
    for _ = 1, TRIES do
        local best = native.nearest(text, near)
        if not best then
            return nil
        elseif may(near[best]) then
            return near[best]
        end
        near[best] = nil
    end
end

return names
