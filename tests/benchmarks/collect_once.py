"""One collection in a process of its own: prints its seconds and its peak memory as JSON.

A first, small delivery pays for the imports, which are told apart.
"""

import json
import resource
import shutil
import sys
from pathlib import Path

from customs_risk import steps
from customs_risk.collect import intake, landing
from customs_risk.settings import settings
from tests.benchmarks.delivered import FILE_NAME, seconds_of, write_declarations

if __name__ == "__main__":
    inbox = settings().inbox / "declarations"
    inbox.mkdir(parents=True, exist_ok=True)
    write_declarations(inbox / "declarations_20260630T090000.csv", 100, seed=11)
    imports = seconds_of(lambda: steps.collect("declarations"))
    shutil.copy(Path(sys.argv[1]), inbox / FILE_NAME)
    landing.land("declarations")
    print(
        json.dumps(
            {
                "imports": imports,
                "seconds": seconds_of(lambda: intake.take_in("declarations")),
                # ru_maxrss is in KiB on Linux
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )
