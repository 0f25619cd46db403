"""IPython extension that a chapter's kernel loads: a displayed figure carries its data beside its picture."""

import sys
from typing import Any

from IPython.core.formatters import BaseFormatter
from traitlets import ObjectName, Unicode


class _FigureData(BaseFormatter):
    """Writes figures as CSV. It asks for their class itself: matplotlib takes figures off the lists of formatters."""

    format_type = Unicode("text/csv")
    print_method = ObjectName("_repr_csv_")

    def __call__(self, shown: Any) -> str | None:
        drawing = sys.modules.get("matplotlib.figure")
        if drawing is None or not isinstance(shown, drawing.Figure):
            return None
        from figure_data import to_csv  # noqa: PLC0415 (loads matplotlib, which is not for chapters that draw nothing)

        return to_csv(shown)


def load_ipython_extension(shell: Any) -> None:
    """Give figures one more form in which they are displayed."""
    shell.display_formatter.formatters["text/csv"] = _FigureData(parent=shell.display_formatter)
