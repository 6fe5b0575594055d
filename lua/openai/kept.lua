-- Calls that name what a provider keeps: a response, a conversation, an item. They go to the
-- provider that has it, if it is of the caller's account, and to no other.
local kept = {}

-- Which of the plan's candidates may see the request. Ends the task if it names what the account
-- has not, or what no candidate has.
function kept.candidates(x, plan)
    local naming = x:names_kept()
    if not naming then
        return plan.candidates
    elseif not plan.keepers then
        if naming == "strictly" then
            x:refuse_kept()
        end
        return plan.candidates -- to them these items are whole
    end
    local provider, owned = x:find_named()
    local keeper, others = plan.keepers.of[provider], plan.keepers.others
    if not owned and (naming == "strictly" or #others == 0) then
        x:limits(plan.limits, true) -- guesses count as requests
        x:refuse_named()
    elseif naming == "strictly" then
        return keeper and keeper.own or x:refuse_kept()
    end
    return owned and keeper and keeper.mixed or others
end

return kept
