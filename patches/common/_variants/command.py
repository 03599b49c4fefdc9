"""``pip variants``, as pip looks it up."""

from __future__ import annotations

import contextlib

from .engine import find
from .run import beside, current

find()

from pip_variants.commands import command  # noqa: E402 - not importable before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from optparse import Values

    from pip_variants.pip_adapter.run_state import RunState


class VariantsCommand(command.VariantsCommand):
    __doc__ = command.VariantsCommand.__doc__

    def state(self) -> RunState:
        """Return the state of this run."""
        return current().state()

    @contextlib.contextmanager
    def state_beside(self, options: Values) -> Iterator[RunState]:
        """Yield the state of a run of its own, for these options."""
        with beside(options) as run:
            state = run.state()
            try:
                yield state
            finally:
                state.close()
