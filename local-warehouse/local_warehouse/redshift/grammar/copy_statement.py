"""What does a COPY statement ask for?  Its options, read and checked; what this stand-in cannot do is refused.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and the pages copy-parameters-*
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, split_at_commas
from local_warehouse.redshift.grammar.names import LongNames, name_of

UNSUPPORTED_FORMATS = ("JSON", "AVRO", "PARQUET", "ORC", "FIXEDWIDTH", "SHAPEFILE")
COMPRESSIONS = ("GZIP", "ZSTD", "BZIP2")
MAX_ERROR_LIMIT = 100_000
INVALID_CREDENTIALS = (
    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or"
    " 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
)


@dataclass
class Credentials:
    """The statement's authorization clause: roles (in order of assumption) or keys."""

    roles: tuple[str, ...] = ()
    default_role: bool = False
    keys: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Copy:
    """One COPY statement; names as the backend knows them."""

    schema: str | None
    table: str
    columns: list[str] | None
    source: str
    credentials: Credentials = field(default_factory=Credentials)
    manifest: bool = False
    region: str | None = None
    csv: bool = False
    quote: str = '"'
    delimiter: str | None = None
    null: str | None = None
    escape: bool = False
    removequotes: bool = False
    compression: str | None = None
    encoding: str = "UTF8"
    max_error: int = 0
    ignore_all_errors: bool = False
    ignore_header: int = 0
    ignore_blank_lines: bool = False
    empty_as_null: bool = False
    blanks_as_null: bool = False
    trim_blanks: bool = False
    truncate_columns: bool = False
    accept_inv_chars: str | None = None
    accept_any_date: bool = False
    date_format: str | None = None
    time_format: str | None = None
    round_decimals: bool = False
    fill_record: bool = False
    explicit_ids: bool = False
    no_load: bool = False

    @property
    def separator(self) -> str:
        return self.delimiter if self.delimiter is not None else ("," if self.csv else "|")

    @property
    def null_marker(self) -> str:
        return "\\N" if self.null is None else self.null


FLAGS = {
    "MANIFEST": "manifest",
    "ESCAPE": "escape",
    "REMOVEQUOTES": "removequotes",
    "EMPTYASNULL": "empty_as_null",
    "BLANKSASNULL": "blanks_as_null",
    "TRIMBLANKS": "trim_blanks",
    "TRUNCATECOLUMNS": "truncate_columns",
    "IGNOREBLANKLINES": "ignore_blank_lines",
    "IGNOREALLERRORS": "ignore_all_errors",
    "ACCEPTANYDATE": "accept_any_date",
    "ROUNDEC": "round_decimals",
    "FILLRECORD": "fill_record",
    "EXPLICIT_IDS": "explicit_ids",
    "NOLOAD": "no_load",
}


