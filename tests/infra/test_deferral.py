"""An import that is put off is made where its names are used, and only where that is the same."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from rollcall_infra.deferral import NotDeferrable, defer_imports, names_imported


def defer(source: str, *modules: str) -> str:
    return defer_imports(dedent(source), modules)


def run(source: str) -> list[str]:
    command = [sys.executable, "-I", "-c", source]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_module_is_imported_by_the_functions_that_use_it() -> None:
    deferred = defer(
        """
        import sys
        import xml.dom
        from colorsys import rgb_to_hsv as convert, hsv_to_rgb
        from fractions import Fraction

        class Kinds:
            def node(self):
                "What it says."
                return [xml.dom.Node.TEXT_NODE for _ in "x"]

        def nested():
            return (lambda: convert(0, 0, 1))()

        print({"xml.dom", "colorsys", "fractions"} & set(sys.modules))
        print(Kinds().node(), Kinds.node.__doc__, nested()[2])
        print(sorted({"xml.dom", "colorsys", "fractions"} & set(sys.modules)))
        """,
        "xml.dom",
        "colorsys",
        "fractions",
    )
    assert run(deferred) == [
        *("set()", "[3]", "What", "it", "says.", "1"),
        *("['colorsys',", "'xml.dom']"),
    ]


def test_what_stands_behind_a_condition_is_imported_only_there() -> None:
    deferred = defer(
        """
        import sys
        import colorsys

        def convert(wanted):
            if wanted:
                for _ in range(2):
                    colour = colorsys.rgb_to_hsv(0, 0, 1)
                return colour
            return None

        print(convert(False), "colorsys" in sys.modules, convert(True)[2])
        """,
        "colorsys",
    )
    assert run(deferred) == ["None", "False", "1"]


def test_one_name_of_a_package_may_be_put_off_alone() -> None:
    deferred = defer(
        """
        import sys
        from xml import dom, sax

        def node():
            return dom.Node.TEXT_NODE

        print("xml.dom" in sys.modules, "xml.sax" in sys.modules, node())
        """,
        "xml.dom",
    )
    assert run(deferred) == ["False", "True", "3"]


def test_annotations_that_are_only_texts_need_no_import() -> None:
    source = """
    {future}
    from fractions import Fraction

    def half(number: Fraction) -> Fraction:
        return number / 2

    print(half(3))
    """
    future = "from __future__ import annotations"
    assert run(defer(source.format(future=future), "fractions")) == ["1.5"]
    with pytest.raises(NotDeferrable, match="uses Fraction when the module is imported"):
        defer(source.format(future=""), "fractions")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os\nHERE = os.getcwd()", "line 2 uses os when the module is imported"),
        ("import os\ndef f(x=os.sep): pass", "line 2 uses os when"),
        ("import os\nclass C(os.PathLike): pass", "line 2 uses os when"),
        ("import os\n@os.decorate\ndef f(): pass", "line 2 uses os when"),
        ("import os\nf = lambda: os.sep", "line 2 uses os when"),
        ("import os\ndef f(os): return os", "f binds os itself"),
        ("import os\ndef f():\n  os = os.sep\n  return os", "f binds os itself"),
        ("import sys", "does not import os at its head"),
        ("def f():\n  import os", "does not import os at its head"),
        ("try:\n  import os\nexcept ImportError: pass", "does not import os at its head"),
    ],
)
def test_an_import_that_cannot_be_put_off_is_refused_with_its_reason(source: str, why: str) -> None:
    with pytest.raises(NotDeferrable, match=why):
        defer(source, "os")


def test_names_are_those_that_the_module_knows_its_imports_by() -> None:
    source = "import a.b\nfrom c import d as e, f\nfrom .g import h\nimport i"
    assert names_imported(source, ["a.b", "c", ".g"]) == {"a", "e", "f", "h"}
