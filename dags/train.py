"""### Train the model

Every Monday at 02:00 (Asia/Shanghai), before the week's first declarations, and on demand. Trains
on the features as they were stored when each declaration became known, and on inspection results
known by now; the last weeks are kept apart to measure. With too few results it leaves everything
as it is.

### 训练模型

每周一 02:00（北京时间）、当周首批报关单到达之前自动运行，也可手动触发。以报关单获知时所存特征
及迄今已知的查验结果训练，最近数周数据留作检验。结果不足时保持原状。
"""

from _common import TASK_DEFAULTS, on_schedule
from airflow.sdk import dag, task


@dag(
    dag_display_name="Train the model 训练模型",
    schedule=on_schedule("0 2 * * 1"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["model", "模型"],
    doc_md=__doc__,
)
def train_model() -> None:
    @task(doc_md="Train, measure, store and activate. 训练、检验、存储、启用。")
    def train() -> str | None:
        from customs_risk import steps

        return steps.train()

    train()


train_model()
