"""The allocation that is worth most: a mixed-integer programme on curves laid in segments.

maximise    sum of value of the segments, as far as each is used
subject to  officer-hours of all offices           at most the budget
            officer-hours of each office           between its bounds
            inspections of each office             at least its least number
            officer-hours of each risk domain      at least its floor, over all offices
            a segment is begun only when the one before it is full

The last is what the rule of selection does: it goes down the ranks. Where returns diminish the best
solution keeps to it by itself; the floors of domains, and a curve with a dent, need it said.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.allocation.evidence import Floats


class NoAllocation(ValueError):  # noqa: N818 - reads as what is wrong
    """The bounds leave no allocation; the message says what the solver says."""


@dataclass(frozen=True)
class Problem:
    """Offices × segments (× domains), and the bounds. A segment without inspections is no matter.

    ``value``, ``inspections``: offices × segments; ``officer_hours``: offices × segments × domains.
    """

    value: Floats
    inspections: Floats
    officer_hours: Floats
    budget_hours: float
    least_hours: Floats
    most_hours: Floats
    least_inspections: Floats
    domain_least_hours: Floats


def best(problem: Problem) -> Floats:
    """Return how far each segment is used (offices × segments, 0 to 1): the exact optimum.

    The same problem has the same answer: the solver works on one thread, in one order.

    Raises:
        NoAllocation: nothing satisfies the bounds.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix

    offices, segments = problem.value.shape
    used = offices * segments
    hours = problem.officer_hours.sum(axis=2)
    by_office = np.kron(np.eye(offices), np.ones(segments))
    rows: list[tuple[Any, Any, Any]] = [
        (hours.reshape(1, used), -np.inf, problem.budget_hours),
        (by_office * hours.reshape(used), problem.least_hours, problem.most_hours),
        (by_office * problem.inspections.reshape(used), problem.least_inspections, np.inf),
        (
            problem.officer_hours.reshape(used, -1).T,
            problem.domain_least_hours,
            np.inf,
        ),
    ]
    constraints = [
        LinearConstraint(csr_matrix(np.hstack([part, np.zeros((len(part), used))])), low, high)
        for part, low, high in rows
    ]
    constraints += _in_order(offices, segments)
    # what is used, and whether a segment is full: 0 or 1
    outcome = milp(
        np.concatenate([-problem.value.reshape(used), np.zeros(used)]),
        integrality=np.repeat([0, 1], used),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"mip_rel_gap": 1e-6, "time_limit": 120},
    )
    if outcome.x is None:
        raise NoAllocation(f"no allocation within the bounds 无可行方案: {outcome.message}")
    return np.clip(outcome.x[:used].reshape(offices, segments), 0.0, 1.0)


def _in_order(offices: int, segments: int) -> "list[object]":
    """full[s] ≤ used[s], and used[s + 1] ≤ full[s]."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import bmat, eye, kron

    used = offices * segments
    every = eye(used, format="csr")
    shift: NDArray[np.float64] = np.eye(segments)[1:]
    keep: NDArray[np.float64] = np.eye(segments)[:-1]
    later, earlier = kron(np.eye(offices), shift), kron(np.eye(offices), keep)
    return [
        LinearConstraint(bmat([[every, -every]], format="csr"), 0, np.inf),
        LinearConstraint(bmat([[-later, earlier]], format="csr"), 0, np.inf),
    ]
