"""The review queue: what waits for a person, and what the person says."""

from dataclasses import dataclass

from customs_risk import warehouse
from customs_risk.resolve.subjects import subject


class UnknownMention(ValueError):  # noqa: N818 - reads as what is wrong
    """A verdict names a mention that is not there."""


@dataclass(frozen=True)
class Waiting:
    """A pair that waits for a verdict, with what there is to judge it by."""

    mention_id: str
    mention_kind: str
    mention_names: list[str]
    mention_country: str | None
    subject_kind: str
    subject_id: str
    subject_names: list[str]
    subject_country: str | None
    matched_on: str
    score: float


def queue(limit: int = 50) -> list[Waiting]:
    """Return the pairs that wait for a person, the likeliest first."""
    with warehouse.connect() as connection:
        found = connection.execute(
            """
            select
                matches.mention_id, mentions.mention_kind, mentions.mention_names, mentions.country,
                matches.subject_kind, matches.subject_id, subjects.subject_names, subjects.country,
                matches.matched_on, matches.score
            from ops.subject_matches as matches
            inner join intermediate.int_mentions as mentions using (mention_id)
            inner join intermediate.int_subjects as subjects using (subject_kind, subject_id)
            where matches.status = 'review'
            order by matches.score desc, matches.mention_id, matches.subject_id
            limit %s
            """,
            [limit],
        )
        return [Waiting(*row) for row in found]


def review(
    mention_id: str, subject_kind: str, subject_id: str, same: bool, reviewer: str, reason: str
) -> None:
    """Record a person's verdict on a pair; it overrules every method, now and for ever.

    Raises:
        UnknownMention: no such mention is known.
        ValueError: the reviewer or the reason is not told.
    """
    if not reviewer.strip() or not reason.strip():
        raise ValueError("a verdict needs a reviewer and a reason")
    with warehouse.connect() as connection:
        row = connection.execute(
            """
            select mention_kind, mention_names, mention_identifiers, country
            from intermediate.int_mentions where mention_id = %s
            """,
            [mention_id],
        ).fetchone()
        if row is None:
            raise UnknownMention(f"no mention {mention_id} is known")
        told_as = subject(mention_id, *row).told_as
        connection.execute(
            """
            insert into ops.match_reviews (
                mention_id, subject_kind, subject_id, verdict,
                reviewer, reason, told_as, reviewed_at
            )
            values (%s, %s, %s, %s, %s, %s, %s, clock_timestamp())
            """,
            [
                mention_id,
                subject_kind,
                subject_id,
                "same" if same else "different",
                reviewer.strip(),
                reason.strip(),
                told_as,
            ],
        )
        # seen at once; the next resolution settles the mention's other candidates
        connection.execute(
            """
            update ops.subject_matches set status = %s
            where mention_id = %s and subject_kind = %s and subject_id = %s
            """,
            ["matched" if same else "rejected", mention_id, subject_kind, subject_id],
        )
