"""What is warned of: drafted from what stands, all at once, and lifted when it has ceased.

Order 271, Article 13 (6): a warning is issued, and lifted. One per cause, subject and release class
until it is lifted; when its level changes, a new version takes its place. Nothing is rewritten.
"""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import outbox
from customs_risk.treat.warnings import approval, issue

DRAFTER = "warning rules"
_HERE = Path(__file__)

# what is to be warned of now, in which class
_WANTED = """
create temporary table wanted on commit drop as
select causes.*, release_class.told as release_class
from causes
inner join
    jsonb_to_recordset(%(classes)s::jsonb) as rules (cause text, release_classes text[])
    using (cause)
cross join lateral unnest(rules.release_classes) as release_class (told)
where release_class.told <> 'notice' or causes.is_public
"""

_SAME = """
    wanted.cause = warnings.cause
    and wanted.risk_domain = warnings.risk_domain
    and wanted.subject_kind = warnings.subject_kind
    and wanted.subject_key = warnings.subject_key
    and wanted.release_class = warnings.release_class
"""

# a person's warning is lifted by a person
_LIFT = f"""
update ops.warnings
set
    lifted_at = %(moment)s,
    lifted_by = %(drafter)s,
    lifted_because_en = rules.en,
    lifted_because_zh = rules.zh
from jsonb_to_recordset(%(classes)s::jsonb) as rules (cause text, en text, zh text)
where
    rules.cause = warnings.cause
    and warnings.lifted_at is null
    and warnings.superseded_at is null
    and not exists (select 1 from wanted where {_SAME})
"""

_SUPERSEDE = f"""
update ops.warnings
set superseded_at = %(moment)s
from wanted
where
    warnings.lifted_at is null
    and warnings.superseded_at is null
    and warnings."level" <> wanted."level"
    and {_SAME}
"""

_DRAFT = f"""
with

numbered as (
    select
        wanted.*,
        'W' || to_char(%(moment)s::timestamptz, 'YYYYMMDD') || '-' || upper(substr(
            md5(concat_ws('|', cause, risk_domain, subject_kind, subject_key, release_class)), 1, 10
        )) as new_id
    from wanted
    where not exists (
        select 1 from ops.warnings as warnings
        where warnings.lifted_at is null and warnings.superseded_at is null and {_SAME}
    )
),

-- the version that it takes the place of, if it was of another level a moment ago
replaced as (
    select distinct on (numbered.new_id)
        numbered.*,
        coalesce(before.warning_id, numbered.new_id) as warning_id,
        before.version as supersedes
    from numbered
    left join ops.warnings as before
        on
            before.superseded_at = %(moment)s
            and before.cause = numbered.cause
            and before.risk_domain = numbered.risk_domain
            and before.subject_kind = numbered.subject_kind
            and before.subject_key = numbered.subject_key
            and before.release_class = numbered.release_class
    order by numbered.new_id asc, before.version desc
)

insert into ops.warnings (
    warning_id, version, release_class, cause, risk_domain, subject_kind, subject_key, country, hs,
    "level", is_public, title_en, title_zh, advice_en, advice_zh, words_en, words_zh, evidence,
    evidence_rows, supersedes, drafted_at, drafted_by
)
select
    warning_id,
    -- one that was lifted the same day has the same number
    1 + coalesce((
        select max(warnings.version) from ops.warnings as warnings
        where warnings.warning_id = replaced.warning_id
    ), 0),
    release_class, cause, risk_domain, subject_kind, subject_key, country, hs, "level", is_public,
    title_en, title_zh, advice_en, advice_zh, words_en, words_zh,
    jsonb_path_query_array(evidence, '$[0 to 49]'), evidence_rows, supersedes, %(moment)s,
    %(drafter)s
from replaced
"""


@cache
def rules() -> dict[str, Any]:
    """Return rules.yml as it stands."""
    return yaml.safe_load(_HERE.with_name("rules.yml").read_text(encoding="utf-8"))


def draft_warnings() -> int:
    """Lift what has ceased, draft what stands and issue what may leave; return how many drafts.

    It may run at any time: what is warned of already is not warned of again. Notices and
    notifications wait for a person's word; bulletins leave at once.
    """
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        at = _told(moment)
        look = _HERE.with_name("causes.sql").read_text(encoding="utf-8")
        connection.execute(f"create temporary table causes on commit drop as {look}", at)
        connection.execute(_WANTED, at)
        connection.execute(_LIFT, at)
        outbox.enqueue(connection, "lifting")
        connection.execute(_SUPERSEDE, at)
        drafted = connection.execute(_DRAFT, at).rowcount
        approval.ask(connection)
        issue.issue_ready(connection, moment)
    return drafted


def revise(
    warning_id: str,
    *,
    title_en: str | None = None,
    title_zh: str | None = None,
    advice_en: str | None = None,
    advice_zh: str | None = None,
    by: str,
) -> int:
    """Put a warning into other words, as a new version that waits anew; return its version.

    Raises:
        UnknownWarning: no warning of that number stands.
    """
    words = {
        "title_en": title_en, "title_zh": title_zh, "advice_en": advice_en, "advice_zh": advice_zh,
    }  # fmt: skip
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        version = issue.standing_version(connection, warning_id)
        told = {"id": warning_id, "version": version, "moment": moment, "by": by, **words}
        connection.execute(_REPLACE, told)
        connection.execute(_REWORD, told)
        approval.ask(connection)
    return version + 1


_REPLACE = """
update ops.warnings set superseded_at = %(moment)s
where warning_id = %(id)s and version = %(version)s
"""

_REWORD = """
insert into ops.warnings (
    warning_id, version, release_class, cause, risk_domain, subject_kind, subject_key, country, hs,
    "level", is_public, title_en, title_zh, advice_en, advice_zh, words_en, words_zh, evidence,
    evidence_rows, supersedes, drafted_at, drafted_by
)
select
    warning_id, version + 1, release_class, cause, risk_domain, subject_kind, subject_key, country,
    hs, "level", is_public, coalesce(%(title_en)s, title_en), coalesce(%(title_zh)s, title_zh),
    coalesce(%(advice_en)s, advice_en), coalesce(%(advice_zh)s, advice_zh), words_en, words_zh,
    evidence, evidence_rows, version, %(moment)s, %(by)s
from ops.warnings
where warning_id = %(id)s and version = %(version)s
"""


def _told(moment: datetime) -> dict[str, Any]:
    causes = rules()["causes"]
    thresholds: dict[str, float] = {}
    for rule in causes.values():
        thresholds |= rule["thresholds"]
    classes = [
        {"cause": cause, "release_classes": rule["release_classes"], **rule["ceased"]}
        for cause, rule in causes.items()
    ]
    return thresholds | {
        "moment": moment,
        "zone": settings().time_zone,
        "drafter": DRAFTER,
        "classes": json.dumps(classes),
        "diseases": json.dumps(rules()["diseases"]),
    }
