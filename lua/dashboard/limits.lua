-- The largest values that the account API takes, as in core/base/limits.h; GET site tells them to
-- pages.
return {
    NAME_BYTES_MAX = 100,
    PASSWORD_CHARS_MIN = 10,
    PASSWORD_BYTES_MAX = 1024,
    KEYS_MAX = 100,
    KEY_MODELS_MAX = 16,
    CHARGE_USD_MAX = 1000000,
    BUDGET_USD_MAX = 1000000,
    QUOTA_COUNT_MAX = 1e15, -- requests, tokens
    VOUCHERS_MAX = 1000, -- in a batch
    INVITATION_USES_MAX = 10000,
}
