"""What is said where ZeRO cannot be done."""

import sys

import pytest
import torch

from danlu.core.errors import UserError
from danlu.core.processes import Processes
from danlu.loop.layout import Layout
from danlu.loop.optimizers import Optimization
from danlu.loop.zero import Zero

LAYOUT = Layout(torch.device("cpu"), zero=2)


def optimization(optimizer="adamw", is_compiled=False):
    return Optimization(1e-3, 0.1, 0.1, 1.0, 1000, optimizer=optimizer, is_compiled=is_compiled)


def test_without_deepspeed_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "deepspeed", None)
    with pytest.raises(UserError) as caught:
        Zero(torch.nn.Linear(2, 2), optimization(), LAYOUT)
    assert "deepspeed" in str(caught.value)
    assert caught.value.hint == "pip install 'danlu[deepspeed]'"


@pytest.mark.parametrize(("how", "named"), [({"optimizer": "muon"}, "Muon"), ({"is_compiled": True}, "torch.compile")])
def test_what_zero_cannot_do_is_refused(how, named):
    with pytest.raises(UserError, match=named):
        Zero(torch.nn.Linear(2, 2), optimization(**how), LAYOUT)


@pytest.mark.parametrize(
    "text", ["zero=2", "shards=2,zero=4", "shards=2,tensor=2,zero=3", "shards=2,replicas=2,zero=1"]
)
def test_zero_parts_over_shards_alone(text):
    with pytest.raises(UserError):
        Processes.parse(text)


def test_a_stage_is_read_beside_the_shards():
    assert Processes.parse("shards=2,zero=3") == Processes(shards=2, zero=3)
    assert Processes.parse("shards=2,zero=3").count == 2
