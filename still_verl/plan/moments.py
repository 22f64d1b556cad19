"""Bytes of a micro-batch on one device, beyond the training state, at the worst of the moments that compete.

Logits, gathered weights and recomputed layers are not all there at once. Sources: verl 0.9.1 shards each layer and,
where they are two matrices, embedding and output layer on their own (`apply_fsdp2`); FSDP2 gathers the next unit while
one works, and copies the gradients of a unit to fp32 to reduce them. `benchmarks/plan_engine.py` counts both.
"""

from dataclasses import dataclass

from still_verl.plan.calibration import LOGIT_COPIES
from still_verl.plan.shape import Shape

REDUCED = 4  # bytes of a gradient while devices add theirs up: verl's `reduce_dtype` is fp32


@dataclass(frozen=True)
class Work:
    """A forward and backward pass of one micro-batch on one device.

    Attributes:
        shape: of the model.
        tokens: of the micro-batch.
        width: bytes of a number.
        checkpointing: whether only the inputs of layers are saved.
        fused_loss: whether flash-attn computes the loss, whose gradient takes the place of the logits.
        scaled_logits: whether a temperature other than 1 divides the logits, which copies them.
        gathers: whether weights are sharded, or cast from fp32: FSDP then makes whole copies of a unit.
    """

    shape: Shape
    tokens: int
    width: int
    checkpointing: bool
    fused_loss: bool
    scaled_logits: bool = False
    gathers: bool = False

    @property
    def layer(self) -> float:
        """Return the bytes of one layer's gathered weights, or of its gradients."""
        return float(self.gathers * self.width * self.shape.layer_parameters)

    @property
    def head(self) -> float:
        """Return the bytes of the output layer's gathered weights, or of its gradients."""
        return float(self.gathers * self.width * self.shape.vocab * self.shape.hidden)

    @property
    def reduction(self) -> float:
        """Return the bytes of the output layer's gradients on their way to the other devices."""
        return float(self.gathers * REDUCED * self.shape.vocab * self.shape.hidden)

    @property
    def saved(self) -> float:
        """Return the bytes that all layers save of one token."""
        if self.checkpointing:
            return float(self.shape.layers * self.width * self.shape.hidden)
        return self.shape.layers * layer_activations(self.shape, self.width)


def worst_moment(work: Work) -> dict[str, float]:
    """Return the bytes of gathered weights, activations and logits at the moment when they are most."""
    moments = [end_of_forward(work), head_backward(work), head_reduction(work), layer_backward(work)]
    return max(moments, key=lambda parts: sum(parts.values()))


def end_of_forward(work: Work) -> dict[str, float]:
    """Lay out the loss, in bytes: all that is saved, the last norm, and copies of the logits; no weights."""
    copies = 1 + work.scaled_logits
    if not work.fused_loss:
        copies = LOGIT_COPIES["plain"]
    return _parts(work, 0.0, work.saved + norm_bytes(work.shape.hidden, work.width), copies)


def head_backward(work: Work) -> dict[str, float]:
    """Lay out the output layer's backward pass, in bytes: its weights and their gradient, the next layer gathered."""
    inside = norm_bytes(work.shape.hidden, work.width) + work.width * work.shape.hidden
    return _parts(work, 2 * work.head + work.layer, work.saved + inside, LOGIT_COPIES["fused"])


def head_reduction(work: Work) -> dict[str, float]:
    """Lay out the moment, in bytes, when the output layer's gradient is there twice.

    It comes right after its backward pass, or at the very end where it is the embedding, too.
    """
    saved = work.saved + 2 * work.width * work.shape.hidden
    if work.shape.tied:
        saved = 0.0
    return _parts(work, work.head + work.reduction + work.layer, saved, 0)


def layer_backward(work: Work) -> dict[str, float]:
    """Lay out the last layer's backward pass, in bytes: what it recomputed, and its own gradients.

    Beside it are its weights and the next layer's, its gradients, and of the output layer the gradient on its way, or
    weights and gradient where it is the embedding, too.
    """
    inside = float(work.width) * (2 * work.shape.mlp_size + 4 * work.shape.hidden)
    if work.checkpointing:
        inside += layer_activations(work.shape, work.width)
    beside = work.reduction
    if work.shape.tied:
        beside = 2 * work.head
    return _parts(work, 3 * work.layer + beside, work.saved + inside, 0)


def _parts(work: Work, gathered: float, activations: float, logits: int) -> dict[str, float]:
    """Return the parts in bytes, of activations in bytes a token and a number of copies of the logits."""
    copy = work.tokens * work.width * work.shape.vocab
    return {"gathered": gathered, "activations": work.tokens * activations, "logits": float(logits * copy)}


def norm_bytes(size: int, width: int) -> float:
    """Return the bytes that a norm of `size` numbers saves: its input in fp32, the normalised numbers, its output."""
    return float(4 * size + 2 * width * size)


def layer_activations(shape: Shape, width: int) -> float:
    """Return the bytes that one layer saves of one token, where a number has `width` bytes.

    Two norms, queries and attention output, keys and values, and of the MLP gate, activated gate, up and their product.
    Norms of queries and keys keep their input in fp32 and the normalised numbers; their output is counted. Every routed
    expert keeps a copy of its input and its output before it is weighted; a shared one its output.
    """
    numbers = 2 * shape.query_size + 2 * shape.kv_size + 4 * shape.mlp_size
    if shape.experts is not None:
        numbers += 2 * shape.experts.active * shape.hidden
        if shape.experts.shared:
            numbers += shape.hidden
    layer = width * numbers + 2 * norm_bytes(shape.hidden, width)
    if shape.qk_norm:
        layer += (4 + width) * (shape.query_size + shape.kv_size)
    return layer
