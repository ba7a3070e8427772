"""The measures of the house follow their rule, and no package has a ring of imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import house

# The library of a made-up checkout: file -> lines. The two modules of encode import one another.
FILES = {
    "__init__.py": ['"""Nothing is imported: no module."""'],
    "cli.py": ["import sys", "from singer_bulk import run", "def main():", "    run.go()", "# excess_datetime_digits"],
    "run.py": ["from .encode import rows", "from .model.load import Load, Table", "class Kind: ..."],
    "model/__init__.py": ["from singer_bulk.model.load import Load"],
    "model/load.py": ["import singer_bulk.model.columns"],
    "model/columns.py": [],
    "encode/__init__.py": [],
    "encode/rows.py": [
        "def rows():",
        "    from ..model import Load",
        "    def inner():",
        "        pass",
        "    import singer_bulk.encode.files",
    ],
    "encode/files.py": ["if TYPE_CHECKING:", "    from singer_bulk.encode.rows import rows"],
}
CONTRIBUTING = (
    "Read on.\n\nRead `cli.py`, `model/load.py` and a target's `sql.py` in\nthat order. In the end read `run.py`."
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with that library, two targets and the sentence on what to read."""
    texts = {f"singer-bulk/singer_bulk/{name}": "\n".join(lines) for name, lines in FILES.items()} | {
        "target-a/target_a/__init__.py": "",
        "target-a/target_a/sql.py": "from singer_bulk import cli\n\nTIME = Kind.TIME\ndef name(): ...\n",
        "target-b/target_b/__init__.py": "",
        "target-b/target_b/sql.py": "Kind.TIMESTAMP\n" * 8 + "def name(): ...\n",
        "tests/unit/__init__.py": "import tests\n",
        "CONTRIBUTING.md": CONTRIBUTING,
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for project in ("singer-bulk", "target-a", "target-b"):
        (tmp_path / project / "pyproject.toml").touch()
    return tmp_path


def library(checkout: Path) -> house.Package:
    """The package that FILES make."""
    return house.packages(checkout)["singer_bulk"]


def test_packages_are_folders_beside_a_project_file(checkout: Path) -> None:
    """tests/unit is no package of the product, because no pyproject.toml is next to it."""
    assert list(house.packages(checkout)) == ["singer_bulk", "target_a", "target_b"]


def test_arrows_are_imports_wherever_they_are_written(checkout: Path) -> None:
    """Relative, inside a function and under TYPE_CHECKING: each is an arrow; other packages are none."""
    assert library(checkout).graph == {
        "singer_bulk.cli": {"singer_bulk.run"},
        "singer_bulk.run": {"singer_bulk.encode.rows", "singer_bulk.model.load"},
        "singer_bulk.model": {"singer_bulk.model.load"},
        "singer_bulk.model.load": {"singer_bulk.model.columns"},
        "singer_bulk.model.columns": set(),
        "singer_bulk.encode.rows": {"singer_bulk.model", "singer_bulk.encode.files"},
        "singer_bulk.encode.files": {"singer_bulk.encode.rows"},
    }


def test_rooms_are_folders_and_modules_of_the_top_floor(checkout: Path) -> None:
    """What is imported inside a room is no arrow between rooms, and two imports between two rooms are one."""
    rooms = library(checkout).rooms
    assert rooms == {
        "singer_bulk.cli": {"singer_bulk.run"},
        "singer_bulk.run": {"singer_bulk.encode", "singer_bulk.model"},
        "singer_bulk.encode": {"singer_bulk.model"},
        "singer_bulk.model": set(),
    }


def test_a_ring_is_one_level(checkout: Path) -> None:
    """Levels are the longest path of arrows; the two modules that import one another are on the same one."""
    figures = house.measured(library(checkout))
    assert figures["rings"] == [["singer_bulk.encode.files", "singer_bulk.encode.rows"]]
    assert (figures["modules"], figures["levels"], figures["arrows"]) == (7, 6, 8)
    assert (figures["rooms"], figures["levels of rooms"], figures["arrows of rooms"]) == (4, 4, 4)
    assert figures["rings of rooms"] == []


def test_functions_are_measured_from_def_to_their_last_line(checkout: Path) -> None:
    """A function inside another is measured for itself, and its lines are lines of the outer one too."""
    assert sorted(library(checkout).functions) == [
        (2, "singer_bulk.cli:main"),
        (2, "singer_bulk.encode.rows:inner"),
        (5, "singer_bulk.encode.rows:rows"),
    ]


def test_the_reading_path_is_what_contributing_says(checkout: Path) -> None:
    """The sentence names the files; a file that only targets have is that of the first one."""
    assert house.reading_path(checkout) == [
        (5, "singer_bulk/cli.py"),
        (1, "singer_bulk/model/load.py"),
        (4, "target_a/sql.py"),
    ]


def test_a_reading_path_that_names_no_file_is_an_error(checkout: Path) -> None:
    """A file that was moved is not left out of the count."""
    (checkout / "singer-bulk/singer_bulk/cli.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"cli\.py"):
        house.reading_path(checkout)


def test_files_to_open_are_those_that_name_the_neighbour(checkout: Path) -> None:
    """A word counts in comments too; a longer word that begins with it does not."""
    opened = house.files_to_open(checkout)
    assert opened["a setting of values"] == ["singer_bulk/cli.py"]
    assert opened["a type"] == ["singer_bulk/run.py", "target_a/sql.py"]


def test_the_table_has_a_column_for_each_checkout(checkout: Path) -> None:
    """Before and after stand in one line, also of a package that only one of them has."""
    after = house.house(checkout)
    before = {**after, "packages": {"singer_bulk": after["packages"]["singer_bulk"] | {"levels": 17}}}
    lines = house.table({"before": before, "after": after}).splitlines()
    assert lines[0] == "| | before | after |"
    assert "| levels | 17 | 6 |" in lines
    assert "| rings | 1 (of 2) | 1 (of 2) |" in lines
    assert "| largest module |  | target_b.sql 9 |" in lines
    assert "| files | 3: singer_bulk/cli.py 5, singer_bulk/model/load.py 1, target_a/sql.py 4 |" in "\n".join(lines)


@pytest.mark.parametrize("package", house.packages(house.TOP).values(), ids=lambda package: package.folder.name)
def test_no_package_has_a_ring(package: house.Package) -> None:
    """Each module can be read after those that it imports, and so can each room."""
    assert house.rings(package.graph) == []
    assert house.rings(package.rooms) == []


def test_the_measures_find_what_they_count() -> None:
    """The files of the reading path exist, and each neighbour is in the code by the name that the rule gives it."""
    assert house.reading_path(house.TOP)
    assert [what for what, files in house.files_to_open(house.TOP).items() if not files] == []


def test_the_library_keeps_its_shape() -> None:
    """What docs/decisions/0009-rooms.md has reached does not slip away a line at a time.

    Above what it counted are the rooms of commands that load otherwise: three floors, and what each of them imports.
    The third is a worker of many, over what a dry run has of a warehouse.
    """
    rooms = house.packages(house.TOP)["singer_bulk"].rooms
    assert max(house.levels(rooms).values()) <= 13
    assert house.arrows(rooms) <= 140
    lines = [count for count, _ in house.reading_path(house.TOP)]
    assert (len(lines), sum(lines)) <= (
        8,
        1360,
    )  # 20 tell what a run does, 30 take files and parts
