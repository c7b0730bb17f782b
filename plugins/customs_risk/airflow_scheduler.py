"""Airflow's scheduler, with what tasks need already imported: ``python -m`` this module.

LocalExecutor's workers are forks of the scheduler, and each task is a fork of a worker. What the
scheduler has imported need not be imported by every task anew: three to ten seconds of a core,
more than the work itself of many a task. The pages of memory are shared.
"""

import gc
import importlib
import sys
import warnings

# what takes longest to import, in the order in which a task would
HEAVY = (
    "pandas",
    "pyarrow.parquet",
    "adbc_driver_postgresql.dbapi",
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "xgboost",
    "scipy.stats",
    "sqlglot",
)


def main() -> None:
    """Import, and be the scheduler."""
    with warnings.catch_warnings(action="ignore"):
        for name in HEAVY:
            importlib.import_module(name)
    # a collection that visits what was imported would copy the pages in each fork
    gc.freeze()
    from airflow.__main__ import main as airflow

    # task logs are read from a shared folder, so nothing needs to serve them on a port
    sys.argv = ["airflow", "scheduler", "--skip-serve-logs"]
    airflow()


if __name__ == "__main__":
    main()
