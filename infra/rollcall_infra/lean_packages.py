"""Removes import-time work that no function needs from the vendor layer.

Each entry is checked against the package. If it does not fit the locked version, the build fails
with a message that names it. The tests import every function from the layers alone.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rollcall_infra.deferral import NotDeferrable, defer_imports, names_imported


class Edit(NamedTuple):
    """A text that occurs once in a file, and its replacement."""

    file: str
    old: str
    new: str = ""


DEFERRED: Mapping[str, tuple[str, ...]] = {
    "aws_lambda_powertools/logging/logger.py": ("aws_lambda_powertools.utilities",),
    "botocore/auth.py": ("calendar",),
    "botocore/client.py": ("botocore.discovery", "botocore.paginate", "botocore.waiter"),
    "botocore/compat.py": ("dateutil.tz", "shlex"),
    "botocore/compress.py": ("gzip",),
    "botocore/configloader.py": ("configparser", "shlex"),
    "botocore/credentials.py": (
        "dateutil.parser",
        "dateutil.tz",
        "getpass",
        "subprocess",
    ),
    "botocore/httpsession.py": ("concurrent.futures",),
    "botocore/paginate.py": ("jmespath",),
    "botocore/parsers.py": ("botocore.compat", "botocore.eventstream"),
    "botocore/regions.py": ("jmespath",),
    "botocore/serialize.py": ("calendar", "xml.etree"),
    "botocore/session.py": (
        "botocore.monitoring",
        "botocore.paginate",
        "botocore.waiter",
        "platform",
    ),
    "botocore/tokens.py": ("dateutil.parser", "dateutil.tz"),
    "botocore/useragent.py": ("platform",),
    "botocore/utils.py": (
        "dateutil.parser",
        "dateutil.tz",
        "ipaddress",
        "pathlib",
        "tempfile",
        "urllib.request",
    ),
    "botocore/waiter.py": ("jmespath",),
    "pydantic/_internal/_validators.py": ("zoneinfo",),
    "pydantic_core/core_schema.py": ("fractions",),
    "urllib3/fields.py": ("mimetypes",),
    "urllib3/http2/__init__.py": ("importlib.metadata",),
}
"""By file, the modules that it imports at its head and that few of its functions use."""

EDITS = (
    # The package imports metrics and tracing, and adds itself to the user agent of all clients.
    Edit(
        "aws_lambda_powertools/__init__.py",
        "from aws_lambda_powertools.metrics import Metrics, single_metric\n",
    ),
    Edit(
        "aws_lambda_powertools/__init__.py",
        "from aws_lambda_powertools.tracing import Tracer\n",
    ),
    Edit(
        "aws_lambda_powertools/__init__.py",
        "from aws_lambda_powertools.shared.user_agent import inject_user_agent\n",
    ),
    Edit("aws_lambda_powertools/__init__.py", "\ninject_user_agent()\n"),
    Edit(
        "aws_lambda_powertools/__init__.py",
        '    "Metrics",\n    "single_metric",\n    "Tracer",\n',
    ),
    # Only S3 answers in XML.
    Edit(
        "botocore/compat.py",
        "import xml.etree.ElementTree as ETree\nXMLParseError = ETree.ParseError\n",
        """
