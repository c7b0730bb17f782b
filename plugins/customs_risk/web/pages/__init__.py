"""The menu: one module a page, in the order in which people read them."""

from customs_risk.web.page import Page
from customs_risk.web.pages import decisions, declarations, feeds, parameters, queue
from customs_risk.web.views import View

PAGES: tuple[Page, ...] = (
    decisions.PAGE,
    queue.PAGE,
    declarations.PAGE,
    parameters.PAGE,
    feeds.PAGE,
)


def views() -> tuple[View, ...]:
    """Return every view of every page, once each."""
    shown = (view for page in PAGES for view in (*(s.view for s in page.sections), *page.also))
    return tuple({view.name: view for view in shown}.values())
