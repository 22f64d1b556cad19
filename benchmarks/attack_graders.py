"""The graders that `reward_attacks.py` compares: each a function (gold, answer) -> whether it is accepted.

Each grader gets the answer as a model would write it, in a box; gold answers are given as each grader documents.
"""

from collections.abc import Callable

Grade = Callable[[str, str], bool]

GRADERS = (
    "strict", "lenient", "math-verify", "verl math_verify", "verl math_reward", "verl math_dapo", "verl prime_math",
    "trl", "lighteval", "open-instruct",
)  # fmt: skip
VERSIONS_OF = {"trl": "trl>=1.0", "lighteval": "lighteval>=0.13", "open-instruct": "github.com/allenai/open-instruct"}


def boxed(answer: str) -> str:
    """Return the end of a response with this answer."""
    return f"So the answer is $\\boxed{{{answer}}}$."


def load(name: str) -> Grade:
    """Import a grader.

    Raises:
        ImportError: it is not installed here.
    """
    if name in ("strict", "lenient"):
        return _ours(name)
    if name == "math-verify":
        return _math_verify()
    if name.startswith("verl "):
        return _of_verl(name.removeprefix("verl "))
    return {"trl": _trl, "lighteval": _lighteval, "open-instruct": _open_instruct}[name]()


def _ours(reading: str) -> Grade:
    from still_verl.rewards.equivalence.verify import verify
    from still_verl.rewards.extract import last_boxed

    return lambda gold, answer: verify(gold, last_boxed(boxed(answer)), reading).equal


def _math_verify() -> Grade:
    from math_verify import parse, verify

    return lambda gold, answer: verify(parse(f"\\boxed{{{gold}}}"), parse(boxed(answer)))


def _of_verl(name: str) -> Grade:
    from importlib import import_module

    module = import_module(f"verl.utils.reward_score.{name}")

    def grade(gold: str, answer: str) -> bool:
        if name == "math_dapo":
            return bool(module.compute_score(boxed(answer), gold, strict_box_verify=True)["acc"])
        score = module.compute_score(boxed(answer), gold)
        if isinstance(score, tuple):
            score = score[0]
        return bool(score)

    return grade


def _trl() -> Grade:
    from trl.rewards.accuracy_rewards import accuracy_reward

    def grade(gold: str, answer: str) -> bool:
        rewards = accuracy_reward([[{"role": "assistant", "content": boxed(answer)}]], [f"\\boxed{{{gold}}}"])
        return bool(rewards[0])

    return grade


def _lighteval() -> Grade:
    """The metric of its math tasks, for gold answers in LaTeX."""
    from lighteval.metrics.dynamic_metrics import MultilingualExtractiveMatchMetric
    from lighteval.metrics.utils.extractive_match_utils import ExprExtractionConfig, LatexExtractionConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc

    metric = MultilingualExtractiveMatchMetric(
        gold_extraction_target=(LatexExtractionConfig(),),
        pred_extraction_target=(ExprExtractionConfig(), LatexExtractionConfig(boxed_match_priority=0)),
    )

    def grade(gold: str, answer: str) -> bool:
        doc = Doc(query="", choices=[f"\\boxed{{{gold}}}"], gold_index=0)
        return bool(metric.compute(doc=doc, model_response=ModelResponse(text=[boxed(answer)])))

    return grade


def _open_instruct() -> Grade:
    from open_instruct.ground_truth_utils import MathVerifier

    verifier = MathVerifier()
    return lambda gold, answer: verifier([], boxed(answer), gold).score > 0
