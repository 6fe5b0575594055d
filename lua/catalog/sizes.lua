-- Pictures by size and quality. LiteLLM's file has an entry for each: "high/1024-x-1536/NAME", with
-- the provider in front or not. Here they are prices of one model under conditions.
local sizes = {}

local QUALITIES = {
    low = true, medium = true, high = true, xhigh = true, max = true, standard = true, hd = true,
}
local MEMBERS = { "output_cost_per_image", "input_cost_per_image" }
local PICTURES = { image_generation = true, image_edit = true }

-- The model's name, the size and the quality ("": none), or nil.
local function parts_of(name, provider)
    local prefix = provider .. "/"
    local rest = string.sub(name, 1, #prefix) == prefix and string.sub(name, #prefix + 1) or name
    local quality, width, height, model = string.match(rest, "^(%a+)/(%d+)%-x%-(%d+)/(.+)$")
    if not quality then
        width, height, model = string.match(rest, "^(%d+)%-x%-(%d+)/(.+)$")
    end
    local stepped = model and string.find(model, "^%w+%-steps/") -- what it is asked for, too
    if model and not stepped and (not quality or QUALITIES[quality]) then
        return model, width .. "x" .. height, quality or ""
    end
end

-- Whether the name is that of a size, but no model's.
function sizes.is_strange(name, source)
    return PICTURES[source.mode] ~= nil and string.find(name, "%w%-x%-%w+/") ~= nil
end

-- Whether the model is billed by tokens: then a price of a picture is what one costs about.
function sizes.by_tokens(source)
    return source.input_cost_per_token ~= nil or source.output_cost_per_image_token ~= nil
end

local function price_of(source)
    for _, member in ipairs(MEMBERS) do
        if source[member] ~= nil then
            return member, source[member]
        end
    end
end

-- The entry of the model itself: its name and what the file says; nil: there is none.
local function base_of(root, model, provider)
    for _, name in ipairs { provider .. "/" .. model, model } do
        local source = root[name]
        if type(source) == "table" and source.litellm_provider == provider then
            return name, source
        end
    end
end

-- A model of which the file has only sizes.
local function made_of(source)
    local made = {}
    for key, value in pairs(source) do
        made[key] = value
    end
    for _, member in ipairs(MEMBERS) do
        made[member] = nil
    end
    return made
end

local function is_sized(source)
    return type(source) == "table" and PICTURES[source.mode] and price_of(source) ~= nil
        and type(source.litellm_provider) == "string"
end

-- {name = true} of the entries that are sizes, {name = source} of the models that only have sizes,
-- and {source = {{size, quality, member, text}}}.
function sizes.collect(root)
    local parts, made, found, names = {}, {}, {}, {}
    for name in pairs(root) do
        names[#names + 1] = name
    end
    table.sort(names) -- the same file gives the same catalogue
    for _, name in ipairs(names) do
        local source = root[name]
        local model, size, quality
        if is_sized(source) then
            model, size, quality = parts_of(name, source.litellm_provider)
        end
        if model then
            parts[name] = true
            local own, base = base_of(root, model, source.litellm_provider)
            own = own or source.litellm_provider .. "/" .. model
            made[own] = not base and (made[own] or made_of(source)) or nil
            local list = found[base or made[own]] or {}
            local member, text = price_of(source)
            list[#list + 1] = { size = size, quality = quality, member = member, text = text }
            found[base or made[own]] = list
        end
    end
    return parts, made, found
end

return sizes
