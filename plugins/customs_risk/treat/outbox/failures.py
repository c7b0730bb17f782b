"""What goes wrong when a message is sent, and whether trying again may help."""


class NotDelivered(Exception):  # noqa: N818 - reads as what happened
    """A shipment did not reach its receiver; the message says why, without any secret."""


class Transient(NotDelivered):
    """The next attempt may succeed; the receiver may have said when (``wait_seconds``)."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Permanent(NotDelivered):
    """No further attempt can succeed: a person must look."""
