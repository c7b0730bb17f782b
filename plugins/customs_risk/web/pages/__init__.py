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
    pages = [each for page in PAGES for each in (page, *page.below)]
    found = {section.view.name: section.view for page in pages for section in page.sections}
    return tuple(found.values())
