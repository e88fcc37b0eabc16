"""The pictures of the drivers: told in words too, and left out where there is nothing to tell."""

import re

import pytest

from dbnchurn.report.driver_pictures import SHOWN, driver_pictures


@pytest.fixture
def reasons() -> dict:
    columns = [
        {
            "column": f"x{i}",
            "label": f"Column {i} & <more>",
            "mean_absolute": 1 / (i + 1),
            "direction": "" if i % 2 else "a higher value raises the risk",
        }
        for i in range(40)
    ]
    fall = {"reasons": [0.5, 0.9], "occlusion": [0.5, 1.0], "random columns": [0.1, 0.1]}
    return {"columns": columns, "faithfulness": {"fall": fall}}


def test_pictures_have_titles_readings_and_words_instead(reasons):
    drivers, deletion = driver_pictures(reasons)
    for picture in (drivers, deletion):
        assert min(map(len, (picture.title, picture.reading, picture.alt))) >= 30
        assert picture.svg.count("<svg ") == 1
    assert f"the {SHOWN} columns" in drivers.title
    assert "Column 0 & <more> 1.00 (a higher value raises the risk); Column 1 & <more> 0.50;" in (
        drivers.alt
    )
    assert f"Column {SHOWN} " not in drivers.alt
    assert deletion.alt.endswith(
        "with 2 columns replaced: 0.90 by reasons, 1.00 by occlusion, 0.10 by random columns."
    )


def test_the_same_numbers_give_the_same_picture(reasons):
    for a, b in zip(driver_pictures(reasons), driver_pictures(reasons), strict=True):
        assert a == b
        assert not re.search(r"<metadata>", a.svg)


@pytest.mark.parametrize("reasons", [None, {}, {"columns": []}])
def test_without_drivers_there_are_no_pictures(reasons):
    assert driver_pictures(reasons) == []
