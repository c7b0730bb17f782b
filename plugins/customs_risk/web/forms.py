"""What people answer on a page: only from a page of this server, and only by who is logged in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.responses import RedirectResponse

from customs_risk.web.rendering import BASE


def same_origin(request: Request) -> None:
    """Refuse a form that another site has sent with this user's cookie.

    Raises:
        HTTPException: 403, when the browser does not say that the form is this server's own.
    """
    site = request.headers.get("sec-fetch-site")
    origin = urlsplit(request.headers.get("origin") or request.headers.get("referer") or "").netloc
    if site != "same-origin" and origin != request.headers.get("host"):
        raise HTTPException(403, "this form was not sent from these pages")


Own = Annotated[None, Depends(same_origin)]


def filled(what: str, text: str) -> str:
    """Return what somebody wrote into a field that must not be empty.

    Raises:
        HTTPException: 422, when there is nothing in it.
    """
    if not text.strip():
        raise HTTPException(422, f"{what}: must not be empty · 不能为空")
    return text.strip()


@contextmanager
def telling(*refusals: type[Exception]) -> Iterator[None]:
    """Tell on the page, in the library's own words, why it refuses what a form asks for."""
    try:
        yield
    except refusals as refused:
        raise HTTPException(422, str(refused)) from None


def back(path: str) -> RedirectResponse:
    """Return the way back to a page once its form is answered, so that a reload sends nothing."""
    return RedirectResponse(f"{BASE}/{path}", status_code=303)
