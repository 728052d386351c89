"""Generate the pages of the site that come from the code: reference, commands, citations."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.util import ETX, STX
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import smtj

ROLE = re.compile(r":(?:func|class|mod|meth|data|attr|exc):<code>[~.]?([^<]*)</code>")
SOURCE = Path(__file__).parents[1] / "src"
ORDER = "card", "units", "physics", "dynamics", "lab", "measurement", "inference", "analysis", "nn"
"""Packages, lower layers first; the others follow."""
COMPILED = "kernels"
"""Ending of the names of modules of compiled loops, which nobody calls directly."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the generated pages into the navigation."""
    entries: list[dict[str, str]] = [{"Commands": "reference/commands.md"}]
    entries += [{f"smtj.{name}": f"reference/{name}.md"} for name in parts()]
    entries.append({"What to cite": "reference/cite.md"})
    config.markdown_extensions.append(Volume())
    for item in config.nav or []:
        if "Reference" in item:
            item["Reference"] = entries
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {f"reference/{name}.md": package_page(name) for name in parts()}
    pages |= {"reference/commands.md": commands(), "reference/cite.md": references()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace Sphinx roles in docstrings by plain names."""
    del config, files
    return ROLE.sub(r"<code>\1</code>", html) if page.url.startswith("reference/") else html


class Volume(Extension):
    """Keep the star of V*, the activation volume, from starting an emphasis."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register the pattern before those of emphasis."""
        md.inlinePatterns.register(VolumeProcessor(r"\bV\*(?!\*)", md), "volume", 175)


class VolumeProcessor(InlineProcessor):
    """Escapes the star."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:
        """Return the escaped text and its position."""
        del data
        return f"V{STX}{ord('*')}{ETX}", m.start(0), m.end(0)


def parts() -> list[str]:
    """Return the packages and modules of smtj, lower layers first."""
    found = {m.name for m in pkgutil.iter_modules(smtj.__path__)} - {"cli", "__main__"}
    return [*ORDER, *sorted(found - set(ORDER))]


def modules(name: str) -> Iterator[str]:
    """Yield the dotted names of the modules in a package, without importing them."""
    folder = SOURCE / "smtj" / name
    for path in sorted(folder.rglob("*.py")):
        steps = path.relative_to(SOURCE).with_suffix("").parts
        if steps[-1] == "__init__":
            steps = steps[:-1]
        if len(steps) > 2 and not steps[-1].endswith(COMPILED) and not steps[-1].startswith("_"):
            yield ".".join(steps)


def public_names(name: str) -> dict[str, str]:
    """Return the names in a package's ``__all__`` with their modules, read from its source."""
    path = SOURCE / "smtj" / name / "__init__.py"
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    origin: dict[str, str] = {}
    listed: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("smtj"):
            origin |= {alias.asname or alias.name: node.module for alias in node.names}
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            listed = ast.literal_eval(node.value)
    return {one: origin.get(one, f"smtj.{name}") for one in listed}


def package_page(name: str) -> str:
    """Return the reference page of a package: its public names first, then every module."""
    full = f"smtj.{name}"
    lines = [f"::: {full}", "    options:", "      heading_level: 1"]
    if (SOURCE / "smtj" / f"{name}.py").exists():
        return "\n".join([*lines, ""])
    lines += ["      members: false", ""]
    names = public_names(name)
    if names:
        lines += ["Public names:", ""]
        lines += [f"- [`{one}`][{module}.{one}]" for one, module in names.items()]
        lines.append("")
    for module in modules(name):
        lines += [f"::: {module}", ""]
    return "\n".join(lines)


def commands() -> str:
    """Return the page of all commands with their options, as in ``--help``."""
    import typer.main

    from smtj.cli import app

    lines = [
        "# Commands",
        "",
        "`smtj COMMAND --help` prints the same. Results go to standard output, progress and notes "
        "to standard error; `--quiet` leaves out the latter. Bad input gives one sentence and exit "
        "code 2. `smtj --install-completion` teaches your shell the commands.",
        "",
    ]
    group: Any = typer.main.get_command(app)
    for path, command in _commands(group, "smtj"):
        lines += [f"## {path}", "", (command.help or "").strip(), ""]
        rows = [
            (", ".join(p.opts) if p.param_type_name == "option" else (p.name or "").upper(), p)
            for p in command.params
            if p.name != "help"
        ]
        if rows:
            lines += ["| | | default |", "| --- | --- | --- |"]
        for shown, param in rows:
            text = (getattr(param, "help", None) or "").replace("|", "\\|").replace("\\[", "[")
            default = "" if param.default in (None, False, ()) else f"`{_plain(param.default)}`"
            needed = "required" if param.required else default
            lines.append(f"| `{shown}` | {text} | {needed} |")
        lines.append("")
    return "\n".join(lines)


def _plain(default: object) -> str:
    return str(getattr(default, "value", default))


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def references() -> str:
    """Return the page of references, by feature."""
    from smtj.references import FEATURES, references_for

    lines = [
        "# What to cite",
        "",
        "`smtj cite` prints this list, `smtj cite --bibtex` prints it as BibTeX, and "
        "`smtj cite --for fit,resonance --card cai2019` prints a part of it.",
        "",
    ]
    for feature, meaning in FEATURES.items():
        lines += [f"## {feature}: {meaning}", ""]
        for reference in references_for([feature]):
            text = reference.text()
            if reference.doi:
                link = f"[doi:{reference.doi}](https://doi.org/{reference.doi})"
                text = text.replace(f"doi:{reference.doi}", link)
            lines.append(f"- {text}: {reference.reason}.")
        lines.append("")
    return "\n".join(lines)
