"""``pip variants``, as pip looks it up."""

from __future__ import annotations

from .engine import find
from .run import current

find()

from pip_variants.commands import command  # noqa: E402 - not importable before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pip_variants.pip_adapter.run_state import RunState


class VariantsCommand(command.VariantsCommand):
    __doc__ = command.VariantsCommand.__doc__

    def state(self) -> RunState:
        """Return the state of this run."""
        return current().state()
