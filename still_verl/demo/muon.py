"""Muon in fp32: an optimizer for weight matrices whose updates are orthogonalised by Newton-Schulz steps.

Keller Jordan et al., https://kellerjordan.github.io/posts/muon/ (the method and the three coefficients), and "Muon is
Scalable for LLM Training", https://arxiv.org/abs/2502.16982 (the length of an update). `torch.optim.Muon` does the same
sums, but it casts every matrix to bfloat16 first. A processor without instructions for bfloat16 emulates them: the tiny
model's whole pre-training then took 7 minutes in place of 105 s. In fp32 no processor has to emulate.
"""

from collections.abc import Iterable

import torch

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of x, x^3 and x^5: the steepest at 0 that still stay near 1 elsewhere
_STEPS = 5
_EPSILON = 1e-7  # a gradient of zeros must not be divided by its norm


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; decoupled weight decay. Takes matrices only.

    An update is scaled to the length that AdamW's usually has (0.2 an entry): a learning rate means the same in both.
    """

    def __init__(self, matrices: Iterable[torch.Tensor], lr: float, weight_decay: float, momentum: float = 0.95):
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step along the gradients. A closure, by which others evaluate the loss again, is ignored."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                update = orthogonalize(self._with_momentum(matrix, matrix.grad, group["momentum"]))
                length = 0.2 * max(matrix.shape) ** 0.5
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(update, alpha=-group["lr"] * length)

    def _with_momentum(self, matrix: torch.Tensor, gradient: torch.Tensor, momentum: float) -> torch.Tensor:
        """Take `gradient` into the running average of `matrix`, and return Nesterov's mix of both."""
        state = self.state[matrix]
        if not state:
            state["average"] = torch.zeros_like(matrix)
        average = state["average"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def orthogonalize(matrix: torch.Tensor) -> torch.Tensor:
    """Return `matrix` (rows, columns) with the same singular vectors and with singular values near 1.

    Newton-Schulz: each step applies one odd polynomial to every singular value, by products of matrices alone. What
    was at least 0.002 of the matrix's norm comes out between 0.68 and 1.21; what was less comes out smaller.
    """
    linear, cubic, quintic = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.T if tall else matrix  # wide: the Gram matrix is then the smaller of the two
    found = found / found.norm().clamp(min=_EPSILON)  # no singular value is above 1, where the polynomial would grow
    for _ in range(_STEPS):
        gram = found @ found.T
        factor = torch.addmm(gram, gram, gram, beta=cubic, alpha=quintic)
        found = torch.addmm(found, factor, found, beta=linear)
    return found.T if tall else found
