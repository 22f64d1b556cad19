"""Vectors as sums of the unit vectors of the axes, `i + 2j`."""

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Interpretations
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node, number

AXES = ("e_1", "e_2", "e_3")  # what `normalize` writes for bold or hatted i, j and k


def read_vector(formula: Formula) -> Interpretations:
    """Read a formula that is linear in the unit vectors as the tuple of its components: three with k, else two."""
    node = formula.node
    if node is None or not node.symbols().intersection(AXES):
        return ()
    axes = AXES if AXES[2] in node.symbols() else AXES[:2]
    units = [{**dict.fromkeys(AXES, number(0)), axis: number(1)} for axis in axes]
    components = [node.with_symbols(unit) for unit in units]
    total = number(0)
    for axis, component in zip(axes, components, strict=True):
        total = Node("+", (total, Node("*", (component, Node("symbol", name=axis)))))
    if not identical(node, total):
        return ()
    items = tuple((Formula("", component),) for component in components)
    return (Collection(items, "()", may_be_interval=len(axes) == 2),)
