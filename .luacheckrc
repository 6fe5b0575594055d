-- lua/ is ours and trusted: LuaJIT's words, but for those that core/script/sandbox.c takes away.
-- policies/ is the operator's: only what the sandbox lets through, and the words of our own that
-- lua/annotations/policy.lua declares (a test holds that file equal to what C registers).
max_line_length = 100
codes = true
exclude_files = { "build" }

local function words(text)
    local fields = {}
    for name in text:gmatch("%S+") do
        fields[name] = {}
    end
    return fields
end

local policy = words("assert error ipairs next pairs pcall select tonumber tostring type unpack")
policy.string = { fields = words("byte char format len lower reverse sub upper") }
policy.table = { fields = words("concat insert maxn remove sort") }
policy.math = {
    fields = words("abs acos asin atan atan2 ceil cos deg exp floor fmod huge log log10 max min"
        .. " modf pi pow rad random sin sqrt tan"),
}
local annotations = io.open("lua/annotations/policy.lua")
if annotations then
    for line in annotations:lines() do
        local name = line:match("^function ([%a_][%w_]*)%(") or line:match("^([%a_][%w_]*) *=")
        if name and not policy[name] then
            policy[name] = {}
        end
    end
    annotations:close()
end

stds.policy = { read_globals = policy }
std = "luajit"
files["lua"] = { read_globals = { "core" } } -- lua/annotations/core.lua
files["lua"] = { read_globals = { "core", "cjson" } }
-- Never to be called, only read by an editor.
files["lua/annotations"] = { ignore = { "111", "121", "122", "131", "143", "211", "212", "241" } }
files["policies"] = { std = "policy" }
