"""Each fault starts from the same state, including stored files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.harness import without_sleep
from tests.faults.injection import (
    VARIANTS,
    VARIANTS_OF_READING,
    Crash,
    Injection,
    Kind,
    Variant,
    variants_of,
)
from tests.faults.state import describe_state
from tests.world.snapshot import Snapshot, stored_objects
from tests.world.strict_aws import let_through
from tests.world.world import World


def test_restored_world_equals_the_snapshot(world: World, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for key in ("reports/kept", "reports/changed", "reports/deleted"):
        file.write_text(key)
        world.runtime.objects.upload(key, file)
    before, start = describe_state(world), Snapshot.of(world)

    world.add_user()
    file.write_text("another")
    world.runtime.objects.upload("reports/changed", file)
    world.runtime.objects.upload("reports/added", file)
    world.runtime.objects.delete(["reports/deleted"])
    assert describe_state(world) != before
    start.restore(world)

    assert describe_state(world) == before
    for key in ("reports/kept", "reports/changed", "reports/deleted"):
        assert world.runtime.objects.download(key, file)
        assert file.read_text() == key
    assert not world.runtime.objects.download("reports/added", file)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_fault_can_be_injected_into_an_upload(
    world: World, tmp_path: Path, variant: Variant
) -> None:
    (tmp_path / "file").write_text("text")
    world.aws.intercept = injection = Injection(0, variant)
    failed = False
    try:
        with without_sleep():
            world.runtime.objects.upload("reports/one", tmp_path / "file")
    except (Exception, Crash):  # noqa: BLE001 (any error)
        failed = True
    world.aws.intercept = let_through

    assert injection.calls == ["s3 PutObject"]
    assert failed == (variant.persistent or variant.kind is Kind.CRASH)
    came_through = stored_objects(world) == {"reports/one": b"text"}
    assert came_through == (not failed or "after" in variant.kind.value)


def test_download_and_list_have_the_variants_of_reading() -> None:
    for site in ("s3 GetObject", "s3 ListObjectsV2"):
        assert variants_of(site) == VARIANTS_OF_READING
    for site in ("s3 PutObject", "s3 DeleteObjects"):
        assert variants_of(site) == VARIANTS
