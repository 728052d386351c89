"""The command line; what takes long to import is imported by the commands that need it."""

import sys
from typing import cast

import typer

from smtj.cli.card import app as card_app
from smtj.cli.chips import chips
from smtj.cli.cite import cite
from smtj.cli.cost import cost
from smtj.cli.exits import BAD_INPUT
from smtj.cli.explore import explore
from smtj.cli.fit import fit
from smtj.cli.ladder import validate
from smtj.cli.measure import app as measure_app
from smtj.cli.reproduce import reproduce
from smtj.cli.simulate import app as simulate_app
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
app.add_typer(simulate_app, name="simulate")
measure_app.command()(spectra)
app.command()(fit)
app.command()(train)
app.command()(chips)
app.command()(validate)
app.command()(cost)
app.command()(reproduce)
app.command()(cite)
app.command()(explore)

# Base of what Typer finds wrong with a command line; Typer gives it no public name.
_UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)


def main() -> None:
    """Run a command; bad input is one sentence on standard error and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except _UsageError as error:
        _fail(_usage(error))
    except SmtjError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; nothing was left half-written")


def _usage(error: typer.BadParameter) -> str:
    """What is wrong with a command line; empty where help has been printed instead."""
    what = error.format_message().rstrip(".")
    # Typer hands on how its validator speaks.
    what = what.replace("Value error, ", "").replace("Input should", "it should")
    where = f" (see {error.ctx.command_path} --help)" if what and error.ctx else ""
    return what[:1].lower() + what[1:] + where


def _fail(sentence: str) -> None:
    if sentence:
        print(f"Error: {sentence}", file=sys.stderr)
    sys.exit(BAD_INPUT)
