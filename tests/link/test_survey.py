"""What the survey leaves out matters to nobody: on our own source and on that of what we depend on."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest

from celeryleak_lint.catalog.lookup import load
from celeryleak_lint.link.bases import ANY
from celeryleak_lint.link.growth import GrowthFacts
from celeryleak_lint.link.producers import Production
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import facts
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.source import SourceFile
from celeryleak_lint.summarising import summarise

PACKAGES = ("celeryleak_lint", "click", "flake8", "libcst", "yaml", "packaging")


@pytest.fixture(params=PACKAGES)
def project(request: pytest.FixtureRequest) -> Project:
    return linked(Path(str(importlib.import_module(request.param).__file__)).parent)


def linked(folder: Path) -> Project:
    summaries = []
    for path in sorted(folder.rglob("*.py")):
        if "tests" in path.parts:
            continue
        inner = path.relative_to(folder.parent)
        parts = inner.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        file = SourceFile(inner.as_posix(), name, parts[-1] == "__init__")
        summary = summarise(file, path.read_bytes())
        assert isinstance(summary, ModuleSummary)
        summaries.append(summary)
    catalog, _ = load({})
    return Project(summaries, catalog)


def growths(found: GrowthFacts) -> Counter[object]:
    grown = ((name, g.function.id, g.line, g.key) for name, gs in found.growths.items() for g in gs)
    shrunk = ((name, f.id) for name, fs in found._shrinks.items() for f in fs)
    evicted = [(name, f.id) for name, functions in found._evictors.items() for f in functions]
    return Counter([*grown, *shrunk, *evicted])


def test_no_growth_and_no_shrink_is_left_out(project: Project) -> None:
    index = project.index
    screened = growths(project.growth)
    index.survey.bases = [(f, (ANY,)) for f in index.everything if not f.module.is_test]
    assert (
        growths(GrowthFacts(index, project.resolver, project.graph, project.holdings)) == screened
    )


def test_no_construction_is_left_out(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(production: Production) -> Counter[object]:
        return Counter((b.function.id, b.site.index, b.name) for b in production.builds)

    screened = built(project.production)
    monkeypatch.setattr(Production, "_may_construct", lambda *_: True)
    everything = Production(
        project.index, project.resolver, project.graph, project.caching, project.flow,
        project.catalog,
    )  # fmt: skip
    assert built(everything) == screened


def test_calls_without_prospects_mean_nothing(project: Project) -> None:
    survey = project.index.survey
    every = survey.calls.of(callee for callee, _ in survey.calls.callees())
    idle = [site for site in every if survey.is_idle(site)]
    for site in idle:
        assert project.resolver.meanings(site.function, site.callee) == (), site
    assert idle or len(project.index.everything) < 500


def test_calls_are_found_under_every_name(project: Project) -> None:
    survey, index = project.index.survey, project.index
    by_tail = Counter(
        call.callee.rpartition(".")[2].lstrip("@%$>")
        for function in index.everything
        for call in function.fact.calls
        if call.callee[:1] in "@!^$#"
    )
    for tail, count in by_tail.items():
        sites = survey.calls_of(tail)
        assert len(sites) >= count
        places = [(site.function.number, site.index) for site in sites]
        assert places == sorted(set(places))
        assert all(site.call.callee == site.callee for site in sites)


def test_bodies_are_read_again_after_they_were_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(str(importlib.import_module("flake8").__file__)).parent
    monkeypatch.setattr(facts, "MOST_OPEN", 1)
    few = linked(folder)
    monkeypatch.undo()
    many = linked(folder)
    assert growths(few.growth) == growths(many.growth)
    opened = [f for f in few.index.everything if f.fact.opened is not None]
    assert len(opened) <= 2
    assert any(f.fact.was_opened for f in few.index.everything)
