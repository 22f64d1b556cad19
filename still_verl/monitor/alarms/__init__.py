"""What a person would want to be woken for: a reward that never changes, and trends over many steps.

- `constant.ConstantReward`: looks at the samples of a step; always on.
- `watch.Watch`: runs detectors over the metrics of a run as it trains; `scan` does so afterwards, on any run.
- `detectors`: what a `Detector` is, and ours, with their thresholds.
- `signals`: the names that a detector may use, beside the full name of any metric.
- `trend`: is there a trend in a noisy series?

To add an alarm of your own, make a `Detector` and name it in the job: `still.monitor.alarms=[still, my_package.MINE]`;
docs/monitor.md has one. To add one of ours, write it in `detectors`, name it in `monitor.registries.DETECTORS`, plant
its failure in `benchmarks/alarms.py` and in the tests, and describe it in docs/monitor.md.
"""

from still_verl.monitor.alarms.constant import ConstantReward
from still_verl.monitor.alarms.detectors import Detector, Window
from still_verl.monitor.alarms.watch import Alarm, Watch, scan
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS

ALARMS = (CONSTANT_REWARD, *DETECTORS)

__all__ = ["ALARMS", "DETECTORS", "Alarm", "ConstantReward", "Detector", "Watch", "Window", "scan"]
