"""How long the processes of a project live: facts about the whole project, not about one function.

A command line tool ends with its command; the workers of some job libraries fork for each
job. What is built again there goes away with the process.
"""

from __future__ import annotations

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.marks import Marks

_COMMAND_PARSERS = frozenset(
    {"argparse.ArgumentParser", "argparse", "click", "typer", "fire", "docopt", "optparse"}
)

#: A server in fewer than one in so many files does not make a command line tool a service.
_SIDE_DOOR = 100


class Processes:
    """Answers two questions about the project, each once."""

    def __init__(self, index: Index, marks: Marks, catalog: Catalog) -> None:
        self.index = index
        self.marks = marks
        self.catalog = catalog
        self._forks_per_job: bool | None = None
        self._ends_with_command: bool | None = None
        self._have_server: bool | None = None

    @property
    def are_short(self) -> bool:
        """True when nothing shows that processes of the project outlive a job or a command."""
        return self.forks_per_job or self.ends_with_command

    @property
    def have_server(self) -> bool:
        """True when some file of the project serves, be it a side door."""
        if self._have_server is None:
            self._have_server = self._serves(0)
        return self._have_server

    @property
    def forks_per_job(self) -> bool:
        """True when the project runs its background work with a library whose workers fork for each job."""
        if self._forks_per_job is None:
            runners = self.catalog.tables.vocabulary.job_runners
            self._forks_per_job = any(
                mentioned.partition(".")[0] in runners
                for summary in self.index.modules.values()
                if not summary.is_test and summary.module.partition(".")[0] not in runners
                for mentioned in summary.mentioned
            )
        return self._forks_per_job

    @property
    def ends_with_command(self) -> bool:
        """True for a command line tool: it parses a command line and holds no entry point that runs often."""
        if self._ends_with_command is None:
            side_door = len(self.index.modules) / _SIDE_DOOR
            self._ends_with_command = self._parses_commands() and not self._serves(side_door)
        return self._ends_with_command

    def _parses_commands(self) -> bool:
        return any(
            mentioned in _COMMAND_PARSERS or mentioned.partition(".")[0] in _COMMAND_PARSERS
            for summary in self.index.modules.values()
            if not summary.is_test
            for mentioned in summary.mentioned
        )

    def _serves(self, more_than: float) -> bool:
        """True when so many files have functions that are marked hot, tests, commands and examples left out."""
        serving: set[str] = set()
        for function in self.index.everything:
            if function.module.is_test or function.runs_once:
                continue
            mark = self.marks.mark(function)
            if mark is not None and mark.rank == "hot" and self.marks.tool(function) is None:
                serving.add(function.module.path)
                if len(serving) > more_than:
                    return True
        return False
