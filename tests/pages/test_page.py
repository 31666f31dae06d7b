"""The page parser: what becomes a case, and what is refused."""

from __future__ import annotations

import pytest

from tests.pages.page import Marker, PageError, parse

PAGE = """\
# CLK101 resource-built-per-call

## Example

A client a call:

```py
import redis

def send():  # trace
    redis.Redis()  # error: CLK101
```

## Not reported

### Kept for good

Because the module keeps it.

`pkg/a.py`:

```py
x = 1
```

```py path=pkg/b.py
y = "# error: CLK101"  # possible: CLK102, CLK103  # noqa: CLK999
```

```toml
confidence = "possible"
```

```py split
z = 1
```

```console
$ celeryleak-lint check .
```

```py ignore
anything goes (
```
"""


def test_cases_are_grouped_by_labels() -> None:
    page = parse("p.md", PAGE)
    assert page.title == "CLK101 resource-built-per-call"
    assert [tuple(case.texts()) for case in page.cases] == [
        ("main.py",),
        ("pkg/a.py", "pkg/b.py"),
        ("main.py",),
    ]
    assert [case.name for case in page.cases] == ["p.md:7", "p.md:22", "p.md:34"]
    assert [(c.section, c.heading) for c in page.cases][1] == ("Not reported", "Kept for good")
    assert [case.split for case in page.cases] == [False, False, True]
    assert [case.options for case in page.cases] == ["", "", 'confidence = "possible"\n']


def test_markers_are_read_from_comments_only() -> None:
    first, second, _ = parse("p.md", PAGE).cases
    assert first.markers == (
        Marker("main.py", 3, "trace"),
        Marker("main.py", 4, "error", "CLK101"),
    )
    assert second.expected("error") == frozenset()
    assert second.expected("error", "possible") == {
        ("pkg/b.py", 1, "CLK102"),
        ("pkg/b.py", 1, "CLK103"),
    }


def test_fixed_texts_belong_to_the_case_before() -> None:
    project = "```py path=a.py\nx = 1  # error: CLK101\n```\n```py path=b.py\ny = 1\n```\n"
    more = "```py fixed path=a.py\nx = 2\n```\n```py path=b.py\nz = 1\n```\n"
    first, second = parse("p.md", f"# t\n{project}{more}").cases
    assert [(file.path, file.text) for file in first.fixed] == [("a.py", "x = 2\n")]
    assert second.fixed == ()
    assert first.texts()["a.py"] == "x = 1  # error: CLK101\n"
    assert first.unmarked()["a.py"] == "x = 1\n"


def test_only_markers_are_taken_away() -> None:
    text = "x = 1  # error: CLK101  # noqa: F821\ny = '# trace'  # trace\n# trace of it\n"
    (case,) = parse("p.md", f"# t\n```py\n{text[: text.rindex('#')]}```\n").cases
    assert case.unmarked() == {"main.py": "x = 1  # noqa: F821\ny = '# trace'\n"}


def test_sections_keep_their_prose() -> None:
    sections = parse("p.md", PAGE).sections
    assert [(s.level, s.title, s.parent) for s in sections] == [
        (2, "Example", "Example"),
        (2, "Not reported", "Not reported"),
        (3, "Kept for good", "Not reported"),
    ]
    assert sections[2].prose.startswith("Because the module keeps it.")


def test_a_path_seen_before_starts_another_case() -> None:
    block = "```py path=a.py\nx = 1\n```\n"
    assert len(parse("p.md", f"# t\n{block}{block}").cases) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("```py\nx = 1\n", "p.md:2: this code block is never closed"),
        ("```python\nx = 1\n```", "write `py`, not `python`"),
        ("```py fixd\nx = 1\n```", "unknown word `fixd`"),
        ("```py refused path=a.py\nx = 1\n```", "`refused` is for cases of one file"),
        ("```py fixed\nx = 1\n```", "this fixed text follows no case"),
        ("```py\nx = 1\n```\n```py fixed path=a.py\nx = 1\n```", "has no file `a.py`"),
        (
            "```py\nx = 1\n```\n```py fixed\nx = 1  # error: CLK101\n```",
            "p.md:6: a fixed text is written without markers",
        ),
        ("```py path=../a.py\nx = 1\n```", "no relative path"),
        ("```toml\nx = 1\n```", "followed by no case"),
        ("```toml\nx = 1\n```\n\n```toml\nx = 1\n```\n```py\n```", "followed by no case"),
        ("```py\nx = 1  # eror: CLK101\n```", "p.md:3: `# eror: CLK101` is no marker"),
        ("```py\nx = 1  # error CLK101\n```", "is no marker"),
        ("```py\nx = 1  # error: CLK101 or so\n```", "is no marker"),
        ("```py\nx = '''\n```", "this block is no Python"),
        ("#### too deep", "headings stop at level 3"),
        ("# again", "only level-1 heading"),
    ],
)
def test_what_would_go_untested_is_refused(body: str, message: str) -> None:
    with pytest.raises(PageError) as caught:
        parse("p.md", f"# title\n{body}\n")
    assert message in str(caught.value)
