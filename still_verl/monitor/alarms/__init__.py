"""Alarms about a run that goes wrong: a reward that never changes, and bad trends over many steps.

- `constant.ConstantReward`: looks at the samples of a step; always on.
- `watch.Watch`: runs detectors on the metrics of a run while it trains; `scan` does the same on a finished run.
- `detectors`: what a `Detector` is, and ours, with their thresholds.
- `signals`: short names that a detector may use instead of the full name of a metric.
- `trend`: is there a trend in a noisy series?

To add an alarm of your own, make a `Detector` and name it in the job: `still.monitor.alarms=[still, my_package.MINE]`;
docs/monitor.md has an example. To add one to still_verl, write it in `detectors`, name it in
`monitor.registries.DETECTORS`, simulate its failure in `benchmarks/alarms.py` and in the tests, and describe it in
docs/monitor.md.
"""

from still_verl.monitor.alarms.constant import ConstantReward
from still_verl.monitor.alarms.detectors import Detector, Window
from still_verl.monitor.alarms.watch import Alarm, Watch, scan
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS

ALARMS = (CONSTANT_REWARD, *DETECTORS)

__all__ = ["ALARMS", "DETECTORS", "Alarm", "ConstantReward", "Detector", "Watch", "Window", "scan"]
