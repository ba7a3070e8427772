"""What documents take from the code they say as the code says it: settings, and where things are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.plugin_base import JSONSchemaValidator

from tests import generated, hub, package_metadata
from tests.error_codes import TABLES
from tests.house import TOP, packages
from tests.operations_page import MARKED, OPERATIONS_PAGE, WRITTEN
from tests.site import settings as settings_page
from tests.site.troubleshooting import troubleshooting_page


@pytest.mark.parametrize("page", generated.PAGES, ids=lambda page: page.name)
def test_page_is_that_of_the_code(page: Path) -> None:
    """Each page says of settings, errors, rights, feeds and refusals what the code says."""
    assert generated.PAGES[page]() == page.read_text(encoding="utf-8"), "run python -m tests.generated"


@pytest.mark.parametrize("page", generated.MARKED, ids=lambda page: page.name)
def test_what_is_marked_on_a_page_is_that_of_the_code(page: Path) -> None:
    """What stands between the marks of a page is written from the code, and the marks are there."""
    text = page.read_text(encoding="utf-8")
    assert generated.MARKED[page](text) == text, "run python -m tests.generated"
    assert "<!-- end" in text


@pytest.mark.parametrize("connector", generated.CONNECTORS, ids=lambda connector: connector.name)
def test_every_setting_has_a_group_and_examples_are_right(connector: Any) -> None:
    """Each setting of today is among those that it belongs to; what an example shows, its declaration takes."""
    declared = hub.settings_of(connector)
    groups = settings_page.grouped(connector.name, declared)
    assert sorted(name for _, names in groups for name in names) == sorted(declared)
    for group, _ in groups:
        shown = settings_page.example(group, declared)
        schema = {"type": "object", "properties": json.loads(json.dumps(declared))}
        assert [error.message for error in JSONSchemaValidator(schema).iter_errors(shown)] == []


def test_every_code_of_an_error_has_an_anchor() -> None:
    """The page of codes has a heading for each, to which the page of texts leads."""
    headings = set(re.findall(r"^### (\S+)$", generated.errors_page(), re.MULTILINE))
    linked = set(re.findall(r"errors\.md#([a-z0-9-]+)\)", troubleshooting_page()))
    codes = {code for table in TABLES for code in table.codes}
    assert headings == codes
    assert linked >= {code.lower() for code in codes}


def test_operations_page_shows_what_the_code_shows() -> None:
    """The screens of docs/operations.md are what runs look like, all of them are there, and each fits 80 columns."""
    text = OPERATIONS_PAGE.read_text(encoding="utf-8")
    assert {found[2] for found in MARKED.finditer(text)} == {*WRITTEN}
    blocks = [block for found in MARKED.finditer(text) for block in found[0].split("```")[1:2]]
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 80


def test_packages_say_alike_what_is_alike() -> None:
    """Each package has the version, the address and the licence of all, and needs the others in that version."""
    made = package_metadata.files()
    assert {path: path.read_text() for path in made} == made, "run python -m tests.generated"
    assert "singer-bulk==" in made[TOP / "target-redshift-copy" / "pyproject.toml"]


def test_each_module_opens_with_a_sentence() -> None:
    """A module says in one sentence what it is for, so that the list of rooms does."""
    files = [path for package in packages(TOP).values() for path in package.folder.rglob("*.py")]
    assert [path for path in files if not generated.first_sentence(path).endswith((".", "?"))] == []
