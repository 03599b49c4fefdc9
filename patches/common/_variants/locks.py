"""`pip lock` for several machines, each described by a platform file."""

from __future__ import annotations

import logging

from .engine import find
from .run import begin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from optparse import Values

logger = logging.getLogger(__name__)


def run_for_each_platform(options: Values, run: Callable[[], int]) -> int:
    """Lock for one platform file after the other, each in a run of its own; return the status.

    Raise pip's CommandError if a file cannot be read, or does not give a lock its name.
    """
    find()
    from pip_variants.core.errors import RequestError
    from pip_variants.explain import locks as texts
    from pip_variants.pip_adapter import lock_file

    try:
        outputs = lock_file.outputs(options)
    except RequestError as error:
        from pip._internal.exceptions import CommandError

        raise CommandError(str(error)) from None
    for platform, output in outputs:
        options.variant_platform, options.output_file = platform, output
        begin(options, [])
        logger.info("%s", texts.lock_for(platform, output))
        status = run()
        if status:
            return status
    return 0
