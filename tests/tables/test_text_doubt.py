"""Words that stay text although they look like something else."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import read_table
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.text_doubt import doubt_of, zeros_among_days


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["12:30", "01:15"], "hours and minutes or minutes and seconds"),
        ([f"<{i}" for i in range(40)], "a sign or unit that is not known"),
        ([f"{i} years {i % 12} months" for i in range(40)], "dates, spans or shares"),
        ([f"{i} J {i % 12} M" for i in range(40)], "dates, spans or shares"),
        ([f"{i} ans et {i % 12} mois" for i in range(40)], "dates, spans or shares"),
        ([f"{i} 1/2" for i in range(40)], "dates, spans or shares"),
        ([f"20{i:02d}-Q{1 + i % 4}" for i in range(40)], "dates, spans or shares"),
        ([f"{i} of march {i} pm" for i in range(40)], "dates, spans or shares"),
        ([f"2026-08-31 12:00:{i:02d} CEST" for i in range(40)], "dates, spans or shares"),
        ([f"/Date(17000000{i:02d}000)/" for i in range(40)], "dates, spans or shares"),
        ([f"2026-0{i}" for i in range(10, 60)], "dates, spans or shares"),
        ([f"{1 + i % 28:02d}0{1 + i // 28}2026" for i in range(40)], "dates, spans or shares"),
    ],
)
def test_it_says_what_they_may_be(words, said):
    assert said in doubt_of(words)
    assert repr(words[0]) in doubt_of(words)


def test_the_example_has_the_sign_or_unit_in_question():
    words = [*(f"{i}" for i in range(20)), *(f"{i}k" for i in range(20))]
    assert "such as '0k', hold" in doubt_of(words)


@pytest.mark.parametrize(
    "words", [["basic", "family"], ["march", "may"] * 20, [f"K{i}" for i in range(40)]]
)
def test_names_are_no_doubt(words):
    assert doubt_of(words) == ""


def test_zeros_among_days_are_asked_and_named_they_are_missing(tmp_path):
    file = tmp_path / "sap.csv"
    rows = ["00000000" if k % 5 == 0 else f"202512{k % 28 + 1:02d}" for k in range(40)]
    file.write_text("\n".join(["id,since", *(f"{k},{row}" for k, row in enumerate(rows))]))
    with pytest.raises(DataError, match=r"'00000000' stands among days .*missing: \['00000000'\]"):
        read_table(file, "id")
    days = read_table(file, "id", rules=ReadingRules(missing=["00000000"]))["since"]
    assert days.isna().sum() == 8
    assert infer(days.to_frame()).columns[0].kind == "date"
    codes = read_table(file, "id", rules=ReadingRules(kinds={"since": "category"}))["since"]
    assert codes.tolist() == rows
    assert not zeros_among_days(["00000000", "00000017", "20251201"], "code")
