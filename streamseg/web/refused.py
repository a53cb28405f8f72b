"""What a route raises where a request cannot be followed."""


class Refused(Exception):
    """The run does not do what was asked; status and reason are passed on."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status
