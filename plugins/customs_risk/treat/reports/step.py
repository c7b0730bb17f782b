"""Makes the weekly and the monthly reports, and sends each to its reader through the one outbox.

Making a week or a month again changes nothing unless the figures have changed; then the report has
a new version, and what was told before stays.
"""

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.codes import DOMAINS
from customs_risk.settings import settings
from customs_risk.treat import outbox
from customs_risk.treat.reports import (
    charts,
    contents,
    monthly,
    monthly_queries,
    page,
    printed,
    queries,
)
from customs_risk.treat.reports.content import Report
from customs_risk.treat.warnings.releases import declaration

_LATEST = """
select version, content_sha256, html_file, pdf_file
from ops.reports
where report_id = %s
order by version desc
limit 1
"""

_REGISTER = """
insert into ops.reports (
    report_id, version, kind, risk_domain, period_from, period_to, as_of, html_file, html_sha256,
    pdf_file, pdf_sha256, recipient_id, content_sha256
)
values (
    %(report_id)s, %(version)s, %(kind)s, %(risk_domain)s, %(period_from)s, %(period_to)s,
    %(as_of)s, %(html_file)s, %(html_sha256)s, %(pdf_file)s, %(pdf_sha256)s, %(recipient_id)s,
    %(content_sha256)s
)
"""


def make_reports(week: date | None = None) -> list[Path]:
    """Make the reports on the week that a day lies in; return their files, pages and prints.

    Without a day it is the last week that is over, by the system's own clock.
    """
    with warehouse.connect() as connection:
        as_of = clock.present(connection)
        day = week or clock.business_day(as_of) - timedelta(weeks=1)
        monday = day - timedelta(days=day.weekday())
        answers = queries.ask(connection, monday, as_of.astimezone(settings().zone))
        files: list[Path] = []
        for domain in (contents.OVERALL, *DOMAINS):
            files += _make(connection, contents.report(answers, domain))
        outbox.enqueue(connection, "report")
    return files


def make_monthly_report(month: date | None = None, *, again: bool = True) -> list[Path]:
    """Make the report on the month that a day lies in; return its files, page and print.

    Without a day it is the last month that is over. Not ``again``: a month that has a report, or
    of which feedback tells nothing, gets none.
    """
    with warehouse.connect() as connection:
        as_of = clock.present(connection)
        this_month = clock.business_day(as_of).replace(day=1)
        month_on = (month or this_month - timedelta(days=1)).replace(day=1)
        answers = monthly_queries.ask(connection, month_on, as_of.astimezone(settings().zone))
        report = monthly.monthly_report(answers)
        is_made = connection.execute(_LATEST, [report.report_id]).fetchone() is not None
        tells = any(row["cohort_on"] == month_on for row in answers.headlines)
        if not again and (is_made or not tells):
            return []
        files = _make(connection, report)
        outbox.enqueue(connection, "report")
    return files


def _make(connection: Connection, report: Report) -> list[Path]:
    latest = connection.execute(_LATEST, [report.report_id]).fetchone()
    version, content, *files = latest or (0, None, "", "")
    home = settings().home
    if content == report.content_sha256:
        return [home / file for file in files]
    drawn = {
        section.key: charts.draw(section.chart, section.key)
        for section in report.sections
        if section.chart
    }
    stem = f"reports/{report.report_id.split('-')[0]}/{report.report_id}.v{version + 1}"
    made = {
        "html": (f"{stem}.html", page.page(report, drawn)),
        "pdf": (f"{stem}.pdf", printed.printed(report, drawn)),
    }
    told: dict[str, Any] = {
        "report_id": report.report_id,
        "version": version + 1,
        "kind": report.kind,
        "risk_domain": report.risk_domain,
        "period_from": report.period_from,
        "period_to": report.period_to,
        "as_of": report.as_of,
        "recipient_id": reader(report.risk_domain),
        "content_sha256": report.content_sha256,
    }
    for kind, (file, written) in made.items():
        _write(home / file, written)
        told |= {f"{kind}_file": file, f"{kind}_sha256": hashlib.sha256(written).hexdigest()}
    connection.execute(_REGISTER, told)
    return [home / file for file, _ in made.values()]


def reader(risk_domain: str) -> str:
    """Return who a report is for: the department of the domain, or that of risk management."""
    domain = "other" if risk_domain == contents.OVERALL else risk_domain
    for recipient in declaration()["recipients"]["customs"]:
        if domain in recipient.get("domains", ()):
            return str(recipient["id"])
    raise LookupError(f"releases.yml names no department for {domain} 未指定{domain}的主管部门")


def _write(path: Path, written: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_bytes(written)
    part.replace(path)
