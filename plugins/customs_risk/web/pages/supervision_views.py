"""What auditors are shown: hints, their rules, sources and reviews, and the log of reading."""

from customs_risk.codes import HINT_CLASSES, Codes
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

SUBJECTS: Codes = {
    "officer": Words("officer", "关员"),
    "office": Words("office", "海关"),
    "handbook": Words("handbook", "手册"),
}
VERDICTS: Codes = {
    "open": Words("not reviewed", "未核查"),
    "confirmed": Words("confirmed", "属实"),
    "explained": Words("explained", "已说明"),
    "dismissed": Words("dismissed", "已排除"),
}

_CLASS = Filter("hint_class", Words("Class", "类别"), choices=HINT_CLASSES)
_RULE = Filter(
    "rule",
    Words("Rule", "规则"),
    choices="""
        select rule_code, rule_code || ' ' || name_en, rule_code || ' ' || name_zh
        from reference.hint_rules order by rule_code
    """,
)
_FROM = Filter("from_on", Words("Seen from", "首见日起"), kind="date")

HINTS = View(
    name="hints",
    title=Words("Hints", "监督提示"),
    reads="supervision",
    note=Words(
        "The newest and least likely first. q: the share of false alarms among all that is at "
        "least as unlikely.",
        "按首见日与显著性排序。q 值：同等显著的提示中误报所占比例。",
    ),
    query="""
        select
            hints.hint_id, hints.first_seen_on, hints.hint_class, hints.rule_code, hints.name_en,
            hints.name_zh, hints.subject_type, hints.subject_key,
            coalesce(units.name_en, hints.office_code) as office_en,
            coalesce(units.name_zh, hints.office_code) as office_zh,
            hints.words_en, hints.words_zh, hints.observed, hints.expected, hints.q_value,
            coalesce(hints.verdict, 'open') as verdict, hints.reviewed_by
        from supervision.hints as hints
        left join reference.customs_units as units
            on units.unit_code = hints.office_code and units.valid_to is null
        where
            (%(hint_class)s::text is null or hints.hint_class = %(hint_class)s)
            and (%(rule)s::text is null or hints.rule_code = %(rule)s)
            and (%(office)s::text is null or starts_with(hints.office_code, %(office)s))
            and (%(subject)s::text is null or hints.subject_key = %(subject)s)
            and (%(verdict)s::text is null or coalesce(hints.verdict, 'open') = %(verdict)s)
            and (%(from_on)s::date is null or hints.first_seen_on >= %(from_on)s)
        order by
            hints.first_seen_on desc, hints.tail_probability asc nulls last,
            hints.observed / nullif(hints.expected, 0) desc, hints.hint_id asc
        limit %(most)s
    """,
    filters=(
        _CLASS,
        _RULE,
        Filter("office", Words("Office or district", "海关代码")),
        Filter("subject", Words("Officer or handbook", "关员或手册")),
        Filter("verdict", Words("State", "状态"), choices=VERDICTS),
        _FROM,
    ),
    most=200,
    columns=(
        Column("first_seen_on", Words("Seen", "首见"), "date"),
        Column("name", Words("Hint", "提示"), link="supervision/{hint_id}", is_bilingual=True),
        Column("hint_class", Words("Class", "类别"), codes=HINT_CLASSES),
        Column("rule_code", Words("Rule", "规则")),
        Column("subject_type", Words("Of", "对象"), codes=SUBJECTS),
        Column("subject_key", Words("Officer, office, handbook", "关员、海关、手册")),
        Column("office", Words("Office", "所属海关"), is_bilingual=True),
        Column("words", Words("What was seen", "内容"), is_bilingual=True),
        Column("observed", Words("Observed", "实际"), "number"),
        Column("expected", Words("Expected", "预期"), "number"),
        Column("q_value", Words("q", "q 值"), "number"),
        Column("verdict", Words("State", "状态"), codes=VERDICTS),
        Column("reviewed_by", Words("Reviewed by", "核查人")),
    ),
)

BY_RULE = View(
    name="hints-by-rule",
    title=Words("Rules and their hints", "各规则提示"),
    reads="supervision",
    note=Words(
        "Confirmed share: of the hints that were reviewed, those that were as told.",
        "属实率：已核查提示中属实的比例。",
    ),
    query="""
        select
            rules.rule_code, rules.hint_class, rules.name_en, rules.name_zh, rules.basis_en,
            rules.basis_zh,
            count(hints.hint_id) as hints,
            count(*) filter (where hints.hint_id is not null and hints.verdict is null) as open,
            count(*) filter (where hints.verdict = 'confirmed') as confirmed,
            count(*) filter (where hints.verdict = 'explained') as explained,
            count(*) filter (where hints.verdict = 'dismissed') as dismissed,
            count(*) filter (where hints.verdict = 'confirmed')::float8
            / nullif(count(hints.verdict), 0) as confirmed_share,
            max(hints.first_seen_on) as last_seen_on
        from reference.hint_rules as rules
        left join supervision.hints as hints
            on
                hints.rule_code = rules.rule_code
                and (%(from_on)s::date is null or hints.first_seen_on >= %(from_on)s)
        where
            (%(hint_class)s::text is null or rules.hint_class = %(hint_class)s)
            and (%(rule)s::text is null or rules.rule_code = %(rule)s)
        group by
            rules.rule_code, rules.hint_class, rules.name_en, rules.name_zh, rules.basis_en,
            rules.basis_zh
        order by rules.rule_code
        limit %(most)s
    """,
    filters=(_CLASS, _RULE, _FROM),
    columns=(
        Column("rule_code", Words("Rule", "规则"), link="supervision?rule={rule_code}"),
        Column("hint_class", Words("Class", "类别"), codes=HINT_CLASSES),
        Column("name", Words("Name", "名称"), is_bilingual=True),
        Column("hints", Words("Hints", "提示"), "count"),
        Column("open", Words("Not reviewed", "未核查"), "count"),
        Column("confirmed", Words("Confirmed", "属实"), "count"),
        Column("explained", Words("Explained", "已说明"), "count"),
        Column("dismissed", Words("Dismissed", "已排除"), "count"),
        Column("confirmed_share", Words("Confirmed share", "属实率"), "share"),
        Column("last_seen_on", Words("Last seen", "最近首见"), "date"),
        Column("basis", Words("Basis", "依据"), is_bilingual=True),
    ),
)

