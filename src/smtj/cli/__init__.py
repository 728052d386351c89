"""The command line; commands import slow modules only when they run."""

import gc
import sys
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from smtj import __version__
from smtj.cli import (
    card,
    chips,
    cite,
    cost,
    data,
    explore,
    export,
    fit,
    ladder,
    measure,
    pbits,
    random,
    reproduce,
    simulate,
    train,
)
from smtj.cli.output import BAD_INPUT, set_quiet
from smtj.errors import SmtjError


class Commands(TyperGroup):
    """Takes ``--quiet`` before and after the name of the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move ``--quiet`` to the front."""
        if "--quiet" in args:
            args = ["--quiet", *(one for one in args if one != "--quiet")]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="smtj",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"smtj {__version__}")
        raise typer.Exit


@app.callback()
def smtj(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only results and errors.")] = False,
) -> None:
    """Stochastic magnetic tunnel junctions: from a device card to a trained network."""
    del version
    set_quiet(quiet)


app.add_typer(card.app, name="card", help="Show, check and write device cards.")
app.add_typer(measure.app, name="measure")
app.add_typer(simulate.app, name="simulate")
app.add_typer(pbits.app, name="pbits")
for command in (
    data.data,
    fit.fit,
    train.train,
    chips.chips,
    ladder.ladder,
    cost.cost,
    reproduce.reproduce,
    cite.cite,
    explore.explore,
    export.export,
    random.random,
):
    app.command()(command)

GARBAGE = 50_000
"""Objects more than were freed after which Python looks for cycles."""

# Base class of Typer's errors about a command line, which has no public name.
_UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)


def main() -> None:
    """Run a command; bad input gives one sentence on standard error and exit code 2."""
    # Python looks for cycles again and again while modules are imported, a tenth of a fit's time.
    gc.set_threshold(GARBAGE, 20, 20)
    try:
        sys.exit(app(prog_name="smtj", standalone_mode=False))
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
    """Return what is wrong with a command line; empty if help was printed instead."""
    what = error.format_message().rstrip(".")
    # Typer passes on the text of its validator.
    what = what.replace("Value error, ", "").replace("Input should", "it should")
    where = f" (see {error.ctx.command_path} --help)" if what and error.ctx else ""
    return what[:1].lower() + what[1:] + where


def _fail(sentence: str) -> None:
    if sentence:
        print(f"Error: {sentence}", file=sys.stderr)
    sys.exit(BAD_INPUT)
