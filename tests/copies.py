"""What the tap has a copy of, because it does without the targets' library (docs/decisions/0008).

`python -m tests.generated` writes the copies; a test compares them.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.house import TOP

LIBRARY, TAP = TOP / "singer-bulk" / "singer_bulk", TOP / "tap-csv-extract" / "tap_csv_extract"
COPIED = (
    "model/declared.py",
    "model/about.py",
    "identity/aws_secrets.py",
    "identity/held.py",
    "identity/masks.py",
    "identity/near.py",
    "identity/references.py",
    "identity/vault.py",
    "identity/vault_methods.py",
)
_IMPORTS = re.compile(r"(?:^from tap_csv_extract\.\S+ import .*\n)+", re.MULTILINE)


def copies() -> dict[Path, str]:
    """Return the text of each file of the tap that is a copy."""
    return {TAP / Path(name).name: copy_of((LIBRARY / name).read_text()) for name in COPIED}


def copy_of(text: str) -> str:
    """Return a module of the library as the tap has it: without rooms, and with the codes of its own errors."""
    text = re.sub(r"singer_bulk\.(?:model\.|identity\.)?", "tap_csv_extract.", text).replace(
        'code="CFG-', 'code="CSV-CFG-'
    )
    return _IMPORTS.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)
