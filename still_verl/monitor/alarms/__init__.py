"""What a person would want to be woken for: a reward that never changes, and trends over many steps."""

from still_verl.monitor.alarms.constant import ConstantReward
from still_verl.monitor.alarms.watch import Alarm, Watch, scan
from still_verl.monitor.registries import DETECTORS
from still_verl.monitor.settings import CONSTANT_REWARD

ALARMS = (CONSTANT_REWARD, *DETECTORS)

__all__ = ["ALARMS", "DETECTORS", "Alarm", "ConstantReward", "Watch", "scan"]
