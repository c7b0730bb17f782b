"""What leaves as a publication: warnings of three release classes, their lifting, and reports.

Statements for the one outbox (outbox/kinds.py); each adds what has not left and no more.
"""

from typing import LiteralString

_PUBLISHED: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    warnings.release_class || ':' || told.warning_id || ':' || told.version || ':'
    || told.recipient_id,
    warnings.release_class,
    told.warning_id,
    told.told_at::date,
    jsonb_build_object(
        'addressee', told.recipient_id,
        'audience', told.audience,
        'sharing_basis', told.sharing_basis,
        'warning_id', told.warning_id,
        'version', told.version,
        'title', warnings.title_zh || ' / ' || warnings.title_en,
        'release', told.release
    )
from ops.warning_recipients as told
inner join ops.warnings as warnings using (warning_id, version)
where warnings.release_class = """

_LIFTINGS: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select distinct on (lifted.warning_id, lifted.version, told.recipient_id)
    'lifting:' || lifted.warning_id || ':' || lifted.version || ':' || told.recipient_id,
    'lifting',
    lifted.warning_id,
    lifted.lifted_at::date,
    jsonb_build_object(
        'addressee', told.recipient_id,
        'audience', told.audience,
        'warning_id', lifted.warning_id,
        'version', lifted.version,
        'title', lifted.title_zh || ' / ' || lifted.title_en,
        'lifted_on', lifted.lifted_at::date,
        'reason', lifted.lifted_because_zh || ' / ' || lifted.lifted_because_en
    )
from ops.warnings as lifted
-- whoever was told of any version up to the one that is lifted
inner join ops.warning_recipients as told
    on lifted.warning_id = told.warning_id and lifted.version >= told.version
where lifted.lifted_at is not null
order by lifted.warning_id, lifted.version, told.recipient_id, told.version desc
on conflict (message_id) do nothing
"""

_REPORTS: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'report:' || report_id || ':' || version,
    'report',
    report_id,
    period_to,
    jsonb_build_object(
        'addressee', recipient_id,
        'report_id', report_id,
        'version', version,
        'risk_domain', risk_domain,
        'period_from', period_from,
        'period_to', period_to,
        'html_file', html_file,
        'html_sha256', html_sha256,
        'pdf_file', pdf_file,
        'pdf_sha256', pdf_sha256
    )
from ops.reports
on conflict (message_id) do nothing
"""

_ONCE: LiteralString = " on conflict (message_id) do nothing"

ENQUEUE: dict[str, LiteralString] = {
    "bulletin": _PUBLISHED + "'bulletin'" + _ONCE,
    "notice": _PUBLISHED + "'notice'" + _ONCE,
    "notification": _PUBLISHED + "'notification'" + _ONCE,
    "lifting": _LIFTINGS,
    "report": _REPORTS,
}

_WARNED = ("addressee", "audience", "sharing_basis", "warning_id", "version", "title", "release")

TOLD: dict[str, tuple[str, ...]] = {
    "bulletin": _WARNED,
    "notice": _WARNED,
    "notification": _WARNED,
    "lifting": ("addressee", "audience", "warning_id", "version", "title", "lifted_on", "reason"),
    "report": (
        "addressee", "report_id", "version", "risk_domain", "period_from", "period_to", "html_file",
        "html_sha256", "pdf_file", "pdf_sha256",
    ),
}  # fmt: skip
