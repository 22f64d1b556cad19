"""What a person would want to be woken for: a reward that never changes, and trends over many steps."""

from still_verl.monitor.alarms.constant import ConstantReward
from still_verl.monitor.alarms.detectors import DETECTORS
from still_verl.monitor.alarms.watch import Alarm, Watch, scan

ALARMS = ("constant_reward", *DETECTORS)

__all__ = ["ALARMS", "DETECTORS", "Alarm", "ConstantReward", "Watch", "scan"]
