"""### Send again what did not arrive

Every ten minutes. The loop and the oversight send what they cause; this sends what is due again
after a receiver was down, waiting longer after each attempt. What fails for good, or too often, is
a dead letter: an alarm tells who must look, and `customs-risk outbox requeue` brings it back. Two
dispatchers never send the same message at once.

### 重发未送达的消息

每十分钟运行一次。闭环与值守各自发送其产生的消息；本任务在接收方恢复后重发到期的消息，每次失败后等待更久。
永久失败或多次失败的转为死信并告警，可用 `customs-risk outbox requeue` 重新发送。
并行的发送任务不会同时发送同一消息。
"""

from _common import TASK_DEFAULTS, on_schedule
from airflow.sdk import dag, task


@dag(
    dag_id="dispatch",
    dag_display_name="Dispatch 消息重发",
    schedule=on_schedule("*/10 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["dispatch", "发送"],
    doc_md=__doc__,
)
def resend() -> None:
    @task(doc_md="Send what is due. 发送到期的消息。")
    def send() -> int:
        from customs_risk import steps

        return steps.dispatch()

    send()


resend()
