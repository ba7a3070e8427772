"""The report of a dry run as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 80
# So many refused values, statements and files of a stream are shown; JSON has them all.
MAX_SHOWN = 20


def screen(report: Mapping[str, Any]) -> str:
    """Return the text."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    messages = ", ".join(f"{count:,} {name}" for name, count in report["messages"].items() if count)
    yield f"Read: {messages or 'nothing'}"
    if report["ends"] is not None:
        yield "The run would end with an error:"
        yield from _wrapped(f"{report['ends']['text']} [{report['ends']['code']}]", "  ")
    for stream in report["streams"]:
        yield ""
        yield from _stream(stream)
    yield from _section("Tables", report["ddl"])
    yield from _section("COPY", report["copies"])
    yield from _refused(report["refused"])
    yield from _cost(report)


def _stream(stream: Mapping[str, Any]) -> Iterator[str]:
    keys = f" by {', '.join(stream['keys'])}" if stream["keys"] else ""
    yield from _wrapped(f"Stream {stream['stream']} -> {stream['table']} ({stream['load_method']}{keys})", "")
    refused = f", {_many(stream['records_refused'], 'record')} refused" if stream["records_refused"] else ""
    yield f"  {_many(stream['rows'], 'row')} of {_size(stream['bytes'])}{refused}"
    for file in stream["files"][:MAX_SHOWN]:
        yield f"  file of {_size(file['byte_count'])}, {_many(file['row_count'], 'row')}"
    yield from _more(stream["file_count"], "  ", "files")
    widest = min(28, max([6, *(len(one["column"]) for one in stream["columns"])]))
    kinds = min(18, max([4, *(len(one["type"]) for one in stream["columns"])]))
    yield f"  {'column':<{widest}} {'type':<{kinds}} {'values':>9}  seen"
    for one in stream["columns"]:
        values = f"{one['seen']['values']:,}" if one["seen"] else ""
        begin = f"  {_cut(one['column'], widest):<{widest}} {_cut(one['type'], kinds):<{kinds}} {values:>9}  "
        yield begin + _shown(one["seen"] or {})
        if one["renamed"]:
            yield from _wrapped(f"of property {one['property']!r}", "      ")
        if one["collides_with"]:
            others = ", ".join(map(repr, one["collides_with"]))
            yield from _wrapped(f"property {one['property']!r} and {others} differ only in what names fold", "      ")


def _shown(seen: Mapping[str, int]) -> str:
    if "longest_bytes" in seen:
        return _many(seen["longest_bytes"], "byte")
    if "whole_digits" in seen:
        return f"{_many(seen['digits'], 'digit')}, {seen['whole_digits']} whole"
    return _many(seen["digits"], "digit") if "digits" in seen else ""


def _section(title: str, statements: Sequence[str]) -> Iterator[str]:
    if statements:
        yield ""
        yield f"{title}:"
        for sql in statements[:MAX_SHOWN]:
            yield from textwrap.wrap(
                f"{sql};", WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
        yield from _more(len(statements), "  ", "statements")


def _refused(refused: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    if not refused["records"]:
        yield "No value would be refused."
        return
    yield f"Refused: {_many(refused['values'], 'value')} of {_many(refused['records'], 'record')}"
    ends = "the run ends at the first" if refused["ends_the_run"] else "the run sets the records aside"
    yield f"  with these settings {ends}"
    for one in refused["by_place"]:
        place = one["place"] or "the record as a whole"
        yield from _wrapped(f"{one['count']:,} of stream {one['stream']}, {place}", "  ")
    for value in refused["listed"][:MAX_SHOWN]:
        yield from _wrapped(f"{value['text']} [{value['code']}]", "  - ")
    yield from _more(refused["values"], "  ", "values")


def _cost(report: Mapping[str, Any]) -> Iterator[str]:
    cost = report["cost"]
    yield ""
    yield "Cost:"
    yield f"  {_many(report['loads'], 'load')}, {_many(report['states'], 'STATE')} on standard output"
    manifests = f" and {_many(cost['manifests'], 'manifest')}" if cost["manifests"] else ""
    yield f"  {_many(cost['files'], 'file')}{manifests}, {_size(cost['staged_bytes'])}"
    yield f"  requests to S3: {cost['s3_writes']:,} that write, {cost['s3_deletes']:,} that remove"
    total = sum(cost["statements"].values())
    kinds = ", ".join(f"{count:,} {word}" for word, count in cost["statements"].items())
    yield from _wrapped(f"{_many(total, 'statement')} in {_many(cost['calls'], 'call')}: {kinds}", "  ")


def _more(count: int, indent: str, what: str) -> Iterator[str]:
    if count > MAX_SHOWN:
        yield f"{indent}and {count - MAX_SHOWN:,} more {what}; --format json lists more of them"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _wrapped(text: str, begin: str) -> list[str]:
    after = " " * (len(begin) + 2)
    return textwrap.wrap(text, WIDTH, initial_indent=begin, subsequent_indent=after, break_on_hyphens=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 2] + ".."


def _size(byte_count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if byte_count >= size:
            return f"{byte_count / size:.1f} {unit}"
    return f"{byte_count} bytes"
