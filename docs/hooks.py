"""Pages of the site that are made of the code: the reference, the commands, what to cite."""

import ast
import importlib
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
COMPILED = "kernels"
"""At the end of the name of a module of compiled loops, which nobody calls directly."""


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
    """Take away the roles of docstrings, which are of another program: names are enough here."""
    del config, files
    return ROLE.sub(r"<code>\1</code>", html) if page.url.startswith("reference/") else html


class Volume(Extension):
    """V* is a volume in docstrings, and its star no beginning of an emphasis."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Take it before emphasis is looked for."""
        md.inlinePatterns.register(VolumeProcessor(r"\bV\*(?!\*)", md), "volume", 175)


class VolumeProcessor(InlineProcessor):
    """Leaves it as it is."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:
        """Return the text and its place."""
        del data
        return f"V{STX}{ord('*')}{ETX}", m.start(0), m.end(0)


def parts() -> list[str]:
    """The packages and modules of smtj, in the order in which imports point."""
    order = ["card", "units", "physics", "dynamics", "lab", "measurement", "fit", "analysis", "nn"]
    found = [
        m.name for m in pkgutil.iter_modules(smtj.__path__) if m.name not in ("cli", "__main__")
    ]
    return [n for n in order if n in found] + [n for n in found if n not in order]


def modules(name: str) -> Iterator[str]:
    """The dotted names of the modules of a package, itself excluded, without importing any."""
    folder = SOURCE / "smtj" / name
    for path in sorted(folder.rglob("*.py")):
        steps = path.relative_to(SOURCE).with_suffix("").parts
        if steps[-1] == "__init__":
            steps = steps[:-1]
        if len(steps) > 2 and not steps[-1].endswith(COMPILED) and not steps[-1].startswith("_"):
            yield ".".join(steps)


def public_names(name: str) -> dict[str, str]:
    """What a package has in ``__all__``, with the module that it is from, read from its source."""
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
    """The reference of a package: its public names first, then every module."""
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
    """Every command with its options, as ``--help`` has them."""
    import typer.main

    from smtj.cli import app

    lines = [
        "# Commands",
        "",
        "`smtj COMMAND --help` says the same. Bad input is one sentence and exit code 2.",
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
    """The table of references, by what they are for."""
    table = importlib.import_module("smtj.references")
    lines = [
        "# What to cite",
        "",
        "`smtj cite` prints this list, `smtj cite --bibtex` as BibTeX, "
        "`smtj cite --for fit,resonance --card cai2019` a part of it.",
        "",
    ]
    for feature, meaning in table.FEATURES.items():
        lines += [f"## {feature}: {meaning}", ""]
        for reference in table.references_for([feature]):
            text = reference.text()
            if reference.doi:
                link = f"[doi:{reference.doi}](https://doi.org/{reference.doi})"
                text = text.replace(f"doi:{reference.doi}", link)
            lines.append(f"- {text}: {reference.reason}.")
        lines.append("")
    return "\n".join(lines)
