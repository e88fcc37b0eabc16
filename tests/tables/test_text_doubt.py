"""Words that stay text although they look like something else."""

import pytest

from dbnchurn.tables.text_doubt import doubt_of


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
