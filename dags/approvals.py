"""### What people must decide

Every hour. What waits for a person (a measure that suspends, restricts, prohibits, cancels or
publishes; the activation of a parameter or of an emergency plan; a publication; the promotion of a
model; an override) is put to people on Airflow's page of required actions, each with what one must
know. An answer names a reason and, where several posts may answer, the post; without them it is not
taken, and asked again. What nobody answers within the hour is asked again by the next run: silence
is no answer. `customs-risk approval` does the same from the command line.

### 须由人员决定的事项

每小时运行。须由人员审批的事项（暂停、限制、禁止、取消或公布的措施；参数、应急预案的启用；对外发布；
模型上线；改变处置方式）在 Airflow 待办页面逐项列出，并附决定所需信息。批复须说明理由，
多个岗位有权批复时须注明岗位，否则不予受理并再次请示。一小时内无人批复的，由下一次运行再次请示；
沉默不视为答复。命令行 `customs-risk approval` 作用相同。
"""

from datetime import timedelta
from typing import Any

from _common import TASK_DEFAULTS, on_schedule
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param, dag, task, task_group

# the words of customs_risk.treat.approvals, which is not imported at every parse
CHOICES = ["Approve 批准", "Refuse 不批准", "Later 稍后"]


@dag(
    dag_display_name="Approvals 审批",
    schedule=on_schedule("50 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["approvals", "审批"],
    doc_md=__doc__,
)
def approvals() -> None:
    @task(doc_md="What waits for a person. 待审批事项。")
    def questions() -> list[dict[str, str]]:
        from customs_risk import steps

        return steps.questions()

    @task(doc_md="Take the answer. 受理批复。")
    def take_answer(approval_id: str, answered: dict[str, Any]) -> str:
        from customs_risk import steps

        return steps.take_answer(approval_id, answered)

    # each question goes its own way: one that nobody answers keeps no other waiting
    @task_group
    def one(approval_id: str, subject: str, body: str) -> None:
        asked = HITLOperator(
            task_id="ask",
            subject=subject,
            body=body,
            options=CHOICES,
            # the page takes any form, and one that does not fit fails for good: whatever is
            # missing is told when the answer is taken
            params={
                "reason": Param("", type=["null", "string"], description="Why 理由"),
                "post": Param("", type=["null", "string"], description="From which post 岗位"),
            },
            # before the next run asks again
            response_timeout=timedelta(minutes=55),
            defaults=CHOICES[-1],
            doc_md="Ask a person. 请示。",
        )
        take_answer(approval_id, asked.output)

    one.expand_kwargs(questions())


approvals()
