"""Overview: what happened, what changed, what needs a decision; each leads to the page behind."""

from customs_risk.web.page import Page, Section
from customs_risk.web.pages.overview import changed, happened, needed
from customs_risk.words import Words

HAPPENED = Words("What happened", "发生了什么")
CHANGED = Words("What changed", "有何变化")
NEEDED = Words("What needs a decision", "待决事项")

PAGE = Page(
    name="overview",
    title=Words("Overview", "概览"),
    about=Words(
        "What happened, what changed, and what waits for somebody. Everything leads to the page "
        "behind it.",
        "发生了什么、有何变化、哪些事项待决；每项均可点击查看详情。",
    ),
    reads="feedback",
    template="overview.html",
    sections=(
        Section(happened.FIGURES, part=HAPPENED),
        Section(changed.METRICS, part=CHANGED),
        Section(changed.FOCUS, part=CHANGED),
        Section(changed.PARAMETERS, part=CHANGED),
        Section(changed.FEEDS, part=CHANGED),
        Section(needed.APPROVALS, part=NEEDED),
        Section(needed.REQUESTS, part=NEEDED),
        Section(needed.ALARMS, part=NEEDED),
    ),
)
