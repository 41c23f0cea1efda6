"""Files in one private S3 bucket. Only this module calls S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

CHUNK = 1024 * 1024
"""How many bytes are in memory at once while a file goes through."""
DELETED_AT_ONCE = 1000
"""The most keys that S3 takes in one request."""


class UploadLost(Exception):
    """An upload in parts is over, or somebody else has gone on with it."""


class StoredObject:
    """A kind of object: the keys below one prefix. It is declared like an entity, and says what
    functions that touch it need.
    """

    service: ClassVar[str] = "s3"
    read_actions: ClassVar[tuple[str, ...]] = ("s3:GetObject",)
    write_actions: ClassVar[tuple[str, ...]] = ("s3:DeleteObject", "s3:PutObject")

    prefix: ClassVar[str]
    """What its keys begin with, as ``directory/``."""
    days_kept: ClassVar[int | None] = None
    """After how many days S3 deletes them; None: never."""
    layers: ClassVar[tuple[str, ...]] = ()
    """Folders below ``layers`` with what is installed for these functions beyond the rest."""
    memory: ClassVar[int] = 512
    """MB."""
    ephemeral_storage: ClassVar[int] = 512
    """MB of /tmp."""


class Objects:
    """The objects of one bucket, by their keys. ``make_client`` is called at the first use. Every
    method may be repeated, and raises Unavailable when S3 did not answer.
    """

    def __init__(self, make_client: Callable[[], S3Client], bucket: str) -> None:
        self._make_client = make_client
        self.bucket = bucket

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        """Store a file of up to 5 GB, in place of what the key held; whole or not at all."""
        with path.open("rb") as body:
            self._call("put_object", Key=key, Body=body, ContentType=content_type)

    def begin_upload(self, key: str, content_type: str) -> str:
        """Begin to store an object in parts; returns the upload's id. Nothing is there before the
        last part is; what is not finished, S3 deletes after a day.
        """
        begun = self._call("create_multipart_upload", Key=key, ContentType=content_type)
        return str(begun["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, path: Path) -> str:
        """Store a part, numbered from 1, in place of what the number held: 5 MB at least, but for
        the last one, and 5 GB at most. Returns the tag of its content. Raises UploadLost.
        """
        with path.open("rb") as body:
            place = {"Key": key, "UploadId": upload_id, "PartNumber": number}
            return str(self._call("upload_part", Body=body, **place)["ETag"])

    def finish_upload(self, key: str, upload_id: str, tags: Sequence[str]) -> None:
        """Let the object be there, made of the parts with these tags. Raises UploadLost, also when
        one of the parts is another by now.
        """
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        made_of = {"UploadId": upload_id, "MultipartUpload": {"Parts": parts}}
        self._call("complete_multipart_upload", Key=key, **made_of)

    def download(self, key: str, path: Path) -> bool:
        """Copy an object into a file, which appears whole or not at all; False when there is no
        such object.
        """
        # Most functions download nothing, and start faster without what this takes.
        import shutil  # noqa: PLC0415 (as above)
        from pathlib import Path  # noqa: PLC0415 (as above)
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 (as above)

        body = self._open(key)
        if body is None:
            return False
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as part:
            try:
                shutil.copyfileobj(body, part, CHUNK)  # the end checks length and checksum
                part.flush()
                Path(part.name).replace(path)
            except BotoCoreError as error:
                _refuse_unanswered(error)
            finally:
                Path(part.name).unlink(missing_ok=True)
        return True

    def delete(self, keys: Iterable[str]) -> None:
        """Let there be no such objects."""
        for batch in batched(keys, DELETED_AT_ONCE, strict=False):
            wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
            answer = self._call("delete_objects", Delete=wanted)
            for error in answer.get("Errors", []):
                _refuse_unanswered(ClientError({"Error": error}, "DeleteObjects"))

    def list_keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so, in the order of their UTF-8 bytes, as they are at that moment;
        1000 a request.
        """
        options: dict[str, Any] = {"Prefix": prefix}
        while True:
            answer = self._call("list_objects_v2", **options)
            yield from (found["Key"] for found in answer.get("Contents", []))
            if not answer["IsTruncated"]:
                return
            options["ContinuationToken"] = answer["NextContinuationToken"]

    def presign(self, key: str, *, file_name: str, seconds: int) -> str:
        """A link by which anybody may download the object for so long, under this name; it ends
        sooner when the credentials that sign it do.
        """
        disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
        wanted = {"Bucket": self.bucket, "Key": key, "ResponseContentDisposition": disposition}
        return self._make_client().generate_presigned_url("get_object", wanted, ExpiresIn=seconds)

    def _open(self, key: str) -> Any:
        """What an object's content is read from; None when there is no such object."""
        try:
            return self._make_client().get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # S3 tells only those who may list the whole bucket that there is no such key; we may
            # list what is below the key's prefix.
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
    detail = "The file storage did not answer; send the same request again."
    raise Unavailable("storage_unavailable", detail) from error
