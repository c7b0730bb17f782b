"""One collection DAG per feed, made from the feeds' declarations in expectations/feeds."""

from _common import TASK_DEFAULTS, landed, on_schedule
from airflow.sdk import DAG, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from expectations.contract import Contract, contracts


def collection_dag(contract: Contract) -> DAG:
    """Return the DAG that lands, gates and loads what waits in one feed's inbox."""

    @dag(
        dag_id=f"collect_{contract.feed}",
        dag_display_name=f"Collect {contract.feed}",
        schedule=on_schedule(contract.schedule),
        catchup=False,
        max_active_runs=1,
        default_args=TASK_DEFAULTS | {"owner": contract.owner},
        tags=["collect", "采集", contract.channel],
        doc_md=_documentation(contract),
    )
    def collection() -> None:
        @task(outlets=[landed(contract.feed)], doc_md="Land, gate, load. 落地、校验、入库。")
        def collect() -> int:
            from customs_risk import steps

            loaded = sum(outcome.loaded for outcome in steps.collect(contract.feed))
            # only new rows set off what is downstream; a second try cannot know whether the
            # first one loaded before it died, so it always does
            if not loaded and get_current_context()["ti"].try_number == 1:
                raise AirflowSkipException(f"{contract.feed}: nothing new was loaded")
            return loaded

        collect()

    return collection()


def _documentation(contract: Contract) -> str:
    return f"""### {contract.title}

    {contract.description}
    """


for each in contracts():
    collection_dag(each)
