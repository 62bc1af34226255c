"""The entry point: `python run.py COMMAND`; without a command it serves."""

import gc

gc.disable()  # until all is loaded: see app/memory.py

from app.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
