"""The steps of the loop. Airflow's tasks and the simulation call these, and nothing else.

Each step may run again at any time: what is done already stays done. Heavy libraries are
imported inside the step that needs them, because Airflow parses its DAG files often.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from customs_risk.collect import BatchOutcome


def initialize() -> None:
    """Create every table that no model creates; harmless when they exist."""
    from customs_risk import collect as collection
    from customs_risk import warehouse
    from ml import dictionary

    warehouse.prepare()
    collection.prepare()
    dictionary.publish()


def bring_in(feed: str) -> "list[BatchOutcome]":
    """Fetch what is new at a feed's source, then collect what waits, fetched or dropped."""
    from customs_risk import collect as collection

    return collection.bring_in(feed)


def collect(feed: str) -> "list[BatchOutcome]":
    """Land, gate and load every delivery of a feed that waits in its inbox."""
    from customs_risk import collect as collection

    return collection.collect(feed)


def prepare() -> int:
    """Advance staging, profiles and features; return how many dbt nodes ran."""
    from customs_risk.transform import transform

    return transform("prepare")


def resolve() -> int:
    """Find out whom notices and lists mean; return how many mentions were judged."""
    from customs_risk.resolve import resolve_subjects

    return resolve_subjects()


def watch() -> int:
    """Raise the alarms that are due, clear those that ceased; return how many are new."""
    from customs_risk.oversight.alarms import raise_alarms

    return raise_alarms()


def train() -> str | None:
    """Judge the models that wait, then train one on the results known so far.

    Returns its version, or None if results are too few. What prices are usual is learned, too.
    """
    from ml import champion
    from ml.prices.step import train_prices
    from ml.train import train as train_model

    champion.judge()
    train_prices()
    return train_model()


def assess() -> int:
    """Draw a conclusion for each declaration that has none; return how many.

    Where experts have spoken, what they say is pooled with what the model says. Each declaration
    is told what its price should be.
    """
    from customs_risk.experts.combination import combine
    from ml.prices.step import expect_prices
    from ml.score import assess as draw_conclusions

    drawn = draw_conclusions()
    combine()
    expect_prices()
    return drawn


def decide() -> int:
    """Choose lanes and inspections where there is no decision yet, tell why, and instruct.

    What claims an inspection beside the model's ranking is told first.
    """
    from customs_risk.transform import transform
    from customs_risk.treat.claims import claim
    from ml.explain import explain

    claim()
    nodes = transform("decide")
    explain()
    return nodes + transform("instruct")


def observe() -> str | None:
    """Look at the day from further off, when all that is urgent is done.

    Whose level moves by what has become known, what of the trade has left its own past, who does
    otherwise than its peers, how models that wait would have scored, how far trade has drifted;
    once a month, where inspections would find more; train if that is due, and return why.
    """
    from ml import champion, drift
    from ml.due import is_training_due
    from ml.focus.step import find_focus
    from ml.peers.step import compare_peers
    from ml.reassess import reassess

    if reassess():
        dispatch()
    find_focus()
    compare_peers()
    champion.shadow()
    drift.observe()
    allocate()
    reason = is_training_due()
    if reason:
        train()
    return reason


def treat() -> int:
    """Act on what has become known; return how many measures, warnings and referrals are new.

    Rebuttals are taken in and reviewed; measures are proposed, and lifted where their cause has
    ceased; warnings are drafted, audits and cases referred. What waits for a person waits; where
    the stated policy speaks, it answers. What may leave leaves.
    """
    from customs_risk import warehouse
    from customs_risk.feedback.reviews import follow
    from customs_risk.treat import approvals, emergencies, policy, rebuttals, referrals, standing
    from customs_risk.treat.warnings.drafts import draft_warnings
    from customs_risk.treat.warnings.issue import issue_warnings

    rebuttals.take_in()
    policy.review_waiting()
    begun = standing.propose_measures() + draft_warnings() + referrals.refer()
    policy.answer_waiting()
    with warehouse.connect() as connection:
        emergencies.settle(connection)
        follow.settle(connection)
    issue_warnings()
    approvals.escalate_due()
    dispatch()
    return begun


def report() -> int:
    """Make the reports on the last week that is over, and send them; return how many files."""
    from customs_risk.treat.reports.step import make_reports

    files = make_reports()
    dispatch()
    return len(files)


def review() -> int:
    """Review what measures and parameters were worth in the month that is over, and report on it.

    Each month once; return how many were reviewed. What is recommended waits for people.
    """
    from customs_risk.feedback.reviews import step
    from customs_risk.treat.reports.step import make_monthly_report

    reviewed = step.review()
    make_monthly_report(step.due_month(), again=False)
    dispatch()
    return reviewed


def questions() -> list[dict[str, str]]:
    """Return what waits for a person, as Airflow asks it."""
    from customs_risk.treat import approvals

    return approvals.asked_in_words()


def take_answer(approval_id: str, answered: "dict[str, Any]") -> str:
    """Take what a person answered in Airflow; return in words what became of it."""
    from customs_risk.treat import approvals

    return approvals.take_form(approval_id, answered)


def dispatch() -> int:
    """Send the instructions that wait; return how many left."""
    from customs_risk.treat import outbox

    return outbox.dispatch()


def feed_back() -> int:
    """Rebuild the marts that say how well the treatment worked."""
    from customs_risk.transform import transform

    return transform("feedback")


def allocate() -> str | None:
    """Recommend once a month what each office is to inspect; return the recommendation's number.

    It waits for an approval. None on any other day, and before a model has ranked for long enough.
    """
    from customs_risk.treat import capacities, policy

    number = capacities.propose_due()
    if number:
        policy.answer_waiting()
    return number


def retain() -> int:
    """Delete or clear what is over its time; return how many rows and files that was."""
    from customs_risk.access.retention import retain as apply_retention

    return sum(act.rows for act in apply_retention())
