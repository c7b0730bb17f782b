"""Where resolution reads mentions and subjects, and keeps what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection, sql

from customs_risk import warehouse
from customs_risk.resolve.outcomes import Outcome, method_version
from customs_risk.resolve.subjects import Candidate, Pair, Subject, subject

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 5_000
_UNRESOLVED = """
    not exists (
        select 1 from ops.resolved_mentions as resolved
        where resolved.mention_id = mentions.mention_id and resolved.method_version = '{version}'
    )
    or mention_id in (
        select resolved.mention_id from ops.resolved_mentions as resolved
        inner join ops.match_reviews as reviews using (mention_id)
        where reviews.reviewed_at > resolved.resolved_at
        union all
        select resolved.mention_id from ops.resolved_mentions as resolved
        inner join ops.match_reviews as reviews using (told_as)
        where reviews.reviewed_at > resolved.resolved_at
    )
"""
_EARLIER = """
    mention_id in (
        select resolved.mention_id from ops.resolved_mentions as resolved
        where resolved.keys && {keys}::text[] and resolved.method_version = {version}
    )
"""
_MENTIONS = """
    select mention_id, mention_kind, mention_names, mention_identifiers, country
    from intermediate.int_mentions as mentions
    where {condition}
    order by mention_kind, mention_id
"""
# a subject is new again when it is known under another name
_SUBJECTS = """
    with subjects as (
        select *, md5(row(subject_names, subject_identifiers, country)::text) as content
        from intermediate.int_subjects
    )
    select subjects.*, resolved.subject_id is null as is_new
    from subjects
    left join ops.resolved_subjects as resolved
        on subjects.subject_kind = resolved.subject_kind
        and subjects.subject_id = resolved.subject_id
        and subjects.content = resolved.content
        and resolved.method_version = '{version}'
    where {all} or resolved.subject_id is null
    order by subjects.subject_kind, subjects.subject_id
