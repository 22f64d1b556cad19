"""Alarms about a run that goes wrong: what rings, when, and what to do. docs/alarms.md lists them all.

- `watch.Watch`: runs detectors on the metrics of a run while it trains; `scan` does the same on a finished run.
- `signals`: names for figures of a step, whatever the trainer calls them, and the `scales` on which they are compared.
- `history`: what is kept of a signal; `noise` says how uncertain its level is.
- `changes`: three tests whether a level has changed; `trend` is the third. `broken`: figures that are not finite.
- `level`: a detector of a change; `reward`, `responses` and `policy` are tables of them, with their `conditions`.
- `supervised`: of training without a reward.
- `singles`: detectors that are no change of one level. `detectors`: what a detector is, and the one for your own test.
- `constant.ConstantReward`: looks at the samples of a step; always on.

To add an alarm of your own, make a `Detector` or a `LevelDetector` and name it in the job:
`still.monitor.alarms=[still, my_package.MINE]`; docs/monitor.md has an example. To add one to still_verl, write it in a
table, name it in `monitor.registries.DETECTORS`, plant its failure in `benchmarks/alarm_failures.py` and in the tests,
and renew docs/alarms.md: a test says how.
"""

from still_verl.monitor.alarms.constant import ConstantReward
from still_verl.monitor.alarms.detectors import Detector, Window
from still_verl.monitor.alarms.level import Grade, LevelDetector
from still_verl.monitor.alarms.watch import Alarm, Watch, scan
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS

ALARMS = (CONSTANT_REWARD, *DETECTORS)

__all__ = [
    "ALARMS",
    "DETECTORS",
    "Alarm",
    "ConstantReward",
    "Detector",
    "Grade",
    "LevelDetector",
    "Watch",
    "Window",
    "scan",
]
