from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.records import CONTACTS, FINDINGS, PREDICTION, TRUTH, empty
from napari_synapse_debug.io.tables import read_table, write_table


def prediction() -> pd.DataFrame:
    table = empty(PREDICTION).reindex(range(4))
    table["row"] = range(4)
    table["pre_segment"] = np.array([2**64 - 1, 2**53 + 1, 0, 7], dtype=np.uint64)
    table["post_segment"] = np.uint64(3)
    table["candidate"] = pd.array([1, None, 2**60 + 1, 4], dtype="Int64")
    table["kind"] = pd.Series(["shaft", "", "soma", "unknown"], dtype="str")
    table["pre_z_nm"] = [0.1, 1 / 3, np.nan, -5.0]
    return table.astype(dict(PREDICTION))


def test_parquet_keeps_every_dtype_and_value(tmp_path: Path) -> None:
    table = prediction()
    write_table(table, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet"), table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet", PREDICTION), table)


@pytest.mark.parametrize("columns", [TRUTH, PREDICTION, CONTACTS, FINDINGS])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_empty_tables_stay_well_formed(tmp_path: Path, columns, ending: str) -> None:
    write_table(empty(columns), tmp_path / f"a.{ending}")
    again = read_table(tmp_path / f"a.{ending}", columns)
    pd.testing.assert_frame_equal(again, empty(columns))


def test_csv_keeps_numbers_exactly(tmp_path: Path) -> None:
    table = prediction()
    write_table(table, tmp_path / "a.csv")
    again = read_table(tmp_path / "a.csv", PREDICTION)
    for name in ("pre_segment", "pre_z_nm", "candidate"):
        pd.testing.assert_series_equal(again[name], table[name])


def test_missing_unknown_and_damaged_tables_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table"):
        read_table(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="xlsx"):
        write_table(empty(TRUTH), tmp_path / "a.xlsx")
    (tmp_path / "a.parquet").write_bytes(b"PAR1noise")
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "a.parquet")
    write_table(prediction().drop(columns="score"), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="add score"):
        read_table(tmp_path / "a.parquet", PREDICTION)
