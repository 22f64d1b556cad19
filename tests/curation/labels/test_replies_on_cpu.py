"""What a reply says: the object that ends it, and nothing else."""

import pytest

from still_verl.curation.labels.replies import Unread, labels_in
from still_verl.curation.labels.rubric import BY_READING


@pytest.mark.parametrize(
    "reply",
    [
        '{"labels": ["proof"]}\n \n',
        '```json\n{"labels": ["proof"]}\n```\n',
        '<think>{"labels": ["incomplete"]}?</think>{"labels": ["proof"]}',
        '{"why": "the set {1, 2} is {", "labels": ["proof"], "of": {"labels": ["incomplete"]}}',
    ],
)
def test_the_object_that_ends_a_reply_is_read(reply: str) -> None:
    assert labels_in(reply, BY_READING) == ["proof"]


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": ' * 5000 + "}",
        '{"labels": ["proof"]} is what I would say of another one.',
        '{"labels": ["proof"]} {"labels": ["proof", "inc',
        '<think>{"labels": ["proof"]}</think>',
        '<think>So it is {"labels": ["proof"]}',
        '{"labels": ["proof"]}</think>',
        '{"labels": ["proof"], "labels": ["open_ended"]}',
        '{"example": {"labels": ["proof"]}}',
        '[{"labels": ["proof"]}]',
    ],
)
def test_a_reply_that_ends_in_another_way_is_unread(reply: str) -> None:
    with pytest.raises(Unread):
        labels_in(reply, BY_READING)
