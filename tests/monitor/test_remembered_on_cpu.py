"""What was computed of a text is kept within a step, and changes no metric."""

import numpy as np
import pytest

from still_verl.monitor.domains import domain_metrics
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.remembered import remembered, remembers
from still_verl.monitor.rows import StepRows

TEXTS = ["Wait, let me verify. 1 2 3", "so \\boxed{1}" * 20, "", "Привет мир and more", "so \\boxed{1}" * 20]


def rows() -> StepRows:
    count = len(TEXTS)
    infos = [{"domain": ("math", "code")[index % 2], "acc": 1.0, "pred": "1"} for index in range(count)]
    ids = [[1] * (index + 1) for index in range(count)]
    return StepRows(["p"] * count, np.arange(count, dtype=float), ["1"] * count, infos, [{}] * count, ids)


def test_the_metrics_are_the_same() -> None:
    known = Keywords()
    plain = step_metrics(rows(), TEXTS, known), domain_metrics(rows(), TEXTS, known)
    with remembered():
        first = step_metrics(rows(), TEXTS, known), domain_metrics(rows(), TEXTS, known)
        again = step_metrics(rows(), TEXTS, known), domain_metrics(rows(), TEXTS, known)
    assert plain == first == again and len(plain[1]) == 2


def test_each_text_is_read_once_for_all_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    from still_verl.monitor import repetition

    compressed: list[bytes] = []
    real = repetition.zlib.compress

    def counted(data: bytes) -> bytes:
        compressed.append(data)
        return real(data)

    monkeypatch.setattr(repetition.zlib, "compress", counted)
    with remembered():
        step_metrics(rows(), TEXTS, Keywords())
        domain_metrics(rows(), TEXTS, Keywords())
    assert len(compressed) == len({text for text in TEXTS if len(text) >= 100})


def test_nothing_is_kept_outside_and_afterwards() -> None:
    calls = []

    @remembers
    def length(text: str) -> int:
        calls.append(text)
        return len(text)

    with remembered():
        assert [length("a"), length("a"), length("bc")] == [1, 1, 2]
    assert length("a") == 1 and calls == ["a", "bc", "a"]


def test_two_lists_of_keywords_are_told_apart() -> None:
    with remembered():
        first = Keywords({"planning": ["let me plan"]}).count("let me plan")
        second = Keywords({"planning": ["other"]}).count("let me plan")
    assert first["planning"] == 1 and second["planning"] == 0
