"""Every page there is, with something on it: for checks that concern all of them."""

from dataclasses import dataclass

import answers
from answers import Usage
from customer import Customer
from gateway import Gateway
from person import Person
from playwright.sync_api import expect

MODELS = ("gpt-4", "gpt-4o-mini", "gpt-4o", "demo")


@dataclass(frozen=True)
class Place:
    name: str  # of its screenshot
    path: str
    who: str  # nobody, customer, operator
    title: str  # the text of its heading, "" for one that is no text of the catalogue
    ready: str = ""  # a list that must be there


PLACES = (
    Place("signin", "/dashboard/signin", "nobody", "auth.signIn"),
    Place("signup", "/dashboard/signup", "nobody", "auth.signUp"),
    Place("forgot", "/dashboard/forgot", "nobody", "forgot.title"),
    Place("verify", "/dashboard/verify#nothing", "nobody", "verify.title"),
    Place("invitation", "/dashboard/invitation#nothing", "nobody", "door.invited"),
    Place("prices", "/prices", "nobody", "prices.title", "prices.title"),
    Place("home-empty", "/dashboard", "newcomer", "nav.home"),
    Place("home", "/dashboard", "customer", "nav.home", "home.latest"),
    Place("usage", "/dashboard/usage", "customer", "nav.usage", "usage.view.requests"),
    Place("usage-models", "/dashboard/usage?view=model", "customer", "nav.usage",
          "usage.view.model"),
    Place("usage-refused", "/dashboard/usage?view=refused", "customer", "nav.usage",
          "usage.view.refused"),
    Place("request-refused", "/dashboard/usage/{refused}", "customer", "request.title"),
    Place("request", "/dashboard/usage/{request}", "customer", "request.title"),
    Place("request-failed", "/dashboard/usage/{failed}", "customer", "request.title"),
    Place("keys", "/dashboard/keys", "customer", "nav.keys", "nav.keys"),
    Place("keys-new", "/dashboard/keys?new=1", "customer", "nav.keys", "nav.keys"),
    Place("credits", "/dashboard/credits", "customer", "nav.credits", "credits.history"),
    Place("models", "/dashboard/models", "customer", "nav.models", "nav.models"),
    Place("playground", "/dashboard/playground", "customer", "nav.playground"),
    Place("account", "/dashboard/account", "customer", "account.title", "account.sessions"),
    Place("not-found", "/dashboard/nothing", "customer", "notFound.title"),
    Place("admin-overview", "/dashboard/admin", "operator", "nav.overview", "sales.title"),
    Place("admin-customers", "/dashboard/admin/customers", "operator", "nav.customers",
          "nav.customers"),
    Place("admin-invitations", "/dashboard/admin/invitations", "operator", "invitations.title",
          "invitations.title"),
    Place("admin-customer", "/dashboard/admin/customers/{user}", "operator", "",
          "customers.view.requests"),
    Place("admin-request", "/dashboard/admin/requests/{request}", "operator", "request.title"),
    Place("admin-request-failed", "/dashboard/admin/requests/{failed}", "operator",
          "request.title", "request.attempts"),
    Place("admin-payments", "/dashboard/admin/payments", "operator", "nav.payments"),
    Place("admin-vouchers", "/dashboard/admin/vouchers", "operator", "nav.vouchers",
          "nav.vouchers"),
    Place("admin-policies", "/dashboard/admin/policies", "operator", "nav.policies",
          "policies.prices"),
    Place("admin-providers", "/dashboard/admin/providers", "operator", "nav.providers"),
    Place("admin-alerts", "/dashboard/admin/alerts", "operator", "nav.alerts"),
    Place("admin-audit", "/dashboard/admin/audit", "operator", "nav.audit", "nav.audit"),
)  # fmt: skip


class Town:
    """A gateway with life in it, and who lives there."""

    def __init__(self, gateway: Gateway, provider, operator: Customer):
        self.gateway = gateway
        self.people = {
            "customer": gateway.customer(credit="25", name="Production"),
            "newcomer": gateway.customer(credit=None),
            "operator": operator,
        }
        customer = self.people["customer"]
        self._use(customer, provider)
        self.ids = {
            "user": customer.call("GET", "/auth/me", 200)["user"]["id"],
            "request": customer.records()[0]["id"],
            "failed": self._fail(customer, provider),
            "refused": self._refuse(customer),
        }
        self._administer(operator)

    def _use(self, customer: Customer, provider) -> None:
        for number in range(24):
            usage = Usage(prompt=400 + 37 * number, completion=150 + 11 * number, cached=64)
            provider.answer = answers.chat(usage=usage)
            customer.ask(MODELS[number % len(MODELS)])
        for unit, period, amount in (("requests", "day", 24), ("usd", "month", "3")):
            quota = {"key_id": customer.key_id, "unit": unit, "period": period, "amount": amount}
            customer.call("POST", "/quotas", 201, json=quota)
        customer.create_key("Night jobs", budget="5", models=["gpt-4o-mini", "demo"])
        customer.create_key("Night jobs")  # two may be called alike
        customer.ask("gpt-4o-mini")

    def _fail(self, customer: Customer, provider) -> str:
        provider.answer = answers.error(500, "The server had an error", None, "server_error")
        failed = customer.ask("gpt-4o-mini").headers["x-request-id"]
        provider.answer = answers.chat()
        customer.ask("gpt-4o-mini")
        return failed

    def _refuse(self, customer: Customer) -> str:
        customer.ask("gpt-5-mini")
        return customer.ask("a-model-that-nobody-has").headers["x-request-id"]

    def _administer(self, operator: Customer) -> None:
        given = {"user_id": self.ids["user"], "amount": "5", "reason": "thanks for the report"}
        operator.call("POST", "/admin/credits", 201, json=given)
        vouchers = {"name": "Spring fair", "amount": "5", "count": 20, "kind": "manual"}
        for _ in range(2):
            operator.call("POST", "/admin/vouchers", 201, json=vouchers)
        for invited in (
            {"uses": 20, "credit": "2.50"},
            {"email": "new@example.com", "mail": False},
        ):
            operator.call("POST", "/admin/invitations", 201, json=invited)
        refunded = {"exchange_id": self.ids["request"], "reason": "a bad answer"}
        operator.call("POST", "/admin/refunds", 201, json=refunded)

    def _talk(self, person: Person) -> None:
        person.field("playground.message").fill("What is the capital of Korea?")
        person.button("playground.send").click()
        expect(person.link("playground.details")).to_be_visible()

    def path_of(self, place: Place) -> str:
        return place.path.format(**self.ids)

    def visit(self, person: Person, place: Place) -> None:
        """Goes there and waits until everything has arrived."""
        person.context.clear_cookies()
        if place.who in self.people:
            person.become(self.people[place.who])
        person.open(self.path_of(place))
        if place.title:
            person.sees_title(place.title)
        if place.ready:
            person.rows(place.ready)
        if place.name == "playground":
            self._talk(person)
        expect(person.main.locator(".skeleton")).to_have_count(0)
        for chart in person.main.locator("figure").all():
            expect(chart.locator("canvas")).to_be_visible()
