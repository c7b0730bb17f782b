"""The world outside that is fetched from: what each provider publishes, and the servers it uses.

publisher.py        what a provider is
movements.py        manifests and passenger lists
health.py           diseases of animals and people
recalls.py          dangerous goods seen elsewhere
credit.py           a bureau's reports on enterprises
ratings.py          customs' own credit register
handbooks.py        processing trade
trade.py            other countries' trade statistics
notices.py          other departments, parties, seizures
lists.py            sanctions and watch lists
reports.py          refused entries
basis.py            what they share
shelf.py            what was published so far
servers.py          all servers together
http_server.py, sftp_server.py, shared_database.py
"""

from customs_risk.sandbox.outside import (
    credit,
    handbooks,
    health,
    lists,
    movements,
    notices,
    ratings,
    recalls,
    reports,
    trade,
)
from customs_risk.sandbox.outside.publisher import Publisher

PUBLISHERS: dict[str, Publisher] = {
    publisher.feed: publisher
    for topic in (
        movements,
        health,
        recalls,
        credit,
        trade,
        notices,
        lists,
        reports,
        ratings,
        handbooks,
    )
    for publisher in topic.PUBLISHERS
}
