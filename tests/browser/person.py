"""Somebody in front of a browser: a language, a width, a theme, and eyes that miss no complaint of
the page."""

import re
from dataclasses import dataclass, replace

from customer import PASSWORD, Customer
from gateway import Gateway
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from texts import text

LOCALES = {"en": "en-US", "ko": "ko-KR"}
SIZES = {"wide": (1280, 800), "narrow": (360, 740)}
WAIT_MS = 10_000

# Runs before any script of the page, in every document.
WITNESS = """
window.complaints = [];
window.jumped = 0; // as the browser measures it: share of the screen times share of the way
document.addEventListener("securitypolicyviolation", (event) =>
    window.complaints.push(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        window.jumped += entry.hadRecentInput ? 0 : entry.value;
    }
}).observe({ type: "layout-shift", buffered: true });
// Who uses the keyboard keeps a place when what has the focus goes away. The page has time to find
// one: only at the second look there is something to complain of. A look is two pictures later: a
// browser holds a timer of the page back by 4 ms when timers have set each other.
let held = null;
let missed = null;
const look = () => {
    isLooking = false; // one look at a time: two in the same moment are not a second one
    const hasPage = document.querySelector("main") !== null; // not between two of them
    if (!held || !hasPage || document.activeElement !== document.body) {
        missed = null;
    } else if (held.checkVisibility()) {
        held = null; // somebody has left it on purpose
    } else if (missed === held) {
        complaints.push(`the focus is lost with ${held.outerHTML.slice(0, 200)}`);
        held = null;
    } else {
        missed = held;
        lookSoon();
    }
};
const afterPicture = (act) => requestAnimationFrame(() => setTimeout(act));
let isLooking = false;
const lookSoon = () => {
    if (!isLooking) {
        isLooking = true;
        afterPicture(() => afterPicture(look));
    }
};
document.addEventListener("focusin", ({ target }) => { held = target; }, true);
document.addEventListener("focusout", lookSoon, true);
document.addEventListener("DOMContentLoaded", () =>
    new MutationObserver(lookSoon).observe(document.body, { childList: true, subtree: true }));
// Who hears a list, or speaks to it, must know which row a button or a link belongs to: two of a
// table have the same name only if they lead to the same place.
const nameOf = (it) => (it.ariaLabel ?? it.textContent).trim();
const placeOf = (it, index) => it.href ?? `button ${index}`;
const hear = () => {
    for (const table of document.querySelectorAll("[role=table], table")) {
        const places = new Map();
        [...table.querySelectorAll("a[href], button")].forEach((it, index) => {
            const [name, place] = [nameOf(it), placeOf(it, index)];
            const said = `two of "${name}" in the table "${table.caption?.textContent}"`;
            const isTold = complaints.includes(said);
            if (it.checkVisibility() && (places.get(name) ?? place) !== place && !isTold) {
                complaints.push(said);
            }
            places.set(name, place);
        });
    }
};
let isHearing = false;
const hearSoon = () => {
    isHearing ||= Boolean(setTimeout(() => setTimeout(() => { isHearing = false; hear(); })));
};
document.addEventListener("DOMContentLoaded", () =>
    new MutationObserver(hearSoon).observe(document.body, { childList: true, subtree: true }));
"""


@dataclass(frozen=True)
class View:
    language: str = "en"
    width: str = "wide"
    theme: str = "light"
    zone: str = "Asia/Seoul"

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{self.theme}"


ENGLISH = View()
KOREAN = View("ko", "narrow", "dark")


