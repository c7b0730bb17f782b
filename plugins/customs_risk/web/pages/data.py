"""Data: every figure of these pages as a file and in the read API, told from its definition."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from customs_risk.web.files import MOST
from customs_risk.web.page import Page
from customs_risk.web.readers import Reader
from customs_risk.words import Words

# of longer lists, such as that of all offices, the page tells how long they are
_MOST_CODES = 20


def _shelves(_: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the pages with those of their views that the reader's roles read; each view once."""
    from customs_risk.web.pages import PAGES

    told: set[str] = set()
    shelves = []
    for page in PAGES:
        mine = [view for view in page.views if view.name not in told and view.reads in reader.reads]
        told |= {view.name for view in mine}
        if mine:
            shelves.append((page, mine))
    return {"shelves": shelves, "most": MOST, "most_codes": _MOST_CODES}


PAGE = Page(
    name="data",
    title=Words("Data", "数据"),
    about=Words(
        "Everything that these pages show, as a file or for a program: the same rows, for the same "
        "reader.",
        "本系统各页面的全部数据，可下载为文件或由程序读取：同一读者所见数据一致。",
    ),
    reads="feedback",
    template="data.html",
    more=_shelves,
)
