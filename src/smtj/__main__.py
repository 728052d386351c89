"""``python -m smtj``."""

from smtj.cli import main

if __name__ == "__main__":
    main()
