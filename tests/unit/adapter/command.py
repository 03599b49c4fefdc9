"""The command `pip variants` over a stand-in server, and what it prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from optparse import Values

import pytest
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession

from pip_variants.commands.command import VariantsCommand
from pip_variants.pip_adapter.run_state import RunState, new_run_state
from tests.unit.adapter.edge import (
    FakeFinder,
    FakeServer,
    run_state,
    serving,
    session_with,
)


class Command(VariantsCommand):
    """The command over a stand-in server, with the state of its run."""

    def __init__(
        self,
        state: RunState | None = None,
        links: Iterable[Link] = (),
        server: FakeServer | None = None,
    ) -> None:
        super().__init__("variants", "x", isolated=True)
        self.own_state = state or run_state()
        self.server = server or serving()
        self.own_finder = FakeFinder(self.server, links)

    def state(self) -> RunState:
        """Return the state of this run."""
        return self.own_state

    @contextmanager
    def state_beside(self, options: Values) -> Iterator[RunState]:
        """Yield the state of a run of its own."""
        yield new_run_state(options, [])

    def session(self, options: Values) -> PipSession:  # noqa: ARG002 - as VariantsCommand has it
        """Return a session over the stand-in server."""
        return session_with(self.server)

    def finder(self, options: Values) -> PackageFinder:
        """Return the finder, with the settings that the options give it."""
        vars(self.own_finder).update(vars(super().finder(options)))
        return self.own_finder

    def execute(self, *args: str) -> int:
        """Run the command with these arguments, and return its exit status."""
        options, rest = self.parser.parse_args(list(args))
        return self.run(options, rest)


def printed(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that pip prints to stdout."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("pip._internal", "pip_variants.output"))
    ]
