"""How generously two answers are compared.

`strict` is for training: what the gold answer's kind does not allow is refused, because a policy finds and uses every
answer that is paid by accident. `lenient` is for evaluation: it accepts what a person who grades would.
"""

from typing import Literal, get_args

Reading = Literal["strict", "lenient"]
READINGS: tuple[Reading, ...] = get_args(Reading)
