"""Pages that name tests and scripts for what they say: all of them exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def named() -> list[tuple[str, str]]:
    pages = (ROOT / "docs" / page for page in ("promises.md", "security.md"))
    return sorted({place for page in pages for place in NAMED.findall(page.read_text(encoding="utf-8"))})


def test_there_are_many() -> None:
    assert len(named()) > 50


@pytest.mark.parametrize(("path", "test"), named())
def test_it_exists(path: str, test: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not test or test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
