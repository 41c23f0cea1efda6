"""Stored files: atomic, streamed, and unavailable when S3 is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.groups.list_groups import list_groups
from rollcall.kit.declaration import Declaration
from rollcall.kit.errors import Unavailable
from rollcall.kit.objects import Objects, StoredObject, UploadLost
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World

MEGABYTE = 1024 * 1024


class Report(StoredObject):
    """A kind of object."""

    prefix = "reports/"


class Picture(StoredObject):
    """Another kind of object."""

    prefix = "pictures/"


READER: Declaration = replace(list_groups, reads=(Report,))
WRITER: Declaration = replace(list_groups, writes=(Report,))


@pytest.fixture
def objects(world: World) -> Objects:
    """The objects of a world."""
    return world.runtime.objects


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of several megabytes that all differ."""
    path = tmp_path / "source"
    path.write_bytes(b"".join(bytes([each]) * MEGABYTE for each in range(3)) + b"the end")
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=4096))
def test_downloaded_file_equals_the_uploaded_one(
    objects: Objects, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "there").write_bytes(content)
    objects.upload("reports/one", tmp_path / "there")
    assert objects.download("reports/one", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content


def test_large_file_is_streamed_and_keeps_its_type(world: World, file: Path) -> None:
    objects = world.runtime.objects
    objects.upload("reports/one.csv", file, "text/csv")

    with watched(world.aws) as seen:
        assert objects.download("reports/one.csv", file.with_name("back"))

    assert [call.operation for call in seen] == ["GetObject"]
    assert file.with_name("back").read_bytes() == file.read_bytes()
    stored = world.s3.head_object(Bucket="rollcall", Key="reports/one.csv")
    assert stored["ContentType"] == "text/csv"


def test_later_upload_replaces_the_earlier_one(objects: Objects, tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "file").write_text(text)
        objects.upload("reports/one", tmp_path / "file")
    assert objects.download("reports/one", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "second"


def as_nobody() -> AbstractContextManager[None]:
    return acting_as(READER)


PART = 5 * MEGABYTE
"""S3's minimum size of a part, except the last one."""


def put_parts(objects: Objects, file: Path, *contents: bytes) -> tuple[str, list[str]]:
    """Begin an upload and store these parts; return its id and their ETags."""
    upload_id, tags = objects.begin_upload("reports/one", "text/csv"), []
    for number, content in enumerate(contents, 1):
        file.write_bytes(content)
        tags.append(objects.upload_part("reports/one", upload_id, number, file))
    return upload_id, tags


def test_object_exists_once_its_parts_are_completed(world: World, file: Path) -> None:
    objects = world.runtime.objects
    upload_id, tags = put_parts(objects, file, b"a" * PART, b"the end")
    assert list(objects.list_keys("reports/")) == []

    objects.finish_upload("reports/one", upload_id, tags)

    assert objects.download("reports/one", file)
    assert file.read_bytes() == b"a" * PART + b"the end"
    stored = world.s3.head_object(Bucket="rollcall", Key="reports/one")
    assert stored["ContentType"] == "text/csv"


def test_upload_with_a_replaced_part_is_not_completed(objects: Objects, file: Path) -> None:
    upload_id, tags = put_parts(objects, file, b"a" * PART, b"the end")
    file.write_bytes(b"another end")
    objects.upload_part("reports/one", upload_id, 2, file)

    with pytest.raises(UploadLost):
        objects.finish_upload("reports/one", upload_id, tags)
    assert list(objects.list_keys("reports/")) == []


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_unknown_upload_is_lost(world: World, objects: Objects, file: Path, operation: str) -> None:
    upload_id, tags = put_parts(objects, file, b"all")
    deeds: dict[str, Callable[[], object]] = {
        "UploadPart": lambda: objects.upload_part("reports/one", upload_id, 1, file),
        "CompleteMultipartUpload": lambda: objects.finish_upload("reports/one", upload_id, tags),
    }
    with failing(world.aws, "s3", operation, code="NoSuchUpload"), pytest.raises(UploadLost):
        deeds[operation]()


def test_missing_object_leaves_no_file(objects: Objects, tmp_path: Path) -> None:
    assert not objects.download("reports/none", tmp_path / "back")
    with as_nobody():  # then S3 answers 403, as for a denied request
        assert not objects.download("reports/none", tmp_path / "back")
    assert not list(tmp_path.iterdir())


def break_off(call: WireCall, serve: Serve) -> Response:
    """The connection closes in the middle of the content."""
    success, error = serve()
    assert success
    parsed = success[1]
    length = parsed["ContentLength"]
    return (success[0], {**parsed, "Body": StreamingBody(io.BytesIO(b"half"), length)}), error


def flip_a_bit(call: WireCall, serve: Serve) -> Response:
    """The content arrives in full length, but altered."""
    success, error = serve()
    assert success
    raw = success[1]["Body"]._raw_stream
    damaged = bytes([raw.read(1)[0] ^ 1]) + raw.read()
    raw.seek(0)
    raw.truncate()
    raw.write(damaged)
    raw.seek(0)
    return success, error


def stand_still(call: WireCall, serve: Serve) -> Response:
    """The connection times out."""

    class Silence(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ReadTimeoutError(endpoint_url=str(call.request.url))

    success, error = serve()
    assert success
    return (success[0], {**success[1], "Body": StreamingBody(Silence(), 4)}), error


@pytest.mark.parametrize("mishap", [break_off, flip_a_bit, stand_still])
def test_failed_download_keeps_the_existing_file(world: World, file: Path, mishap: object) -> None:
    world.runtime.objects.upload("reports/one", file)
    back = file.with_name("back")
    back.write_text("before")

    world.aws.intercept = mishap  # type: ignore[assignment]  # one of the three above
    with pytest.raises(Unavailable) as refused:
        world.runtime.objects.download("reports/one", back)

    assert refused.value.code == "storage_unavailable"
    assert back.read_text() == "before"
    assert {each.name for each in file.parent.iterdir()} == {"source", "back"}


def test_keys_are_listed_in_order_and_deleted_beyond_one_request(
    world: World, objects: Objects, tmp_path: Path
) -> None:
    keys = [f"reports/{number:04}" for number in range(1002)]
    for key in (*reversed(keys), "pictures/one"):
        world.s3.put_object(Bucket="rollcall", Key=key, Body=b"")

    assert list(objects.list_keys("reports/")) == keys
    assert list(objects.list_keys("reports/00")) == keys[:100]

    for _ in range(2):
        objects.delete(iter(keys))
        assert list(objects.list_keys("")) == ["pictures/one"]
    with watched(world.aws) as seen:
        objects.delete([])
    assert seen == []


def test_key_that_s3_does_not_delete_is_an_error(world: World, objects: Objects) -> None:
    def keep(call: WireCall, serve: Serve) -> Response:
        error = {"Key": "reports/one", "Code": "InternalError", "Message": "Made to fail."}
        return call.answer({"Errors": [error]})

    world.aws.intercept = keep
    with pytest.raises(Unavailable):
        objects.delete(["reports/one"])


def test_link_is_signed_with_an_expiry_and_names_the_file(objects: Objects) -> None:
    link = objects.presign("reports/one", file_name='Users "now"\r\n; ä.csv', seconds=600)

    query = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "600"
    disposition = query["response-content-disposition"]
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9%._-]+", disposition)


@pytest.mark.parametrize("operation", ["PutObject", "GetObject", "ListObjectsV2", "DeleteObjects"])
def test_unanswered_request_can_be_retried(world: World, file: Path, operation: str) -> None:
    objects = world.runtime.objects
    deeds: dict[str, Callable[[], object]] = {
        "PutObject": lambda: objects.upload("reports/one", file),
        "GetObject": lambda: objects.download("reports/one", file),
        "ListObjectsV2": lambda: list(objects.list_keys("reports/")),
        "DeleteObjects": lambda: objects.delete(["reports/one"]),
    }
    with (
        failing(world.aws, "s3", operation, code="SlowDownRead"),
        pytest.raises(Unavailable) as refused,
    ):
        deeds[operation]()
    assert refused.value.code == "storage_unavailable"


def test_upload_is_sent_again_as_a_whole_when_its_response_is_lost(
    world: World, file: Path
) -> None:
    lost: list[WireCall] = []

    def lose(call: WireCall, serve: Serve) -> Response:
        answer = serve()
        lost.append(call)
        return answer if len(lost) > 1 else (None, ReadTimeoutError(endpoint_url="storage"))

    world.aws.intercept = lose
    world.runtime.objects.upload("reports/one", file)

    assert [call.operation for call in lost] == ["PutObject", "PutObject"]
    assert world.runtime.objects.download("reports/one", file.with_name("back"))
    assert file.with_name("back").read_bytes() == file.read_bytes()


def test_role_can_access_only_what_it_declares(world: World, objects: Objects, file: Path) -> None:
    for key in ("reports/one", "pictures/one"):
        objects.upload(key, file)

    with acting_as(READER):
        assert objects.download("reports/one", file.with_name("back"))
        assert list(objects.list_keys("reports/")) == ["reports/one"]
        for deed in (
            lambda: objects.upload("reports/two", file),
            lambda: objects.delete(["reports/one"]),
            lambda: objects.download("pictures/one", file),
            lambda: list(objects.list_keys("")),
            lambda: list(objects.list_keys("pictures/")),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                deed()

    with acting_as(WRITER):
        objects.upload("reports/two", file)
        upload_id = objects.begin_upload("reports/one", "text/csv")
        tag = objects.upload_part("reports/one", upload_id, 1, file)
        assert list(objects.list_parts("reports/one", upload_id)) == [tag]
        objects.finish_upload("reports/one", upload_id, [tag])
        objects.delete(["reports/one", "reports/two"])
        with pytest.raises(ClientError, match="AccessDenied"):
            objects.upload("pictures/one", file)
        with pytest.raises(ClientError, match="AccessDenied"):
            objects.delete(["reports/one", "pictures/one"])
    assert list(objects.list_keys("")) == ["pictures/one"]


def test_missing_bucket_is_not_reported_as_an_outage(world: World, file: Path) -> None:
    elsewhere = Objects(lambda: world.s3, "elsewhere")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        elsewhere.download("reports/one", file)


def test_tag_of_an_object_changes_with_its_content(
    world: World, objects: Objects, file: Path
) -> None:
    assert objects.find_tag("reports/one") is None
    first = objects.upload("reports/one", file)
    assert objects.find_tag("reports/one") == first
    file.write_bytes(b"another content")
    second = objects.upload("reports/one", file)
    assert objects.find_tag("reports/one") == second != first

    with acting_as(READER):
        assert objects.find_tag("reports/one") == second
        assert objects.find_tag("reports/missing") is None
    with failing(world.aws, "s3", code="InternalError"), pytest.raises(Unavailable):
        objects.find_tag("reports/one")
