"""### What is over its time

Every Sunday at 03:00 (Asia/Shanghai), and on demand. Deletes rows, quarantined rows and landed
bytes that are older than their feed's contract allows, and clears what identifies persons where its
class allows less. Each act is kept in ops.retention_log; the ledger's figures stay.

### 到期清除

每周日 03:00（北京时间）自动运行，也可手动触发。删除超过数据源契约保存年限的数据行、隔离行
与原始字节，并按密级清除到期的个人信息。每次处理均记入 ops.retention_log，台账数字保持不变。
"""

from _common import TASK_DEFAULTS, on_schedule
from airflow.sdk import dag, task


@dag(
    dag_display_name="Retention 到期清除",
    schedule=on_schedule("0 3 * * 0"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["retention", "保密"],
    doc_md=__doc__,
)
def retention() -> None:
    @task(doc_md="Delete and clear what is over its time. 删除与清除到期数据。")
    def retain() -> int:
        from customs_risk import steps

        return steps.retain()

    retain()


retention()
