"""The menu: one module a page, in the order in which people read them."""

from customs_risk.web.page import Page
from customs_risk.web.pages import (
    cases,
    decisions,
    declarations,
    feeds,
    law,
    models,
    parameters,
    queue,
    reports,
    supervision,
    warnings,
)
from customs_risk.web.views import View

PAGES: tuple[Page, ...] = (
    decisions.PAGE,
    queue.PAGE,
    declarations.PAGE,
    parameters.PAGE,
    warnings.PAGE,
    reports.PAGE,
    cases.PAGE,
    supervision.PAGE,
    feeds.PAGE,
    models.PAGE,
    law.PAGE,
)


def views() -> tuple[View, ...]:
    """Return every view of every page, once each."""
    pages = [each for page in PAGES for each in (page, *page.below)]
    found = {section.view.name: section.view for page in pages for section in page.sections}
    return tuple(found.values())
