"""The menu: one module a page, in the order in which people read them."""

from customs_risk.web.page import Page
from customs_risk.web.pages import feeds
from customs_risk.web.views import View

PAGES: tuple[Page, ...] = (feeds.PAGE,)


def views() -> tuple[View, ...]:
    """Return every view of every page, once each."""
    found = {section.view.name: section.view for page in PAGES for section in page.sections}
    return tuple(found.values())
