"""dbt's documentation as one page that asks nothing of the outside.

dbt's page is whole but for the manifest and the catalogue, which it fetches, and for a tracker that
it would load from a content network. Here both files are put into the page, the tracker is taken
out, and the browser is told to load nothing at all.
"""

import json
import re
from pathlib import Path
from typing import Any

from customs_risk.catalogue.tables import Manifest

_FILES = ("manifest", "catalog")
# where the project lay, on the machine that ran dbt
_OF_THE_MACHINE = ("build_path", "compiled_path", "root_path")
_CLOSED = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    'img-src data:; font-src data:">'
)
_TRACKER = re.compile(r'"//[a-z0-9.]*cloudfront\.net/[^"]*"|"[a-z.]*sinter-collect\.com"')
_ICON = re.compile(r'<link rel="(?:shortcut icon|canonical)"[^>]*>')


def page(template: str, manifest: Manifest, catalog: Manifest) -> str:
    """Return dbt's page with what it would fetch inside it.

    Args:
        template: the index.html that dbt wrote.
        manifest: what dbt knows of the project.
        catalog: what dbt found in the warehouse.

    Raises:
        ValueError: dbt's page has no place for the files; another version of dbt made it.
    """
    whole = _ICON.sub("", _TRACKER.sub('""', template)).replace("<head>", f"<head>{_CLOSED}", 1)
    for name, content in zip(_FILES, (_anywhere(manifest), catalog), strict=True):
        place = f'"{name.upper()}.JSON INLINE DATA"'
        if place not in whole:
            raise ValueError(f"dbt's page has no place for its {name}")
        whole = whole.replace(place, _inlined(content), 1)
    return whole


def read(folder: Path) -> tuple[str, Manifest, Manifest]:
    """Return what `dbt docs generate` wrote: the page, the manifest and the catalogue."""
    manifest, catalog = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in _FILES
    )
    return (folder / "index.html").read_text(encoding="utf-8"), manifest, catalog


def _anywhere(manifest: Manifest) -> Manifest:
    nodes = {
        unique_id: {key: value for key, value in node.items() if key not in _OF_THE_MACHINE}
        for unique_id, node in manifest.get("nodes", {}).items()
    }
    return {**manifest, "nodes": nodes}


def _inlined(content: Any) -> str:
    """Return JSON that no text inside it can end: a script ends at the first `</script`."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
