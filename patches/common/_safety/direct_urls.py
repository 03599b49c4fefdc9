"""What direct_url.json states (PEP 610), of an installed distribution or in a wheel."""

from __future__ import annotations

import json
import re

from pip._internal.models.direct_url import DirectUrl, DirectUrlValidationError
from pip._internal.utils.urls import url_to_path

from .printing import printable, without_passwords

_KEPT = re.compile(r"[^/?#]*//(git|\$\{[^/?#@]*)@")
"""What pip keeps before a host when it writes the file: no password."""


def direct_url_of(text: str) -> DirectUrl:
    """Return a direct URL without its password, as pip writes it.

    Raise DirectUrlValidationError, and nothing else, if it is not valid.
    """
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        raise DirectUrlValidationError("it is not valid JSON") from None
    if not isinstance(stated, dict):
        raise DirectUrlValidationError("it is not a JSON object")
    try:
        redacted = dict(DirectUrl.from_dict(stated).to_dict())
        url = str(redacted["url"])
        redacted["url"] = url if _KEPT.match(url) else without_passwords(url)
        found = DirectUrl.from_dict(redacted)
        is_valid = not found.is_local_editable() or "\0" not in url_to_path(found.url)
    except DirectUrlValidationError as error:
        raise DirectUrlValidationError(printable(str(error))) from None
    except (ValueError, TypeError, AttributeError, AssertionError):
        is_valid = False
    if not is_valid:
        raise DirectUrlValidationError("its URL is not valid")
    return found
