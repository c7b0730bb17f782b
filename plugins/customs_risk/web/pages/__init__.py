"""The menu: one module a page, in the order in which people read them."""

from customs_risk.web.page import Page
from customs_risk.web.pages import (
    cases,
    data,
    decisions,
    declarations,
    feeds,
    improvement,
    law,
    models,
    overview,
    parameters,
    performance,
    queue,
    reports,
    supervision,
    warnings,
)
from customs_risk.web.views import View

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    decisions.PAGE,
    performance.PAGE,
    improvement.PAGE,
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
    data.PAGE,
)


def views() -> tuple[View, ...]:
    """Return every view of every page, once each."""
    return tuple({view.name: view for page in PAGES for view in page.views}.values())
