import pytest
import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.predict.views import choose_views

BOX = torch.arange(2 * 3 * 5).reshape(1, 1, 2, 3, 5)


@pytest.mark.parametrize(
    ("name", "count"), [("one", 1), ("mirrored", 4), ("turned", 8), ("all", 16)]
)
def test_views_differ_and_are_undone(trained, name, count):
    views = choose_views(name, trained.plan)
    assert len(views) == count
    seen = [view.of(BOX) for view in views]
    assert torch.equal(seen[0], BOX)
    assert len({(tuple(one.shape), tuple(one.flatten().tolist())) for one in seen}) == count
    for view, one in zip(views, seen, strict=True):
        assert torch.equal(view.back(one), BOX)


def test_turned_views_are_the_eight_of_a_square(trained):
    section = torch.tensor([[0, 1], [2, 3]])
    found = {tuple(v.of(section).flatten().tolist()) for v in choose_views("turned", trained.plan)}
    quarter = {tuple(section.rot90(k).flatten().tolist()) for k in range(4)}
    mirrored = {tuple(section.flip(0).rot90(k).flatten().tolist()) for k in range(4)}
    assert len(quarter | mirrored) == 8
    assert found == quarter | mirrored


def test_pixels_that_are_not_square_are_not_turned(trained):
    plan = trained.plan.model_copy(update={"voxel_size_nm": (40.0, 4.0, 5.0)})
    assert len(choose_views("mirrored", plan)) == 4
    with pytest.raises(InputError, match=r"predict\.views=mirrored"):
        choose_views("turned", plan)
    flat = trained.plan.model_copy(update={"binning": (1, 2, 1)})
    with pytest.raises(InputError, match="square"):
        choose_views("all", flat)