class CopyParser:
    """Reads one COPY statement; every option has its method or its line in FLAGS."""

    def __init__(self, tokens: list[Token], names: LongNames, case_sensitive: bool) -> None:
        self.reader = Reader(tokens)
        self.names = names
        self.case_sensitive = case_sensitive
        self.given: set[str] = set()

    def parse(self) -> Copy:
        self.reader.accept("COPY")
        schema, table = self._table()
        columns = None
        if self.reader.sees("("):
            columns = [self._name(part[0]) for part in split_at_commas(self.reader.group())]
        if not self.reader.accept("FROM"):
            raise syntax_error(self.reader.peek().text)
        if self.reader.peek().kind != "string":
            raise syntax_error(self.reader.peek().text)
        self.copy = Copy(schema, table, columns, self.reader.next().string())
        if not self.copy.source.startswith("s3://"):
            raise NotSupported("COPY from anything but s3://")
        while not self.reader.ended():
            self._option()
        self._check()
        return self.copy

    def _name(self, token: Token) -> str:
        if token.kind not in ("word", "quoted"):
            raise syntax_error(token.text)
        return self.names.alias(name_of(token, self.case_sensitive))

    def _table(self) -> tuple[str | None, str]:
        first = self._name(self.reader.next())
        if self.reader.accept("."):
            return first, self._name(self.reader.next())
        return None, first

    def _string(self) -> str:
        self.reader.accept("AS")
        token = self.reader.next()
        if token.kind != "string":
            raise syntax_error(token.text)
        return token.string()

    def _number(self) -> int:
        self.reader.accept("AS")
        token = self.reader.next()
        if token.kind != "number" or not token.text.isdigit():
            raise syntax_error(token.text)
        return int(token.text)

    def _option(self) -> None:
        token = self.reader.next()
        word = token.word() if token.kind == "word" else token.text
        if word == "FORMAT":
            self.reader.accept("AS")
            return
        if word == "WITH":
            return
        if word in self.given:
            raise RedshiftError("42601", f"conflicting or redundant options: {word}")
        self.given.add(word)
        if word in FLAGS:
            setattr(self.copy, FLAGS[word], True)
        elif word in COMPRESSIONS:
            if self.copy.compression:
                raise RedshiftError("0A000", "only one compression option may be given")
            self.copy.compression = word
        elif word in UNSUPPORTED_FORMATS or word in (
            "LZOP",
            "SSH",
            "READRATIO",
            "ENCRYPTED",
            "JOB",
            "MASTER_SYMMETRIC_KEY",
        ):
            raise NotSupported(f"COPY {word}")
        else:
            method = getattr(self, "_option_" + word.lower(), None) if token.kind == "word" else None
            if method is None:
                raise syntax_error(token.text)
            method()

    def _option_csv(self) -> None:
        self.copy.csv = True

    def _option_text(self) -> None:
        pass

    def _option_quote(self) -> None:
        self.copy.quote = self._one_character("QUOTE")

    def _option_delimiter(self) -> None:
        self.copy.delimiter = self._one_character("DELIMITER")

    def _one_character(self, option: str) -> str:
        value = self._string()
        octal = re.fullmatch(r"\\([0-7]{1,3})", value)
        value = chr(int(octal.group(1), 8)) if octal else {"\\t": "\t"}.get(value, value)
        if len(value) != 1 or not "\x01" <= value <= "\x7f" or value in "\r\n":
            raise RedshiftError("0A000", f"COPY {option.lower()} must be a single ASCII character")
        return value

    def _option_null(self) -> None:
        self.reader.accept("AS")
        # The guide writes '\N' without doubling the backslash; both spellings mean backslash and N.
        spelled = self.reader.peek().text
        value = self._string()
        self.copy.null = "\\N" if spelled == "'\\N'" else value
        if self.copy.null in ("\n", "\\n"):
            raise RedshiftError("0A000", "COPY null representation cannot be a newline")
        if self.copy.null in ("\0", "\\0"):
            raise NotSupported("COPY NULL AS '\\0'")

    def _option_region(self) -> None:
        self.copy.region = self._string()

    def _option_encoding(self) -> None:
        self.reader.accept("AS")
        value = self.reader.next()
        name = value.string() if value.kind == "string" else value.word()
        if name.upper() not in ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591"):
            raise RedshiftError("0A000", f"invalid encoding {name!r}")
        self.copy.encoding = name.upper()

    def _option_maxerror(self) -> None:
        self.copy.max_error = self._number()
        if self.copy.max_error > MAX_ERROR_LIMIT:
            raise RedshiftError("22023", f"MAXERROR must be between 0 and {MAX_ERROR_LIMIT}")

    def _option_ignoreheader(self) -> None:
        self.copy.ignore_header = self._number()

    def _option_acceptinvchars(self) -> None:
        self.copy.accept_inv_chars = "?"
        if self.reader.sees("AS") or self.reader.peek().kind == "string":
            self.copy.accept_inv_chars = self._one_character("ACCEPTINVCHARS")

    def _option_dateformat(self) -> None:
        self.copy.date_format = self._string()

    def _option_timeformat(self) -> None:
        self.copy.time_format = self._string()

    def _option_compupdate(self) -> None:
        if not self.reader.accept("PRESET"):
            self._on_or_off()

    def _option_statupdate(self) -> None:
        self._on_or_off()

    def _option_comprows(self) -> None:
        self._number()

    def _on_or_off(self) -> None:
        for word in ("ON", "OFF", "TRUE", "FALSE"):
            if self.reader.accept(word):
                return

    def _option_iam_role(self) -> None:
        if self.reader.accept("DEFAULT"):
            self.copy.credentials.default_role = True
        else:
            value = self._string()
            if value == "default":
                self.copy.credentials.default_role = True
                return
            self.copy.credentials.roles = tuple(value.split(","))

    def _option_access_key_id(self) -> None:
        self.copy.credentials.keys["access_key_id"] = self._string()

    def _option_secret_access_key(self) -> None:
        self.copy.credentials.keys["secret_access_key"] = self._string()

    def _option_session_token(self) -> None:
        self.copy.credentials.keys["session_token"] = self._string()

    _option_token = _option_session_token

    def _option_credentials(self) -> None:
        names = {
            "aws_access_key_id": "access_key_id",
            "aws_secret_access_key": "secret_access_key",
            "token": "session_token",
        }
        for part in self._string().split(";"):
            name, _, value = part.partition("=")
            if name == "aws_iam_role":
                self.copy.credentials.roles = tuple(value.split(","))
            elif name in names:
                self.copy.credentials.keys[names[name]] = value
            else:
                raise RedshiftError("XX000", INVALID_CREDENTIALS)

    def _check(self) -> None:
        copy, credentials = self.copy, self.copy.credentials
        if copy.csv:
            for wrong in ("ESCAPE", "REMOVEQUOTES"):
                if wrong in self.given:
                    raise RedshiftError("0A000", f"CSV is not supported with {wrong}")
        elif "QUOTE" in self.given:
            raise RedshiftError("0A000", "QUOTE is only supported with CSV")
        if copy.ignore_all_errors and "MAXERROR" in self.given:
            raise RedshiftError("0A000", "IGNOREALLERRORS is not supported with MAXERROR")
        if copy.csv and copy.quote == copy.separator:
            raise RedshiftError("0A000", "COPY delimiter and quote must be different")
        by_role = bool(credentials.roles or credentials.default_role)
        if by_role and credentials.keys:
            raise RedshiftError("0A000", "IAM_ROLE cannot be combined with access keys")
        if "CREDENTIALS" in self.given and self.given & {"IAM_ROLE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"}:
            raise RedshiftError("0A000", "CREDENTIALS cannot be combined with another authorization")
        if not by_role and not {"access_key_id", "secret_access_key"} <= set(credentials.keys):
            raise RedshiftError(
                "XX000",
                "The CREDENTIALS, IAM_ROLE or ACCESS_KEY_ID and SECRET_ACCESS_KEY parameter is required for COPY",
            )
