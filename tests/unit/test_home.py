"""A home is one run's at a time, and only what this program made is deleted."""

from pathlib import Path

import pytest

from customs_risk.sandbox.home import HomeInUse, NoHome, forget, sole_use


def test_a_home_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sole_use(home):
        with pytest.raises(HomeInUse, match="another run"), sole_use(home):
            pass
        with pytest.raises(HomeInUse):
            forget(home)
    with sole_use(home):
        pass


def test_what_was_made_here_is_forgotten_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sole_use(home):
        (home / "landing").mkdir()
    forget(home)
    assert list(tmp_path.iterdir()) == []
    forget(home)


def test_a_stranger_s_folder_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    with pytest.raises(NoHome, match="not deleted"):
        forget(tmp_path)
    assert (tmp_path / "photographs").exists()
    Path(f"{tmp_path}.lock").unlink()
