"""Settings are declared once: meltano.yml and docs/settings.md say what the code says."""

from __future__ import annotations

from tests import generated


def test_meltano_file_has_the_settings_of_the_code() -> None:
    """Each plugin of meltano.yml has the settings of its `--about`, kinds and sensitive flags included."""
    text = generated.MELTANO_FILE.read_text()
    assert generated.meltano_file(text) == text, "run python -m tests.generated"
    assert text.count("sensitive: true") >= 12


def test_settings_page_has_the_settings_of_the_code() -> None:
    """docs/settings.md lists every setting with its default."""
    assert generated.settings_page() == generated.SETTINGS_PAGE.read_text(), "run python -m tests.generated"
