"""Exporting users: at once as the answer's own body, or step by step into a file in S3.

Each call goes on for some seconds, stores what it has written as one part of an upload, and gives
the caller a cursor to call again with; the last one puts the parts together. All that is known of
an export that is under way is in its cursor: there is no job, and nothing to clear away.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field, WithJsonSchema

from rollcall.directory.columns import Column, read_columns
from rollcall.directory.export import Export, ExportFile
from rollcall.directory.export_files import CONTENT_TYPES, ExportFormat, Part, Selected, write_part
from rollcall.directory.filters import SEPARATED
from rollcall.directory.pages import SortedFilters
from rollcall.directory.selections import OfSelection
from rollcall.kit.call import Call
from rollcall.kit.cursor import Position
from rollcall.kit.errors import Conflict
from rollcall.kit.model import FileAnswer, Model, Time, WriteRequest
from rollcall.kit.objects import UploadLost
from rollcall.kit.paging import Cursor, WalkRequest, read_cursor, write_position
from rollcall.kit.transaction import Change

ID_PREFIX = "exp"
LINK_SECONDS = 15 * 60


class Limits(NamedTuple):
    """How far one call goes."""

    rows_in_answer: int = 1_000
    bytes_in_answer: int = 2 * 1024 * 1024
    """Lambda answers 6 MB, in JSON, where a quotation mark takes two."""
    writes_for: timedelta = timedelta(seconds=12)
    """Since the call began; the gateway waits for 29 seconds, and the part has yet to be stored."""
    part_at_least: int = 5 * 1024 * 1024
    """What S3 takes of all parts but the last."""
    part_at_most: int = 512 * 1024 * 1024


LIMITS = Limits()
_NAMES = [each.name for each in read_columns().values()]


def _check_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in _NAMES]
    if unknown:
        raise ValueError(f"There is no column {unknown[0]!r}; there are {', '.join(_NAMES)}.")
    return tuple(dict.fromkeys(names))


Columns = Annotated[
    tuple[str, ...],
    Field(description="Which, in their order, with commas between them. Absent: all."),
    SEPARATED,
    AfterValidator(_check_columns),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": _NAMES}}),
]


class ExportRequest(WalkRequest, SortedFilters, WriteRequest):
    """Which users, in which order, and what of them."""

    format: Annotated[
        ExportFormat, Field(description="csv for spreadsheets, jsonl for programs.")
    ] = ExportFormat.CSV
    columns: Columns = tuple(_NAMES)
    cursor: Annotated[
        Cursor,
        Field(
            description="That of the last answer, while it says running; all else as before. By "
            "createdAt nobody is left out or comes twice, whatever changes meanwhile."
        ),
    ] = None

    @property
    def chosen(self) -> list[Column]:
        """The columns."""
        return [read_columns()[name.lower()] for name in self.columns]

    def asked(self) -> dict[str, Any]:
        """The filters, as they were given: numbers in text, because not every one can be stored."""
        others = {"format", "columns", "cursor", "reason", "sort_by", "sort_order"}
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=others)
        return {name: str(v) if type(v) in {int, float} else v for name, v in given.items()}


class UsersFile(FileAnswer):
    """The users, when they are few."""

    content_types: ClassVar[tuple[str, ...]] = tuple(CONTENT_TYPES.values())


class ExportProgress(OfSelection):
    """How far the export of many users is."""

    status: Annotated[
        Literal["running", "complete"],
        Field(description="running: send the same request again, with the cursor."),
    ]
    rows: Annotated[int, Field(description="Users written up to now.")]
    total: int
    cursor: str | None = None
    url: Annotated[
        str | None, Field(description="Where the file is, for whoever has this link.")
    ] = None
    expires_at: Annotated[Time | None, Field(description="Until when the link holds.")] = None


class Begun(Model):
    """What a cursor says of an export that is under way."""

    export_id: str
    upload_id: str
    tags: tuple[str, ...] = ()
    """Of the parts that are stored."""
    rows: int = 0
    after: dict[str, Any] | None = None
    """The last of the users written."""


class Exporter:
    """One call of an export."""

    def __init__(
        self, call: Call, selected: Selected, request: ExportRequest, limits: Limits = LIMITS
    ) -> None:
        self._call, self._objects = call, call.objects
        self._selected, self._request, self._limits = selected, request, limits

    def go_on(self, folder: Path) -> UsersFile | ExportProgress:
        """Write as much as there is time for, by way of a folder that takes it. Raises Malformed
        for a cursor of something else, and Conflict for one that was gone on from already.
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
                    "This export cannot go on: it was begun more than a day ago, or was gone on "
                    "with from the same cursor. Begin it again."
                )
                raise Conflict("export_lost", detail) from None

    def _find_complete(self, export_id: str) -> Export | None:
        """The export, when the answer that it is complete was lost."""
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
        # A file has no room to say which filters were left out of account.
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
        """Store one more part, and put all together when it is the last."""
        key, rows = self._key(begun.export_id), begun.rows + part.rows
        tag = self._objects.upload_part(key, begun.upload_id, len(begun.tags) + 1, file)
        tags = (*begun.tags, tag)
        if not part.is_last:
            going = {"tags": tags, "rows": rows, "after": part.after}
            said = begun.model_copy(update=going).model_dump(mode="json", by_alias=True)
            going_on = Position(len(tags) + 1, said)
            cursor = write_position(self._call, self._request, going_on, self._list_read)
            total = begun.rows + part.left
            return self._answer(status="running", rows=rows, total=total, cursor=cursor)
        before = self._call.table.find(Export, begun.export_id)  # of a call that died afterwards
        recorded = self._record(begun.export_id, rows, before)
        self._objects.finish_upload(key, begun.upload_id, tags)
        return self._link(recorded)

    def _record(self, export_id: str, rows: int, before: Export | None = None) -> Export:
        """Write down who takes what away, before they get it."""
        selected, begun_at = self._selected, before.created_at if before else self._call.now
        export = Export(
            id=export_id,
            created_at=begun_at,
            updated_at=self._call.now,
            format=selected.format,
            columns=tuple(each.name for each in selected.columns),
            filters=self._request.asked(),
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

    def _answer(self, **said: Any) -> ExportProgress:
        skipped = self._selected.condition.skipped or None
        return ExportProgress(skipped_filters=skipped, **said)

    @property
    def _list_read(self) -> tuple[str | None]:
        """What a cursor is bound to beyond the request: the segment may get another filter."""
        return (self._selected.condition.segment,)

    def _key(self, export_id: str) -> str:
        return f"{ExportFile.prefix}{export_id}.{self._selected.format}"

    @property
    def _file_name(self) -> str:
        return f"users-{self._call.now:%Y-%m-%d}.{self._selected.format}"
