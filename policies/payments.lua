-- What customers can pay with `payments = stripe`, and the credit that they get for it.
-- docs/PAYMENTS.md explains all members.
---@type policy.Payments
return {
    currencies = {
        -- `credit`: in USD, for one unit of the currency. `min` and `max`: of one payment.
        { currency = "usd", credit = "1", min = "5", max = "1000", offers = { "10", "25", "100" } },
        -- { currency = "krw", credit = "0.00068", min = "7000", max = "1400000",
        --     offers = { "15000", { amount = "150000", credit = "105" } } },
    },
    automatic_top_ups = true, -- customers may let their card be charged when the balance gets low
    automatic_tax = false, -- Stripe Tax adds what is due; it must be set up in Stripe's dashboard
    invoices = false, -- Stripe writes an invoice for each payment
    product = "Credits", -- what the customer buys, on Stripe's page and on receipts
}
