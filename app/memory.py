"""Memory: what a process has loaded before its work begins stays as it is.

`run.py` lets nothing be looked through for cycles while the program is loaded: all that is made then is there to stay,
and looking takes a third of the start.
"""

from __future__ import annotations

import gc


def settle() -> None:
    """From here on look for cycles again, but never among what is loaded.

    Processes that part afterwards go on sharing it; and work that makes a million rows does not go through the whole
    program again and again, which takes longer than the rows.
    """
    gc.freeze()
    gc.enable()
