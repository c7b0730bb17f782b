"""What goes wrong with a source: for a moment, or for good."""


class SourceFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """A source could not be read.

    The message names the feed, the place without credentials or query, what happened, and how
    often it was tried. Nothing was taken in halfway: the next run begins where the last good one
    ended.
    """


class Trouble(Exception):  # noqa: N818 - reads as what happened
    """One attempt failed. ``passes``: it may be over in a moment, so another attempt makes sense.

    ``wait_seconds`` is how long the source asked to be left alone.
    """

    def __init__(self, what: str, *, passes: bool, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.passes = passes
        self.wait_seconds = wait_seconds
