"""The world outside: a calendar, and one delivery per feed and day."""

from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.acts import acts_of, waved_through
from customs_risk.sandbox.auditors import audits_due
from customs_risk.sandbox.chance import generator, uniform
from customs_risk.sandbox.commodities import make_commodities, read_countries
from customs_risk.sandbox.conduct import Conduct, make_conduct
from customs_risk.sandbox.days import OFFSET, Days, business_days, next_business_days
from customs_risk.sandbox.declarations import LARGEST_DAY, TRUTH, declarations_of
from customs_risk.sandbox.delivery import (
    deliver,
    delivery_path,
    parquet_bytes,
    repeat_rows,
    sent_on,
    spoil_column,
    spoil_declarations,
    write_whole,
)
from customs_risk.sandbox.examinations import (
    corrections_before,
    corrections_of,
    keep_corrections,
)
from customs_risk.sandbox.inspectors import (
    INSTRUCTION,
    acknowledge,
    answers_due,
    answers_noted,
    inspect,
    read_instructions,
    report_days,
)
from customs_risk.sandbox.offences import make_offenders
from customs_risk.sandbox.outside import documents
from customs_risk.sandbox.outside.cargo import with_cargo
from customs_risk.sandbox.outside.handbooks import planted
from customs_risk.sandbox.outside.rates import exchange_rates
from customs_risk.sandbox.signals import (
    WatchList,
    enterprise_status,
    make_watch_list,
    monitoring_samples,
)
from customs_risk.sandbox.tiers import Tiers
from customs_risk.sandbox.traders import HORIZON_DAYS, make_lines, make_parties
from customs_risk.sandbox.truth import keep_misconduct, keep_truth, read_truth

SENT = {
    "instruction_receipts": time(6, 45),
    "inspection_results": time(7),
    "audit_results": time(7, 30),
    "enforcement_acts": time(7, 45),
    "monitoring_samples": time(8),
    "enterprise_status": time(8, 30),
    "watch_list": time(9),
    "exchange_rates": time(9, 15),
    "declarations": time(18),
}
FEEDS = tuple(SENT)  # in the order of the day
HISTORY_SENT = time(23)
HISTORY_INSPECTED = 0.08  # share of history's declarations that were inspected
USUAL_VOLUME = 3_000  # declarations a day that the offices are staffed for
HISTORY_RANDOM = 1 / 3  # share of those that were drawn at random


