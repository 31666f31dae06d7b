"""The project's modules, functions and classes by name; what their bodies do is asked of the survey.

Linear in the number of facts; everything that needs resolution is asked for later, and
only for names under suspicion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from celeryleak_lint.link.elements import Class, Function, Mention, Site
from celeryleak_lint.link.prospects import Outside, Prospects
from celeryleak_lint.link.survey import Survey
from celeryleak_lint.model.facts import ModuleSummary


@dataclass(slots=True)
class Index:
    """All functions, classes and modules by dotted name.

    When two files claim one module name, both are analysed and the first is what the name means.
    """

    modules: dict[str, ModuleSummary] = field(default_factory=dict)
    bodies: dict[str, Function] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    everything: list[Function] = field(default_factory=list)
    all_classes: list[Class] = field(default_factory=list)
    class_bodies: dict[str, Function] = field(default_factory=dict)
    _imports: dict[str, dict[str, str]] = field(default_factory=dict)
    labels: AbstractSet[str] = frozenset()
    outside: Outside | None = None
    _imported: set[str] | None = None
    _nested: defaultdict[tuple[str, str], list[Function]] | None = None
    _survey: Survey | None = None
    _namesakes: dict[str, list[Function]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        summaries: Iterable[ModuleSummary],
        labels: AbstractSet[str] = frozenset(),
        outside: Outside | None = None,
    ) -> Index:
        """Index summaries in the order given; calls with arguments under ``labels`` can be asked for.

        With ``outside``, calls that surely build nothing are told before they are resolved.
        """
        index = cls(labels=labels, outside=outside)
        for summary in summaries:
            index._add(summary)
        return index

    def _add(self, summary: ModuleSummary) -> None:
        first = summary.module not in self.modules
        if first:
            self.modules[summary.module] = summary
        prefix = summary.module + "." if summary.module else ""
        owned: dict[str, Class] = {}
        for class_fact in summary.classes:
            made = Class(prefix + class_fact.qualname, class_fact, summary)
            owned[class_fact.qualname] = made
            self.all_classes.append(made)
            if first:
                self.classes.setdefault(made.id, made)
        for fact in summary.functions:
            name = prefix + fact.qualname if fact.qualname else summary.module
            function = Function(name, fact, summary, len(self.everything))
            self.everything.append(function)
            if function.is_module_body:
                if first:
                    self.bodies[summary.module] = function
                continue
            owner = owned.get(fact.cls)
            if owner is not None and fact.qualname == f"{fact.cls}.{function.name}":
                owner.methods[function.name] = function
            if function.is_class_body:
                self.class_bodies.setdefault(function.id, function)
            elif first:
                self._define(function)

    def _define(self, function: Function) -> None:
        """Of several with one name the first counts; an overload only says how the next may be called."""
        known = self.functions.setdefault(function.id, function)
        if known is function:
            return
        if _is_overload(known):
            self.functions[function.id], function = function, known
        self._namesakes.setdefault(function.id, []).append(function)

    def imports(self, module: str) -> Mapping[str, str]:
        """The module-level names that a module imports, with the dotted names they stand for."""
        known = self._imports.get(module)
        if known is None:
            known = self._imports[module] = dict(self.modules[module].imports)
        return known

    def definer(self, function: Function) -> Function | None:
        """The body that runs the ``def`` of a function, with its decorators and defaults."""
        fact = function.fact
        is_method = bool(fact.cls) and fact.qualname == f"{fact.cls}.{function.name}"
        return self._around(
            self.body(function.module, fact.cls if is_method else fact.parent), function
        )

    def class_around(self, function: Function) -> Class | None:
        """The class around a method, or around the method that a nested function stands in."""
        prefix = function.module.module + "." if function.module.module else ""
        return self.classes.get(prefix + function.fact.cls)

    def enclosing(self, function: Function) -> Function | None:
        """The function inside of which another is defined, classes between them left out."""
        parent, module = function.fact.parent, function.module.module
        if not parent:
            return None
        return self._around(
            self.functions.get(f"{module}.{parent}" if module else parent), function
        )

    def _around(self, found: Function | None, inner: Function) -> Function | None:
        """Of all that overloads and branches define under one name, the one that holds ``inner``."""
        if found is None or found.is_module_body or _holds(found, inner):
            return found
        namesakes = self._namesakes.get(found.id, ())
        return next((other for other in namesakes if _holds(other, inner)), None)

    def body(self, module: ModuleSummary, qualname: str) -> Function | None:
        """The class body or function of that name in a module; the module's own for no name."""
        if not qualname:
            return self.bodies.get(module.module)
        name = f"{module.module}.{qualname}" if module.module else qualname
        return self.class_bodies.get(name) or self.functions.get(name)

    def assigned(self, module: str, name: str) -> Sequence[str]:
        """The values that the body of a module assigns to a name; none for a name it does not assign."""
        return self.survey.assigned(module, name)

    def annotation(self, module: str, name: str) -> str:
        """The annotation of a module-level name; empty when it has none."""
        return self.survey.annotation(module, name)

    def mentioning(self, text: str) -> Iterator[Function]:
        """The functions with a text anywhere in what they do; so few have it that only they need be read."""
        self.survey.asked.texts.add(text)
        sought = text.encode()
        return (function for function in self.everything if sought in function.fact.packed)

    def nested_in(self, function: Function) -> list[Function]:
        """The functions defined directly inside a function."""
        if self._nested is None:
            self._nested = defaultdict(list)
            for candidate in self.everything:
                if candidate.fact.parent:
                    self._nested[candidate.module.path, candidate.fact.parent].append(candidate)
        return self._nested.get((function.module.path, function.fact.qualname), [])

    def inside(self, function: Function) -> list[Function]:
        """The functions defined inside a function, at any depth."""
        found = list(self.nested_in(function))
        for inner in found:
            found += self.nested_in(inner)
        return found

    def is_imported(self, module: str) -> bool:
        """True when another file of the project, tests aside, imports a module."""
        if self._imported is None:
            self._imported = {
                name
                for summary in self.modules.values()
                if not summary.is_test
                for mentioned in summary.mentioned
                for name in (mentioned, mentioned.rpartition(".")[0])
                if name != summary.module
            }
        return module in self._imported

    @property
    def survey(self) -> Survey:
        """The tables over all bodies, made when something is asked for the first time."""
        if self._survey is None:
            prospects = Prospects(self.outside, self.modules) if self.outside else None
            self._survey = Survey(self.everything, self.all_classes, self.labels, prospects)
        return self._survey

    def changed_globals(self) -> AbstractSet[str]:
        """Dotted names that functions bind anew, and, with ``[]`` behind them, those they change."""
        return self.survey.changed

    def calls_of(self, tail: str) -> list[Site]:
        """All calls whose callee's last name may be ``tail``."""
        return self.survey.calls_of(tail)

    def references_to(self, tail: str) -> list[Mention]:
        """All arguments that may be the function whose last name is ``tail``."""
        return self.survey.references_to(tail)


def _is_overload(function: Function) -> bool:
    """True under ``@overload``, whichever module it is from."""
    return any(decorator.value.endswith(".overload") for decorator in function.fact.decorators)


def _holds(outer: Function, inner: Function) -> bool:
    """True when one function stands inside the lines of another."""
    return outer.fact.line <= inner.fact.line <= outer.fact.end_line
