import numpy as np
import pytest
import torch
from pydantic import ValidationError

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import NetworkPlan, build_network, plan_network

CLASSES = (ClassSpec("cleft", Role.SYNAPSE), ClassSpec("mito", Role.MITOCHONDRION))
RAW = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def plan(voxel_size_nm=(50.0, 4.6, 4.6), **params):
    return plan_network(CLASSES, voxel_size_nm, [RAW], TrainParams(**params))


@pytest.mark.parametrize(
    ("voxel_size_nm", "binning"),
    [
        ((50, 4.6, 4.6), (1, 3, 3)),
        ((40, 8, 8), (1, 1, 1)),
        ((10, 10, 10), (1, 1, 1)),
        ((4, 4, 4), (3, 3, 3)),
        ((30, 2, 5.9), (1, 7, 2)),
        ((30, 7, 7.1), (1, 2, 1)),
    ],
)
def test_small_voxels_are_binned_up_to_14_nm(voxel_size_nm, binning):
    assert plan(voxel_size_nm).binning == binning


def test_thick_sections_are_neither_pooled_nor_convolved_before_voxels_are_isotropic():
    # 50 × 9.2 × 9.2 -> 50 × 18.4 × 18.4 -> 50 × 36.8 × 36.8 -> 100 × 73.6 × 73.6
    made = plan((50, 4.6, 4.6), binning=(1, 2, 2))
    assert made.strides == ((1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2))
    assert made.kernels == ((1, 3, 3), (1, 3, 3), (3, 3, 3), (3, 3, 3))
    assert made.total_stride == (2, 8, 8)
    assert made.align_vx == (2, 16, 16)


def test_isotropic_voxels_are_treated_alike_on_every_axis():
    made = plan((8, 8, 8))
    assert set(made.kernels) == {(3, 3, 3)}
    assert made.patch_vx == (48, 48, 48)


def test_given_binning_and_patch_win_and_the_patch_is_rounded_to_the_stride():
    made = plan(binning=(1, 1, 3), patch_vx=(5, 60, 70))
    assert made.binning == (1, 1, 3)
    assert made.patch_vx[1:] == (64, 72)
    assert made.patch_vx[0] >= 5


def test_json_round_trip_is_identity():
    made = plan(size="large")
    assert NetworkPlan.model_validate_json(made.model_dump_json()) == made


def test_an_unknown_entry_is_refused():
    text = plan().model_dump_json().replace('"format":1', '"format":1,"dropout":0.5')
    assert "dropout" in text
    with pytest.raises(ValidationError):
        NetworkPlan.model_validate_json(text)


@pytest.mark.parametrize("classes", [(), (CLASSES[0], CLASSES[0])])
def test_no_class_or_a_repeated_one_is_refused(classes):
    with pytest.raises(InputError, match="classes cannot be learnt"):
        plan_network(classes, (50, 4.6, 4.6), [RAW], TrainParams())


def test_voxels_of_another_size_are_refused_but_small_differences_are_not():
    made = plan((50, 4.6, 4.6))
    made.check_voxel_size((45, 4.0, 4.6))
    with pytest.raises(InputError, match="another size"):
        made.check_voxel_size((50, 8, 8))


def test_what_lies_beyond_the_halo_changes_nothing_and_the_halo_is_not_idle(tiny_plan):
    torch.manual_seed(1)
    network = build_network(tiny_plan).double().eval()
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1)  # so that nothing cancels or is cut by a ReLU
    halo = [h // b for h, b in zip(tiny_plan.halo_vx, tiny_plan.binning, strict=True)]
    # z: two convolutions of 3 at the coarsest level and two on the way up from it
    # y: 2 + 3 + 6 down, 4 + 2 and 2 + 1 up, one for the interpolation, up to the stride of 4
    assert halo == [4, 24, 24]
    raw = torch.rand(1, 1, 12, 48, 48, dtype=torch.float64)
    changed = raw.clone()
    changed[0, 0, 6, 24, 24] += 100
    with torch.inference_mode():
        difference = (network(changed) - network(raw)).abs().amax(dim=(0, 1))
    reached = torch.nonzero(difference)
    assert len(reached) > 0
    distance = (reached - torch.tensor([6, 24, 24])).abs().amax(dim=0)
    assert (distance <= torch.tensor(halo)).all()
    assert (distance > torch.tensor(halo) // 2).all()


def test_an_input_is_thin_where_pooling_leaves_one_voxel(tiny_plan):
    """Strides of (1, 4, 4) in all, and the coarsest level alone is convolved along z."""
    assert not tiny_plan.is_thin((2, 8, 8))
    assert tiny_plan.is_thin((1, 8, 8))
    assert tiny_plan.is_thin((2, 4, 8))
    assert tiny_plan.is_thin((2, 8, 4))
    flat = tiny_plan.model_copy(update={"kernels": ((1, 3, 3),) * 3})
    assert not flat.is_thin((1, 8, 8))
