"""### Weekly reports

On Mondays, on the week that is over: one on all domains and one on each, as a page and in print,
with every figure's denominator and interval. They are registered and leave through the outbox.
When a month's results are back, its measures and parameters are reviewed, once, and management is
told: keep, change or drop. What is to be changed or dropped waits for people.

### 每周分析报告

每周一生成上周报告：总报告一份，八个风险领域各一份，含网页与打印版，各项数字均注明分母与区间；
登记后经发件箱发出。月度结果反馈齐全后，对当月措施与参数逐项评价一次（保留、调整或停用），
并向管理层出具月报；调整与停用须经审批。
"""

from _common import TASK_DEFAULTS, on_schedule
from airflow.sdk import dag, task


@dag(
    dag_display_name="Weekly reports 每周分析报告",
    schedule=on_schedule("0 7 * * 1"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["reports", "报告"],
    doc_md=__doc__,
)
def weekly_reports() -> None:
    @task(doc_md="Make and send the reports. 生成并发出报告。")
    def report() -> int:
        from customs_risk import steps

        return steps.report()

    @task(doc_md="Review the month that is over, once. 对上月措施与参数进行有效性评价。")
    def review() -> int:
        from customs_risk import steps

        return steps.review()

    report()
    review()


weekly_reports()
