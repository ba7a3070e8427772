"""Which forms of files may a BATCH have, and what is said of others?

Source: the BATCH of the Singer SDK, which knows jsonl and parquet; csv and arrow are read by the same member.
https://sdk.meltano.com/en/latest/batch.html
"""

from __future__ import annotations

from singer_bulk.errors import MessageError, shown
from singer_bulk.model.messages import BatchFiles

FORMATS = ("jsonl", "csv", "parquet", "arrow")
COMPRESSIONS = (None, "none", "gzip", "zstd")


def demand_known(message: BatchFiles, *, is_declared: bool = True) -> None:
    """Raise MessageError for a BATCH whose encoding is unknown, that comes before its SCHEMA, or names a file twice."""
    encoding = message.encoding
    if not is_declared:
        _refuse(message, "comes before the SCHEMA of its stream", "the tap must send the SCHEMA first", "IN-NO-SCHEMA")
    if encoding.get("format") not in FORMATS:
        remedy = f"its format may be {_listed(FORMATS)}"
        _refuse(message, f"has files of the format {shown(encoding.get('format'))}", remedy)
    if encoding.get("compression") not in COMPRESSIONS:
        remedy = "it may be gzip, zstd or none"
        _refuse(message, f"has files of the compression {shown(encoding['compression'])}", remedy)
    if unknown := sorted(encoding.keys() - {"format", "compression"}):
        remedy = "an encoding has 'format' and 'compression', and what else it says is not known"
        _refuse(message, f"says {unknown[0]!r} of its files", remedy)
    seen = set[str]()
    for address in message.manifest:
        if address in seen:
            _refuse(message, f"names the file {address!r} twice", "its rows would be loaded twice; check the tap")
        seen.add(address)


def _refuse(message: BatchFiles, problem: str, remedy: str, code: str = "IN-BATCH") -> None:
    raise MessageError(message.line_number, f"the BATCH of stream {message.stream!r} {problem}", remedy, code=code)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"
