"""The dictionary of features as a table: group, source and leak check beside what each one means.

The groups are those of the features "before clearance". A leak check says why a feature cannot hold
anything that was not known when its declaration was scored.
"""

from dataclasses import dataclass

from ml.features import BY_NAME, NAMES

# what the features before clearance are about, in English and in Chinese
GROUPS: dict[str, tuple[str, str]] = {
    "enterprise": ("category and trade of the enterprise", "企业类别与贸易"),
    "compliance": ("compliance record", "企业守法记录"),
    "classification": ("classification and goods", "归类与商品"),
    "value": ("value", "价格"),
    "licences": ("licences and certificates", "许可证件"),
    "trading_country": ("trading country", "贸易国别"),
    "route": ("route", "运输路线"),
    "logistics": ("logistics", "物流"),
}


@dataclass(frozen=True)
class Source:
    """Where a feature is known from, and why it holds nothing that was known later."""

    table: str
    en: str
    zh: str
    leak_check_en: str
    leak_check_zh: str


_DECLARED = (
    "told by the declaration's first version itself; corrections do not change it",
    "取自报关单首次申报版本，后续修改不影响",
)
_INTERVALS = (
    "an interval that starts the day after its newest fact was known: earlier days only",
    "画像区间自最新事实获知次日起生效，只含严格更早日期的信息",
)

SOURCES: dict[str, Source] = {
    "declaration": Source("int_declarations", "the declaration", "报关单本身", *_DECLARED),
    "declarations": Source(
        "int_activity_profiles", "earlier declarations", "以往报关单", *_INTERVALS
    ),
    "inspections": Source(
        "int_risk_profiles",
        "results of earlier inspections",
        "以往查验结果",
        "a result counts from the day after it came back, a correction from the day after its own",
        "查验结果自反馈次日起计，更正自获知更正次日起计",
    ),
    "notices": Source(
        "int_signal_profiles", "notices of government departments", "政府部门通报", *_INTERVALS
    ),
    "watch_list": Source("int_signal_profiles", "watch lists", "关注名单", *_INTERVALS),
    "monitoring": Source("int_signal_profiles", "monitoring samples", "监测样品", *_INTERVALS),
    "signals": Source("int_origin_profiles", "risk information", "风险信息", *_INTERVALS),
}

# group and source of each feature
_PLACED: dict[str, tuple[str, str]] = {
    "log_value": ("value", "declaration"),
    "log_mass": ("logistics", "declaration"),
    "log_unit_value": ("value", "declaration"),
    "tax_rate_pct": ("classification", "declaration"),
    "credit_tier_rank": ("enterprise", "declaration"),
    "rate_goods": ("classification", "inspections"),
    "rate_importer": ("compliance", "inspections"),
    "rate_declarant": ("compliance", "inspections"),
    "rate_seller": ("compliance", "inspections"),
    "rate_office": ("logistics", "inspections"),
    "rate_hs6": ("classification", "inspections"),
    "rate_hs6_origin": ("trading_country", "inspections"),
    "rate_route": ("route", "inspections"),
    "rate_office_origin": ("trading_country", "inspections"),
    "rate_importer_origin": ("trading_country", "inspections"),
    "rate_importer_hs6": ("compliance", "inspections"),
    "rate_consignment": ("route", "inspections"),
    "recent_rate_importer": ("compliance", "inspections"),
    "recent_rate_hs6_origin": ("trading_country", "inspections"),
    "revenue_per_inspection_importer": ("compliance", "inspections"),
    "revenue_per_inspection_hs6_origin": ("value", "inspections"),
    "log_declarations_importer": ("enterprise", "declarations"),
    "log_declarations_importer_hs6": ("enterprise", "declarations"),
    "log_declarations_consignment": ("route", "declarations"),
    "is_first_importer_hs6": ("classification", "declarations"),
    "is_first_importer_origin": ("trading_country", "declarations"),
    "is_first_seller_importer": ("enterprise", "declarations"),
    "price_z": ("value", "declarations"),
    "mass_z": ("logistics", "declarations"),
    "price_z_importer_hs6": ("value", "declarations"),
    "has_government_notice": ("compliance", "notices"),
    "has_watch_list_match": ("compliance", "watch_list"),
    "monitoring_fail_rate": ("classification", "monitoring"),
    "log_monitoring_samples": ("classification", "monitoring"),
    "licence_count": ("licences", "declaration"),
    "is_licence_missing": ("licences", "declarations"),
    "log_origin_signals": ("trading_country", "signals"),
    "is_transshipped": ("route", "declaration"),
    "is_by_air": ("logistics", "declaration"),
    "containers": ("logistics", "declaration"),
}

_COLUMNS = (
    "position", "feature", "feature_group", "group_en", "group_zh", "meaning_en", "meaning_zh",
    "unit", "direction", "source_table", "known_from_en", "known_from_zh", "leak_check_en",
    "leak_check_zh",
)  # fmt: skip


def placed(name: str) -> tuple[str, Source]:
    """Return a feature's group and source. Evidence counts stand beside the rates they support."""
    group, source = _PLACED[name.replace("log_inspections_", "rate_")]
    return group, SOURCES[source]


def entries() -> list[tuple[object, ...]]:
    """Return a row for each feature, in the order in which models read them."""
    rows: list[tuple[object, ...]] = []
    for position, name in enumerate(NAMES, start=1):
        feature, (group, source) = BY_NAME[name], placed(name)
        rows.append(
            (
                position,
                name,
                group,
                *GROUPS[group],
                feature.meaning_en,
                feature.meaning_zh,
                feature.unit,
                feature.direction,
                source.table,
                source.en,
                source.zh,
                source.leak_check_en,
                source.leak_check_zh,
            )
        )
    return rows


def publish() -> int:
    """Write the dictionary into the warehouse, as it is now; return how many features it has."""
    from customs_risk.warehouse import connect

    rows = entries()
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("delete from ml.feature_dictionary")
        with cursor.copy(f"copy ml.feature_dictionary ({', '.join(_COLUMNS)}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    return len(rows)
