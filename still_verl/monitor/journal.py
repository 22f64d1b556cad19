"""What the monitor writes besides metrics: `samples.jsonl` and `alarms.jsonl` of the run folder, and the webhook."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from still_verl.monitor.alarms import Alarm
from still_verl.monitor.background import Background, post
from still_verl.monitor.jsonl import RotatedFile, line, open_append
from still_verl.monitor.settings import MonitorConfig

MB = 10**6


class Journal:
    """Its methods return at once; `close` waits until all is written and sent. Without a folder no file is written."""

    def __init__(self, run_dir: Path | None, settings: MonitorConfig, name: str) -> None:
        self.name, self.webhook = name, settings.webhook
        self._files, self._posts = Background("still-files"), Background("still-webhook")
        self._samples = self._alarms = None
        if run_dir is not None:
            self._alarms = open_append(run_dir / "alarms.jsonl")
            if settings.samples:
                size, files = settings.sample_mb * MB, settings.sample_files
                self._samples = RotatedFile(run_dir / "samples.jsonl", size, files)

    def samples(self, rows: list[dict[str, Any]]) -> None:
        """Keep rows of samples."""
        if self._samples is not None and rows:
            self._files.do(self._samples.write, rows)

    def alarm(self, alarm: Alarm, loud: bool = True) -> None:
        """Keep an alarm; send it to the webhook if there is one, and the alarm is loud: more than a hint."""
        message = asdict(alarm)
        if self._alarms is not None:
            self._files.do(self._alarms.write, line(message))
        if self.webhook is not None and loud:
            self._posts.do(post, self.webhook, {"run": self.name, "text": f"{self.name}: {alarm}"} | message)

    def close(self) -> None:
        """Wait until all is written and sent."""
        self._files.close()
        self._posts.close()
        for file in (self._samples, self._alarms):
            if file is not None:
                file.close()
