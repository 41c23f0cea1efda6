"""Exports users, either in the body of the answer or step by step into a file in S3.

Each call writes for some seconds, stores the result as one part of a multipart upload, and returns
a cursor for the next call. The last call completes the upload. The whole state of a running export
is in its cursor: there is no job, and nothing to clean up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from rollcall.directory.columns import Column, read_columns
from rollcall.directory.export import Export, ExportFile
from rollcall.directory.export_files import Part, Selected, write_part
from rollcall.directory.export_formats import CONTENT_TYPES, ExportFormat
from rollcall.directory.filters import SEPARATED
from rollcall.directory.pages import SortedFilters
from rollcall.directory.selections import FilteredAnswer
from rollcall.kit.call import Call
from rollcall.kit.cursor import Position
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import Conflict
from rollcall.kit.model import FileAnswer, Model, Time, WriteRequest
from rollcall.kit.near_misses import find_spelled, suggest
from rollcall.kit.objects import UploadLost
from rollcall.kit.paging import Cursor, CursorRequest, read_cursor, write_position
from rollcall.kit.transaction import Change

ID_PREFIX = "exp"
LINK_SECONDS = 15 * 60


class Limits(NamedTuple):
    """The limits of one call."""

    rows_in_answer: int = 1_000
    bytes_in_answer: int = 2 * 1024 * 1024
    """Lambda's limit is 6 MB of JSON, in which a quotation mark takes two bytes."""
    writes_for: timedelta = timedelta(seconds=12)
    """Since the start of the call. The gateway waits 29 seconds; storing the part takes some."""
    part_at_least: int = 5 * 1024 * 1024
    """S3's minimum for all parts except the last."""
    part_at_most: int = 512 * 1024 * 1024


LIMITS = Limits()
_NAMES = [each.name for each in read_columns().values()]


def _check_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_find_name, names)))


def _find_name(name: str) -> str:
    found = find_spelled(name, _NAMES)
    if found is None:
        message = f"The column '{clean(name)}' does not exist. Use {', '.join(_NAMES)}."
        raise ValueError(suggest(name, _NAMES) + message)
    return found


Columns = Annotated[
    tuple[str, ...],
    Field(description="The columns in order, separated by commas. Default: all."),
    SEPARATED,
    AfterValidator(_check_columns),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": _NAMES}}),
]


class ExportRequest(CursorRequest, SortedFilters, WriteRequest):
    """The users to export, their order and their columns."""

    format: Annotated[
        ExportFormat, Field(description="csv for spreadsheets, jsonl for programs.")
    ] = ExportFormat.CSV
    columns: Columns = tuple(_NAMES)
    allow_skipped: Annotated[
        bool,
        Field(
            description="Whether to leave out filters that have no effect at present, as by facts "
            "that no service has pushed. Otherwise such a filter is an error."
        ),
    ] = False
    cursor: Annotated[
        Cursor,
        Field(
            description="The cursor of the previous answer while status is running. Do not change "
            "the other parameters. Sorted by createdAt, no user is missing or repeated, even if "
            "users change meanwhile."
        ),
    ] = None

    @property
    def chosen(self) -> list[Column]:
        """The requested columns."""
        return [read_columns()[name.lower()] for name in self.columns]

    def asked(self) -> dict[str, Any]:
        """The given filters, with numbers as text, because not every number can be stored."""
        others = {"format", "columns", "cursor", "reason", "sort_by", "sort_order", "allow_skipped"}
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=others)
        return {name: str(v) if type(v) in {int, float} else v for name, v in given.items()}


class UsersFile(FileAnswer):
    """The users, if they are few."""

    content_types: ClassVar[tuple[str, ...]] = tuple(CONTENT_TYPES.values())


class ExportProgress(FilteredAnswer):
    """The progress of an export of many users."""

    status: Annotated[
        Literal["running", "complete"],
        Field(description="If running, send the same request again, with the cursor."),
    ]
    rows: Annotated[int, Field(description="The number of users written so far.")]
    total: int
    cursor: str | None = None
    url: Annotated[str | None, Field(description="A link to the file. It needs no sign-in.")] = None
    expires_at: Annotated[Time | None, Field(description="When the link expires.")] = None


class Begun(Model):
    """The state of a running export, as a cursor stores it."""

    export_id: str
    upload_id: str
    parts: int = 0
    digest: str = ""
    """Of the ETags of the stored parts. The ETags themselves are too long for a cursor: an export
    can have thousands."""
    rows: int = 0
    after: dict[str, Any] | None = None
    """The last user written."""

    def with_part(self, tag: str) -> Self:
        """With one more part, which has this ETag."""
        digest = sha256(f"{self.digest}{tag}".encode()).hexdigest()
        return self.model_copy(update={"parts": self.parts + 1, "digest": digest})


