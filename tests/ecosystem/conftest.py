"""What the whole targets of tests/load are tested with."""

from tests.load.conftest import loader

__all__ = ["loader"]
