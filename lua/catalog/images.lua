-- The most tokens that one picture can cost, where it is known, as
-- in the shipped models.lua. Price files do not have it. By the provider's name of the model.
return {
    ["gpt-4o"] = 1445, ["gpt-4o-2024-05-13"] = 1445, ["gpt-4o-2024-08-06"] = 1445,
    ["gpt-4o-2024-11-20"] = 1445,
    ["gpt-4o-mini"] = 48169, ["gpt-4o-mini-2024-07-18"] = 48169,
    ["gpt-4-turbo"] = 1445, ["gpt-4-turbo-2024-04-09"] = 1445,
}