class Person:
    def __init__(self, browser: Browser, gateway: Gateway, view: View = ENGLISH):
        self.gateway = gateway
        self.view = view
        self.complaints: list[str] = []
        width, height = SIZES[view.width]
        self.context = browser.new_context(
            base_url=gateway.origin,
            viewport={"width": width, "height": height},
            locale=LOCALES[view.language],
            timezone_id=view.zone,
            color_scheme=view.theme,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
            accept_downloads=True,
        )
        self.context.set_default_timeout(WAIT_MS)
        self.context.add_init_script(WITNESS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._surprised)

    # ---- complaints ----

    def _heard(self, message: ConsoleMessage) -> None:
        # An answer above 399 is what many tests are about; the browser itself notes each of them.
        is_answer = "Failed to load resource" in message.text and "/api/" in message.location["url"]
        if message.type in ("error", "warning") and not is_answer:
            self.complaints.append(f"console: {message.text}")

    def _surprised(self, dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def check_calm(self) -> None:
        """No violation of the policy, no error in the console, no uncaught exception."""
        if not self.page.is_closed():
            self.complaints += self.page.evaluate("window.complaints ?? []")
        assert not self.complaints, self.complaints

    def leave(self) -> None:
        self.context.close()

    # ---- what is on the page ----

    def t(self, key: str, /, **values) -> str:
        return text(self.view.language, key, **values)

    def open(self, path: str) -> "Person":
        self.page.goto(path)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self

    def button(self, key: str, within: Page | Locator | None = None, **values) -> Locator:
        return (within or self.page).get_by_role("button", name=self.t(key, **values), exact=True)

    def link(self, key: str, within: Page | Locator | None = None, **values) -> Locator:
        return (within or self.page).get_by_role("link", name=self.t(key, **values), exact=True)

    def of_row(self, key: str, row: Locator, role: str = "button") -> Locator:
        """The button or link of a row that says what it does, and for a screen reader to whom."""
        name = re.compile(f"^{re.escape(self.t(key))}: .")
        return row.get_by_role(role, name=name)

    def tab(self, key: str) -> Locator:
        return self.page.get_by_role("tab", name=self.t(key), exact=True)

    def field(self, key: str, within: Page | Locator | None = None) -> Locator:
        return (within or self.page).get_by_label(self.t(key), exact=True)

    def choice(self, key: str) -> Locator:
        """One of a few radio buttons; its label takes the click."""
        return self.page.locator("label", has_text=self.t(key)).first

    def point_at_today(self, chart: Locator) -> None:
        """The last bar of a chart, which says its numbers then."""
        over = chart.locator(".u-over")
        over.hover(position={"x": over.bounding_box()["width"] - 5, "y": 60})

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def rows(self, caption: str) -> Locator:
        """The rows of a list once they are there, without its head."""
        table = self.page.get_by_role("table", name=self.t(caption))
        expect(table).to_have_attribute("aria-busy", "false")
        return table.locator("tbody tr")

    def sees(self, what: str, timeout_ms: float = WAIT_MS) -> None:
        """That text stands somewhere in the page's content."""
        expect(self.main.get_by_text(what).first).to_be_visible(timeout=timeout_ms)

    def sees_title(self, key: str, **values) -> None:
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_text(self.t(key, **values))

    def copied(self) -> str:
        return self.page.evaluate("navigator.clipboard.readText()")

    # ---- who one is ----

    def sign_in(self, email: str, password: str) -> "Person":
        self.open("/dashboard/signin")
        self.field("auth.email").fill(email)
        self.field("auth.password").fill(password)
        self.button("auth.signIn").click()
        self.sees_title("nav.home")
        return self

    def become(self, customer: Customer) -> "Person":
        """Signed in without the form and its slow hash: with the customer's own session, so do not
        sign out. (`sign_in` makes another.)"""
        cookies = [
            {"name": name, "value": value, "url": self.gateway.origin}
            for name, value in customer.web.cookies.items()
        ]
        self.context.add_cookies(cookies)
        return self

    def sign_up(self, email: str) -> None:
        self.open("/dashboard/signup")
        self.field("auth.email").fill(email)
        self.field("auth.password").fill(PASSWORD)
        self.button("auth.signUp").click()

    def like(self, **changes) -> View:
        return replace(self.view, **changes)
