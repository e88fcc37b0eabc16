"""What columns of text stand for, and when the user is asked."""

import pyarrow as pa
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.tables.reading_rules import ReadingRules, form_of, name_of
from dbnchurn.tables.text_column import MISSING, TextColumn
from dbnchurn.tables.text_decision import decide


def columns(**texts):
    return [TextColumn.of(name, pa.array(values), MISSING) for name, values in texts.items()]


def decided(rules=None, typed=False, **texts):
    found = decide(columns(**texts), rules, typed=typed)
    return {
        name: (d.kind, None if d.form is None else name_of(d.form)) for name, d in found.items()
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2.5", "-"], ("number", "1234.5")),
        (["1,5", "2,25"], ("number", "1234,5")),
        (["31.08.2026", "01.02.2020"], ("date", "%d.%m.%Y")),
        (["20260831", "20250101"], ("date", "%Y%m%d")),
        (["True", "FALSE", None], ("flag", None)),
        (["007", "012"], ("text", None)),
        (["basic", "12"], ("text", None)),
        (["Yes", "No"], ("text", None)),
        (["00:30:00", "12:00:00"], ("number", "duration")),
        ([None, ""], ("text", None)),
    ],
)
def test_texts_say_what_they_are(texts, expected):
    assert decided(x=texts)["x"] == expected


def test_a_word_for_missing_is_a_level_unless_numbers_of_the_table_use_it():
    apart = decide(columns(plan=["None", "basic"], debt=["1", "2"]))
    assert apart["plan"].column.texts == ["None", "basic"]
    together = decide(columns(plan=["None", "basic"], debt=["1", "None"]))
    assert together["plan"].column.texts == ["basic"]
    assert together["debt"].values().isna().tolist() == [False, True]


def test_all_questions_come_in_one_message_with_both_readings():
    message = (
        r"column 'a': '1\.234' is 1\.234 or 1234: say formats: \{a: '1234\.5'\} or formats: "
        r"\{a: '1\.234,5'\}; column 'b': '01/02/2020' is 2020-02-01 or 2020-01-02"
    )
    with pytest.raises(DataError, match=message):
        decide(columns(a=["1.234"], b=["01/02/2020"]))


def test_a_given_format_or_mark_or_another_column_decides():
    rules = ReadingRules({"a": "1.234,5", "b": "%m/%d/%Y"})
    texts = {"a": ["1.234"], "b": ["01/02/2020"]}
    assert decided(rules, **texts) == {"a": ("number", "1.234,5"), "b": ("date", "%m/%d/%Y")}
    assert decided(ReadingRules(decimal="."), a=["1.234"])["a"] == ("number", "1234.5")
    assert decided(ReadingRules(usual={"a": "1234.5"}), a=["1.234"])["a"] == ("number", "1234.5")
    assert decided(a=["1.234"], c=["0,5"])["a"] == ("number", "1.234,5")


def test_what_the_table_proves_goes_before_what_is_usual():
    rules = ReadingRules(usual={"a": "1.234,5"})
    assert decided(rules, a=["1.234", "5.67"])["a"] == ("number", "1234.5")


def test_the_told_mark_is_kept_or_asked_about():
    with pytest.raises(DataError, match=r"'12\.5' is no number with the decimal mark ','"):
        decide(columns(a=["12.5"]), ReadingRules(decimal=","))


def test_several_units_are_asked_about_or_stay_words():
    mixed = [f"{i} {'GB' if i % 2 else 'MB'}" for i in range(1, 40)]
    with pytest.raises(DataError, match="several units: 'GB', 'MB'; write them in one unit"):
        decide(columns(a=mixed))
    few = decide(columns(a=mixed[:4]))["a"]
    assert (few.kind, "several units" in few.doubt) == ("text", True)


def test_few_plain_numbers_that_are_text_in_a_typed_table_stay_text():
    assert decided(typed=True, a=["1", "2", "3"])["a"] == ("text", None)
    assert decided(typed=True, a=[str(i) for i in range(30)])["a"] == ("number", "1234.5")


def test_minutes_may_be_hours():
    doubt = decide(columns(a=["12:30", "01:15"]))["a"].doubt
    assert "hours and minutes or minutes and seconds" in doubt


def test_unknown_formats_are_refused_with_their_place():
    with pytest.raises(ConfigError, match=r"source\.formats: column 'a': '1:5' is no picture"):
        ReadingRules({"a": "1:5"}, place="source.formats")
    assert name_of(form_of("duration")) == "duration"


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["2024-05-02", "01.05.2024", "2024-06-02", "03.05.2024"], "dates .* '2024-05-02', '01.05"),
        (["1.234,50", "1,234.50", "2.345,75", "2,345.75"], "numbers in several formats"),
    ],
)
def test_several_formats_in_one_column_are_asked_about(texts, what):
    with pytest.raises(DataError, match=f"column 'a' has {what}.*kinds: .a: category"):
        decide(columns(a=texts))
    assert decided(ReadingRules(kinds={"a": "category"}), a=texts)["a"] == ("text", None)


@pytest.mark.parametrize("write", ["{}.5k", "<{}", "~{},5", "{},5 Mio. €"])
def test_numbers_with_an_unknown_sign_or_unit_stay_text_and_are_told(write):
    texts = [write.format(i) for i in range(1, 40)]
    found = decide(columns(a=texts))["a"]
    assert found.kind == "text"
    assert "a sign or unit that is not known" in found.doubt
    names = [f"K{i:05d}" for i in range(40)] + [f"{i}{'ABCDE'[i % 5]}" for i in range(40)]
    assert decide(columns(a=names[:40], b=names[40:]))["a"].doubt == ""


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९"])
def test_digits_of_every_script_are_digits(digits):
    script = str.maketrans("0123456789", digits)
    texts = [text.translate(script) for text in ("12,50", "7,25", "31.08.2026", "01.02.2020")]
    found = decide(columns(a=texts[:2], b=texts[2:]))
    assert found["a"].values().tolist() == [12.5, 7.25]
    assert found["b"].values().dt.year.tolist() == [2026, 2020]
