"""### Once round the loop

Runs whenever declarations were loaded, and on demand. It answers every declaration that has no
conclusion yet, so a late delivery is answered too, and running it again changes nothing.
Inspection results count from the day after they became known; they are taken along here.

1. **prepare**: dbt advances staging, risk profiles and features.
2. **assess**: the active model draws a conclusion for each pending declaration; what experts say of
   a case is pooled with it; each is told what its price should be.
3. **decide**: dbt chooses lanes and inspections within each office's capacity; why is told, and
   instructions are made.
4. **dispatch**: instructions leave through the outbox.
5. **feed_back**: dbt rebuilds the marts that say how well it worked.
6. **treat**: measures are proposed, adjusted and lifted, warnings drafted and issued, audits and
   cases referred; what people must decide waits for them.
7. **observe**: once a business day, conclusions that new evidence bears on are drawn again (offices
   are told whose level moved); what of the trade has left its own past (what got worse is a signal
   from the next round on), and who does otherwise than its peers, are found; models that wait score
   the day in shadow, drift is measured, and training follows if it is due.

### 闭环一轮

报关单入库后自动运行，每两小时亦运行一次，也可手动触发。每次处理所有尚无结论的报关单（迟到的数据同样处理），重复运行结果不变。
查验结果自其获知次日起计入风险画像，并在此一并处理。

1. **prepare**：dbt 推进暂存层、风险画像与特征。
2. **assess**：现用模型为每票待处理报关单给出风险结论，并与专家意见合成。
3. **decide**：dbt 在各关区查验能力之内确定处置通道与查验对象，说明理由并生成指令。
4. **dispatch**：查验指令经发件箱发出。
5. **feed_back**：dbt 重建绩效反馈数据集市。
6. **treat**：提出、调整、解除处置措施，起草并发布预警，移交稽查与案件；须由人员决定的事项等待批复。
7. **observe**：每个业务日一次，对有新证据的结论再评估（等级变化通知主管海关）；发现偏离自身历史
   的贸易变化（不利变化自下一轮起作为风险信号）与偏离同类的对象；候选模型对当日业务影子评分，度量漂移，必要时训练。
"""

from _common import TASK_DEFAULTS, after, landed
from airflow.sdk import Asset, chain, dag, task

CONCLUSIONS = Asset("assessment.conclusions")
INSTRUCTIONS = Asset("treatment.instructions")
FEEDBACK = Asset("feedback.performance")


@dag(
    dag_display_name="Risk loop 风险管理闭环",
    # only declarations set it off: results alone change no decision before the next ones arrive
    # a delivery that was refused beside a good one, or a killed task, may leave no event behind
    schedule=after(landed("declarations"), "30 */2 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["loop", "闭环"],
    doc_md=__doc__,
)
def risk_loop() -> None:
    @task(doc_md="Advance staging, profiles and features. 推进暂存层、画像与特征。")
    def prepare() -> int:
        from customs_risk import steps

        return steps.prepare()

    @task(outlets=[CONCLUSIONS], doc_md="Draw conclusions. 给出风险结论。")
    def assess() -> int:
        from customs_risk import steps

        return steps.assess()

    @task(doc_md="Choose lanes and inspections. 确定处置通道与查验对象。")
    def decide() -> int:
        from customs_risk import steps

        return steps.decide()

    @task(outlets=[INSTRUCTIONS], doc_md="Send instructions. 发出查验指令。")
    def dispatch() -> int:
        from customs_risk import steps

        return steps.dispatch()

    @task(outlets=[FEEDBACK], doc_md="Rebuild the feedback marts. 重建绩效反馈集市。")
    def feed_back() -> int:
        from customs_risk import steps

        return steps.feed_back()

    @task(doc_md="Measures, warnings, referrals. 措施、预警与移交。")
    def treat() -> int:
        from customs_risk import steps

        return steps.treat()

    @task(doc_md="Look for changes and drift, train if due. 发现变化与漂移，必要时训练。")
    def observe() -> str | None:
        from customs_risk import steps

        return steps.observe()

    chain(prepare(), assess(), decide(), dispatch(), feed_back(), treat(), observe())


risk_loop()
