"""An engine that prints, as libraries do: `--engine noisy_engine.Noisy`."""

import os
from collections.abc import Iterable

from echo_engine import Echo

from still_verl.evaluation.engines.base import Deliver, Request


class Noisy(Echo):
    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        print("loading ...")
        os.write(1, b"loaded by C\n")
        super().generate(requests, deliver)
