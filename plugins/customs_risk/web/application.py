"""The pages behind Airflow's own login: every address but the look of them asks who reads."""

import importlib.util
from functools import cache
from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import RequestResponseEndpoint

from customs_risk.web import interface
from customs_risk.web.page import show
from customs_risk.web.pages import PAGES, views
from customs_risk.web.readers import Reading, Unknown
from customs_risk.web.rendering import BASE
from customs_risk.web.views import Unreadable

# nothing is asked of another machine; the charts' library writes styles into the page
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'none'; object-src 'none'"
)
_STATIC = Path(__file__).parent / "static"


@cache
def application() -> FastAPI:
    """Return the application, to be mounted at ``/customs-risk``; one in a process."""
    app = FastAPI(
        title="customs-risk: read API 海关风险管理只读接口",
        description="Each view of the pages, with the same rows for the same reader. "
        "Times are in ISO 8601, shares between 0 and 1, values in yuan.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.include_router(interface.router(views()))
    app.include_router(_pages())
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(Unknown)(_unknown)
    app.exception_handler(Unreadable)(_unreadable)
    app.middleware("http")(_guarded)

    @app.get("/charts.js", include_in_schema=False)
    def charts(_: Reading) -> Response:
        return FileResponse(
            _plotly(),
            media_type="text/javascript",
            headers={"cache-control": "private, max-age=604800"},
        )

    @app.get("/openapi.json", include_in_schema=False)
    def described(_: Reading) -> JSONResponse:
        return JSONResponse({**app.openapi(), "servers": [{"url": BASE}]})

    return app


def _pages() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def first(request: Request, reader: Reading) -> Response:
        mine = [each for each in PAGES if each.is_open_to(reader)]
        if not mine:
            raise HTTPException(403, "no page is open to your roles")
        return RedirectResponse(f"{BASE}/{mine[0].name}")

    for page in PAGES:
        for each in (page, *page.below):
            routes.get(f"/{each.name}")(each.answer)
        routes.include_router(page.router, prefix=f"/{page.name}")
    return routes


def _plotly() -> Path:
    """Return the charts' library as its package installs it; the package itself is not loaded."""
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise RuntimeError("plotly is not installed")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


async def _guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Say on every answer what a browser may do with it."""
    response = await call_next(request)
    response.headers.setdefault("content-security-policy", _POLICY)
    response.headers.setdefault("x-content-type-options", "nosniff")
    response.headers.setdefault("referrer-policy", "same-origin")
    response.headers.setdefault("cache-control", "private, no-store")
    return response


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    if not _reads_pages(request):
        return JSONResponse({"detail": error.detail}, error.status_code)
    if error.status_code == 401:
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)))
    return show(
        request,
        getattr(request.state, "reader", None),
        "refused.html",
        reason=error.detail,
        status=error.status_code,
    )


def _unknown(request: Request, error: Exception) -> Response:
    reason = (
        f"The warehouse knows no role for {error}: customs-risk access grant {error} ROLE · "
        f"数据仓库中没有用户 {error} 的角色"
    )
    return _refused(request, HTTPException(403, reason))


def _unreadable(request: Request, error: Exception) -> Response:
    return _refused(request, HTTPException(422, str(error)))


def _reads_pages(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
