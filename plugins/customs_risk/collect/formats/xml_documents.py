"""XML documents: records are elements, columns are XPaths; nothing outside is ever asked for."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from lxml import etree

from customs_risk.collect.formats.metered import Metered
from customs_risk.collect.formats.moments import iso
from customs_risk.collect.formats.reading import Record, Unreadable
from expectations.contract import Contract
from expectations.layout import BrokenMapping, Layout

Nodes = Any  # elements, attributes or texts, as XPath gives them
Find = Callable[[etree._Element], Any]


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield one record for each outermost element of the name ``layout.records``, from 1.

    Columns are XPaths relative to it; what came before it in the document is gone. Of several
    elements the first one's text counts. Beyond XPath's own functions there are
    ``json(nodes)`` (repeating groups as a JSON array), ``join(nodes)`` (texts with semicolons),
    ``common(nodes)`` (the text that all have, or nothing), ``greatest(nodes)`` (the element with
    the greatest number) and ``moment(node)`` (CCYYMMDD… as ISO 8601).

    Raises:
        Unreadable: it is no XML, has a DOCTYPE, or holds a record of more than 16 MB.
        BrokenMapping: the layout's XPaths cannot be understood.
    """
    columns = _compiled(layout)
    with path.open("rb") as file:
        for number, element in enumerate(_elements(file, _qualified(layout)), start=1):
            yield Record(number, {name: _text(find(element)) for name, find in columns.items()})


def _elements(file: BinaryIO, name: str) -> Iterator[etree._Element]:
    metered = Metered(file)
    context = etree.iterparse(
        cast(BinaryIO, metered),
        events=("start", "end"),
        tag=name,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    depth = 0
    try:
        for event, element in context:
            if event == "start":
                _refuse_doctype(element)
                depth += 1
                continue
            depth -= 1
            if depth == 0:
                yield element
                metered.record_ended()
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise Unreadable("file.readable", f"it is no XML: {error}") from error
    if context.root is not None:
        _refuse_doctype(context.root)


def _refuse_doctype(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("file.no_doctype", "a document must not bring a DOCTYPE of its own")


def _forget(element: etree._Element) -> None:
    """Drop a finished record, and all that stands before it."""
    element.clear()
    for each in (element, *element.iterancestors()):
        parent = each.getparent()
        while parent is not None and each.getprevious() is not None:
            del parent[0]


def _qualified(layout: Layout) -> str:
    """Return the record's name as lxml writes it: {namespace}name."""
    prefix, _, name = (layout.records or "").rpartition(":")
    if not name or (prefix and prefix not in layout.namespaces):
        raise BrokenMapping(f"{layout.name}: records must name an element, with a known prefix")
    return f"{{{layout.namespaces[prefix]}}}{name}" if prefix else name


def _compiled(layout: Layout) -> dict[str, Find]:
    paths = {name: origin.column for name, origin in layout.columns.items() if origin.column}
    return _compile(str(layout.name), tuple(paths.items()), tuple(layout.namespaces.items()))


# an archive holds thousands of documents of one layout
@lru_cache
def _compile(
    layout: str, paths: tuple[tuple[str, str], ...], namespaces: tuple[tuple[str, str], ...]
) -> dict[str, Find]:
    compiled: dict[str, Find] = {}
    for name, path in paths:
        try:
            find = etree.XPath(
                path, namespaces=dict(namespaces), extensions=_FUNCTIONS, smart_strings=False
            )
            find(etree.Element("nothing"))
        except etree.XPathError as error:
            raise BrokenMapping(f"{layout}: {name}: {path}: {error}") from error
        compiled[name] = find
    return compiled


def _text(found: Any) -> str | None:
    match found:
        case list():
            return _text_of(found[0]) if found else None
        case bool():
            return "true" if found else "false"
        case float():
            # sums are made in doubles; fifteen digits are what they hold
            return str(found) if found != found else format(Decimal(f"{found:.15g}"), "f")
    return str(found).strip() or None


def _text_of(node: Any) -> str | None:
    is_element = isinstance(node, etree._Element)
    text = "".join(map(str, node.itertext())) if is_element else str(node)
    return text.strip() or None


def _texts(nodes: Nodes) -> list[str]:
    if not isinstance(nodes, list):
        nodes = [nodes]
    return [text for node in nodes if (text := _text_of(node))]


def _json(_context: object, nodes: Nodes) -> str:
    return json.dumps([_tree(node) for node in nodes], ensure_ascii=False) if nodes else ""


def _tree(element: etree._Element) -> Any:
    """Return an element as {tag: text}; repeated tags as a list, attributes as tag@name."""
    if not len(element):
        return (element.text or "").strip()
    tree: dict[str, Any] = {}
    for child in element.iterchildren(tag=etree.Element):
        tag = etree.QName(child).localname
        value = _tree(child)
        if tag not in tree:
            tree[tag] = value
        elif isinstance(tree[tag], list):
            tree[tag].append(value)
        else:
            tree[tag] = [tree[tag], value]
        for name, text in child.attrib.items():
            tree.setdefault(f"{tag}@{etree.QName(str(name)).localname}", str(text))
    return tree


def _join(_context: object, nodes: Nodes) -> str:
    return ";".join(_texts(nodes))


def _common(_context: object, nodes: Nodes) -> str:
    texts = set(_texts(nodes))
    return texts.pop() if len(texts) == 1 else ""


def _greatest(_context: object, nodes: Nodes) -> Nodes:
    return [max(nodes, key=_number)] if nodes else []


def _number(node: Any) -> Decimal:
    try:
        number = Decimal(_text_of(node) or "")
    except InvalidOperation:
        return Decimal("-Infinity")
    return Decimal("-Infinity") if number.is_nan() else number


def _moment(_context: object, nodes: Nodes) -> str:
    texts = _texts(nodes)
    return (iso(texts[0]) or "") if texts else ""


_FUNCTIONS: dict[tuple[None, str], Callable[..., Any]] = {
    (None, "json"): _json,
    (None, "join"): _join,
    (None, "common"): _common,
    (None, "greatest"): _greatest,
    (None, "moment"): _moment,
}
