"""A request that gets a sentence in place of a page."""

from __future__ import annotations


class PageProblem(Exception):
    """The request cannot be answered.

    :param status: of HTTP
    :param text: name of the sentence in the texts of the pages
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
