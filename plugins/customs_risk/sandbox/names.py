"""Names of parties and vessels: each follows from its identifier alone, so all tell the same."""

import hashlib

_PLACES = [
    "上海",
    "北京",
    "深圳",
    "广州",
    "宁波",
    "青岛",
    "厦门",
    "苏州",
    "杭州",
    "天津",
    "大连",
    "福州",
    "东莞",
    "佛山",
    "南京",
    "重庆",
]
_WORDS = [
    "华远",
    "鸿图",
    "信达",
    "恒通",
    "万隆",
    "金桥",
    "海纳",
    "盛世",
    "东方",
    "瑞丰",
    "嘉禾",
    "联创",
    "中裕",
    "安泰",
    "长荣",
    "德源",
    "博雅",
    "新港",
    "汇川",
    "天成",
    "亿达",
    "隆昌",
    "明达",
    "佳润",
    "宏基",
    "利丰",
    "顺通",
    "凯达",
    "泰和",
    "锦程",
    "正洋",
    "众诚",
]
_TRADES = ["国际贸易", "进出口", "食品", "供应链管理", "电子科技", "化工", "医疗器械", "实业"]
_FORMS = ["有限公司", "有限责任公司", "股份有限公司"]
_STEMS = [
    "Northwind",
    "Bluewater",
    "Meridian",
    "Atlas",
    "Golden",
    "Eastern",
    "Pacific",
    "Harbor",
    "Summit",
    "Crescent",
    "Orchid",
    "Falcon",
    "Cedar",
    "Lotus",
    "Nova",
    "Sterling",
    "Vanguard",
    "Horizon",
    "Zenith",
    "Coral",
    "Amber",
    "Delta",
    "Granite",
    "Willow",
    "Phoenix",
    "Mistral",
    "Sahara",
    "Nordic",
    "Alpine",
    "Baltic",
    "Iberia",
    "Andes",
]
_LINES = [
    "Trading",
    "Exports",
    "Industries",
    "Foods",
    "Textiles",
    "Electronics",
    "Chemicals",
    "Shipping",
    "Commodities",
]
_LEGAL = {
    "DE": "GmbH", "FR": "S.A.R.L.", "IT": "S.r.l.", "ES": "S.L.", "NL": "B.V.", "JP": "K.K.",
    "KR": "Co., Ltd.", "VN": "Company Limited", "US": "LLC", "AU": "Pty Ltd", "BR": "Ltda.",
}  # fmt: skip
_VESSELS = [
    "Ever Fortune",
    "Pacific Grace",
    "Ocean Jasmine",
    "Northern Star",
    "Blue Heron",
    "Golden Gate",
]
_VESSELS += [
    "Silk Voyager",
    "Coral Princess",
    "Atlantic Dawn",
    "Jade Horizon",
    "Sunda Strait",
    "Iron Duke",
]


def importer_name(importer_id: str) -> str:
    """Return the Chinese name of the firm of a unified social credit code."""
    pick = _picker(importer_id)
    word = pick(_WORDS) + pick(_WORDS)[0]
    return f"{pick(_PLACES)}{word}{pick(_TRADES)}{pick(_FORMS)}"


def seller_name(seller_id: str) -> str:
    """Return the Latin name of a seller, whose identifier begins with its country."""
    pick = _picker(seller_id)
    stem = f"{pick(_STEMS)} {pick(_STEMS)} {pick(_LINES)}"
    return f"{stem} {_LEGAL.get(seller_id[:2], 'Ltd.')}"


def vessel(number: int) -> tuple[str, str]:
    """Return a vessel's name and IMO number, whose last digit checks the others."""
    pick = _picker(f"vessel {number}")
    digits = f"{900_000 + (number * 7_919) % 99_999:06d}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, range(7, 1, -1), strict=True))
    return f"{pick(_VESSELS)} {number % 97 + 1}".upper(), f"{digits}{check % 10}"


def container(number: int) -> str:
    """Return a container number as ISO 6346 writes it, check digit included."""
    from stdnum import iso6346

    owner = ("MSKU", "CMAU", "COSU", "OOLU", "HLXU", "TEMU")[number % 6]
    body = f"{owner}{100_000 + (number * 104_729) % 900_000:06d}"
    return body + iso6346.calc_check_digit(body)


class _Picker:
    """Picks from lists by the bytes of a hash, one byte after the other."""

    def __init__(self, text: str) -> None:
        self._bytes = iter(hashlib.sha256(text.encode()).digest())

    def __call__(self, options: list[str]) -> str:
        return options[next(self._bytes) % len(options)]


def _picker(text: str) -> _Picker:
    return _Picker(text)
