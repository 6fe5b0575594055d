"""Requests of a page that get no answer until a test lets them go."""

from collections.abc import Callable

from playwright.sync_api import Page, Route
from wait import wait_until


class Held:
    """What a page asks of `pattern` and `is_held` (given the URL) is for; the rest goes on."""

    def __init__(self, page: Page, pattern: str, is_held: Callable[[str], bool] = lambda _: True):
        self.page = page
        self._is_held = is_held
        self._is_over = False
        self._routes: list[Route] = []
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._is_over or not self._is_held(route.request.url):
            route.fallback()
        else:
            self._routes.append(route)

    def wait_for(self, count: int) -> None:
        """A request comes here some time after the click that makes it; only a call of the page's
        lets it in."""
        wait_until(
            lambda: self.page.evaluate("1") and len(self._routes) >= count,
            10, f"{count} requests that are held",
        )  # fmt: skip

    def let_go(self, answer: Callable[[Route], None] = Route.continue_) -> None:
        """Later ones are not held."""
        self._is_over = True
        for route in self._routes:
            answer(route)
        self._routes.clear()
