-- Redeems the code of a voucher for the signed-in user.
local body = require "dashboard.body"
local session = require "dashboard.session"
local store = require "store"
local throttle = require "dashboard.throttle"

local vouchers = {}

local CODE_BYTES_MAX = 64

-- A code is redeemed once, whatever is sent again: a retry finds "voucher_redeemed", which says
-- whether the same customer has done it.
function vouchers.redeem(x)
    local user = session.user(x)
    local members = body.read(x)
    body.require(x, members, "code")
    local code = body.text(x, members, "code", CODE_BYTES_MAX)
    local digest = x:digest_voucher(code)
    if not digest then
        x:refuse(400, "invalid_value", "code is not a voucher's code: it has 16 letters and digits,"
            .. " like 0000-1111-2222-3333. Look for a typing error.", "code")
    end
    local give_back = throttle.count_voucher(x, user.account_id)
    local result = store.call(x, "voucher.redeem", user.id, digest)
    give_back()
    x:reply(201, result)
end

return vouchers
