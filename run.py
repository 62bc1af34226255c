"""The entry point: `python run.py COMMAND`; without a command it serves."""

from app.cli import main

if __name__ == "__main__":
    main()
