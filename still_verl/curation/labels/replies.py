"""What a reader's reply says. It may be anything: only labels that were asked for come out of it."""

import json
import re
from collections.abc import Collection

from still_verl.curation.labels.rubric import NO_LABEL

_OBJECT = re.compile(r"\{[^{}]*\}")


class Unread(ValueError):
    """A reply without labels; the message says why."""


def labels_in(reply: str, asked: Collection[str]) -> list[str]:
    """Return the labels that a reply ends with, in the order of their names.

    Raises:
        Unread: the last object of JSON in it is not `{"labels": [...]}` with labels that were asked for.

    Example:
        >>> labels_in('No value is asked for. {"labels": ["proof"]}', {"proof", "open_ended"})
        ['proof']
    """
    objects = _OBJECT.findall(reply)
    if not objects:
        raise Unread("there is no JSON in the reply")
    try:
        found = json.loads(objects[-1])
    except (ValueError, RecursionError) as error:
        raise Unread("the last braces of the reply are no JSON") from error
    labels = found.get("labels")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise Unread("the reply does not end with labels")
    given = set(labels)
    if given == {NO_LABEL}:
        return []
    strange = sorted(given - set(asked))
    if strange:
        raise Unread("the reply has a label that was not asked for")
    return sorted(given)
