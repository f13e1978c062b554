"""Languages of bridges: the only list. A new one is a module beside this file and one line in DIALECTS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.bridge.dialect import Dialect
from adapters.bridge.mappings.chatwoot import Chatwoot
from adapters.bridge.mappings.evolution import Evolution
from adapters.bridge.mappings.heqi import Heqi
from adapters.bridge.mappings.twilio import Twilio
from adapters.bridge.mappings.waha import Waha

DIALECTS: Final[Mapping[str, type[Dialect]]] = {
    "heqi": Heqi,
    "waha": Waha,
    "evolution": Evolution,
    "chatwoot": Chatwoot,
    "twilio": Twilio,
}
