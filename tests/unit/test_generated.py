"""What documents take from the code they say as the code says it: settings, and where things are."""

from __future__ import annotations

from tests import generated, package_metadata
from tests.house import TOP, packages
from tests.rights_page import RIGHTS_PAGE, rights_page


def test_meltano_file_has_the_settings_of_the_code() -> None:
    """Each plugin of meltano.yml has the settings of its `--about`, kinds and sensitive flags included."""
    text = generated.MELTANO_FILE.read_text()
    assert generated.meltano_file(text) == text, "run python -m tests.generated"
    assert text.count("sensitive: true") >= 12


def test_settings_page_has_the_settings_of_the_code() -> None:
    """docs/settings.md lists every setting with its default."""
    assert generated.settings_page() == generated.SETTINGS_PAGE.read_text(), "run python -m tests.generated"


def test_errors_page_has_the_codes_of_the_code() -> None:
    """docs/errors.md lists every code with what it means, under the area that its first part names."""
    assert generated.errors_page() == generated.ERRORS_PAGE.read_text(), "run python -m tests.generated"


def test_rights_page_has_the_rights_of_the_code() -> None:
    """docs/rights.md lists every right of the three tables, with the statement that grants it."""
    assert rights_page() == RIGHTS_PAGE.read_text(), "run python -m tests.generated"


def test_list_of_rooms_is_that_of_the_code() -> None:
    """CONTRIBUTING.md lists every room of every package, in an order in which imports point down."""
    text = generated.ROOMS_PAGE.read_text()
    assert generated.ROOMS.search(text), "CONTRIBUTING.md has lost the marks of its list of rooms"
    assert generated.rooms_page(text) == text, "run python -m tests.generated"


def test_packages_say_alike_what_is_alike() -> None:
    """Each package has the version, the address and the licence of all, and needs the others in that version."""
    made = package_metadata.files()
    assert {path: path.read_text() for path in made} == made, "run python -m tests.generated"
    assert "singer-bulk==" in made[TOP / "target-redshift-copy" / "pyproject.toml"]


def test_each_module_opens_with_a_sentence() -> None:
    """A module says in one sentence what it is for, so that the list of rooms does."""
    files = [path for package in packages(TOP).values() for path in package.folder.rglob("*.py")]
    assert [path for path in files if not generated.first_sentence(path).endswith((".", "?"))] == []
