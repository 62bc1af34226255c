"""Memory: what a process has loaded before its work begins stays as it is."""

from __future__ import annotations

import gc


def settle() -> None:
    """Look through all that is loaded for cycles one last time.

    Processes that part afterwards go on sharing it; and work that makes a million rows does not go through the whole
    program again and again, which takes longer than the rows.
    """
    gc.collect()
    gc.freeze()
