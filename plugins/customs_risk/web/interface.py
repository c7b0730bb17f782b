"""The read API and the files: each view as JSON, CSV and XLSX, described by OpenAPI.

One route a view, so that the description names each filter and column. A reader gets its own rows.
"""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from psycopg.errors import InsufficientPrivilege, UndefinedTable
from pydantic import BaseModel, ConfigDict, Field, create_model

from customs_risk.web import files
from customs_risk.web.page import language_of
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.views import Row, Unreadable, View

# how a parameter's text is written, as OpenAPI calls it
_FORMAT: dict[str, Any] = {"date": {"format": "date"}, "time": {"format": "date-time"}}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Heading(BaseModel):
    """A column of an answer."""

    name: str
    kind: str = Field(description="how it is written: a share is between 0 and 1")
    title_en: str
    title_zh: str


class Answer(BaseModel):
    """A view's rows, as this reader may see them."""

    view: str
    title_en: str
    title_zh: str
    columns: list[Heading]
    rows: list[dict[str, Any]]
    is_cut: bool = Field(description="true: there are more rows than were asked for")


def router(views: tuple[View, ...]) -> APIRouter:
    """Return the routes of these views."""
    routes = APIRouter()
    for view in views:
        _add(routes, view)
    return routes


def _add(routes: APIRouter, view: View) -> None:
    asked = _parameters(view)
    title = f"{view.title.en} · {view.title.zh}"
    about = "\n".join(
        [
            *([f"{view.note.en} · {view.note.zh}", ""] if view.note else []),
            *(f"- `{c.name}` ({c.kind}): {c.heading.en} · {c.heading.zh}" for c in view.columns),
        ]
    )

    def as_json(reader: Reading, given: Annotated[asked, Query()]) -> Answer:  # type: ignore[valid-type]
        most: int = given.most  # type: ignore[attr-defined]
        rows = _rows(view, reader, given, most + 1)
        headings = [
            Heading(name=c.name, kind=c.kind, title_en=c.heading.en, title_zh=c.heading.zh)
            for c in view.columns
        ]
        return Answer(
            view=view.name, title_en=view.title.en, title_zh=view.title.zh,
            columns=headings, rows=rows[:most], is_cut=len(rows) > most,
        )  # fmt: skip

    def as_csv(reader: Reading, given: Annotated[asked, Query()]) -> Response:  # type: ignore[valid-type]
        content = files.as_csv(view, _rows(view, reader, given, files.MOST))
        return _file(content, f"{view.name}.csv", "text/csv; charset=utf-8")

    def as_xlsx(
        request: Request,
        reader: Reading,
        given: Annotated[asked, Query()],  # type: ignore[valid-type]
    ) -> Response:
        rows = _rows(view, reader, given, files.MOST)
        return _file(files.as_xlsx(view, rows, language_of(request)), f"{view.name}.xlsx", _XLSX)

    for path, answer, told in (
        (f"/api/{view.name}", as_json, "JSON"),
        (f"/files/{view.name}.csv", as_csv, "CSV"),
        (f"/files/{view.name}.xlsx", as_xlsx, "XLSX"),
    ):
        routes.get(
            path,
            summary=f"{title} ({told})",
            description=about,
            tags=[view.reads],
            operation_id=f"{view.name.replace('-', '_')}_{told.lower()}",
            response_model=Answer if told == "JSON" else None,
        )(answer)


def _parameters(view: View) -> type[BaseModel]:
    """Return the model of a view's parameters; each is optional."""
    fields: dict[str, Any] = {
        each.name: (
            str | None,
            Field(
                each.default,
                description=f"{each.label.en} · {each.label.zh}",
                json_schema_extra=_FORMAT.get(each.kind),
            ),
        )
        for each in view.filters
    }
    return create_model(
        f"{view.name.title().replace('-', '')}Query",
        __config__=ConfigDict(extra="ignore"),
        most=(int, Field(view.most, ge=1, le=files.MOST, description="rows at most")),
        **fields,
    )


def _rows(view: View, reader: Reader, given: BaseModel, most: int) -> list[Row]:
    try:
        with reader.connect() as connection:
            return view.rows(connection, view.values(given.model_dump(exclude={"most"})), most)
    except InsufficientPrivilege:
        why = f"{view.name}: the roles of {reader.login} do not read this"
        raise HTTPException(403, why) from None
    except UndefinedTable:
        raise HTTPException(409, f"{view.name}: not built yet") from None
    except Unreadable as unreadable:
        raise HTTPException(422, str(unreadable)) from None


def _file(content: bytes, name: str, kind: str) -> Response:
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