def __getattr__(name):
    if name not in {"ETree", "XMLParseError"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import xml.etree.ElementTree as ETree
    return ETree if name == "ETree" else ETree.ParseError
""",
    ),
    Edit("botocore/response.py", "    XMLParseError,"),
    Edit("botocore/handlers.py", "    ETree,\n"),
    Edit("botocore/handlers.py", "    XMLParseError,\n"),
    Edit(
        "botocore/handlers.py",
        "            parser = ETree.XMLParser(\n                target=ETree.TreeBuilder(), ",
        "            etree = botocore.compat.ETree\n            parser = etree.XMLParser(\n"
        "                target=etree.TreeBuilder(), ",
    ),
    Edit(
        "botocore/handlers.py",
        "    parser = ETree.XMLParser(target=ETree.TreeBuilder(), encoding='utf-8')\n",
        "    etree = botocore.compat.ETree\n"
        "    parser = etree.XMLParser(target=etree.TreeBuilder(), encoding='utf-8')\n",
    ),
    Edit(
        "botocore/handlers.py",
        "        except XMLParseError:\n",
        "        except botocore.compat.XMLParseError:\n",
    ),
    # The layer's service models are plain JSON.
    Edit("botocore/compat.py", "    import gzip\n    HAS_GZIP = True\n", "    HAS_GZIP = False\n"),
    # pyOpenSSL is not installed.
    Edit(
        "botocore/httpsession.py",
        "        from urllib3.contrib.pyopenssl import (\n"
        "            orig_util_SSLContext as SSLContext,\n        )\n",
        "        from urllib3.util.ssl_ import SSLContext\n",
    ),
    # Functions use neither credential processes nor prompts.
    Edit(
        "botocore/credentials.py", "        prompter=getpass.getpass,\n", "        prompter=None,\n"
    ),
    Edit("botocore/credentials.py", "popen=subprocess.Popen)", "popen=None)"),
    Edit(
        "botocore/credentials.py",
        "        self._popen = popen\n",
        "        self._popen = popen or subprocess.Popen\n",
    ),
    # No model has fractions or time zones; pydantic refuses a field of such a type at import.
    Edit("pydantic/_internal/_generate_schema.py", "from fractions import Fraction\n"),
    Edit("pydantic/_internal/_generate_schema.py", "from zoneinfo import ZoneInfo\n"),
    Edit("pydantic/_internal/_generate_schema.py", "        ZoneInfo,\n"),
    Edit(
        "pydantic/_internal/_generate_schema.py",
        "        Fraction: _copy_schema_handler(core_schema.fraction_schema()),\n",
    ),
    Edit(
        "pydantic/_internal/_generate_schema.py",
        "        ZoneInfo: lambda self, obj: self._zoneinfo_schema(),\n",
    ),
    # No pydantic plugin is installed; the search reads the metadata of every package.
    Edit(
        "pydantic/plugin/_loader.py",
        "from importlib.metadata import entry_points\n",
    ),
    Edit(
        "pydantic/plugin/_loader.py",
        "    disabled_plugins = os.getenv('PYDANTIC_DISABLE_PLUGINS')\n",
        "    return ()\n",
    ),
)
"""What else is removed or deferred."""

SCHEMAS = "pydantic_core/core_schema.py"
"""Has eighty TypedDict classes, which only type checkers need. At run time they are dicts."""


def make_lean(python: Path) -> None:
    """Apply all entries to the packages in a folder. Raises RuntimeError if one does not fit."""
    for edit in EDITS:
        _apply(edit, python)
    for name, modules in DEFERRED.items():
        _defer(name, modules, python)
    schemas = python / SCHEMAS
    try:
        schemas.write_text(plain_dicts(schemas.read_text()))
    except NotDeferrable as error:
        raise _unfit(SCHEMAS, str(error)) from error


def plain_dicts(source: str) -> str:
    """The source with each TypedDict class replaced by ``dict``."""
    tree = ast.parse(source)
    typed = {"TypedDict"}
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef) and typed & {ast.unparse(base) for base in node.bases}:
            typed.add(node.name)
            (tree.body[place],) = ast.parse(f"{node.name} = dict").body
    if len(typed) == 1:
        raise NotDeferrable("it has no TypedDict classes")
    return ast.unparse(tree)


def _apply(edit: Edit, python: Path) -> None:
    file = python / edit.file
    text = file.read_text()
    if text.count(edit.old) != 1:
        raise _unfit(edit.file, f"it has no single {edit.old!r}")
    file.write_text(text.replace(edit.old, edit.new))


def _defer(name: str, modules: tuple[str, ...], python: Path) -> None:
    source = (python / name).read_text()
    try:
        names = names_imported(source, modules)
        (python / name).write_text(defer_imports(source, modules))
    except NotDeferrable as error:
        raise _unfit(name, str(error)) from error
    for other in sorted((python / name.partition("/")[0]).rglob("*.py")):
        if taken := names & _taken_from(name, other.relative_to(python), other.read_text()):
            raise _unfit(name, f"{other.name} imports {', '.join(sorted(taken))} from it")


def _taken_from(name: str, other: Path, source: str) -> set[str]:
    """The names that another module imports from the module in the file ``name``."""
    wanted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if wanted.rpartition(".")[2] not in source:
        return set()
    taken = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            above = other.parts[: len(other.parts) - node.level] if node.level else ()
            if ".".join([*above, *filter(None, [node.module])]) == wanted:
                taken |= {alias.name for alias in node.names}
    return taken


def _unfit(name: str, why: str) -> RuntimeError:
    return RuntimeError(
        f"{Path(__file__).name} does not fit {name} of the locked version: {why}. Look at what the "
        "new version does there, and update or remove the entry."
    )
