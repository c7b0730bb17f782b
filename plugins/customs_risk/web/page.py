"""A page: sections of views and charts, or a template of its own with what it asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege, UndefinedTable

from customs_risk import words
from customs_risk.web import rendering
from customs_risk.web.charts import Chart
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.views import Filter, Row, View, completed
from customs_risk.words import LANGUAGES, Language, Words

COOKIE = "customs_risk_language"
_TEMPLATES = rendering.templates()


@dataclass(frozen=True)
class Section:
    """A view with its charts; ``part`` is the heading that it shares with its neighbours."""

    view: View
    charts: tuple[Chart, ...] = ()
    part: Words | None = None


@dataclass(frozen=True)
class Page:
    """A page of the menu: whoever reads one of the schemas ``reads`` finds it there; nobody else.

    ``more`` returns what a template of its own needs besides the sections' rows. ``router`` holds
    what else answers below the page's address, such as forms. ``below`` are pages of single things,
    which no menu shows: what is in braces in their name, as in ``warnings/{warning_id}``, is told
    to their views and to ``more`` as a filter is. ``also`` are the views that ``router`` shows,
    which are files and in the API like any other.
    """

    name: str
    title: Words
    about: Words
    reads: str | tuple[str, ...]
    sections: tuple[Section, ...] = ()
    template: str = "page.html"
    more: Callable[[Connection, Reader, Mapping[str, str]], dict[str, Any]] | None = None
    router: APIRouter = field(default_factory=APIRouter)
    below: tuple["Page", ...] = ()
    also: tuple[View, ...] = ()

    def is_open_to(self, reader: Reader) -> bool:
        """Tell whether the reader reads what the page is about."""
        schemas = (self.reads,) if isinstance(self.reads, str) else self.reads
        return not reader.reads.isdisjoint(schemas)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Each filter of its sections once."""
        found = {each.name: each for section in self.sections for each in section.view.filters}
        return tuple(found.values())

    @property
    def has_charts(self) -> bool:
        """Whether the charts' library is needed."""
        return any(section.charts for section in self.sections)

    @property
    def views(self) -> tuple[View, ...]:
        """Each view that is shown at the page's address or below."""
        mine = (*(section.view for section in self.sections), *self.also)
        return (*mine, *(view for each in self.below for view in each.views))

    def answer(self, request: Request, reader: Reading) -> HTMLResponse:
        """Return the page as this reader may see it."""
        return self.shown(request, reader)

    def shown(self, request: Request, reader: Reader, **told: Any) -> HTMLResponse:
        """Return the page, and tell its template more: why a form was refused, with what status.

        Raises:
            HTTPException: 403, when nothing on it is for this reader.
        """
        if not self.is_open_to(reader):
            raise HTTPException(403, f"{self.title.en}: not for your roles · 您的角色无权查看此页")
        given = {**request.query_params, **request.path_params}
        with reader.connect() as connection:
            context = {
                "sections": [asked(each, connection, given) for each in self.sections],
                "filters": _filters(
                    # what the address itself tells is not asked for
                    tuple(each for each in self.filters if each.name not in request.path_params),
                    connection,
                    given,
                ),
                **(self.more(connection, reader, given) if self.more else {}),
            }
        chosen = {each.name: given[each.name] for each in self.filters if given.get(each.name)}
        context["parted"] = [
            (part, list(within))
            for part, within in groupby(context["sections"], lambda each: each.section.part)
        ]
        query = urlencode(chosen)
        return show(request, reader, self.template, page=self, query=query, **context, **told)


def show(request: Request, reader: Reader | None, template: str, **context: Any) -> HTMLResponse:
    """Return a template in the reader's language, with the menu of what it may read."""
    from customs_risk.web.pages import PAGES

    language = language_of(request)
    menu = [each for each in PAGES if reader and each.is_open_to(reader)]
    status = context.pop("status", 200)
    content = _TEMPLATES.get_template(template).render(
        language=language,
        say=lambda en, zh: Words(en, zh).said(language),
        told=lambda row, name: words.told(row, name, language),
        menu=menu,
        reader=reader,
        address=request.url.path.removeprefix(rendering.BASE).strip("/"),
        other_language=next(each for each in LANGUAGES if each != language),
        here=lambda **changes: _here(request, **changes),
        **context,
    )
    response = HTMLResponse(content, status)
    response.set_cookie(COOKIE, language, path=rendering.BASE, samesite="lax", httponly=True)
    return response


def language_of(request: Request) -> Language:
    """Return the language of a request."""
    return words.wanted(
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("accept-language"),
    )


def _here(request: Request, **changes: str) -> str:
    """Return this page's address with some parameters changed."""
    return "?" + str(request.query_params.__class__({**request.query_params, **changes}))


@dataclass(frozen=True)
class Asked:
    """A section with its rows, or with why there are none."""

    section: Section
    rows: list[Row]
    refusal: Words | None = None

    def figures(self, language: Language) -> list[dict[str, Any]]:
        return [each.figure(self.section.view, self.rows, language) for each in self.section.charts]


def asked(section: Section, connection: Connection, given: Mapping[str, str]) -> Asked:
    """Return a section's rows, or why the reader of this connection gets none."""
    view = section.view
    try:
        with connection.transaction():
            return Asked(section, view.rows(connection, view.values(given)))
    except InsufficientPrivilege:
        return Asked(section, [], Words("Your role does not read this.", "您的角色无权查看此项。"))
    except UndefinedTable:
        return Asked(section, [], Words("Not built yet.", "数据尚未生成。"))


def _filters(
    filters: tuple[Filter, ...], connection: Connection, given: Mapping[str, str]
) -> list[tuple[Filter, str, list[tuple[str, Words]]]]:
    """Return each filter with its value, chosen or standing, and its choices."""
    values = {each.name: each.read(given.get(each.name)) for each in filters}
    try:
        with connection.transaction():
            values = completed(filters, connection, values)
    except (InsufficientPrivilege, UndefinedTable):
        pass
    return [
        (
            each,
            "" if values[each.name] is None else str(values[each.name]),
            _choices(each, connection),
        )
        for each in filters
    ]


def _choices(chosen: Filter, connection: Connection) -> list[tuple[str, Words]]:
    if chosen.choices is None:
        return []
    if not isinstance(chosen.choices, str):
        return list(chosen.choices.items())
    try:
        with connection.transaction():
            return [(str(v), Words(en, zh)) for v, en, zh in connection.execute(chosen.choices)]
    except (InsufficientPrivilege, UndefinedTable):
        return []
