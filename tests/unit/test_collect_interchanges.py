"""UN/EDIFACT: manifests and passenger lists become rows, and envelopes that lie are refused."""

import json
from pathlib import Path

import pytest

from customs_risk.collect.formats import Unreadable, read
from customs_risk.collect.formats.moments import born, iso
from expectations.contract import contract_of

MANIFESTS = contract_of("manifests")
TRAVELLERS = contract_of("passenger_lists")
SAMPLES = Path("tests/contracts/samples")
GOOD = (SAMPLES / "manifests" / "good.cuscar").read_text(encoding="utf-8")


def manifests(tmp_path: Path, content: str | bytes) -> list[dict[str, str]]:
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, MANIFESTS, MANIFESTS.layout(), "edi").rows.read_all().to_pylist()


def refusal(tmp_path: Path, content: str | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        manifests(tmp_path, content)
    return caught.value


def message(*segments: str) -> str:
    """One interchange of one message, with true counts."""
    inside = "".join(f"{each}'" for each in segments)
    return (
        "UNB+UNOC:3+SENDER+CUSTOMS+260630:0600+7'UNH+1+CUSCAR:D:96A:UN'"
        f"{inside}UNT+{len(segments) + 2}+1'UNZ+1+7'"
    )


def test_consignments_know_their_manifest_and_their_own(tmp_path: Path) -> None:
    first, second, third = manifests(tmp_path, GOOD)
    assert (first["row_no"], second["row_no"], third["row_no"]) == (1, 2, 3)
    assert (first["manifest_no"], first["conveyance_id"]) == ("COSU2606300001", "9074729")
    assert (first["conveyance_name"], first["conveyance_flag"]) == ("SILK VOYAGER 43", "PA")
    assert first["prepared_at"] == "2026-06-30T06:00:00"
    assert first["goods_name"].startswith("PASSENGER CAR PARTS: BRAKES, 'HEAVY DUTY' 汽车零件;")
    # the heaviest item's code, the sum of packages and masses, whatever their units
    assert (first["hs6"], first["packages"], first["gross_mass_kg"]) == ("870830", "41", "1500.0")
    assert first["container_numbers"] == "CSQU3054383;MSKU3326679"
    assert [item["hs_code"] for item in json.loads(first["goods"])] == ["87083099", "940390"]
    # a consignment's own port counts before the manifest's
    assert (first["loading_port"], second["loading_port"]) == ("DEHAM", "NLRTM")
    # a container named for the whole manifest belongs to its only consignment, and to no other
    assert (second["container_numbers"], third["container_numbers"]) == (
        "MSKU3326679",
        "TEMU1234565",
    )
    assert (third["manifest_function"], third["consignor_name"]) == ("5", None)


def test_a_message_without_una_has_the_usual_separators(tmp_path: Path) -> None:
    (only,) = manifests(
        tmp_path,
        message("BGM+85+M1+9", "LOC+11+CNSHA", "CNI+1+B1", "GID+1+2:CT", "FTX+AAA+++a ?+ b"),
    )
    assert (only["goods_name"], only["prepared_at"]) == ("a + b", "2026-06-30T06:00:00")


def test_an_escaped_quote_before_una_in_a_text_drops_nothing(tmp_path: Path) -> None:
    rows = manifests(
        tmp_path, message("CNI+1+B1", "CNI+2+B2", "GID+1", "FTX+AAA+++said ?'UNAUTHORISED?'")
    )
    assert [row["bill_no"] for row in rows] == ["B1", "B2"]
    assert rows[1]["goods_name"] == "said 'UNAUTHORISED'"


def test_other_separators_and_several_interchanges_are_read(tmp_path: Path) -> None:
    plain = message("BGM+85+M1+9", "CNI+1+B1")
    other = plain.replace("+", "*").replace(":", "%").replace("'", "~\r\n")
    assert [row["bill_no"] for row in manifests(tmp_path, f"UNA%*.? ~{other}")] == ["B1"]
    assert [row["row_no"] for row in manifests(tmp_path, f"{plain}\n{plain}")] == [1, 2]


def test_masses_that_mean_nothing_stay_as_they_are_written(tmp_path: Path) -> None:
    def mass(measured: str) -> str:
        rows = manifests(tmp_path, message("CNI+1+B1", "GID+1", f"MEA+AAE+G+{measured}"))
        return rows[0]["gross_mass_kg"]

    assert [mass(each) for each in ("KGM:1,5", "TNE:2", "LBR:100")] == ["1.5", "2000", "45.359237"]
    assert [mass(each) for each in ("STI:12", "KGM:NaN", "KGM:heavy")] == ["12 STI", "NaN", "heavy"]


WHOLE = message("BGM+85+M1+9", "CNI+1+B1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (WHOLE.replace("UNT+4", "UNT+5"), "segment 5 (UNT): it counts 5 segments, and there are 4"),
        (WHOLE.replace("UNT+4+1", "UNT+4+2"), "segment 5 (UNT): its reference is 2"),
        (WHOLE.replace("UNT+4", "UNT+four"), "segment 5 (UNT): it counts no segments"),
        (WHOLE.replace("UNZ+1", "UNZ+2"), "segment 6 (UNZ): it counts 2 messages, and there are 1"),
        (WHOLE.replace("UNZ+1+7", "UNZ+1+8"), "segment 6 (UNZ): its reference is 8"),
        (WHOLE.replace("UNZ+1+7'", ""), "there is no UNZ"),
        (WHOLE.replace("UNZ+1+7'", "UNZ+1+7"), "after segment 5"),
        (WHOLE.replace("UNT+4+1'", ""), "segment 2 (UNH): the message has no UNT"),
        (WHOLE.replace("UNH+1+CUSCAR:D:96A:UN'", ""), "segment 2 (BGM): it stands outside"),
        (WHOLE.replace("CUSCAR", "APERAK"), "segment 2 (UNH): the message is APERAK"),
        (WHOLE.replace("UNB", "XXX"), "segment 1 (XXX): an interchange begins with UNB"),
        (WHOLE + "CNI+2+B2'", "segment 7 (CNI): an interchange begins with UNB"),
        (WHOLE.replace("'CNI", "''CNI"), "has no tag"),
        (WHOLE.replace("CNI", "c:n:i"), "has no tag"),
        ("manifest_no,bill_no\n1,2\n", "after segment 0"),
        ("UNA:+", "after segment 0"),
        ("\n \n", "no segment"),
    ],
)  # fmt: skip
def test_an_envelope_that_lies_is_refused_and_the_segment_named(
    tmp_path: Path, content: str, told: str
) -> None:
    caught = refusal(tmp_path, content)
    assert caught.rule == "file.readable"
    assert told in str(caught)


