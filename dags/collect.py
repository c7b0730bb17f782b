"""One collection DAG per feed, made from the feeds' declarations in expectations/feeds."""

from _common import TASK_DEFAULTS, landed, on_schedule
from airflow.sdk import DAG, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from expectations.contract import Contract, contracts


def collection_dag(contract: Contract) -> DAG:
    """Return the DAG that lands, gates and loads what waits in one feed's inbox."""

    @dag(
        dag_id=f"collect_{contract.feed}",
        dag_display_name=f"Collect 采集: {contract.title}",
        schedule=on_schedule(contract.schedule),
        catchup=False,
        max_active_runs=1,
        default_args=TASK_DEFAULTS | {"owner": contract.owner},
        tags=["collect", "采集", contract.channel_name],
        doc_md=_documentation(contract),
    )
    def collection() -> None:
        @task(
            outlets=[landed(contract.feed)],
            doc_md="Fetch, land, gate, load. 获取、落地、校验、入库。",
        )
        def collect() -> int:
            from customs_risk import steps

            loaded = sum(outcome.loaded for outcome in steps.bring_in(contract.feed))
            # only new rows set off what is downstream; a second try cannot know whether the
            # first one loaded before it died, so it always does
            if not loaded and get_current_context()["ti"].try_number == 1:
                raise AirflowSkipException(f"{contract.feed}: nothing new was loaded")
            return loaded

        collect()

    return collection()


def _documentation(contract: Contract) -> str:
    return f"""### {contract.title}

Fetches what is new at the source, unless its sender drops it into the inbox. Lands the bytes of
every delivery that waits, unchanged; judges them by the feed's expectations; loads the good rows,
and quarantines each other row with the expectation it broke. A delivery that breaks the contract as
a whole is refused, and a source that does not answer is told: both fail this run at once. If new
rows were loaded, what depends on them runs.

先从来源获取新数据（投递至收件箱者除外）；收件箱中每份交付的原始字节原样落地，按数据源声明校验：合格行入库，
不合格行连同所违反的规则进入隔离区；整体违反契约的交付予以拒收，来源无应答则如实报告，两者均使本次运行随即失败。
有新数据入库时，触发下游运行。

| | |
|---|---|
| grain 粒度 | {contract.grain} |
| key 主键 | {", ".join(contract.key)} |
| source 来源 | {contract.source.told} ({contract.source.kind}) |
| format 格式 | {contract.format} |
| schedule 时间表 | `{contract.schedule}` |
| freshness 时效 | {contract.freshness_hours} h |
| owner 负责人 | {contract.owner} |
| alarms to 告警接收 | {contract.recipient} |
"""


for each in contracts():
    collection_dag(each)
