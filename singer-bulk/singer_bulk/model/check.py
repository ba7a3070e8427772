"""What does a run of records have to pass before it is encoded?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from singer_bulk.model.messages import Records


class Check(Protocol):
    """Raises RecordInvalid for the first record that fails."""

    # Where lengths of texts are all that is checked: property -> characters.
    max_lengths: Mapping[str, int] | None
    # Where each property is checked by itself: property -> what decodes an array of its values that all pass.
    decoders: Mapping[str, Callable[[bytes], object]] | None

    def __call__(self, records: Records) -> None:
        """Check the records."""
