"""Passenger and crew lists as UN/EDIFACT PAXLST (WCO/IATA/ICAO): one record per traveller."""

from collections.abc import Iterator
from pathlib import Path

from customs_risk.collect.formats.edifact import (
    Message,
    Segment,
    find,
    groups,
    messages,
    moment,
    place,
)
from customs_risk.collect.formats.moments import born, iso
from customs_risk.collect.formats.reading import Record
from expectations.contract import Contract
from expectations.layout import Layout

# roles of NAD that are travellers; the others (MS, the reporting party) head the message
_TRAVELLERS = {"FL": "passenger", "FM": "crew", "DDT": "transit_crew", "DDU": "transit_passenger"}

Fields = dict[str, str | None]


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield the travellers of a flight, numbered from 1 over all messages.

    Fields: message_reference, prepared_at, list_type, carrier_id, flight_no, departure_airport,
    departs_at, arrival_airport, arrives_at, traveller_role, family_name, given_names, sex,
    birth_date, nationality, embarked_at_airport, debarks_at_airport, booking_ref, traveller_ref,
    document_type, document_no, document_country, document_expires_on. The flight is the leg that
    arrives last, the one that crosses the border.

    Raises:
        Unreadable: see ``edifact.messages``.
    """
    number = 0
    for message in messages(path, layout, "PAXLST"):
        head, parties = groups(message.segments, "NAD")
        travellers = [party for party in parties if party[0].at(1) in _TRAVELLERS]
        # the reporting party's group holds the flight that follows it
        for party in parties:
            if party[0].at(1) not in _TRAVELLERS:
                head = [*head, *party]
        flight = _flight(message, head)
        for traveller in travellers:
            number += 1
            yield Record(number, flight | _traveller(traveller, flight["prepared_at"]))


def _flight(message: Message, head: list[Segment]) -> Fields:
    _, legs = groups(head, "TDT")
    leg = legs[-1] if legs else []
    begun = find(head, "BGM")
    carried = leg[0] if leg else None
    return {
        "message_reference": message.reference,
        "prepared_at": moment(head, "137") or message.prepared_at,
        "list_type": begun.at(1) if begun else None,
        "flight_no": carried.at(2) if carried else None,
        "carrier_id": carried.at(5) if carried else None,
        "departure_airport": place(leg, "125"),
        "departs_at": moment(leg, "189"),
        "arrival_airport": place(leg, "87"),
        "arrives_at": moment(leg, "232"),
    }


def _traveller(segments: list[Segment], prepared_at: str | None) -> Fields:
    person = segments[0]
    _, documents = groups(segments, "DOC")
    document = documents[0] if documents else []
    sex = find(segments, "ATT", "2")
    nationality = find(segments, "NAT", "2")
    birth = find(segments, "DTM", "329")
    given = [name for name in person.components(4)[1:] if name]
    return {
        "traveller_role": _TRAVELLERS[str(person.at(1))],
        "family_name": person.at(4),
        "given_names": " ".join(given) or None,
        "sex": sex.at(3) if sex else None,
        "birth_date": born(birth.at(1, 2), prepared_at) if birth else None,
        "nationality": nationality.at(2) if nationality else None,
        "embarked_at_airport": place(segments, "178"),
        "debarks_at_airport": place(segments, "179"),
        "booking_ref": _reference(segments, "AVF"),
        "traveller_ref": _reference(segments, "ABO"),
        "document_type": document[0].at(1) if document else None,
        "document_no": document[0].at(2) if document else None,
        "document_country": place(document, "91"),
        "document_expires_on": _expiry(document),
    }


def _reference(segments: list[Segment], qualifier: str) -> str | None:
    found = find(segments, "RFF", qualifier)
    return found.at(1, 2) if found else None


def _expiry(document: list[Segment]) -> str | None:
    dated = find(document, "DTM", "36")
    if dated is None:
        return None
    text = dated.at(1, 2)
    code = "101" if text and len(text) == 6 else dated.at(1, 3)
    return iso(text, code)