"""


@dataclass(frozen=True)
class Verdicts:
    """Whether people judged pairs to be one: by mention, and by what a mention is told as."""

    by_mention: dict[Pair, bool]
    by_name: dict[Pair, bool]

    def of(self, mentions: Sequence[Subject]) -> dict[Pair, bool]:
        """Return the verdicts that hold for these mentions; one on the mention itself is first."""
        named: dict[str, list[tuple[Pair, bool]]] = {}
        for pair, same in self.by_name.items():
            named.setdefault(pair[0], []).append((pair, same))
        keys = {mention.key for mention in mentions}
        inherited = {
            (mention.key, kind, subject_id): same
            for mention in mentions
            for (_, kind, subject_id), same in named.get(mention.told_as, ())
        }
        return inherited | {pair: v for pair, v in self.by_mention.items() if pair[0] in keys}


@dataclass(frozen=True)
class KnownSubjects:
    """Subjects as they are compared, by kind; ``contents`` tell later whether one has changed."""

    everyone: dict[str, list[Subject]]
    newcomers: dict[str, list[Subject]]
    contents: list[tuple[str, str, str]]


def has_something_to_read(connection: Connection) -> bool:
    """Tell whether the models that hold mentions and subjects have been built."""
    found = connection.execute(
        """
        select to_regclass('intermediate.int_mentions') is not null
            and to_regclass('intermediate.int_subjects') is not null
        """
    ).fetchone()
    return bool(found and found[0])


def read_new_mentions() -> "pa.Table":
    """Read the mentions that want an outcome."""
    condition = _UNRESOLVED.format(version=method_version())
    return warehouse.read_arrow(_MENTIONS.format(condition=condition))


def read_earlier_mentions(connection: Connection, subjects: Iterable[Subject]) -> "pa.Table":
    """Read the mentions that have an outcome and share a key with one of these subjects.

    They are looked up in an index, so that the cost follows the subjects' number.
    """
    keys = sorted(set().union(*(each.keys_to_meet for each in subjects)))
    condition = sql.SQL(_EARLIER).format(
        keys=sql.Literal(keys), version=sql.Literal(method_version())
    )
    return warehouse.read_arrow(_MENTIONS.format(condition=condition.as_string(connection)))


def in_portions(mentions: "pa.Table") -> Iterator[list[Subject]]:
    """Take mentions apart, some thousands at a time, so that memory holds no more."""
    for batch in mentions.to_batches(max_chunksize=_AT_ONCE):
        yield [
            subject(
                row["mention_id"],
                row["mention_kind"],
                row["mention_names"],
                row["mention_identifiers"],
                row["country"],
            )
            for row in batch.to_pylist()
        ]


def read_subjects(*, with_all: bool) -> KnownSubjects:
    """Read the subjects that are new, or all of them."""
    query = _SUBJECTS.format(version=method_version(), all=str(with_all).lower())
    known = KnownSubjects({}, {}, [])
    for batch in warehouse.read_arrow(query).to_batches(max_chunksize=_AT_ONCE):
        for row in batch.to_pylist():
            kind, subject_id = row["subject_kind"], row["subject_id"]
            identifiers = [subject_id, *(row["subject_identifiers"] or ())]
            each = subject(subject_id, kind, row["subject_names"], identifiers, row["country"])
            known.everyone.setdefault(kind, []).append(each)
            if row["is_new"]:
                known.newcomers.setdefault(kind, []).append(each)
                known.contents.append((kind, subject_id, row["content"]))
    return known


def read_verdicts(connection: Connection) -> Verdicts:
    """Read the last verdict on each pair."""
    verdicts = Verdicts({}, {})
    for mention_id, kind, subject_id, told_as, verdict in connection.execute(
        """
        select mention_id, subject_kind, subject_id, told_as, verdict
        from ops.match_reviews order by reviewed_at
        """
    ):
        verdicts.by_mention[mention_id, kind, subject_id] = verdict == "same"
        if told_as is not None:
            verdicts.by_name[told_as, kind, subject_id] = verdict == "same"
    return verdicts


def read_candidates(connection: Connection, mention_ids: Iterable[str]) -> list[Candidate]:
    """Read back the candidates that are kept of some mentions."""
    found = connection.execute(
        """
        select mention_id, subject_kind, subject_id, method, matched_on, score
        from ops.subject_matches where mention_id = any(%s)
        """,
        [list(mention_ids)],
    )
    return [Candidate(*row) for row in found]


def replace_outcomes(
    connection: Connection, mention_ids: Sequence[str], outcomes: Sequence[Outcome]
) -> None:
    """Put outcomes in the place of whatever these mentions had."""
    connection.execute("delete from ops.subject_matches where mention_id = any(%s)", [mention_ids])
    rows = (
        (
            outcome.candidate.mention_id,
            outcome.candidate.subject_kind,
            outcome.candidate.subject_id,
            outcome.candidate.method,
            outcome.candidate.matched_on,
            outcome.candidate.score,
            outcome.status,
            method_version(),
        )
        for outcome in outcomes
    )
    _copy(
        connection,
        "ops.subject_matches (mention_id, subject_kind, subject_id, method, matched_on, score, "
        "status, method_version)",
        rows,
    )


def note_mentions(connection: Connection, mentions: Sequence[Subject]) -> None:
    """Note that mentions have an outcome, be it none; and which identifiers were no good."""
    connection.execute(
        "delete from ops.resolved_mentions where mention_id = any(%s)",
        [[mention.key for mention in mentions]],
    )
    rows = (
        (
            mention.key,
            mention.told_as,
            sorted(mention.keys),
            list(mention.identifiers.failed),
            method_version(),
        )
        for mention in mentions
    )
    _copy(
        connection,
        "ops.resolved_mentions (mention_id, told_as, keys, failed_identifiers, method_version)",
        rows,
    )


def note_subjects(connection: Connection, contents: Sequence[tuple[str, str, str]]) -> None:
    """Note that all mentions have met these subjects."""
    connection.execute(
        """
        delete from ops.resolved_subjects as resolved
        using unnest(%s::text[], %s::text[]) as met (subject_kind, subject_id)
        where resolved.subject_kind = met.subject_kind and resolved.subject_id = met.subject_id
        """,
        [[kind for kind, _, _ in contents], [subject_id for _, subject_id, _ in contents]],
    )
    rows = ((*content, method_version()) for content in contents)
    _copy(
        connection,
        "ops.resolved_subjects (subject_kind, subject_id, content, method_version)",
        rows,
    )


def _copy(connection: Connection, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    statement = sql.SQL("copy {} from stdin").format(sql.SQL(target))
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
