"""The loop over a file of labelled declarations, week by week: a label shows once it is inspected.

Any CSV will do, with a mapping in YAML that says what its columns mean:

    time_zone: Asia/Shanghai              # of times without offset
    columns:                              # canonical column: where it comes from
      hs6: HS6 Code                       #   a source column, as it is
      declared_value_cny: {column: Item Price, scale: 0.0058}   # a source column times a number
      process_type: {constant: paperless} #   the same for every row
                                          #   a canonical column that is not named is null
    labels:                               # source columns that an inspection would tell
      has_finding: Fraud                  #   1 or true: something was found
      additional_duty_cny: {product: [Item Price, Tax Rate], scale: 0.000058}
                                          #   what the finding brought: a product of source columns
                                          #   times a number; 0 without a finding
      finding_type: Kind                  #   optional: a source column of the contract's types
      hidden: [Critical Fraud]            #   optional: further columns that must not be delivered
    also_valid:                           # optional: codes right when declared, in no present list
      hs6: ["851712"]
      country: [ZZ]

`columns` and `also_valid` are read by the collecting side: declarations are delivered with their
source columns, less those that `labels` hides. A column that only feeds `additional_duty_cny` is no
secret and stays.
"""

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from customs_risk.sandbox.days import as_days
from customs_risk.sandbox.delivery import deliver, sent_on
from customs_risk.sandbox.inspectors import answers_noted, inspect, read_instructions, result_ids

DECLARED, REPORTED = time(18), time(7)
SEED = 0  # it only sets hours and officers: in a labelled file every inspection finds what is there


class LabelledFile:
    """A CSV of declarations that were all inspected once, replayed as if they had not been.

    Raises KeyError if the mapping names a column that the file does not have, and ValueError if
    a declaration's date is missing or a number appears twice.
    """

    def __init__(self, home: Path, csv_path: Path, mapping_path: Path) -> None:
        self.home = home
        mapping = yaml.safe_load(mapping_path.read_text(encoding="utf-8"))
        self.columns: dict[str, Any] = mapping["columns"]
        self.labels: dict[str, Any] = mapping["labels"]
        # texts as they are written: codes keep their zeros, and NA stays Namibia
        self._rows = pd.read_csv(csv_path, dtype=str, keep_default_na=False)
        self._hidden = self._hidden_columns()
        self._declared_on = pd.to_datetime(self._source("declared_at")).dt.date
        self._check()

    def weeks(self) -> list[tuple[date, date]]:
        """The file's weeks, Monday to Sunday, first and last day; empty weeks are among them."""
        first, last = self._declared_on.min(), self._declared_on.max()
        monday = first - timedelta(first.weekday())
        count = (last - monday).days // 7 + 1
        return [(monday + timedelta(7 * n), monday + timedelta(7 * n + 6)) for n in range(count)]

    def deliver_week(self, number: int) -> dict[str, Path]:
        """Deliver week `number` (from 0): answers to earlier weeks' instructions on its first day
        at 07:00, its declarations on its last day at 18:00. Returns the paths by feed.
        """
        from_day, to_day = self.weeks()[number]
        paths = self.deliver_results(from_day)
        within = (self._declared_on >= from_day) & (self._declared_on <= to_day)
        rows = self._rows[within].drop(columns=self._hidden)
        if len(rows):
            sent = sent_on(to_day, DECLARED)
            paths["declarations"] = deliver(self.home, "declarations", rows, sent)
        return paths

    def deliver_results(self, day: date) -> dict[str, Path]:
        """Answer on a day at 07:00 what was decided before it and is not answered yet.

        After the last week it brings in the last answers.
        """
        asked = read_instructions(self.home)
        asked = asked[asked["decided_on"] < str(day)].reset_index(drop=True)
        asked = answers_noted(self.home, day, asked.assign(result_id=result_ids(asked)))
        if asked.empty:
            return {}
        results = inspect(SEED, asked, as_days(day, len(asked)), self._truth(), {}, detection=1.0)
        sent = sent_on(day, REPORTED)
        return {"inspection_results": deliver(self.home, "inspection_results", results, sent)}

    def truth(self) -> pd.DataFrame:
        """declaration_id, declared_on, has_finding, additional_duty_cny of every row: for a
        summary that holds the loop's choices against all labels, and for nothing else.
        """
        truth = self._truth()
        return pd.DataFrame(
            {
                "declaration_id": truth["declaration_id"],
                "declared_on": self._declared_on,
                "has_finding": truth["offence"].notna(),
                "additional_duty_cny": truth["revenue_cny"],
            }
        )

    def _truth(self) -> pd.DataFrame:
        flag = self._rows[self.labels["has_finding"]].str.strip().str.lower()
        has_finding = flag.isin(["1", "1.0", "true", "t", "yes"])
        kind = self.labels.get("finding_type")
        offence = self._rows[kind] if kind else pd.Series("other", index=self._rows.index)
        return pd.DataFrame(
            {
                "declaration_id": self._source("declaration_id"),
                "offence": offence.where(has_finding, None),
                "revenue_cny": np.where(has_finding, self._revenue(), 0.0),
            }
        )

    def _revenue(self) -> np.ndarray:
        told = self.labels.get("additional_duty_cny")
        if told is None:
            return np.zeros(len(self._rows))
        factors = [pd.to_numeric(self._rows[name], errors="coerce") for name in told["product"]]
        product = np.prod([factor.fillna(0.0).to_numpy() for factor in factors], axis=0)
        return np.round(np.maximum(product * float(told.get("scale", 1.0)), 0.0), 2)

    def _source(self, canonical: str) -> pd.Series:
        return self._rows[self.columns[canonical]]

    def _hidden_columns(self) -> list[str]:
        told = [self.labels["has_finding"], self.labels.get("finding_type")]
        return [*(name for name in told if name), *self.labels.get("hidden", [])]

    def _check(self) -> None:
        wheres = [
            each["column"] if isinstance(each, dict) and "column" in each else each
            for each in self.columns.values()
        ]
        named = [each for each in wheres if isinstance(each, str)]
        missing = sorted({*named, *self._hidden} - set(self._rows.columns))
        if missing:
            raise KeyError(f"the mapping names columns that the file does not have: {missing}")
        leaked = sorted(set(named) & set(self._hidden))
        if leaked:
            raise ValueError(f"the mapping delivers columns that its labels hide: {leaked}")
        if self._source("declaration_id").duplicated().any():
            raise ValueError("a declaration's number appears twice")
