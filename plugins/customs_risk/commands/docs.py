"""The documentation of the warehouse."""

import os

from customs_risk.commands.shared import say


def docs() -> None:
    """Write the warehouse's documentation, and from article to table to test. 生成数据文档。"""
    from customs_risk import catalogue

    for page in catalogue.write():
        say(f"wrote {os.path.relpath(page)}")
