"""Where the files are that deployments consist of: in a checkout, or in an installed wheel.

The wheel has the functions and the locked packages of the layers as data, in the folder ``_bundle``
of this package (``pyproject.toml``, the target ``wheel``). A checkout has them at its root.
"""

from __future__ import annotations

from pathlib import Path

import rollcall

_IN_WHEEL = Path(__file__).with_name("_bundle")
_INSTALLED = _IN_WHEEL.is_dir()
ROOT = _IN_WHEEL if _INSTALLED else Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
"""The folder of our own functions."""
FUNCTIONS_PACKAGE = f"{__package__}._bundle.functions" if _INSTALLED else "functions"
"""The package that they are imported from. A wheel must not install a package that is called
``functions``, because applications have such packages."""
LAYERS = ROOT / "layers"
"""Has a folder with the locked ``requirements.txt`` of each layer of third-party packages."""
ROLLCALL = Path(rollcall.__file__).parent
"""The shared code."""
ENVIRONMENTS = (Path("environments") if _INSTALLED else ROOT / "environments").absolute()
"""The folder of the environments, in the project that deploys them."""
BUILD = (Path("cdk.out") / "rollcall").absolute() if _INSTALLED else ROOT / "build"
"""Where layers and functions are built: in the project that deploys them, never beside installed
packages. It can be deleted at any time."""
