import pytest

from napari_synapse_debug.predict.tiling import choose_block, fit_block, smaller_block


def test_what_fits_is_one_block():
    assert choose_block((20, 30, 50), (4, 8, 8), (4, 8, 8), 10**6) == (20, 32, 56)


def test_a_flat_volume_is_cut_along_its_long_axes_only():
    # whole: 10 * 100 * 400; two blocks along x read 2 * (200 + 10) columns
    block = choose_block((10, 100, 400), (4, 10, 10), (2, 10, 10), 10 * 100 * 210)
    assert block == (10, 100, 200)


def test_the_axis_whose_halo_costs_less_is_cut():
    # cut along z: 2 * 32 + 2 * 2 sections, 6 %; along y: 2 * 40 + 2 * 16 rows, 40 %
    block = choose_block((64, 80, 80), (2, 16, 16), (2, 8, 8), 34 * 80 * 80)
    assert block == (32, 80, 80)


@pytest.mark.parametrize("most", [10, 10_000, 10**6, 10**8])
def test_blocks_are_multiples_of_the_step_and_fit(most):
    shape, halo, step = (130, 5000, 70_000), (10, 48, 48), (2, 64, 64)
    block = choose_block(shape, halo, step, most)
    assert [b % s for b, s in zip(block, step, strict=True)] == [0, 0, 0]
    tile = [min(b + 2 * h, n) for b, h, n in zip(block, halo, shape, strict=True)]
    assert tile[0] * tile[1] * tile[2] <= most or block == step


def test_an_empty_volume_has_a_block_too():
    assert choose_block((0, 40, 40), (4, 8, 8), (4, 8, 8), 10**6) == (4, 40, 40)


def test_the_longest_edge_is_halved_to_whole_chunks():
    assert smaller_block((64, 768, 512), (4, 48, 48), (2, 8, 8), (32, 128, 128)) == (64, 384, 512)
    assert smaller_block((64, 384, 512), (4, 48, 48), (2, 8, 8), (32, 128, 128)) == (64, 384, 256)
    assert smaller_block((64, 128, 128), (4, 48, 48), (2, 8, 8), (32, 128, 128)) == (64, 64, 128)


def test_halving_ends_at_the_halo():
    block, count = (64, 512, 512), 0
    while block is not None:
        last, count = block, count + 1
        block = smaller_block(block, (4, 48, 48), (2, 8, 8), (32, 128, 128))
    assert last == (4, 32, 32)
    assert count == 13


def test_what_fits_in_whole_chunks_is_cut_so():
    shape, halo, align, chunk = (130, 5000, 70_000), (12, 48, 48), (6, 24, 24), (32, 128, 128)
    for most in (10**8, 10**9):
        block = fit_block(shape, halo, align, chunk, most)
        assert block == choose_block(shape, halo, (96, 384, 384), most)


def test_a_block_is_smaller_than_whole_chunks_where_these_need_too_much():
    shape, halo, align, chunk = (500, 5000, 70_000), (48, 48, 48), (24, 24, 24), (32, 128, 128)
    whole = choose_block(shape, halo, (96, 384, 384), 10**7)
    assert whole == (96, 384, 384), "whose tile has 192 * 480 * 480 voxels: 4.4 times as many"
    # 384 halved: 192 and then 96 along y, then x; 192 * 192 * 192 is the first below
    assert fit_block(shape, halo, align, chunk, 10**7) == (96, 96, 96)
    assert fit_block(shape, halo, align, chunk, 10) == (48, 48, 48), "most would be halo below"


def test_before_it_is_given_up_edges_go_down_to_a_quarter_of_the_halo():
    halo, align, chunk = (4, 48, 48), (2, 4, 4), (32, 128, 128)
    block = (4, 48, 48)
    assert smaller_block(block, halo, align, chunk) is None
    edges = []
    while block is not None:
        edges.append(block)
        block = smaller_block(block, halo, align, chunk, below_halo=True)
    assert edges[1:3] == [(4, 24, 48), (4, 24, 24)]
    assert edges[-1] == (2, 12, 12)
