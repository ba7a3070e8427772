"""What does a run of records have to pass before it is encoded?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from singer_bulk.model.messages import Records


@dataclass(frozen=True)
class Bounds:
    """The least and the most that an integer may be, or the characters that a text may have."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Choices:
    """What a text may be."""

    texts: frozenset[str]


@dataclass(frozen=True)
class Shape:
    """The JSON types that a value in a document may have (none: all), and the same of what it consists of."""

    types: frozenset[str] = frozenset()
    properties: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None


Demand = Bounds | Choices | Shape


class Check(Protocol):
    """Raises RecordInvalid for the first record that fails."""

    # Where the values of properties are all that is checked, each by itself: property -> what it demands.
    demands: Mapping[str, Demand] | None

    def __call__(self, records: Records) -> None:
        """Check the records."""
