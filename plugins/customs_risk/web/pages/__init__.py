"""The menu: one module a page, in the order in which people read them."""

from customs_risk.web.page import Page
from customs_risk.web.pages import data, feeds, overview, performance
from customs_risk.web.views import View

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    performance.PAGE,
    feeds.PAGE,
    data.PAGE,
)


def views() -> tuple[View, ...]:
    """Return every view of every page, once each."""
    return tuple({view.name: view for page in PAGES for view in page.views}.values())
