"""Text of others inside the Markdown of generated pages."""

import re


def plain(text: str, also: str = "") -> str:
    """Escape what Markdown, or a table of it, would take for its own; backticks stay, unless they are asked for.

    Parameters
    ----------
    text : str
    also : str
        Further characters to escape, for text that nobody wrote to be read as Markdown.
    """
    return re.sub(rf"([|<*_$\\\[\]{re.escape(also)}])", r"\\\1", text)


def in_code(text: str) -> str:
    """Write a value as code that may stand in a table."""
    return f"`{text}`".replace("|", r"\|") if text else ""