def test_what_is_too_large_or_in_no_encoding_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"UNB+" + b"x" * (65 << 20)).rule == "file.size"
    assert refusal(tmp_path, WHOLE.encode() + b"\0").rule == "file.encoding"
    endless = message(*(["CNI+1+B1"] * 500_001))
    assert "more than 500,000 segments" in str(refusal(tmp_path, endless))


def test_travellers_know_their_flight() -> None:
    path = SAMPLES / "passenger_lists" / "good.paxlst"
    rows = read(path, TRAVELLERS, TRAVELLERS.layout(), "paxlst").rows.read_all().to_pylist()
    first, second, crew = rows
    assert (first["flight_no"], first["departs_on"]) == ("CA930", "2026-06-30")
    assert first["arrives_at"] == "2026-06-30T10:20:00"
    assert (first["family_name"], first["given_names"]) == ("SATO", "YUI ANNA")
    assert (first["nationality"], first["date_of_birth"]) == ("JP", "1984-12-12")
    assert (first["travel_document_no"], first["travel_document_country"]) == ("TK1234567", "JP")
    assert first["travel_document_expires_on"] == "2030-10-24"
    # with an own format qualifier, two digits of the year are no century of ours
    assert second["date_of_birth"] == "2024-01-02"
    assert (crew["traveller_role"], crew["family_name"]) == ("crew", "O'NEIL")


@pytest.mark.parametrize(
    ("text", "code", "written"),
    [
        ("20260629", "102", "2026-06-29"), ("202606290915", "203", "2026-06-29T09:15:00"),
        ("20260629091500", "204", "2026-06-29T09:15:00"), ("260629", "101", "2026-06-29"),
        ("2606290915", "201", "2026-06-29T09:15:00"),
        ("202606290915+0800", "205", "2026-06-29T09:15:00+08:00"),
        ("20260629091500Z", "304", "2026-06-29T09:15:00Z"),
        ("20260629091500UTC", "304", "2026-06-29T09:15:00Z"),
        ("2026062909150012", None, "2026-06-29T09:15:00.12"), ("2026-06-29", None, "2026-06-29"),
        ("soon", "203", "soon"), ("", None, None), (None, None, None),
    ],
)  # fmt: skip
def test_moments_are_written_in_iso_8601(text: str | None, code: str | None, written: str) -> None:
    assert iso(text, code) == written


def test_nobody_is_born_after_the_list_was_made() -> None:
    assert born("560620", "2026-06-30") == "1956-06-20"
    assert born("260629", "2026-06-30T06:00:00") == "2026-06-29"
    assert born("260701", "2026-06-30T06:00:00") == "1926-07-01"
    assert born("19991231", "2026-06-30") == "1999-12-31"
