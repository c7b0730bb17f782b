"""Writes the documentation of the warehouse under the home's docs folder."""

import os
from pathlib import Path

from customs_risk.catalogue import dbt_docs, traceability
from customs_risk.catalogue.articles import order
from customs_risk.catalogue.tables import tables, with_staging
from customs_risk.settings import settings
from customs_risk.transform import dbt


def write() -> list[Path]:
    """Write both pages anew from the project and the warehouse, and return where they are."""
    config = settings()
    # a model's text tells more than the SQL of its last increment; only `parse` writes the manifest
    dbt("parse")
    dbt("docs", "generate", "--no-compile")
    template, manifest, catalog = dbt_docs.read(config.home / "dbt" / "target")
    pages = {
        "dbt.html": dbt_docs.page(template, with_staging(manifest), catalog),
        "traceability.html": traceability.page(order(), tables(manifest).values()),
    }
    folder = config.home / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, text) for name, text in pages.items()]


def _write(path: Path, text: str) -> Path:
    """Write a page at once: a reader sees the old one or the new one, whole."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path
