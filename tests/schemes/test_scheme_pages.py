"""What README and docs/ say of each scheme is what the scheme says of itself."""

import re

import pytest
from support.places import ROOT

from facecrypt import attacks, schemes
from facecrypt.schemes.registry import own_names

NAMES = own_names()


def table(page, *columns):
    """Rows of the first table of a page that has these columns: {name: cells of the columns}."""
    lines = iter((ROOT / page).read_text(encoding="utf-8").splitlines())
    for line in lines:
        head = cells(line)
        if set(columns) <= set(head):
            break
    else:
        raise AssertionError(f"{page} has no table with the columns {columns}")
    next(lines)
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        row = cells(line)
        assert row[0] not in rows, f"{page} has two rows for {row[0]}"
        rows[row[0].strip("`")] = tuple(row[head.index(column)] for column in columns)
    return rows


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def pictures(name):
    """chosen_pictures as the tables write it."""
    count = schemes.get(name).chosen_pictures
    return "no attack here" if count is None else str(count)


def test_readme():
    rows = table("README.md", "what it keeps for learning", "chosen pictures")
    assert rows == {name: (schemes.get(name).keeps, pictures(name)) for name in NAMES}


def test_page_of_schemes():
    rows = table("docs/schemes.md", "what it does", "keeps")
    assert {name: keeps for name, (_, keeps) in rows.items()} == {
        name: schemes.get(name).keeps for name in NAMES
    }
    assert all(does for does, _ in rows.values())


def test_page_of_attacks():
    rows = table("docs/attacks.md", "scheme", "chosen pictures")
    # Beside the schemes there are rows for weaker variants, such as "pbe, no shuffle".
    found = {name: count for name, (_, count) in rows.items() if "," not in name}
    assert found == {name: pictures(name) for name in NAMES if pictures(name) != "no attack here"}
    assert set(table("docs/attacks.md", "scheme", "how")) >= set(found)


def test_docstring_of_the_attack():
    text = " ".join(attacks.chosen_plaintext.__doc__.split())
    one, two = re.search(r"Queries: 1 for (.*?); 2 for (.*?)\. All attacks", text).groups()
    for name in attacks.dispatch.CHOSEN:
        said = one if schemes.get(name).chosen_pictures == 1 else two
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", said), f"{name} is not in: {said}"


def test_page_of_learning():
    text = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
    said = re.findall(r"`([a-z-]+)` (\d+) or \d+", text)
    assert len(said) > 5
    assert said == [(name, pictures(name)) for name, _ in said]


@pytest.mark.parametrize("name", NAMES)
def test_page_of_the_api(name):
    lines = (ROOT / "docs" / "api" / "schemes.md").read_text(encoding="utf-8").splitlines()
    key = schemes.get(name).key_type.__name__
    assert lines.count(f"::: facecrypt.schemes.{key}") == 1
    assert getattr(schemes, key) is schemes.get(name).key_type