class Exporter:
    """One call of an export."""

    def __init__(
        self, call: Call, selected: Selected, request: ExportRequest, limits: Limits = LIMITS
    ) -> None:
        self._call, self._objects = call, call.objects
        self._selected, self._request, self._limits = selected, request, limits

    def go_on(self, folder: Path) -> UsersFile | ExportProgress:
        """Write users until the time limit, with a temporary file in the folder. Raises Malformed
        for a cursor of another request, and Conflict for one that was already used.
        """
        position = read_cursor(self._call, self._request, self._list_read)
        begun = Begun.model_validate(position.after) if position else None
        if begun and (answered := self._find_complete(begun.export_id)):
            return self._link(answered)
        with NamedTemporaryFile(dir=folder) as file:
            part = self._write(Path(file.name), begun)
            if begun is None and part.is_last:
                return self._finish_at_once(Path(file.name), part.rows)
            try:
                return self._add(begun or self._begin(), Path(file.name), part)
            except UploadLost:
                detail = (
                    "This export cannot continue: it was started more than a day ago, or the "
                    "cursor was already used. Start the export again."
                )
                raise Conflict("export_lost", detail) from None

    def _find_complete(self, export_id: str) -> Export | None:
        """The export, if it is complete but that answer was lost."""
        key = self._key(export_id)
        stored = key in self._objects.list_keys(key)
        return self._call.table.find(Export, export_id) if stored else None

    def _write(self, file: Path, begun: Begun | None) -> Part:
        call, limits = self._call, self._limits

        def is_enough(written: int) -> bool:
            late = call.runtime.clock() - call.now >= limits.writes_for
            return written >= (limits.part_at_least if late else limits.part_at_most)

        after = begun.after if begun else None
        with file.open("wb") as out:
            return write_part(out, self._selected, after, is_enough)

    def _finish_at_once(self, file: Path, rows: int) -> UsersFile | ExportProgress:
        few = rows <= self._limits.rows_in_answer
        small = file.stat().st_size <= self._limits.bytes_in_answer
        export_id, kind = self._call.new_id(ID_PREFIX), self._selected.format
        # A file cannot say which filters were ignored.
        if few and small and not self._selected.condition.skipped:
            self._record(export_id, rows)
            return UsersFile(
                content=file.read_bytes().decode(),
                content_type=kind.content_type,
                file_name=self._file_name,
            )
        self._objects.upload(self._key(export_id), file, kind.content_type)
        return self._link(self._record(export_id, rows))

    def _begin(self) -> Begun:
        export_id = self._call.new_id(ID_PREFIX)
        content_type = self._selected.format.content_type
        upload_id = self._objects.begin_upload(self._key(export_id), content_type)
        return Begun(export_id=export_id, upload_id=upload_id)

    def _add(self, begun: Begun, file: Path, part: Part) -> ExportProgress:
        """Store one more part, and complete the upload if it is the last."""
        key, rows = self._key(begun.export_id), begun.rows + part.rows
        tag = self._objects.upload_part(key, begun.upload_id, begun.parts + 1, file)
        stored = begun.with_part(tag)
        if not part.is_last:
            changed = {"rows": rows, "after": part.after}
            state = stored.model_copy(update=changed).model_dump(mode="json", by_alias=True)
            following = Position(stored.parts + 1, state)
            cursor = write_position(self._call, self._request, following, self._list_read)
            total = begun.rows + part.left
            return self._answer(status="running", rows=rows, total=total, cursor=cursor)
        tags = self._read_tags(key, stored)
        before = self._call.table.find(Export, begun.export_id)  # from a call that was interrupted
        recorded = self._record(begun.export_id, rows, before)
        self._objects.finish_upload(key, begun.upload_id, tags)
        return self._link(recorded)

    def _read_tags(self, key: str, stored: Begun) -> Sequence[str]:
        """The ETags of the parts. Raises UploadLost if another call has stored one of them."""
        tags = list(islice(self._objects.list_parts(key, stored.upload_id), stored.parts))
        found = Begun(export_id=stored.export_id, upload_id=stored.upload_id)
        for tag in tags:
            found = found.with_part(tag)
        if found.digest != stored.digest:
            raise UploadLost
        return tags

    def _record(self, export_id: str, rows: int, before: Export | None = None) -> Export:
        """Record the export before the caller gets the users."""
        selected, begun_at = self._selected, before.created_at if before else self._call.now
        export = Export(
            id=export_id,
            created_at=begun_at,
            updated_at=self._call.now,
            format=selected.format,
            columns=tuple(each.name for each in selected.columns),
            filters=self._request.asked(),
            skipped_filters=tuple(each.filter for each in selected.condition.skipped) or None,
            user_count=rows,
        )
        return self._call.commit(Change(before, export), answer=lambda written: written)

    def _link(self, export: Export) -> ExportProgress:
        url = self._objects.presign(
            self._key(export.id), file_name=self._file_name, seconds=LINK_SECONDS
        )
        expires_at = self._call.now + timedelta(seconds=LINK_SECONDS)
        rows = export.user_count
        return self._answer(
            status="complete", rows=rows, total=rows, url=url, expires_at=expires_at
        )

    def _answer(self, **values: Any) -> ExportProgress:
        skipped = self._selected.condition.skipped or None
        return ExportProgress(skipped_filters=skipped, **values)

    @property
    def _list_read(self) -> tuple[str | None]:
        """What a cursor is bound to in addition to the request: the filter of the segment can
        change.
        """
        return (self._selected.condition.segment,)

    def _key(self, export_id: str) -> str:
        return f"{ExportFile.prefix}{export_id}.{self._selected.format}"

    @property
    def _file_name(self) -> str:
        return f"users-{self._call.now:%Y-%m-%d}.{self._selected.format}"
