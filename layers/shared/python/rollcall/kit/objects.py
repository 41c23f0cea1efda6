"""Files in one private S3 bucket. Only this module calls S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

CHUNK = 1024 * 1024
"""The bytes of a file that are in memory at a time."""
DELETED_AT_ONCE = 1000
"""The maximum number of keys that S3 accepts in one request."""


class UploadLost(Exception):
    """A multipart upload no longer exists, or another process has continued it."""


class StoredObject:
    """A kind of object: the keys below one prefix. Functions declare it like an entity, and it
    declares what these functions need.
    """

    service: ClassVar[str] = "s3"
    read_actions: ClassVar[tuple[str, ...]] = ("s3:GetObject",)
    write_actions: ClassVar[tuple[str, ...]] = (
        "s3:DeleteObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    )

    prefix: ClassVar[str]
    """The prefix of its keys, as ``directory/``."""
    days_kept: ClassVar[int | None] = None
    """S3 deletes the objects after this number of days; None: never."""
    layers: ClassVar[tuple[str, ...]] = ()
    """Folders below ``layers`` with additional packages for these functions."""
    memory: ClassVar[int] = 512
    """MB."""
    ephemeral_storage: ClassVar[int] = 512
    """MB of /tmp."""


class Objects:
    """The objects of one bucket, by key. ``make_client`` is called at the first use. Every method
    is idempotent, and raises Unavailable when S3 did not answer.
    """

    def __init__(self, make_client: Callable[[], S3Client], bucket: str) -> None:
        self._make_client = make_client
        self.bucket = bucket

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> str:
        """Store a file of up to 5 GB. It replaces the object with this key atomically. Returns the
        ETag.
        """
        with path.open("rb") as body:
            stored = self._call("put_object", Key=key, Body=body, ContentType=content_type)
        return str(stored["ETag"])

    def find_tag(self, key: str) -> str | None:
        """The ETag of an object, which changes with its content; None when it does not exist. The
        content is not read.
        """
        try:
            found = self._make_client().head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            # Of a missing object, 403 to callers that cannot list the whole bucket. The response
            # has no body, so its code is the status (HeadObject in the API reference).
            if error.response["Error"]["Code"] in {"403", "404"}:
                return None
            _refuse_unanswered(error)
        except BotoCoreError as error:
            _refuse_unanswered(error)
        return str(found["ETag"])

    def begin_upload(self, key: str, content_type: str) -> str:
        """Begin a multipart upload and return its id. The object does not exist until the upload
        is finished. S3 deletes an unfinished upload after a day.
        """
        begun = self._call("create_multipart_upload", Key=key, ContentType=content_type)
        return str(begun["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, path: Path) -> str:
        """Store a part, numbered from 1; it replaces a part with the same number. A part has at
        most 5 GB, and at least 5 MB unless it is the last one. Returns its ETag. Raises UploadLost.
        """
        with path.open("rb") as body:
            target = {"Key": key, "UploadId": upload_id, "PartNumber": number}
            return str(self._call("upload_part", Body=body, **target)["ETag"])

    def list_parts(self, key: str, upload_id: str) -> Iterator[str]:
        """The ETags of the stored parts by their numbers, 1000 a request. Raises UploadLost."""
        options: dict[str, Any] = {"Key": key, "UploadId": upload_id}
        while True:
            answer = self._call("list_parts", **options)
            yield from (str(part["ETag"]) for part in answer.get("Parts", []))
            if not answer["IsTruncated"]:
                return
            options["PartNumberMarker"] = answer["NextPartNumberMarker"]

    def finish_upload(self, key: str, upload_id: str, tags: Iterable[str]) -> None:
        """Create the object from the parts with these ETags. Raises UploadLost, also when a part
        has another ETag.
        """
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        made_of = {"UploadId": upload_id, "MultipartUpload": {"Parts": parts}}
        self._call("complete_multipart_upload", Key=key, **made_of)

    def download(self, key: str, path: Path) -> bool:
        """Copy an object into a file atomically; False when the object does not exist."""
        # Most functions download nothing, and start faster without these modules.
        import shutil  # noqa: PLC0415 (as above)
        from pathlib import Path  # noqa: PLC0415 (as above)
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 (as above)

        body = self._open(key)
        if body is None:
            return False
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as part:
            try:
                shutil.copyfileobj(body, part, CHUNK)  # botocore checks length and checksum
                part.flush()
                Path(part.name).replace(path)
            except BotoCoreError as error:
                _refuse_unanswered(error)
            finally:
                Path(part.name).unlink(missing_ok=True)
        return True

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, if they exist."""
        for batch in batched(keys, DELETED_AT_ONCE, strict=False):
            wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
            answer = self._call("delete_objects", Delete=wanted)
            for error in answer.get("Errors", []):
                _refuse_unanswered(ClientError({"Error": error}, "DeleteObjects"))

    def list_keys(self, prefix: str) -> Iterator[str]:
        """The current keys with this prefix, in the order of their UTF-8 bytes, 1000 a request."""
        options: dict[str, Any] = {"Prefix": prefix}
        while True:
            answer = self._call("list_objects_v2", **options)
            yield from (found["Key"] for found in answer.get("Contents", []))
            if not answer["IsTruncated"]:
                return
            options["ContinuationToken"] = answer["NextContinuationToken"]

    def presign(self, key: str, *, file_name: str, seconds: int) -> str:
        """A link to download the object under this file name without credentials. It expires after
        ``seconds``, or earlier with the credentials that sign it.
        """
        disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
        wanted = {"Bucket": self.bucket, "Key": key, "ResponseContentDisposition": disposition}
        return self._make_client().generate_presigned_url("get_object", wanted, ExpiresIn=seconds)

    def _open(self, key: str) -> Any:
        """The stream of an object's content; None when the object does not exist."""
        try:
            return self._make_client().get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # S3 reports a missing key only to callers that can list the whole bucket. The function
            # can list the keys below the prefix.
            missing = code == "AccessDenied" and key not in self.list_keys(key)
            if missing or code == "NoSuchKey":
                return None
            _refuse_unanswered(error)
        except BotoCoreError as error:
            _refuse_unanswered(error)

    def _call(self, method: str, **parameters: Any) -> Any:
        try:
            return getattr(self._make_client(), method)(Bucket=self.bucket, **parameters)
        except (ClientError, BotoCoreError) as error:
            _refuse_unanswered(error)


def _refuse_unanswered(error: ClientError | BotoCoreError) -> NoReturn:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"AccessDenied", "NoSuchBucket"}:
            raise error
        if code in {"NoSuchUpload", "InvalidPart"}:
            raise UploadLost from error
    detail = "The file storage did not answer. Send the same request again."
    raise Unavailable("storage_unavailable", detail) from error
