"""What statements are labelled with, for whoever looks at the warehouse's history: what they are sent for."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

FIELDS = ("pipeline", "stream", "run", "load")


@dataclass
class Label:
    """The template, and what a statement that is sent now is for; what is not known is empty.

    most_characters: as many as the warehouse takes; the rest is cut off.
    """

    template: str = ""
    most_characters: int = 2000
    pipeline: str = ""
    stream: str = ""
    run: str = ""
    load: str = ""

    @property
    def text(self) -> str:
        """The label of a statement that is sent now."""
        return self._filled(stream=self.stream, load=self.load)

    @property
    def of_session(self) -> str:
        """The label of what is for no stream and no load."""
        return self._filled(stream="", load="")

    def _filled(self, stream: str, load: str) -> str:
        text = self.template.format(pipeline=self.pipeline, stream=stream, run=self.run, load=load)
        return text[: self.most_characters]


def label_problems(setting: str, template: str) -> list[str]:
    """Return what is wrong with a template."""
    takes = f"setting {setting!r} takes text with {', '.join(f'{{{name}}}' for name in FIELDS)}; a brace is doubled"
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return [takes]
    plain = all(name in (None, *FIELDS) and not form and not conversion for _, name, form, conversion in parts)
    return [] if plain else [takes]