class World:
    """A seeded world. It writes to `<home>/inbox`, reads `<home>/outbox`, and keeps its own notes
    and the truth under `<home>/sandbox`.

    `declarations_per_day` is the mean volume, at most 79,999; the calendar begins with
    `history_days` of history on `start_on`, and live days follow. Days must lie within three years
    of the start.
    """

    def __init__(
        self,
        home: Path,
        seed: int = 7,
        declarations_per_day: int = 3_000,
        start_on: date = date(2026, 4, 1),
        history_days: int = 90,
    ) -> None:
        if not 0 < declarations_per_day <= 0.8 * LARGEST_DAY:
            raise ValueError("declarations_per_day must lie between 1 and 79,999")
        self.home = home
        self.seed = seed
        self.declarations_per_day = declarations_per_day
        self.start_on = start_on
        self.history_days = history_days
        self.countries = read_countries()
        self.commodities = make_commodities(seed, self.countries)
        self.parties = make_parties(seed, self.countries)
        self.lines = make_lines(seed, self.commodities, self.countries, self.parties)
        self.offenders = make_offenders(seed, self.commodities, self.lines, self.parties)

    @property
    def history_end(self) -> date:
        """The last calendar day of history."""
        return self.start_on + timedelta(self.history_days - 1)

    def live_days(self, count: int, after: date | None = None) -> list[date]:
        """The next business days after a day, by default after history."""
        return next_business_days(after or self.history_end, count)

    def declarations(self, day: date) -> pd.DataFrame:
        """The day's declarations with what is true of them: for measuring, not for delivery."""
        rows = declarations_of(
            self.seed,
            day,
            self._number(day),
            self.declarations_per_day,
            self.commodities,
            self.countries,
            self.parties,
            self.lines,
            self.offenders,
        )
        rows.insert(10, "importer_credit_tier", rows["importer_id"].map(self.tiers.on(day)))
        return rows

    def deliver_history(self) -> dict[str, Path]:
        """One bulk delivery per feed for the days of history. Returns their paths by feed."""
        days = business_days(self.start_on, self.history_end)
        declared = [self.declarations(day) for day in days]
        everything = pd.concat(declared, ignore_index=True)
        keep_truth(self.home, f"history_{days[0]}_{days[-1]}", everything)
        asked = pd.concat(
            [self._chosen(day, rows) for day, rows in zip(days, declared, strict=True)],
            ignore_index=True,
        )
        reported = report_days(self.seed, asked) <= np.datetime64(self.history_end)
        self._keep_pending(asked[~reported])
        answered = asked[reported].reset_index(drop=True)
        results = self._results(answered, report_days(self.seed, answered), everything)
        corrected = corrections_of(self.seed, results, self.conduct)
        keep_corrections(self.home, self.history_end, corrected)
        keep_misconduct(self.home, self.misconduct)
        rows_of: dict[str, pd.DataFrame | bytes] = {
            "inspection_results": results.sort_values("reported_at", ignore_index=True),
            "enforcement_acts": acts_of(self, days[:-1], results),
            "monitoring_samples": self._monitoring(days),
            "enterprise_status": self._notices(days),
            "watch_list": self._watched(-HORIZON_DAYS * 2, days[-1]),
            "exchange_rates": exchange_rates(self, days[-1]),
            "declarations": self._spoilt(everything, days[-1]),
        }
        sent = sent_on(self.history_end, HISTORY_SENT)
        return {
            feed: deliver(self.home, feed, rows, sent, backfill=True)
            for feed, rows in rows_of.items()
        }

    def deliver_day(self, day: date, feeds: Collection[str] | None = None) -> dict[str, Path]:
        """The day's deliveries, or those of the feeds named. Returns their paths by feed.

        A feed that has nothing to say sends nothing, and is missing from the answer.
        """
        return self.deliver_period(day, day, feeds)

    def deliver_period(
        self, from_day: date, to_day: date, feeds: Collection[str] | None = None
    ) -> dict[str, Path]:
        """One delivery per feed for the business days between, both included.

        It is sent on the last day; inspection results leave when the last of them is in.
        Delivered again, it holds the same bytes. Periods must not overlap.
        """
        days = business_days(from_day, to_day)
        if not days:
            raise ValueError(f"no business day between {from_day} and {to_day}")
        if days[0] <= self.history_end:
            raise ValueError(f"{days[0]} belongs to history, which ends on {self.history_end}")
        rows_of: dict[str, Callable[[], pd.DataFrame | bytes]] = {
            "instruction_receipts": lambda: self._acknowledged(days[-1]),
            "inspection_results": lambda: self._answers(days),
            "audit_results": lambda: audits_due(self.home, self.seed, days[0], days[-1]),
            "enforcement_acts": lambda: self._acts(days),
            "monitoring_samples": lambda: self._monitoring(days),
            "enterprise_status": lambda: self._notices(days),
            "watch_list": lambda: self._watched(self._number(self._before(days[0])), days[-1]),
            "exchange_rates": lambda: exchange_rates(self, days[-1]),
            "declarations": lambda: self._live_declarations(days),
        }
        paths = {}
        for feed in FEEDS:
            if feeds is not None and feed not in feeds:
                continue
            rows = rows_of[feed]()
            if not len(rows):
                continue
            sent = sent_on(self._sent_day(feed, rows, days), SENT[feed])
            if feed == "declarations" and isinstance(rows, pd.DataFrame):
                rows = self._deliver_as_xml(rows, sent)
            paths[feed] = deliver(self.home, feed, rows, sent)
        return paths

    def _deliver_as_xml(self, rows: pd.DataFrame, sent: datetime) -> pd.DataFrame:
        """Deliver the few declarations that come in foreign layouts; return the others."""
        parts = documents.by_layout(self.seed, rows)
        written = {
            "single_window.zip": documents.single_window(self.seed, parts["single_window"]),
            "wco.xml": documents.wco(self.seed, parts["wco"]),
        }
        path = delivery_path(self.home, "declarations", sent)
        for ending, content in written.items():
            if len(parts[ending.partition(".")[0]]):
                write_whole(path.with_suffix(f".{ending}"), content)
        return parts[None]

    @cached_property
    def _watch_list(self) -> WatchList:
        return make_watch_list(
            self.seed, self.start_on, self.parties, self.countries, self.offenders
        )

    @cached_property
    def tiers(self) -> Tiers:
        """Credit tiers, as customs decides them from day to day."""
        return Tiers(self.seed, self.start_on, self.history_days // 2, self.parties, self.offenders)

    @cached_property
    def conduct(self) -> Conduct:
        """How the officers behave, of whom there are as many as the volume needs."""
        share = self.declarations_per_day / USUAL_VOLUME
        return make_conduct(self.seed, self.parties, self.lines, share)

    @property
    def misconduct(self) -> pd.DataFrame:
        """Who misbehaves in this world, officers and holders of handbooks alike."""
        return pd.concat([self.conduct.truth(), planted(self)], ignore_index=True)

    def _number(self, day: date) -> int:
        number = (day - self.start_on).days
        if number >= HORIZON_DAYS:
            raise ValueError(f"{day} lies beyond the three years that the sandbox describes")
        return number

    def _before(self, day: date) -> date:
        """The last business day before a day."""
        return business_days(day - timedelta(4), day - timedelta(1))[-1]

    def _sent_day(self, feed: str, rows: pd.DataFrame | bytes, days: list[date]) -> date:
        if feed != "inspection_results" or isinstance(rows, bytes):
            return days[-1]
        # corrections alone tell of results that were reported before
        return max(days[0], date.fromisoformat(rows["reported_at"].max()[:10]))

    def _live_declarations(self, days: list[date]) -> pd.DataFrame:
        rows = pd.concat([self.declarations(day) for day in days], ignore_index=True)
        keep_truth(self.home, f"live_{days[0]}_{days[-1]}", rows)
        return self._spoilt(rows, days[-1])

    def _spoilt(self, rows: pd.DataFrame, day: date) -> pd.DataFrame:
        rng = generator(self.seed, "spoilt declarations", self._number(day))
        return spoil_declarations(rng, with_cargo(self.seed, rows)).drop(columns=TRUTH)

    def _monitoring(self, days: list[date]) -> pd.DataFrame:
        rows = pd.concat(
            [
                monitoring_samples(
                    self.seed,
                    day,
                    self._number(day),
                    self.commodities,
                    self.countries,
                    self.lines,
                    self.offenders,
                )
                for day in days
            ],
            ignore_index=True,
        )
        rng = generator(self.seed, "spoilt samples", self._number(days[-1]))
        return spoil_column(rng, rows, "origin_country", "XX")

    def _notices(self, days: list[date]) -> pd.DataFrame:
        rows = pd.concat(
            [
                enterprise_status(self.seed, day, self._number(day), self.parties, self.offenders)
                for day in days
            ],
            ignore_index=True,
        )
        rng = generator(self.seed, "spoilt notices", self._number(days[-1]))
        return spoil_column(rng, rows, "subject_uscc", None)

    def _watched(self, after_number: int, last_day: date) -> pd.DataFrame:
        rows = self._watch_list.changed(after_number, self._number(last_day))
        rng = generator(self.seed, "spoilt watch list", self._number(last_day))
        return spoil_column(rng, rows, "name", None)

    def _acknowledged(self, day: date) -> pd.DataFrame:
        """What offices have acknowledged when the file of a day leaves, and no file told yet."""
        told = acknowledge(self.seed, read_instructions(self.home), self.conduct.staff)
        sent = pd.Timestamp(sent_on(day, SENT["instruction_receipts"])).tz_localize(OFFSET)
        due = told[pd.to_datetime(told["acknowledged_at"], utc=True) <= sent]
        return answers_noted(self.home, day, due, "acknowledged", "instruction_id")

    def _due(self, days: list[date]) -> tuple[pd.DataFrame, Days]:
        """What the inspectors are done with on these days, carried out or not."""
        asked = pd.concat([self._pending(), read_instructions(self.home)], ignore_index=True)
        return answers_due(self.home, self.seed, asked, days[0], days[-1], self.conduct)

    def _answered(self, days: list[date]) -> pd.DataFrame:
        due, reported_on = self._due(days)
        is_answered = self.conduct.is_answered(due)
        due, reported_on = due[is_answered].reset_index(drop=True), reported_on[is_answered]
        if due.empty:
            return due
        ids = due["declaration_id"].tolist()
        truth = pd.concat([read_truth(self.home, prefix, ids) for prefix in ("history", "live")])
        return self._results(due, reported_on, truth)

    def _results(self, asked: pd.DataFrame, reported_on: Days, truth: pd.DataFrame) -> pd.DataFrame:
        staff, conduct = self.conduct.staff, self.conduct
        results = inspect(self.seed, asked, reported_on, truth, staff, conduct=conduct)
        number = int(reported_on.astype(np.int64).max(initial=0))
        return repeat_rows(generator(self.seed, "repeated results", number), results)

    def _answers(self, days: list[date]) -> pd.DataFrame:
        """The results of the days, and what of the results before them is corrected."""
        results = self._answered(days)
        keep_corrections(self.home, days[-1], corrections_of(self.seed, results, self.conduct))
        corrections = corrections_before(self.home, days[0])
        return pd.concat([each for each in (results, corrections) if len(each)] or [results])

    def _acts(self, days: list[date]) -> pd.DataFrame:
        keep_misconduct(self.home, self.misconduct)
        waved = waved_through(self.seed, *self._due(days), self.conduct)
        return acts_of(self, [self._before(day) for day in days], self._answered(days), waved)

    def _chosen(self, day: date, rows: pd.DataFrame) -> pd.DataFrame:
        """History's inspections of one day: a third drawn at random, the rest by experience."""
        count = round(HISTORY_INSPECTED * len(rows))
        ids = rows["declaration_id"].to_numpy(dtype=object)
        turn = uniform(self.seed, "history draw", ids)
        drawn = np.argsort(turn)[: round(HISTORY_RANDOM * count)]
        liking = self._experience(rows) + -np.log(-np.log(1 - turn * 0.999_999 - 1e-7))
        liking[drawn] = -np.inf
        picked = np.argsort(-liking)[: count - len(drawn)]
        chosen = rows.iloc[np.concatenate([drawn, picked])][["declaration_id", "office_code"]]
        by = np.repeat(["random", "analyst"], [len(drawn), len(picked)])
        asked = chosen.assign(instruction_id=None, decided_on=str(day), selected_by=by)
        return asked[INSTRUCTION].sort_index()

    def _experience(self, rows: pd.DataFrame) -> np.ndarray:
        """What an analyst goes by: credit, duty at stake, and a rough sense of who is bad."""
        dishonest = rows["importer_credit_tier"].isin(["dishonest", "seriously_dishonest"])
        duty = np.log1p(rows["declared_value_cny"] * rows["tax_rate_pct"] / 100) / 10
        repute = uniform(self.seed, "repute", rows["importer_id"].to_numpy(dtype=object))
        bad = rows["importer_id"].map(self._known_bad).fillna(0.0)
        return np.asarray(1.2 * dishonest + duty + repute + bad, dtype=np.float64)

    @cached_property
    def _known_bad(self) -> dict[str, float]:
        count = len(self.parties.importer_id)
        badness = self.offenders.importers.strength_on(0, count)
        heard = uniform(self.seed, "heard of", self.parties.importer_id) < 0.5
        return dict(zip(self.parties.importer_id, 5.0 * badness * heard, strict=True))

    def _keep_pending(self, asked: pd.DataFrame) -> None:
        write_whole(self._pending_file, parquet_bytes(asked))

    def _pending(self) -> pd.DataFrame:
        """Inspections that history ordered and whose results come in live days."""
        if not self._pending_file.exists():
            return pd.DataFrame(columns=INSTRUCTION, dtype=object)
        return pd.read_parquet(self._pending_file)

    @property
    def _pending_file(self) -> Path:
        return self.home / "sandbox" / "pending.parquet"
