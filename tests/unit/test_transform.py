"""What makes a layer be built whole: the project's content and its settings, and nothing else."""

from pathlib import Path

from customs_risk.settings import settings
from customs_risk.transform import fingerprint


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    model = tmp_path / "models" / "one.sql"
    model.parent.mkdir()
    model.write_text("select 1", encoding="utf-8")
    before = fingerprint(settings(), tmp_path)
    assert fingerprint(settings(), tmp_path) == before
    model.write_text("select 2", encoding="utf-8")
    assert fingerprint(settings(), tmp_path) != before
    model.write_text("select 1", encoding="utf-8")
    assert fingerprint(settings(), tmp_path) == before
    (tmp_path / "seed.csv").write_text("code\n1\n", encoding="utf-8")
    assert fingerprint(settings(), tmp_path) != before


def test_the_fingerprint_follows_the_settings_and_not_what_was_made(tmp_path: Path) -> None:
    before = fingerprint(settings(), tmp_path)
    other = settings().model_copy(update={"inspection_rate": 0.5})
    assert fingerprint(other, tmp_path) != before
    made = tmp_path / "target" / "compiled.sql"
    made.parent.mkdir()
    made.write_text("select 1", encoding="utf-8")
    assert fingerprint(settings(), tmp_path) == before
