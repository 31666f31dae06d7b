"""Arguments that change what a construction is: exemptions and conditions of the catalog."""

from __future__ import annotations

from celeryleak_lint.catalog.schema import Condition, Exemption, Resource
from celeryleak_lint.link.elements import Site
from celeryleak_lint.link.options import mentions
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact

#: Marks of values that exist before the call: names of modules, instances, closures, parameters.
_SHARED = ("@", "!", "^", ">", "$")


class Terms:
    """Holds the arguments of calls against what the catalog says about them."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def exempted(self, site: Site, resource: Resource) -> Exemption | None:
        """The exemption of a resource that a call meets, if any."""
        for exemption in resource.unless:
            for label, value in site.call.args:
                if label != exemption.argument:
                    continue
                if self._matches(value, exemption) or self._is_made_by(site, value, exemption):
                    return exemption
            if "<absent>" in exemption.equals and not mentions(site.call, exemption.argument):
                return exemption
        return None

    def _is_made_by(self, site: Site, value: str, exemption: Exemption) -> bool:
        """True when an argument is what a call of a listed name returns (``BytesIO(data)``)."""
        held = site.function.locals.get(value[1:], ()) if value[:1] == "%" else (value,)
        made = [int(v[1:]) for v in held if v[:1] == "#" and v[1:].isdecimal()]
        names = {site.function.fact.calls[index].callee for index in made}
        return len(made) == len(held) > 0 and all(
            name[:1] == "@" and self.resolver.canonical(name[1:]) in exemption.equals
            for name in names
        )

    def meets(self, call: CallFact, row: Resource) -> bool:
        """True when a call is what a conditional row of the catalog asks for."""
        return any(
            label == condition.argument and self._matches(value, condition)
            for condition in row.when
            for label, value in call.args
        )

    def _matches(self, value: str, condition: Exemption | Condition) -> bool:
        if not condition.equals:
            return value != "=None"
        if "<written>" in condition.equals and all(c[:1] == "=" for c in values.choices(value)):
            return True
        if "<shared>" in condition.equals and all(c[:1] in _SHARED for c in values.choices(value)):
            return True
        for choice in values.choices(value):
            text = values.literal_text(choice)
            if text is not None and text in condition.equals:
                return True
            if choice[:1] == "@" and self.resolver.canonical(choice[1:]) in condition.equals:
                return True
        return False
