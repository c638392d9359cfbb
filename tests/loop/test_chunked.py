import pytest
import torch
from torch.nn import functional

from danlu.loop import chunked

N, D, V = 37, 16, 50


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize(("chunk", "whole"), [(2**25, 2**20), (10 * V, 3 * V), (V, 1)])
def test_loss_and_gradients_are_those_of_cross_entropy(monkeypatch, kind, tolerance, chunk, whole):
    monkeypatch.setattr(chunked, "_CHUNK_LOGITS", chunk)
    monkeypatch.setattr(chunked, "_WHOLE_LOGITS", {"cpu": whole})
    torch.manual_seed(0)
    hidden, weight = torch.randn(N, D, requires_grad=True), torch.randn(V, D, requires_grad=True)
    targets = torch.randint(0, V, (N,))
    with torch.autocast("cpu", kind, enabled=kind != torch.float32):
        ours = chunked.chunked_nats(hidden, weight, targets)
    ours_by = torch.autograd.grad(3 * ours, (hidden, weight))
    theirs = functional.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    theirs_by = torch.autograd.grad(3 * theirs, (hidden, weight))
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=0)
    for left, right in zip(ours_by, theirs_by, strict=True):
        torch.testing.assert_close(left, right, rtol=tolerance, atol=tolerance * float(right.abs().max()))


def test_a_target_that_was_thought_impossible_costs_what_its_logit_says():
    hidden, weight = torch.tensor([[1.0]]), torch.tensor([[300.0], [0.0]], requires_grad=True)
    assert float(chunked.chunked_nats(hidden, weight, torch.tensor([1]))) == 300.0
    broken = chunked.chunked_nats(torch.tensor([[float("nan")]]), weight, torch.tensor([0]))
    assert not torch.isfinite(broken)
