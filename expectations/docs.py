"""Data Docs: one page per batch, as Great Expectations renders it, without a call to the outside.

Great Expectations' own site builder renders the whole history anew at each validation; here a page
is written once, and an index names the newest.
"""

import html
import os
import re
from typing import Any

from customs_risk.settings import settings
from expectations.contract import Contract

_NEWEST = 500
# the templates ask content networks for styles and scripts; behind an air gap they would hang, and
# what is left of the scripts does nothing without them
_OUTSIDE = re.compile(
    r"<link[^>]+https?://[^>]*>|<script\b.*?</script>|<img[^>]+https?://[^>]*>"
    r"|<footer>.*?</footer>|url\([^)]*https?://[^)]*\)",
    re.DOTALL,
)
# links to pages that only Great Expectations' own site would have
_DEAD_LINK = re.compile(r'<a [^>]*href="(?:\.\./|#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_BODY = re.compile(r"<body[^>]*>")
_STYLE = """<style>
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse } td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem }
h4, h5, h6 { font-size: 1.1rem } .fa-times { color: #b00020 } .fa-check-circle { color: #00695c }
.fa-check-circle::before { content: "✓ holds 通过" } .fa-times::before { content: "✗ broken 违反" }
.fa-exclamation-triangle::before { content: "! warning 警告" }
.sr-only, .modal, nav, .cooltip .top, #navbar, .navbar, .collapse { display: none }
</style></head>"""


def write_page(contract: Contract, batch_id: str, result: Any) -> None:
    """Write the page of one validation result and renew the index."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    page = _DEAD_LINK.sub(r"\1", _OUTSIDE.sub("", page)).replace("</head>", _STYLE, 1)
    page = page.replace("<html>", '<html lang="en">', 1)
    heading = f"<h1>{contract.title}</h1><p>batch 批次 <b>{html.escape(batch_id)}</b></p>"
    folder = settings().data_docs / contract.feed
    folder.mkdir(parents=True, exist_ok=True)
    mark = "ok" if result.success else "broken"
    path = folder / f"{batch_id}.{mark}.html"
    path.write_text(_BODY.sub(rf"\g<0>{heading}", page, count=1), encoding="utf-8")
    _write_index()


def _write_index() -> None:
    root = settings().data_docs
    pages = sorted(root.glob("*/*.html"), key=lambda path: path.stat().st_mtime, reverse=True)
    lines = []
    for page in pages[:_NEWEST]:
        batch_id, mark = page.stem.rsplit(".", 1)
        link = html.escape(f"{page.parent.name}/{page.name}")
        shown = "all expectations hold 全部通过" if mark == "ok" else "some are broken 有未通过项"
        lines.append(
            f"<tr><td>{html.escape(page.parent.name)}</td>"
            f'<td><a href="{link}">{html.escape(batch_id)}</a></td><td>{shown}</td></tr>'
        )
    content = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>'
        + _STYLE
        + "<body><h1>Data Docs 数据质量文档</h1><table><tr><th>feed 数据源</th><th>batch 批次</th>"
        + f"<th>verdict 结论</th></tr>{''.join(lines)}</table></body></html>"
    )
    part = root / f"index.{os.getpid()}.part"
    part.write_text(content, encoding="utf-8")
    part.replace(root / "index.html")
