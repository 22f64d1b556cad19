"""A place in a text, and the ways to move it on: what the parser of formulas reads with."""

import re

from still_verl.rewards.equivalence.node import Unreadable


class Scanner:
    """A text and `at`, the place of the next character in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Skip spaces, and return the next character without taking it; nothing at the end."""
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> bool:
        """Move behind `wanted` if it is next, and say whether it was."""
        if self.peek() and self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def expect(self, wanted: str) -> None:
        """Move behind `wanted`.

        Raises:
            Unreadable: something else is next.
        """
        if not self.take(wanted):
            raise Unreadable(f"no {wanted!r} at {self.ahead()!r}")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move behind what `pattern` finds right here, spaces included, if it finds anything."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def ahead(self) -> str:
        """Return the next characters, for messages."""
        return self.text[self.at :][:20]
