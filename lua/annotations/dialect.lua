---@meta
-- The module "dialect.native", which C gives to lua/dialect: a document is read without decoding
-- it, and an output written without encoding it again. For editors that speak LuaLS; the gateway
-- never loads this file. Registered in core/script/json_*.c.
--
-- A node is a small whole number that names a value of the document; nodes live until the next
-- text. The root is 1. A refusal is raised as a table {code, param, message}: for the client's
-- request it becomes a 400.

---@class dialect.Document
---@class dialect.Output
---@class dialect.Members

---@class dialect.native
---@field document dialect.Document
---@field output dialect.Output
---@field MARK string what an opaque text of another dialect begins with
---@field SUMMARY_ORIGIN string stands behind it, before a summary of ours
---@field SUMMARY_BEGINNING string what a summary begins with for a model, as it stands in JSON
---@field GOOGLE_UNSIGNED string in place of a signature
local native = {}

-- ---- members of an object ----

---What is known of an object. A row is {name, kind, reason}. Kinds: "any", "string", "number",
---"array", "object" give a node; "text" (at most 512 bytes), "integer", "boolean" a value of Lua;
---"skip" is left out; "refuse" raises with the reason. `null` is the same as absent.
---@param rows string[][]
---@param open? boolean unknown members are left out; otherwise they are refused by name
---@param snake? boolean names may also be written in snake case
---@return dialect.Members
function native.members(rows, open, snake) end

---The values in the order of the rows, without those that are skipped or refused. Raises for a
---member of another kind, or one that is there twice.
---@param document dialect.Document
---@param node integer
---@param members dialect.Members
---@param where? string its place, for refusals; each # stands for one of the numbers behind it
---@param ... integer
---@return any ...
function native.pick(document, node, members, where, ...) end

---The same as a table by name.
---@return table<string, any>
function native.read(document, node, members, where, ...) end

-- ---- values ----

---The nodes of an array's elements, which follow each other.
---@return integer first, integer count
function native.items(document, node) end

---The members of an object, in their order.
---@return string[] names, integer[] nodes
function native.pairs_of(document, node) end

---@return "null"|"boolean"|"number"|"string"|"array"|"object"
function native.kind(document, node) end

---The decoded string; nil when it is no string or longer.
---@param bytes_max integer
---@return string?
function native.text(document, node, bytes_max) end

---What stands between the quotes of a string, escapes as they are; of other values their JSON, on
---one line.
---@return string
function native.content(document, node) end

---The length of the content.
---@return integer
function native.bytes(document, node) end

---@return integer?
function native.integer(document, node) end

---@param text string without escapes
---@return boolean
function native.begins(document, node, text) end

---The text before the first separator, decoded, and a node of what is behind it; nil when the
---separator is not among the first 256 bytes.
---@param separator string
---@return string? head, integer? rest
function native.split(document, node, separator) end

---A node of a string with this text, which stands as it would in JSON. Keep the text while the
---document is open.
---@param text string
---@return integer
function native.literal(document, text) end

-- ---- writing ----

---Writes texts as they are and nodes as their JSON, on one line. Of a string whose node is negated
---only what stands between its quotes.
---@param output dialect.Output
---@param ... string|integer
function native.put(output, ...) end

---Writes a whole number.
function native.put_number(output, number) end

---Writes a text as a JSON string.
function native.put_text(output, text) end

---Writes a JSON string whose text is the JSON of the value.
function native.put_encoded(output, node) end

---Writes the JSON object that a string holds ({} for an empty one). False, and nothing is written,
---when it holds something else.
---@param string integer|string a node, or the content of a string
---@return boolean
function native.put_decoded(output, string) end

---Writes a JSON string whose text is {"input": the string}.
function native.put_input(output, node) end

---Whether a string with this content holds a JSON object.
---@param content string
---@return boolean
function native.holds_object(content) end

---What put_input has put in, of the content of a string; nil when it holds something else.
---@return string? content
function native.input_of(content) end

---The text as a JSON string.
---@return string
function native.quoted(text) end

-- ---- base64 ----

---@return string
function native.base64(text) end

---The bytes of the base64 in a string, if they can stand between the quotes of a JSON string.
---@return string?
function native.from_base64(document, node) end

---The text in the base64 of a string; nil when it is no UTF-8, or too long.
---@return string?
function native.text_of_base64(document, node) end
