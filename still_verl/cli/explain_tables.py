"""What `still-verl verify --explain` prints."""

from rich.table import Table
from rich.text import Text

from still_verl.cli.explain import Explanation

_SAID = {True: "equal", False: "different", None: "cannot tell"}


def explanation_tables(explained: Explanation) -> list[Table | str]:
    """Return how each side was read, the rules that compared them, and who had the last word."""
    return [_sides(explained), _steps(explained), _last_word(explained)]


def _sides(explained: Explanation) -> Table:
    table = Table("", "gold", "answer", title="How each side was read", title_justify="left", show_lines=True)
    gold, answer = explained.gold, explained.answer
    if gold is None:
        table.add_row("text", Text(explained.fault), Text(answer.text))
        return table
    table.add_row("text", Text(gold.text), Text(answer.text))
    table.add_row("normalized", Text(gold.normalized), Text(answer.normalized))
    table.add_row("kinds", Text("\n".join(gold.kinds) or "none"), Text("\n".join(answer.kinds) or "none"))
    return table


def _steps(explained: Explanation) -> Table | str:
    if not explained.steps:
        return "No rule of ours compared them."
    table = Table("rule", "gold", "answer", "says", title="What was compared", title_justify="left")
    for step in explained.steps:
        table.add_row(Text(step.rule), Text(step.gold), Text(step.answer), _SAID[step.equal])
    return table


def _last_word(explained: Explanation) -> str:
    verdict = explained.verdict
    if not verdict.decided:
        return f"Nothing decided, so it counts as different: {verdict.reason}."
    return f"Decided by: {verdict.reason}, in the {verdict.reading} reading."
