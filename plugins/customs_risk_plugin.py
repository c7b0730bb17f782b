"""What Airflow needs to know: the pages, and where its menu finds them."""

from airflow.plugins_manager import AirflowPlugin
from starlette.types import Receive, Scope, Send


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the pages; they are loaded with the first request, by the server alone."""
    from customs_risk.web.application import application

    await application()(scope, receive, send)


class CustomsRiskPlugin(AirflowPlugin):
    """The pages behind Airflow's login, and a way to them from its menu."""

    name = "customs_risk"
    fastapi_apps = [{"app": pages, "url_prefix": "/customs-risk", "name": "customs-risk"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Customs risk 海关风险",
            "href": "/customs-risk/",
            "destination": "nav",
            "nav_top_level": True,
        }
    ]
