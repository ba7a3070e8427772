"""Awkward CSV files: real exports on a bad day. Comma-delimited, with a header, as every tap reads them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

Rows = list[list[str]]


@dataclass(frozen=True)
class Case:
    """One file set. The csv module's reading is the truth; `settings` are what our tap needs to be told."""

    name: str
    files: tuple[bytes, ...]
    encoding: str = "utf-8"
    settings: dict[str, object] = field(default_factory=dict)
    malformed: bool = False  # to refuse it is right
    truth: tuple[dict[str, str | None], ...] = ()  # where csv cannot tell: None is the unquoted empty field

    def expected(self) -> list[dict[str, str] | list[str]]:
        """Read by the csv module: a record by name where names are unique and the width is right, else the fields."""
        read: list[dict[str, str] | list[str]] = []
        csv.field_size_limit(1 << 30)
        for data in self.files:
            text = data.decode(self.encoding).removeprefix("\ufeff")
            header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
            named = len(set(header)) == len(header) and all(header)
            for row in rows:
                read.append(dict(zip(header, row, strict=True)) if named and len(row) == len(header) else row)
        return read


def _lines(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


CASES = [
    Case("plain", (_lines("id,name", "1,one", "2,two"),)),
    Case("byte order mark", (_lines("\ufeffid,name", "1,one"),)),
    Case("leading zeros", (_lines("id,code", "1,007", "2,0042", "3,10"),)),
    Case("phone numbers", (_lines("id,phone", "1,+12125551234", "2,0041441234567", "3,2125551234"),)),
    Case("long digit strings", (_lines("id,card", "1,4111111111111111", "2,12345678901234567890123"),)),
    Case("exact decimals", (_lines("id,amount", "1,0.10", "2,12345678901234567.89", "3,-0.000000001"),)),
    Case("nan, inf and null as text", (_lines("id,word", "1,nan", "2,inf", "3,NULL", "4,None", "5,NA"),)),
    Case("exponents", (_lines("id,sku", "1,1e5", "2,2E10", "3,0x1F"),)),
    Case("numbers with separators", (_lines("id,n", "1,1_000", '2,"1,000"', "3,1 000"),)),
    Case(
        "empty and quoted empty",
        (_lines("id,a,b", '1,"",', '2,,""'),),
        truth=({"id": "1", "a": "", "b": None}, {"id": "2", "a": None, "b": ""}),
    ),
    Case("quoted numbers", (_lines("id,n", '1,"5"', '2,"007"'),)),
    Case("line end inside quotes", (_lines("id,note", '1,"two', 'lines"', "2,x"),)),
    Case("CR LF inside quotes", (b'id,note\r\n1,"two\r\nlines"\r\n2,x\r\n',)),
    Case("blank line inside quotes", (_lines("id,note", '1,"two', "", 'lines"', "2,x"),)),
    Case("spaces around values", (_lines("id,note", "1,  a  ", '2,"  b  "', "3, c"),)),
    Case("blank lines between rows", (_lines("id,note", "1,a", "", "2,b", "", ""),)),
    Case("doubled quotes", (_lines("id,note", '1,"a ""b"" c"', '2,""""'),)),
    Case("quote inside a field", (_lines("id,note", '1,5" pipe', '2,a"b"c'),)),
    Case("backslashes", (_lines("id,note", "1,C:\\new\\table", '2,"ends\\"'),)),
    Case("control characters", (b"id,note\n1,a\x00b\n2,c\x01d\te\n",)),
    Case("wide field", (_lines("id,note", "1," + "x" * 200_000, "2,y"),)),
    Case("beyond ASCII", (_lines("id,note", "1,Zürich 東京 🙂", "2,\u2028"),)),
    Case("latin-1", ("id,note\n1,Zürich\n".encode("latin-1"),), encoding="latin-1", settings={"encoding": "latin-1"}),
    Case("CR line ends", (b"id,note\r1,a\r2,b\r",)),
    Case("no line end at the end", (b"id,note\n1,a\n2,b",)),
    Case("dates", (_lines("id,d,t", "1,2020-02-30,2020-06-01 12:00:00", "2,01/02/2020,2020-06-01 25:00:00"),)),
    Case("timestamps", (_lines("id,t", "1,2020-06-01 12:00:00", "2,2020-06-01 12:00:00.123456789"),)),
    Case("columns in another order", (_lines("id,name", "1,one"), _lines("name,id", "two,2"))),
    Case("double header", (_lines("id,name,name", "1,one,uno"),)),
    Case("blank header", (_lines("id,,name", "1,x,one"),)),
    Case("headers alike", (_lines("a-b,ab,a b", "1,2,3"),)),
    Case("row too short", (_lines("id,a,b", "1,x", "2,y,z"),), malformed=True),
    Case("row too long", (_lines("id,a", "1,x,extra", "2,y"),), malformed=True),
    Case("text after a quote", (_lines("id,a", '1,"x"y', "2,z"),), malformed=True),
    Case("quote never closed", (_lines("id,a", "1,x", '2,"y', "3,z"),), malformed=True),
    Case("another column later", (_lines("id,a", "1,x"), _lines("id,b", "2,y")), malformed=True),
]
