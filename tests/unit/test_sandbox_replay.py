"""A labelled file is replayed week by week; its labels show only for what was inspected."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from customs_risk.sandbox.replay import LabelledFile

ROOT = Path(__file__).parents[2]
MAPPING = {
    "time_zone": "Asia/Shanghai",
    "columns": {
        "declaration_id": "Number",
        "declared_at": "Day",
        "hs6": "Code",
        "origin_country": "From",
        "tax_rate_pct": "Rate",
        "declared_value_cny": {"column": "Price", "scale": 0.5},
        "process_type": {"constant": "paperless"},
    },
    "labels": {
        "has_finding": "Fraud",
        "additional_duty_cny": {"product": ["Price", "Rate"], "scale": 0.005},
        "hidden": ["Worse"],
    },
}
ROWS = """Number,Day,Code,From,Rate,Price,Fraud,Worse
1,2020-01-01,010121,NA,8.0,1000.0,1,1
2,2020-01-05,010121,CN,8.0,1000.0,0,0
3,2020-01-06,020130,CN,0.0,500.0,1,2
4,2020-01-20,020130,,5.0,,0,0
"""


def labelled(tmp_path: Path, mapping: dict = MAPPING, rows: str = ROWS) -> LabelledFile:
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return LabelledFile(tmp_path, tmp_path / "rows.csv", tmp_path / "mapping.yml")


def instruct(home: Path, ids: list[str], decided_on: str) -> None:
    (home / "outbox").mkdir(exist_ok=True)
    rows = pd.DataFrame(
        {
            "message_id": ids,
            "instruction_id": ids,
            "declaration_id": ids,
            "office_code": "10",
            "decided_on": decided_on,
            "selected_by": "random",
            "what_to_examine": "",
            "reason": "",
        }
    )
    rows.to_csv(home / "outbox" / f"instructions_{decided_on}_1.csv", index=False)


def test_weeks_run_from_monday_to_sunday_without_a_gap(tmp_path):
    weeks = labelled(tmp_path).weeks()
    assert weeks[0] == (date(2019, 12, 30), date(2020, 1, 5))
    assert [first for first, _ in weeks[1:]] == [date(2020, 1, day) for day in (6, 13, 20)]


def test_declarations_keep_their_columns_but_not_their_labels(tmp_path):
    paths = labelled(tmp_path).deliver_week(0)
    assert paths["declarations"].name == "declarations_20200105T180000.csv"
    delivered = pd.read_csv(paths["declarations"], dtype=str, keep_default_na=False)
    source = pd.read_csv(tmp_path / "rows.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(delivered, source.iloc[:2].drop(columns=["Fraud", "Worse"]))
    assert set(paths) == {"declarations"}


def test_an_empty_week_sends_nothing(tmp_path):
    assert labelled(tmp_path).deliver_week(2) == {}


def test_only_what_was_inspected_shows_its_label_the_week_after(tmp_path):
    file = labelled(tmp_path)
    file.deliver_week(0)
    instruct(tmp_path, ["1", "2"], "2020-01-05")
    path = file.deliver_week(1)["inspection_results"]
    assert path.name == "inspection_results_20200106T070000.csv"
    results = pd.read_csv(path, dtype={"declaration_id": str})
    assert results["declaration_id"].tolist() == ["1", "2"]
    assert results["has_finding"].tolist() == [True, False]
    assert results["additional_duty_cny"].tolist() == [40.0, 0.0]
    assert results["finding_type"].tolist()[0] == "other"
    before = path.read_bytes()
    assert file.deliver_week(1)["inspection_results"].read_bytes() == before
    assert "inspection_results" not in file.deliver_week(3)


def test_last_answers_come_after_the_last_week(tmp_path):
    file = labelled(tmp_path)
    instruct(tmp_path, ["4"], "2020-01-26")
    assert "inspection_results" not in file.deliver_week(3)
    assert set(file.deliver_results(date(2020, 1, 27))) == {"inspection_results"}


def test_a_mapping_that_does_not_fit_is_refused(tmp_path):
    missing = {**MAPPING, "columns": {**MAPPING["columns"], "office_code": "Office"}}
    with pytest.raises(KeyError, match="Office"):
        labelled(tmp_path, missing)
    leaking = {**MAPPING, "columns": {**MAPPING["columns"], "trade_mode": "Worse"}}
    with pytest.raises(ValueError, match="hide"):
        labelled(tmp_path, leaking)
    with pytest.raises(ValueError, match="twice"):
        labelled(tmp_path, rows=ROWS + "4,2020-01-20,020130,CN,5.0,1.0,0,0\n")


def test_the_mapping_of_the_korean_file_names_each_column_once():
    mapping = yaml.safe_load((ROOT / "expectations/mappings/kcs.yml").read_text("utf-8"))
    header = [
        "Declaration ID",
        "Date",
        "Office ID",
        "Process Type",
        "Import Type",
        "Import Use",
        "Payment Type",
        "Mode of Transport",
        "Declarant ID",
        "Importer ID",
        "Seller ID",
        "Courier ID",
        "HS6 Code",
        "Country of Departure",
        "Country of Origin",
        "Tax Rate",
        "Tax Type",
        "Country of Origin Indicator",
        "Net Mass",
        "Item Price",
    ]
    sources = [
        each["column"] if isinstance(each, dict) else each for each in mapping["columns"].values()
    ]
    assert sources == header
    assert all(len(code) == 6 for code in mapping["also_valid"]["hs6"])
