"""What is wrong with the book: one line each, with the page and the element."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One fault.

    Attributes
    ----------
    page : str
        Path of the page below the folder of the book.
    element : str
        Where on the page, as a CSS selector; empty where it is the page as a whole.
    what : str
        What is wrong.
    """

    page: str
    element: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.page, self.element, " ".join(self.what.split())) if part)
