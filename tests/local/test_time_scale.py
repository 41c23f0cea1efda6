"""The time scale of ``rollcall local``."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollcall_infra.local.cli import main
from rollcall_infra.local.server import LocalOptions


@pytest.mark.parametrize("scale", ["0", "-5", "1.5", "100001", "fast"])
def test_invalid_time_scale_is_refused(scale: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["local", f"--time-scale={scale}"])
    assert (
        f"{scale} is not a time scale; specify a number from 1 to 100000" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("ephemeral", "time_scale", "nothing"),
    [(False, 1, False), (True, 1, True), (False, 2, True)],
)
def test_nothing_is_stored_when_ephemeral_or_faster_than_real_time(
    ephemeral: bool, time_scale: int, nothing: bool
) -> None:
    options = LocalOptions(
        port=0,
        aws_port=0,
        state=Path(),
        ephemeral=ephemeral,
        allow_registration=False,
        admin_email=None,
        admin_password=None,
        mail_templates=None,
        login_url="",
        environment=None,
        time_scale=time_scale,
    )
    assert options.stores_nothing is nothing
