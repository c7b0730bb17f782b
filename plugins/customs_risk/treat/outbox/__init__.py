"""The one outbox: whatever leaves goes through it, once each, with a key that says so.

Order 271, Article 4: instructions are issued from one place (统一下达指令). Warnings to those who
answer for a feed, requests for information (Article 8), and levels of risk that moved (Article 18)
leave by the same door, and so does every further kind of message.

    kinds.py      what may leave, and what a line of it tells
    routes.py     where each kind and addressee goes: files, webhook, SFTP, another database
    shipments.py  what leaves together
    channels/     how it travels
    dispatch.py   sends what is due, tries again, gives up
    dead.py       what a person does about what was given up
"""

from customs_risk.treat.outbox.dead import requeue, settle
from customs_risk.treat.outbox.dispatch import dispatch, enqueue
from customs_risk.treat.outbox.kinds import KINDS, Kind, register
from customs_risk.treat.outbox.routes import routes

__all__ = ["KINDS", "Kind", "dispatch", "enqueue", "register", "requeue", "routes", "settle"]
