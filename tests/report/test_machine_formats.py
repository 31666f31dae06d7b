"""Formats for machines, judged by readers and schemas that others have written."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from junitparser import Error, Failure, JUnitXml
from msgspec.structs import replace

from celeryleak_lint.model.findings import Report
from celeryleak_lint.report.codes import ENTRIES
from celeryleak_lint.report.formats import FORMATS, render
from celeryleak_lint.report.github import SHOWN, render_github
from celeryleak_lint.report.gitlab import render_gitlab
from celeryleak_lint.report.junit import render_junit
from celeryleak_lint.report.sarif import render_sarif
from tests.report.samples import ATTACK, FINDING, FIX, HOSTILE, SEVERAL_LINES, full, report, view

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "schemas"
Place = tuple[str, str, int]


def checked(name: str, text: str) -> Any:
    """The document in ``text``, after the schema ``name`` has found nothing wrong with it."""
    schema = json.loads((SCHEMAS / name).read_text())
    document = json.loads(text)
    validator = jsonschema.validators.validator_for(schema)
    found = [error.message for error in validator(schema).iter_errors(document)]
    assert not found, found
    return document


def sarif(given: Report) -> dict[str, Any]:
    (run,) = checked("sarif-2.1.0.json", render_sarif(given, view()))["runs"]
    return dict(run)


@pytest.mark.parametrize("given", [report(), full()], ids=["empty", "full"])
def test_documents_keep_to_their_schemas(given: Report) -> None:
    sarif(given)
    entries = checked("gitlab-code-quality.json", render_gitlab(given, view()))
    marks = [entry["fingerprint"] for entry in entries]
    assert len(marks) == len(set(marks)) == len(given.findings) + len(given.failures)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("gitlab-code-quality.json", [{"description": "x", "check_name": "y"}]),
        ("sarif-2.1.0.json", {"version": "2.1.0"}),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name: str, broken: object) -> None:
    with pytest.raises(AssertionError):
        checked(name, json.dumps(broken))


def test_sarif_result() -> None:
    run = sarif(report(replace(FINDING, fix=FIX)))
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "CLK101"
    assert [rule["id"] for rule in rules] == [entry.code for entry in ENTRIES]
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)
    assert all(len(rule["fullDescription"]["text"]) <= 1024 for rule in rules)
    assert run["columnKind"] == "unicodeCodePoints"
    assert result["partialFingerprints"]["primaryLocationLineHash"] == FINDING.fingerprint
    region = {"startLine": 3, "startColumn": 21, "endLine": 3, "endColumn": 32}
    assert result["locations"][0]["physicalLocation"]["region"] == region
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    notes = [step["location"]["message"]["text"] for step in flow]
    assert notes == [step["message"]["text"] for step in result["relatedLocations"]]
    assert notes == ["is hot", "builds"]
    assert result["message"]["text"] == (
        "`f` builds `Redis`\ntrace: [pkg/a.py:1](1), [pkg/b.py:9](2)"
    )
    (fix,) = result["fixes"]
    changes = fix["artifactChanges"]
    assert [change["artifactLocation"]["uri"] for change in changes] == ["pkg/a.py", "pkg/b.py"]
    assert changes[1]["replacements"][0]["insertedContent"] == {"text": "import x\n"}


def test_sarif_levels_and_failures() -> None:
    run = sarif(full())
    assert [result["level"] for result in run["results"]][:3] == ["warning", "error", "note"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 2
    assert sarif(report())["invocations"][0]["executionSuccessful"] is True


def test_sarif_links_only_to_the_trace() -> None:
    (result,) = sarif(report(ATTACK))["results"]
    links = re.findall(r"(?<!\\)\[(?:[^\[\]\\]|\\.)*\]\(([^)]*)\)", result["message"]["text"])
    assert links == ["1"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w.%/~-]+", uri)


def commands(given: Report) -> list[str]:
    text = render_github(given, view())
    assert text == "" or text.endswith("\n")
    return text.splitlines()


def test_github_commands() -> None:
    (line,) = commands(report(FINDING))
    assert line == (
        "::warning title=CLK101 (resource-built-per-call),file=pkg/a.py,line=3,endLine=3,"
        "col=21,endColumn=32::CLK101 `f` builds `Redis`%0A1. pkg/a.py:1  is hot%0A"
        "2. pkg/b.py:9  builds"
    )
    (several,) = commands(report(SEVERAL_LINES))
    assert "line=3,endLine=5::" in several
    assert "col=" not in several
    assert commands(report()) == []


def test_github_surest_first() -> None:
    levels = [line.split(" ")[0] for line in commands(full())]
    assert levels == ["::error"] * 3 + ["::warning"] * 3 + ["::notice"]


def test_github_says_what_it_will_not_show() -> None:
    few = [replace(FINDING, fingerprint=str(n)) for n in range(SHOWN)]
    assert len(commands(report(*few))) == SHOWN
    first, *rest = commands(report(*few, FINDING))
    assert len(rest) == SHOWN + 1
    assert first.startswith("::notice title=celeryleak-lint::11 annotations (")
    assert "11 of level warning" in first


def test_github_orders_cannot_be_smuggled_in() -> None:
    (line,) = commands(report(ATTACK))
    head, _, message = line[2:].partition("::")
    assert head.count("=") == 6
    assert not set("\r\n\x1b\u202e\x00") & set(line)
    properties = head.partition(" ")[2].split(",")
    assert [text.partition("=")[0] for text in properties] == [
        "title", "file", "line", "endLine", "col", "endColumn",
    ]  # fmt: skip
    assert "##[" not in line
    assert "%250A" in message


@pytest.mark.parametrize("given", [report(), full()], ids=["empty", "full"])
def test_junit_keeps_to_its_schema(given: Report) -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    schema.validate(render_junit(given, view(), seconds=1234.5))
    assert not schema.is_valid("<testsuites><testcase/></testsuites>")


def test_junit_is_read_by_others() -> None:
    xml = JUnitXml.fromfile(io.StringIO(render_junit(full(), view(), seconds=0.5)))
    cases = [case for suite in xml for case in suite]
    results = [case.result[0] for case in cases]
    assert sum(isinstance(result, Failure) for result in results) == 5
    assert sum(isinstance(result, Error) for result in results) == 2
    assert (xml.tests, xml.failures, xml.errors) == (7, 5, 2)
    (plain,) = [r for r in results if r.type == "CLK101" and "pkg/a.py:3:21" in r.text][:1]
    assert plain.message == "`f` builds `Redis`"
    assert "pkg/b.py:9: builds" in plain.text
    for suite in xml:
        assert suite.tests == len(list(suite))


def test_junit_of_a_clean_run_has_a_passed_case() -> None:
    xml = JUnitXml.fromfile(io.StringIO(render_junit(report(), view(), seconds=0.5)))
    ((case,),) = [list(suite) for suite in xml]
    assert (case.name, case.is_passed) == ("check", True)


def places(name: str, given: Report) -> set[Place]:
    """Code, path and line of each finding, read from a rendering."""
    text = render(name, given, view(), seconds=0.1, color=False)
    if name == "json":
        rows = json.loads(text)["findings"]
        return {(row["code"], row["path"], row["line"]) for row in rows}
    if name == "sarif":
        found = set()
        for result in json.loads(text)["runs"][0]["results"]:
            place = result["locations"][0]["physicalLocation"]
            line = place["region"]["startLine"]
            found.add((result["ruleId"], place["artifactLocation"]["uri"], line))
        return found
    if name == "gitlab":
        rows = json.loads(text)
        return {
            (r["check_name"], r["location"]["path"], r["location"]["positions"]["begin"]["line"])
            for r in rows
        }
    if name == "junit":
        named = [c.name for suite in JUnitXml.fromfile(io.StringIO(text)) for c in suite]
        pattern = re.compile(r"(CLK\d+) (.*):(\d+):\d+")
    elif name == "github":
        named = text.splitlines()
        pattern = re.compile(r"::\w+ title=(CLK\d+)[^,]*,file=([^,]*),line=(\d+)")
    else:
        named = [line for line in text.splitlines() if re.match(r"\S+:\d+:\d+: CLK", line)]
        return {
            (match[3], match[1], int(match[2]))
            for line in named
            if (match := re.match(r"(.*?):(\d+):\d+: (CLK\d+)", line))
        }
    return {(m[1], m[2], int(m[3])) for line in named if (m := pattern.match(line))}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_findings_in_every_format(name: str) -> None:
    other = replace(FINDING, code="CLK102", path="x.py", fingerprint="c" * 24)
    given = report(FINDING, SEVERAL_LINES, other)
    assert places(name, given) == {(f.code, f.path, f.span.line) for f in given.findings}


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_passes_an_attack_on(name: str) -> None:
    text = render(name, full(), view(), seconds=0.1, color=False)
    for character in "\x1b\u202e\uffff\x00\r":
        assert character not in text
    assert HOSTILE not in text
    if name in ("text", "concise"):
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
        assert "##[" not in text
