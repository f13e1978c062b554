"""What no reply of Heqi itself may say, whoever wrote it: patterns for Chinese."""

from __future__ import annotations

import re
from typing import Final

PROMISE: Final = re.compile("保证|百分之?百|一定(会|能|可以)|肯定(会|能)|绝对|永远|必定|随时到账|马上到账|立刻到账")
REVIEW: Final = re.compile("[改删撤].{0,4}(评价|差评|评论|好评)|好评|五星|撤诉|[撤取]销?纠纷|取消纠纷")
OUTSIDE: Final = re.compile("微信|[Qq]{2}|私下|平台外|线下")
