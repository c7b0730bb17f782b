"""Who ends a simulation early, as `kill` or a terminal does, finds nothing of it running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from customs_risk.embedded import postgres
from tests.waiting import wait_for

_SIMULATE = """
import sys
from customs_risk.cli import main
sys.argv[1:] = ["simulate", "--weeks", "1", "--declarations", "100"]
main()
"""


def test_a_simulation_that_is_interrupted_stops_its_server(tmp_path: Path) -> None:
    home = tmp_path / "run_simulate_seed7"
    run = subprocess.Popen(
        [sys.executable, "-c", _SIMULATE],
        env={**os.environ, "CUSTOMS_RISK_HOME": str(tmp_path / "run")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # it has delivered its first week, and is at work on it
        wait_for(
            lambda: run.poll() is not None or any((home / "inbox").glob("declarations/*")),
            seconds=120,
        )
        assert postgres.is_running(home)
        run.send_signal(signal.SIGTERM)
        told, _ = run.communicate(timeout=60)

        assert "stopped 已停止; the next run begins anew" in told
        assert run.returncode == 0
        assert not postgres.is_running(home)
    finally:
        run.kill()
        postgres.stop(home)
