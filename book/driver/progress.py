"""Tell what is happening: in place on a terminal, in short lines elsewhere."""

import shutil
import sys
import threading
import time
from typing import TextIO


class Progress:
    """Lines about chapters and their cells; may be told by several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, str]] = {}

    def say(self, line: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self._clear()
            print(line, file=self._stream, flush=True)
        self.tick()

    def start(self, stem: str) -> None:
        """Tell that a chapter starts."""
        self._running[stem] = (time.monotonic(), "starting")
        self.say(f"{stem}: executing")

    def cell(self, stem: str, number: int, of: int, seconds: float | None) -> None:
        """Tell that a code cell starts (`seconds` is None) or has ended."""
        if seconds is None:
            self._running[stem] = (self._running[stem][0], f"cell {number}/{of}")
            self.tick()
        elif not self._in_place:
            self.say(f"{stem}: cell {number}/{of}, {seconds:.1f} s")

    def end(self, stem: str, status: str, seconds: float, peak_memory_mb: float | None = None) -> None:
        """Tell that a chapter has ended."""
        self._running.pop(stem, None)
        memory = f", {peak_memory_mb:.0f} MB" if peak_memory_mb else ""
        self.say(f"{stem}: {status} in {seconds:.1f} s{memory}")

    def tick(self) -> None:
        """Refresh the line that changes in place."""
        if not self._in_place:
            return
        with self._lock:
            now = time.monotonic()
            running = list(self._running.items())
            parts = [f"{stem}: {place}, {now - begun:.0f} s" for stem, (begun, place) in running]
            self._clear()
            self._stream.write("  ".join(parts)[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()

    def _clear(self) -> None:
        if self._in_place:
            self._stream.write("\r\033[K")
