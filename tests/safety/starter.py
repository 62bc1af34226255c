"""`python -m tests.safety.starter COMMAND`: `run.py COMMAND` at once, for what it imports lies in memory already.

Each line on standard input starts one more, in a process group of its own, and is answered by its number; when the next
line comes the one before must be dead. A killed server is back in a moment, so that twenty kills take a minute.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys

import app.cli
import app.server  # noqa: F401


def become(command: list[str]) -> None:
    """Turn this fresh process into the server."""
    os.setsid()
    os.dup2(2, 1)
    sys.argv = ["run.py", *command]
    runpy.run_path("run.py", run_name="__main__")


def main(command: list[str]) -> None:
    gc.freeze()
    child = 0
    for _line in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            os.close(0)
            become(command)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