_HINT = Filter("hint_id", Words("Hint", "提示"))

SOURCES = View(
    name="hint-sources",
    title=Words("Rows of deliveries that show it", "来源行"),
    reads="supervision",
    query="""
        select
            source ->> 'batch_id' as batch_id, (source ->> 'row_no')::bigint as row_no,
            batches.feed, batches.landed_at
        from supervision.hints as hints
        cross join jsonb_array_elements(hints.evidence -> 'sources') as source
        left join ops.batches as batches on batches.batch_id = source ->> 'batch_id'
        where hints.hint_id = %(hint_id)s
        order by batches.landed_at desc, batch_id, row_no
        limit %(most)s
    """,
    filters=(_HINT,),
    columns=(
        Column("feed", Words("Feed", "数据源")),
        Column("batch_id", Words("Delivery", "批次")),
        Column("row_no", Words("Row", "行号"), "count"),
        Column("landed_at", Words("Came", "落地时间"), "time"),
    ),
)

REVIEWS = View(
    name="hint-reviews",
    title=Words("Reviews", "核查记录"),
    reads="supervision",
    query="""
        select reviewed_at, reviewed_by, verdict, reason
        from ops.hint_reviews
        where hint_id = %(hint_id)s
        order by review_no desc
        limit %(most)s
    """,
    filters=(_HINT,),
    columns=(
        Column("reviewed_at", Words("When", "时间"), "time"),
        Column("reviewed_by", Words("Who", "核查人")),
        Column("verdict", Words("Verdict", "结论"), codes=VERDICTS),
        Column("reason", Words("Why", "理由")),
    ),
)

_READER = Filter("reader", Words("Reader", "查阅人"))
_MART = Filter("mart", Words("Mart read", "所查数据"))
_READ_FROM = Filter("read_from", Words("Read from", "查阅日起"), kind="date")

READERS = View(
    name="readers",
    title=Words("Who read what", "查阅统计"),
    reads="access",
    note=Words(
        "Queries on classified marts, of the last seven days if nothing else is asked for.",
        "对涉密数据集市的查询次数；未选择时统计最近七日。",
    ),
    query="""
        select
            log.reader, log.mart, log.class, count(*) as queries, max(log.statement_at) as last_at
        from access.log as log
        where
            log.statement_at >= coalesce(%(read_from)s::date, now() - interval '7 days')
            and (%(reader)s::text is null or log.reader = %(reader)s)
            and (%(mart)s::text is null or log.mart = %(mart)s)
        group by log.reader, log.mart, log.class
        order by queries desc, log.reader asc, log.mart asc
        limit %(most)s
    """,
    filters=(_READER, _MART, _READ_FROM),
    most=100,
    columns=(
        Column("reader", Words("Reader", "查阅人"), link="supervision?reader={reader}"),
        Column("mart", Words("Mart", "数据集市"), link="supervision?mart={mart}"),
        Column("class", Words("Class", "密级")),
        Column("queries", Words("Queries", "查询次数"), "count"),
        Column("last_at", Words("Last", "最近"), "time"),
    ),
)

READS = View(
    name="reads",
    title=Words("Latest queries", "最近查询"),
    reads="access",
    query="""
        select
            log.statement_at, log.reader, log.mart, log.class, log.application,
            host(log.client_address) as client,
            left(regexp_replace(btrim(log.query), '\\s+', ' ', 'g'), 300) as query
        from access.log as log
        where
            log.statement_at >= coalesce(%(read_from)s::date, now() - interval '7 days')
            and (%(reader)s::text is null or log.reader = %(reader)s)
            and (%(mart)s::text is null or log.mart = %(mart)s)
        order by log.statement_at desc, log.backend asc, log.mart asc
        limit %(most)s
    """,
    filters=(_READER, _MART, _READ_FROM),
    most=50,
    columns=(
        Column("statement_at", Words("When", "时间"), "time"),
        Column("reader", Words("Reader", "查阅人")),
        Column("mart", Words("Mart", "数据集市")),
        Column("class", Words("Class", "密级")),
        Column("application", Words("With", "程序")),
        Column("client", Words("From", "来源地址")),
        Column("query", Words("Query", "查询")),
    ),
)
