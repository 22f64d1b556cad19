"""Muon in fp32: what torch's own does in bfloat16, to the precision of bfloat16."""

import pytest
import torch

from still_verl.demo.muon import Muon, orthogonalize


@pytest.mark.parametrize("shape", [(128, 384), (384, 128), (128, 128), (64, 128)])
def test_the_singular_values_come_near_1_and_the_vectors_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonalize(matrix)
    assert found.shape == shape and found.dtype == torch.float32
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ found @ right.T
    values = inside.diagonal()
    assert torch.allclose(inside, torch.diag(values), atol=1e-4), "the singular vectors must be those of the input"
    assert 0.67 < values[:-2].min() and values.max() < 1.21  # the least ones of a square matrix lie too near 0


def test_a_gradient_of_zeros_gives_an_update_of_zeros() -> None:
    assert torch.equal(orthogonalize(torch.zeros(4, 6)), torch.zeros(4, 6))


def test_steps_are_those_of_torch_but_for_its_rounding() -> None:
    draw = torch.Generator().manual_seed(1)
    start, gradients = torch.randn(48, 96, generator=draw), torch.randn(3, 48, 96, generator=draw)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    optimizers = [
        (ours, Muon([ours], lr=0.02, weight_decay=0.1)),
        (theirs, torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")),
    ]
    for gradient in gradients:
        for weight, optimizer in optimizers:
            weight.grad = gradient.clone()
            optimizer.step()
    moved, expected = ours.detach() - start, theirs.detach() - start
    assert (moved - expected).norm() < 0.02 * expected.norm()


def test_nothing_is_rounded_to_bfloat16() -> None:
    matrix = torch.randn(16, 32, generator=torch.Generator().manual_seed(2))
    exact = orthogonalize(matrix.double())
    assert (orthogonalize(matrix) - exact).abs().max() < 1e-4


def test_a_weight_without_gradient_stays() -> None:
    weight = torch.nn.Parameter(torch.ones(2, 3))
    Muon([weight], lr=0.1, weight_decay=0.1).step()
    assert torch.equal(weight.detach(), torch.ones(2, 3))
