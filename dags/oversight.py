"""### Whom it means, and who must look

Every hour. Names in notices and lists are matched to the subjects of declarations; what the
matching leaves open waits for a person. Then alarms are raised, each for its recipient: a feed
that is silent, a delivery of an unusual size, a refused one, a source that fails, a monitoring
point without samples, an information request past its due date. An alarm clears itself when its
cause is gone.

### 主体识别与预警值守

每小时运行。将通报、名单中的名称与报关主体匹配，存疑者留待人工复核；随后对静默的数据源、数量异常或被拒的交付、
失败的来源、静默的监测点、逾期的信息调取发出告警，各有接收人。原因消除后告警自动解除。
"""

from _common import TASK_DEFAULTS, on_schedule
from airflow.sdk import Asset, chain, dag, task

MATCHES = Asset("ops.subject_matches")


@dag(
    dag_display_name="Oversight 识别与值守",
    schedule=on_schedule("20 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["oversight", "值守"],
    doc_md=__doc__,
)
def oversight() -> None:
    @task(outlets=[MATCHES], doc_md="Match names to subjects. 识别主体。")
    def resolve() -> int:
        from customs_risk import steps

        return steps.resolve()

    @task(doc_md="Raise alarms, and clear those whose cause is gone. 发出与解除告警。")
    def watch() -> int:
        from customs_risk import steps

        return steps.watch()

    @task(doc_md="Send them through the outbox. 经发件箱送达。")
    def dispatch() -> int:
        from customs_risk import steps

        return steps.dispatch()

    chain(resolve(), watch(), dispatch())


oversight()
