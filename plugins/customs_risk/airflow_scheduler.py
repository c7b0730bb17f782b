"""Airflow's scheduler, with what tasks need already imported: ``python -m`` this module.

It takes the arguments of ``airflow scheduler``. LocalExecutor's workers are forks of the scheduler,
and each task is a fork of a worker: what the scheduler has imported need not be imported by every
task anew (all of it took 4.5 seconds of a core), and its pages of memory are shared.
"""

import gc
import importlib
import sys
import warnings

# what takes longest to import, in the order in which a task would
_HEAVY = (
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
        for name in _HEAVY:
            importlib.import_module(name)
    # a collection that visits what was imported would copy the pages in each fork
    gc.freeze()
    from airflow.__main__ import main as airflow

    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    airflow()


if __name__ == "__main__":
    main()
