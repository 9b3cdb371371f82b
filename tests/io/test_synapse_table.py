from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.records import TRUTH, points
from napari_synapse_debug.io.synapse_table import read_synapses
from napari_synapse_debug.io.tables import write_table

Csv = Callable[..., Path]

ONE = "823,42,100,20.5,30,100,24,40,150,28,50"
TWO = "7,9007199254740993,0,1,2,3,4,5,6,7,8"
SHORT = "pre_z_nm,pre_y_nm,pre_x_nm,post_z_nm,post_y_nm,post_x_nm"


def test_a_full_table_is_read_with_defaults(csv: Csv) -> None:
    table = read_synapses(csv(ONE, TWO))
    assert list(table.columns[: len(TRUTH)]) == list(TRUTH)
    assert {name: str(table[name].dtype) for name in TRUTH} == dict(TRUTH)
    assert table["row"].tolist() == [1, 2]
    assert table["post_segment"].tolist() == [42, 2**53 + 1]
    assert points(table, "cleft").tolist() == [[100, 24, 40], [3, 4, 5]]
    assert table["kind"].tolist() == ["unknown"] * 2
    assert table["synapse"].isna().all()
    assert not table["ignore"].any()
    assert not table["cleft_is_midpoint"].any()


def test_further_columns_are_read_and_kept(csv: Csv) -> None:
    header = f"{SHORT},row,synapse,kind,ignore,score,note,area"
    table = read_synapses(
        csv(
            "0,0,0,10,20,30,5,2,Spine head,yes,0.5,good,11",
            "1,1,1,3,3,3,4,,,,,,12",
            header=header,
        )
    )
    assert table["row"].tolist() == [5, 4]
    assert table["synapse"].tolist() == [2, pd.NA]
    assert table["kind"].tolist() == ["spine_head", "unknown"]
    assert table["ignore"].tolist() == [True, False]
    np.testing.assert_array_equal(table["score"], [0.5, np.nan])
    assert table["note"].tolist() == ["good", ""]
    assert table["area"].tolist() == [11, 12]
    assert table["pre_segment"].tolist() == [0, 0]
    assert points(table, "cleft").tolist() == [[5, 10, 15], [2, 2, 2]]
    assert table["cleft_is_midpoint"].all()


def test_only_rows_without_a_cleft_take_the_midpoint(csv: Csv) -> None:
    table = read_synapses(csv(ONE, "1,2,0,0,0,,,,8,6,4"))
    assert table["cleft_is_midpoint"].tolist() == [False, True]
    assert points(table, "cleft")[1].tolist() == [4, 3, 2]


