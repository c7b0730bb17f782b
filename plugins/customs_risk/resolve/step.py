"""The step: every mention that has no outcome gets one, and new subjects meet the old mentions."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

from psycopg import Connection

from customs_risk import warehouse
from customs_risk.resolve import store
from customs_risk.resolve.outcomes import settle
from customs_risk.resolve.subjects import Candidate, Pair, Register, Subject

_LOCK = "select pg_advisory_xact_lock(hashtext('customs_risk.resolve'))"


def resolve_subjects() -> int:
    """Resolve what is new, all or nothing; return how many mentions got an outcome or another one.

    New mentions meet all subjects; mentions that were resolved earlier meet the new subjects only.
    Whatever people have judged stays as they judged it.
    """
    with warehouse.connect() as connection:
        connection.execute(_LOCK)
        if not store.has_something_to_read(connection):
            return 0
        new = store.read_new_mentions()
        subjects = store.read_subjects(with_all=new.num_rows > 0)
        verdicts = store.read_verdicts(connection)
        everyone = _registers(subjects.everyone)
        for mentions in store.in_portions(new):
            _resolve(connection, mentions, _candidates(mentions, everyone), verdicts)
            store.note_mentions(connection, mentions)
        renewed = new.num_rows
        if subjects.contents:
            renewed += _meet_newcomers(connection, subjects, verdicts)
            store.note_subjects(connection, subjects.contents)
        return renewed


def _meet_newcomers(
    connection: Connection, subjects: store.KnownSubjects, verdicts: store.Verdicts
) -> int:
    """Let mentions that were resolved earlier meet the new subjects; return how many found one."""
    newcomers = _registers(subjects.newcomers)
    changed = {(kind, subject_id) for kind, subject_id, _ in subjects.contents}
    renewed = 0
    newly_known = chain.from_iterable(subjects.newcomers.values())
    # read beside this transaction, which has not shown what it resolved: these are the earlier ones
    for earlier in store.in_portions(store.read_earlier_mentions(connection, newly_known)):
        found = _candidates(earlier, newcomers)
        met = {candidate.mention_id for candidate in found}
        kept = [
            candidate
            for candidate in store.read_candidates(connection, met)
            if (candidate.subject_kind, candidate.subject_id) not in changed
        ]
        affected = [mention for mention in earlier if mention.key in met]
        _resolve(connection, affected, [*kept, *found], verdicts)
        renewed += len(affected)
    return renewed


def _resolve(
    connection: Connection,
    mentions: list[Subject],
    candidates: list[Candidate],
    verdicts: store.Verdicts,
) -> None:
    if not mentions:
        return
    judged = verdicts.of(mentions)
    outcomes = settle([*candidates, *_unfound(judged, candidates)], judged)
    store.replace_outcomes(connection, [mention.key for mention in mentions], outcomes)


def _unfound(judged: dict[Pair, bool], candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return pairs that people know to be one, though no method finds them."""
    found = {each.pair for each in candidates}
    return [
        Candidate(*pair, method="name", matched_on="a person's verdict", score=1.0)
        for pair, same in judged.items()
        if same and pair not in found
    ]


def _registers(subjects: dict[str, list[Subject]]) -> dict[str, Register]:
    return {kind: Register(kind, members) for kind, members in subjects.items()}


def _candidates(mentions: list[Subject], registers: dict[str, Register]) -> list[Candidate]:
    """Return whom each mention may be, among the subjects of its kind."""
    alike: dict[str, list[Subject]] = defaultdict(list)
    for mention in mentions:
        alike[mention.kind].append(mention)
    return [
        candidate
        for kind, members in alike.items()
        if kind in registers
        for candidate in registers[kind].candidates(members)
    ]
