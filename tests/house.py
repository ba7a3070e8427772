"""Measure the house: its rooms, floors and arrows, and what a reader opens. One rule for every revision and layout.

`python -m tests.house` measures this checkout, `--at REV` puts a column for that revision before it, `--json` prints
the figures with the names behind them. The rule:

- **Modules** are the files of a package; an `__init__.py` is one only where it imports something of its package.
- **Arrows** are distinct pairs of modules of which the first has an import of the second, wherever it stands: in a
  function and under TYPE_CHECKING too. `import a.b` and `from a.b import x` both reach b; if x is a module, x alone.
- **Rings** are the sets of more than one module that all reach one another. **Levels** are the modules on the longest
  path of arrows, each ring counted as one.
- **Rooms** are the packages one level below; a module on the top floor is a room of its own. Arrows between two rooms
  count once.
- **Functions** are measured from `def` to their last line, without decorators; one inside another counts as well.
- **The reading path** is what CONTRIBUTING.md says between "Read" and "in that order". A name is looked for in
  singer_bulk and then in the targets, of which Redshift's counts. All lines of a file count.
- **Files to open** for a change are the files of singer_bulk and the targets that name a neighbour of what is added,
  by the pattern in NEIGHBOURS; comments count.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from tests.graphs import Graph, arrows, levels, rings

TOP = Path(__file__).parent.parent
LIBRARY = "singer_bulk"

# What is added -> every name that something of the same sort has on its way, from its declaration to its use.
NEIGHBOURS = {
    "a setting of values": r"\b(excess|cut)_datetime_digits\b",
    "a setting of a run": r"\bsweep_after_hours\b",
    "a setting per stream": r"\boverwrite_allow_empty\b",
    "views or tables of a stream's own": r"\bcurrent_views?\b|\bviewed\b",
    "a type": r"\bKind\.TIME\b|\bclass Kind\b",
    "a COPY option (Redshift)": r"\bCOMPUPDATE\b",
    "a COPY option (Snowflake)": r"\bFIELD_OPTIONALLY_ENCLOSED_BY\b",
}


@dataclass(frozen=True)
class Package:
    """One package: its folder, and the files that are modules of it."""

    folder: Path

    @cached_property
    def _imported(self) -> dict[Path, frozenset[str]]:
        return {path: frozenset(self._imports(path)) for path in sorted(self.folder.rglob("*.py"))}

    @cached_property
    def modules(self) -> dict[str, Path]:
        """Return the files by their dotted names."""
        files = self._imported.items()
        return {self._name(path): path for path, others in files if path.name != "__init__.py" or others}

    @cached_property
    def graph(self) -> Graph:
        """Return each module with the modules that it imports."""
        return {name: self._imported[path] & self.modules.keys() - {name} for name, path in self.modules.items()}

    @cached_property
    def rooms(self) -> Graph:
        """Return each room with the rooms that it imports from."""
        rooms: dict[str, set[str]] = {self.room(module): set() for module in self.modules}
        for module, imported in self.graph.items():
            rooms[self.room(module)] |= {self.room(other) for other in imported} - {self.room(module)}
        return {room: frozenset(others) for room, others in rooms.items()}

    def room(self, module: str) -> str:
        """Return the first two parts of the name: the package's, and that of the module or folder below it."""
        return ".".join(module.split(".")[:2])

    @cached_property
    def functions(self) -> list[tuple[int, str]]:
        """Return the lines of each function, with its module and name."""
        return [
            ((node.end_lineno or 0) - node.lineno + 1, f"{name}:{node.name}")
            for name, path in self.modules.items()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.folder.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _imports(self, path: Path) -> Iterator[str]:
        """Yield what the file imports of its package: modules, and packages where no module has the name."""
        inside = path.parent.relative_to(self.folder.parent).parts
        for node in ast.walk(ast.parse(path.read_text())):
            for dotted in _named(node, inside):
                if dotted.split(".")[0] == self.folder.name:
                    yield dotted if self._is_file(dotted) else dotted.rpartition(".")[0]

    def _is_file(self, dotted: str) -> bool:
        path = self.folder.parent.joinpath(*dotted.split("."))
        return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _named(node: ast.AST, inside: tuple[str, ...]) -> Iterator[str]:
    """Yield the full names in an import statement of a module in the package `inside`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = inside[: len(inside) - node.level + 1] if node.level else ()
        yield from (".".join([*above, *filter(None, [node.module]), alias.name]) for alias in node.names)


def packages(top: Path) -> dict[str, Package]:
    """Return the packages of a checkout: folders with an `__init__.py` beside a pyproject.toml, one level down."""
    folders = sorted(path.parent for path in top.glob("*/*/__init__.py"))
    return {folder.name: Package(folder) for folder in folders if (folder.parent / "pyproject.toml").exists()}


def reading_path(top: Path) -> list[tuple[int, str]]:
    """Return lines and name of each file that CONTRIBUTING.md says to read, in its order."""
    text = (top / "CONTRIBUTING.md").read_text()
    sentence = re.search(r"\bRead\s((?:(?!\.\s).)*)\bin\s+that\s+order\b", text, re.DOTALL)
    assert sentence, "CONTRIBUTING.md has no sentence 'Read ..., in that order'"
    return [_found(top, name) for name in re.findall(r"`([\w/-]+\.py)`", sentence[1])]


def _found(top: Path, name: str) -> tuple[int, str]:
    known = packages(top)
    targets = [package.folder for title, package in known.items() if title.startswith("target_")]
    for folder in (known[LIBRARY].folder, *targets):
        if (path := folder / name).is_file():
            return _lines(path), _short(path, top)
    raise FileNotFoundError(f"CONTRIBUTING.md says to read {name}, which is not in {LIBRARY} or a target")


def files_to_open(top: Path) -> dict[str, list[str]]:
    """Return, for each sort of change, the files in which its neighbour stands."""
    ours = [package for name, package in packages(top).items() if name == LIBRARY or name.startswith("target_")]
    texts = {_short(path, top): path.read_text() for one in ours for path in sorted(one.folder.rglob("*.py"))}
    return {
        what: [path for path, text in texts.items() if re.search(pattern, text)] for what, pattern in NEIGHBOURS.items()
    }


def _short(path: Path, top: Path) -> str:
    """Return the path from the package on: the folder of the project has the same name with other dashes."""
    return str(Path(*path.relative_to(top).parts[1:]))


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def measured(package: Package) -> dict[str, Any]:
    """Return the figures of one package."""
    sizes = sorted((_lines(path), name) for name, path in package.modules.items())
    lengths = sorted(length for length, _ in package.functions)
    return {
        "modules": len(package.modules),
        "lines": sum(lines for lines, _ in sizes),
        "levels": max(levels(package.graph).values()),
        "arrows": arrows(package.graph),
        "rings": rings(package.graph),
        "rooms": len(package.rooms),
        "levels of rooms": max(levels(package.rooms).values()),
        "arrows of rooms": arrows(package.rooms),
        "rings of rooms": rings(package.rooms),
        "largest module": sizes[-1],
        "modules over 250 lines": sum(lines > 250 for lines, _ in sizes),
        "largest function": max(package.functions),
        "function median": median(lengths),
        "function p90": lengths[len(lengths) * 9 // 10],
    }


def house(top: Path) -> dict[str, Any]:
    """Return all figures of a checkout."""
    return {
        "packages": {name: measured(package) for name, package in packages(top).items()},
        "reading path": reading_path(top),
        "files to open": files_to_open(top),
    }


def house_at(revision: str) -> dict[str, Any]:
    """Return the figures of a revision, whose files are written to a folder that is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", revision], cwd=TOP, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        return house(Path(folder))


def table(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the figures as Markdown, one column for each checkout."""
    flat = {title: dict(_flat(figures)) for title, figures in columns.items()}
    rows = dict.fromkeys(row for figures in flat.values() for row in figures)
    lines = ["| | " + " | ".join(flat) + " |", "|---" * (len(flat) + 1) + "|"]
    for row in rows:
        lines.append(f"| {row[1]} | " + " | ".join(figures.get(row, "") for figures in flat.values()) + " |")
    return "\n".join(lines)


def _flat(figures: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the rows of the table: part and title, and what stands in the column. A part opens with its own name."""
    path = figures["reading path"]
    parts = figures["packages"] | {
        "reading path": {
            "lines": sum(lines for lines, _ in path),
            "files": [f"{name} {lines}" for lines, name in path],
        },
        "files to open for": figures["files to open"],
    }
    for part, values in parts.items():
        yield (part, f"**{part}**"), ""
        yield from (((part, what), _shown(value)) for what, value in values.items())


def _shown(value: Any) -> str:
    """Return a figure; a list by its length and what is in it, rings by their sizes."""
    if isinstance(value, tuple):
        return f"{value[1]} {value[0]}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return f"{len(value)} (of {', '.join(str(len(ring)) for ring in value)})"
    if isinstance(value, list):
        return f"{len(value)}: {', '.join(value)}" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print the figures of the revisions and of this checkout."""
    parser = argparse.ArgumentParser(description="measure the packages of this checkout")
    parser.add_argument("--at", action="append", default=[], metavar="REV", help="measure that revision, too")
    parser.add_argument("--json", action="store_true", help="print the figures with all names")
    options = parser.parse_args()
    columns = {revision: house_at(revision) for revision in options.at} | {"this checkout": house(TOP)}
    print(json.dumps(columns, indent=1) if options.json else table(columns))


if __name__ == "__main__":
    main()