def test_large_ids_are_exact_and_a_synapse_of_0_is_not_known(csv: Csv) -> None:
    ends = [f"{end}_{axis}_nm" for end in ("pre", "cleft", "post") for axis in "zyx"]
    header = ",".join(["pre_segment", "post_segment", *ends, "synapse"])
    exact = "720575940612345679"
    table = read_synapses(
        csv(f"{exact}.0,{exact},0,0,0,1,1,1,2,2,2,0", "1,2,0,0,0,1,1,1,2,2,2,7", header=header)
    )
    assert table["pre_segment"].tolist() == [int(exact), 1]
    assert table["post_segment"].tolist() == [int(exact), 2]
    assert table["synapse"].tolist() == [pd.NA, 7]
    with pytest.raises(InputError, match=r"synapse.*line 2: '9223372036854775808'"):
        read_synapses(csv(f"1,2,0,0,0,1,1,1,2,2,2,{2**63}", header=header))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,nan,0,0,1,1,1,2,2,2", r"pre_z_nm.*line 3: 'nan'.*finite number"),
        ("1,2,0,0,0,1,1,1,2,2,", r"post_x_nm.*line 3: ''"),
        ("1,2,0,inf,0,1,1,1,2,2,2", r"pre_y_nm.*line 3: 'inf'"),
        ("1,2,0,0,0,1,1,one,2,2,2", r"cleft_x_nm.*line 3: 'one'"),
        ("1,2,0,0,0,1,,1,2,2,2", r"cleft_z_nm.*line 3: '1', '', '1'.*all three or none"),
        ("x,2,0,0,0,1,1,1,2,2,2", r"pre_segment.*line 3: 'x'.*whole number"),
        ("-1,2,0,0,0,1,1,1,2,2,2", r"pre_segment.*line 3: '-1'"),
        ("1.5,2,0,0,0,1,1,1,2,2,2", r"pre_segment.*line 3: '1.5'"),
        ("7.205759406123457e+17,2,0,0,0,1,1,1,2,2,2", r"pre_segment.*line 3: '7.2057594"),
        ("1,2,0,0,0,1,1,1,2,2", r"line 3 has another number of cells.*10 cells"),
    ],
)
def test_bad_cells_are_named_by_line(csv: Csv, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_synapses(csv(ONE, line))


def test_lines_are_those_of_the_file_and_only_the_first_are_listed(csv: Csv) -> None:
    bad = TWO.replace("7,", "?,", 1)
    with pytest.raises(InputError, match=r"line 4: .*line 8: .*and 2 more"):
        read_synapses(csv(ONE, "", *[bad] * 7))


def test_repeated_rows_and_unknown_kinds_are_refused(csv: Csv) -> None:
    with pytest.raises(InputError, match=r"row.*line 2: '4'; line 4: '4'"):
        read_synapses(csv(*[f"{i},0,0,0,1,1,1" for i in (4, 5, 4)], header="row," + SHORT))
    with pytest.raises(InputError, match=r"kind.*line 2: 'spin'.*spine_head, shaft, soma"):
        read_synapses(csv("spin,0,0,0,1,1,1", header="kind," + SHORT))


def test_empty_tables_and_missing_columns_are_refused(csv: Csv, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        read_synapses(csv())
    (tmp_path / "blank.csv").write_text("")
    with pytest.raises(InputError, match="no rows"):
        read_synapses(tmp_path / "blank.csv")
    with pytest.raises(InputError, match="add post_x_nm"):
        read_synapses(csv("1,2,3,4,5", header=SHORT.removesuffix(",post_x_nm")))
    with pytest.raises(InputError, match="column twice"):
        read_synapses(csv("1,2,3,4,5,6,7", header=SHORT + ",pre_z_nm"))
    with pytest.raises(InputError, match="no table"):
        read_synapses(tmp_path / "absent.csv")


def test_text_of_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("é".encode("utf-16"))
    with pytest.raises(DataError, match="UTF-8"):
        read_synapses(tmp_path / "a.csv")


def test_a_byte_order_mark_is_no_part_of_the_header(csv: Csv) -> None:
    path = csv(ONE)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_synapses(path)["pre_segment"].tolist() == [823]


def test_identical_rows_are_kept_and_told(csv: Csv, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(read_synapses(csv(ONE, TWO))) == 2
        assert not caplog.records
        assert len(read_synapses(csv(ONE, TWO, ONE))) == 3
    assert "line 4" in caplog.text


def test_parquet_gives_the_same_and_names_rows(csv: Csv, tmp_path: Path) -> None:
    table = read_synapses(csv(ONE, TWO))
    write_table(table, tmp_path / "a.parquet")
    again = read_synapses(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(again[table.columns], table)
    table.loc[1, "pre_z_nm"] = np.nan
    write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"pre_z_nm.*row 2"):
        read_synapses(tmp_path / "a.parquet")


def test_empty_scores_and_clefts_are_the_same_in_both_formats(tmp_path: Path) -> None:
    columns = [f"{end}_{axis}_nm" for end in ("pre", "cleft", "post") for axis in "zyx"]
    table = pd.DataFrame(
        [[100.0, 10.0, 10.0, 90.0, 20.0, 30.0, 100.0, 30.0, 50.0]] * 2, columns=columns
    )
    table["score"] = [0.9, np.nan]
    table.loc[1, columns[3:6]] = np.nan
    read = []
    for name in ("a.csv", "a.parquet"):
        write_table(table, tmp_path / name)
        read.append(read_synapses(tmp_path / name))
    pd.testing.assert_frame_equal(*read)
    assert read[1].loc[1, columns[3:6]].tolist() == [100.0, 20.0, 30.0]
    assert read[1]["score"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("648518346349538466", ""), [648518346349538466, pd.NA]),
        (("648518346349538466", "18446744073709551615"), [648518346349538466, 2**64 - 1]),
        (("007", "12"), ["007", "12"]),
        (("123456789012345678901234567890", "1"), ["123456789012345678901234567890", "1"]),
        (("1.5", ""), [1.5, np.nan]),
        (("a", ""), ["a", ""]),
    ],
)
def test_further_columns_are_never_rounded(
    tmp_path: Path, cells: tuple[str, str], expected: list[object]
) -> None:
    header = "pre_z_nm,pre_y_nm,pre_x_nm,post_z_nm,post_y_nm,post_x_nm,my_id"
    lines = [f"0,0,{8 * k},0,8,{8 * k},{cell}" for k, cell in enumerate(cells)]
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]))
    found = read_synapses(tmp_path / "a.csv")["my_id"].tolist()
    assert [None if pd.isna(v) else v for v in found] == [
        None if pd.isna(v) else v for v in expected
    ]
