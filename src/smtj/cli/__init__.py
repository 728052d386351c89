"""The command line; what takes long to import is imported by the commands that need it."""

import sys

import typer

from smtj.cli.card import app as card_app
from smtj.cli.fit import fit
from smtj.cli.measure import app as measure_app
from smtj.cli.reproduce import reproduce
from smtj.cli.spectra import spectra
from smtj.cli.train import train
from smtj.errors import SmtjError

app = typer.Typer(
    name="smtj",
    help="Stochastic magnetic tunnel junctions: from a device card to a trained network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(card_app, name="card", help="Show, check and write device cards.")
app.add_typer(measure_app, name="measure")
measure_app.command()(spectra)
app.command()(fit)
app.command()(train)
app.command()(reproduce)

BAD_INPUT = 2


def main() -> None:
    """Run a command; bad input is one sentence on standard error and exit code 2."""
    try:
        app()
    except SmtjError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; nothing was left half-written")


def _fail(sentence: str) -> None:
    print(f"Error: {sentence}", file=sys.stderr)
    sys.exit(BAD_INPUT)
