"""The pages' application on a warehouse, with whoever a request names as the one logged in."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Literal, NamedTuple, get_args, get_origin

from fastapi import FastAPI, HTTPException, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

LOGIN = "x-login"
# what a browser says of a form that a page of the same server holds
OWN = {"sec-fetch-site": "same-origin"}


class _Named(NamedTuple):
    """A user as Airflow tells of him."""

    name: str

    def get_name(self) -> str:
        return self.name


def _named(request: Request) -> _Named:
    """Take Airflow's place: a request without a name is of nobody who is logged in."""
    if LOGIN not in request.headers:
        raise HTTPException(401, "Not authenticated")
    return _Named(request.headers[LOGIN])


@contextmanager
def asking() -> Iterator[TestClient]:
    """Yield a client of the application; whom it is logged in as is the header ``x-login``."""
    from airflow.api_fastapi.core_api.security import get_user

    from customs_risk.web.application import application

    app = application()
    app.dependency_overrides[get_user] = _named
    try:
        yield TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    finally:
        app.dependency_overrides.pop(get_user)


def as_login(name: str, **headers: str) -> dict[str, str]:
    """Return the headers of a request by this user, in English."""
    return {LOGIN: name, "accept": "application/json", "accept-language": "en", **headers}


def routes(app: FastAPI, method: str) -> list[APIRoute]:
    """Return every route of the application that answers to this method."""
    return [each for each in app.routes if isinstance(each, APIRoute) and method in each.methods]


def addresses(route: APIRoute, told: dict[str, tuple[str, ...]]) -> list[str]:
    """Return a route's addresses, its parameters filled with all that is told of their names.

    A name of which nothing is told takes every value that is told of any.
    """
    names = list(route.param_convertors)
    anything = tuple(dict.fromkeys(value for values in told.values() for value in values))
    return [
        route.path_format.format(**dict(zip(names, values, strict=True)))
        for values in product(*(told.get(name, anything) for name in names))
    ]


def filled(route: APIRoute) -> dict[str, str]:
    """Return something for each field of a route's form that it can read."""
    return {
        each.alias: str(get_args(kind)[0]) if get_origin(kind) is Literal else "1"
        for each in route.dependant.body_params
        for kind in [each.field_info.annotation]
    }
