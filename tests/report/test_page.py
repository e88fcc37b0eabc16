"""The page: whole, self-contained, told in words too, and the same again from the same run."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.html.figure import Canvas
from dbnchurn.core.html.picture import Picture
from dbnchurn.evaluate import Offer, compare
from dbnchurn.report import FineTuning, PartSummary, Pretraining, ReportInput, render, write
from dbnchurn.report.outcome_pictures import confusion
from dbnchurn.report.verdict import cautions, headlines, standing, verdict
from tests.report.example_run import FIGURES, full_run


def run_of(y, scores, threshold=0.2, **more) -> ReportInput:
    numbers = compare(y, scores, dict.fromkeys(scores, threshold), resamples=50, **more)
    parts = [PartSummary("train", 900, 0.1), PartSummary("test", len(y), float(np.mean(y)))]
    return ReportInput(
        "a run",
        y,
        scores,
        numbers,
        "chosen for the best F1",
        parts,
        **{key: value for key, value in more.items() if key in ("gain", "sample_weight")},
    )


@pytest.fixture(scope="module")
def run() -> ReportInput:
    generator = np.random.default_rng(0)
    p = generator.beta(1, 9, 3000)
    y = (generator.random(3000) < p).astype(int)
    scores = {"DBN": p, "noisy": np.clip(p + generator.normal(0, 0.1, 3000), 0, 1), "twin": p**1.01}
    return replace(
        run_of(y, scores, gain=Offer().gain(y), offer=Offer(), budget=100),
        pretraining=[
            Pretraining("RBM 1, 30 → 16", [0.5, 0.4], [0.0, 0.1]),
            Pretraining("RBM 2, 16 → 8", [0.5, 0.4]),
        ],
        fine_tuning=FineTuning([0.7, 0.6, 0.5], [0.3, 0.2, 0.25], best_epoch=2),
        seconds={"leaves": 1.25, "pretrain": 61.04},
        facts={"device": "cpu"},
        config_yaml="dbn:\n  layers: [16, 8]\n",
        warnings=["column 'x' < 3 & looks like the label"],
    )


@pytest.fixture(scope="module")
def text(run) -> str:
    return render(run)


@pytest.fixture(scope="module")
def full() -> ReportInput:
    return full_run()


@pytest.fixture(scope="module")
def full_text(full) -> str:
    return render(full)


class Figures(HTMLParser):
    """Collects every tag with its attributes, and the text of the figures' parts."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def attributes(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_the_page_needs_nothing_from_outside(text):
    page = Figures(text)
    for tag, attrs in page.tags:
        assert tag not in ("script", "iframe", "object", "embed"), tag
        for key in ("src", "href", "xlink:href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:")), (tag, attrs)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_published_figures_stand_beside_only_where_there_are_some(full, full_text):
    part = full_text.partition("Beside published figures")[2].partition("<h2>")[0]
    accuracy = full.own["accuracy"]
    assert f"<td>{100 * accuracy['value']:.2f} %<small>{100 * accuracy['low']:.2f} to" in part
    assert "<td>–</td><td>99.00 %</td><td>88.00 %</td><td>89.00 %</td>" in part
    assert "<li>a paper: its figures cannot all hold.</li>" in part
    assert "Beside published" not in render(replace(full, published={}), pictures=False)


def test_every_figure_has_a_title_a_reading_and_words_instead(text):
    figures = re.findall(r"<figure>.*?</figure>", text, re.S)
    assert len(figures) == 9 + 4
    for figure in figures:
        assert re.search(r"<h3>[^<]{15,}</h3>", figure)
        assert re.search(r'role="img" aria-label="[^"]{30,}"', figure)
        assert re.search(r"<figcaption>[^<]{30,}</figcaption>", figure)
        assert figure.count("<svg ") == 1
    every = re.findall(r' id="([^"]+)"', text)
    assert len(every) > 100
    assert len(set(every)) == len(every)  # also the shapes of letters, which figures share
    assert set(re.findall(r'href="#(DejaVu[^"]+)"', text)) <= set(every)


def test_the_page_shows_the_numbers_of_the_run(run, text):
    own = run.metrics["DBN"]
    for key in ("average_precision", "roc_auc", "precision", "recall", "f1"):
        for model in run.scores:
            number = run.metrics[model][key]
            assert (
                f"{number['value']:.3f}<small>{number['low']:.3f} to {number['high']:.3f}" in text
            )
    at = own["confusion"]
    assert f"{at['tp']:,} of the {at['tp'] + at['fn']:,} churners were picked" in text
    for words in ("61.0", "layers: [16, 8]", "RBM 2, 16 → 8", "for the best F1", "cpu"):
        assert words in text


def test_every_figure_has_named_axes(full, monkeypatch):
    named = []

    def noted(canvas, title, reading, alt):
        named.append((canvas.axes.get_xlabel(), canvas.axes.get_ylabel()))
        return Picture(title, reading, alt, "<svg></svg>")

    monkeypatch.setattr(Canvas, "picture", noted)
    render(full)
    assert len(named) == FIGURES
    assert all(len(label) > 2 for axes in named for label in axes), named


def test_a_dollar_in_a_name_is_a_dollar():
    def letters(label: str) -> int:
        with Canvas(label, "customers") as c:
            return c.picture("a title", "a reading", "words").svg.count("#DejaVu")

    assert letters(r"pays $\frac$ or $10") == letters(r"pays S\fracS or S10")


def test_peers_and_parts_have_tables_of_their_own(full, full_text):
    places = [
        full_text.index(words)
        for words in (
            "Against the baselines",
            '<th scope="row">xgboost',
            "What the parts are",
            '<th scope="row">without leaves',
        )
    ]
    assert places == sorted(places)
    assert "without leaves" not in standing(full)


def test_thresholds_stand_side_by_side_with_what_they_cost(full, full_text):
    start, end = (full_text.index(h) for h in ("Other thresholds", "On the test customers"))
    table = full_text[start:end]
    assert "best F1 to be expected (ours)" in table
    for choice in full.alternatives[1:3]:
        lost = choice.numbers["difference"]["profit"]
        assert f"{lost['value']:.2f}".replace("-", "−") in table
        assert f"{choice.numbers['picked']:,.0f}" in table
    assert "no threshold reaches a precision of 0.9" in table


def test_groups_are_shown_and_small_ones_not_judged(full_text):
    assert "Does the ranking work as well in every month?" in full_text
    assert "Do scores promise what comes in every group by plan?" in full_text
    start, end = (full_text.index(f"Numbers by {name}") for name in ("month", "plan"))
    table = full_text[start:end]
    small = table[table.index("2024-06") : table.index("2024-07")]
    assert "too few churners to judge" in small
    assert "60" in small


def test_a_fixed_threshold_is_not_told_as_chosen(run):
    fixed = replace(run, threshold_rule="fixed in the config")
    text = render(fixed, pictures=False)
    assert "at least 0.2, fixed in the config." in text
    assert "The threshold was fixed in the config;" in confusion(fixed).reading
    assert "chosen" not in text


def test_what_users_wrote_is_escaped(run):
    text = render(replace(run, title="<script>alert(1)</script>"), pictures=False)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "&lt; 3 &amp; looks like the label" in text


def test_the_same_run_gives_the_same_page_and_leaves_matplotlib_alone(run, text, tmp_path):
    before = dict(mpl.rcParams)
    write(tmp_path / "again.html", run)
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text
    assert dict(mpl.rcParams) == before


def test_the_verdict_counts_only_differences_that_leave_out_zero(run):
    sentence = standing(run)
    assert re.search(r"DBN is better than noisy \(by \+0\.\d+; \+0\.\d+ to \+0\.\d+\)", sentence)
    assert "not told apart from twin" in sentence
    turned = run_of(run.y, {name: run.scores[name] for name in ("noisy", "DBN")})
    assert "noisy is worse than DBN (by −0." in standing(turned)


def test_the_verdict_without_baselines_or_with_one_outcome():
    y, p = [0, 1] * 20, [0.1, 0.3] * 20
    assert "no baseline to compare DBN with" in standing(run_of(y, {"DBN": p}))
    one = run_of([0] * 40, {"DBN": p})
    assert verdict(one).startswith("The test customers are all of one outcome")
    assert len(re.findall("<figure>", render(one))) == 1
    assert [h.value for h in headlines(one)][1] == "–"


def test_cautions_tell_what_the_numbers_warn_of(run):
    assert cautions(run) == []
    y = np.repeat([0, 1], [960, 40])
    p = np.linspace(0.2, 0.6, 1000)
    found = " ".join(cautions(run_of(y, {"DBN": p, "poor": p[::-1]}, threshold=0.9)))
    assert "only 40 churners" in found
    assert "No test customer reaches the threshold" in found
    assert "promise more churners than came: 40.0 % on average, 4.0 % in truth" in found
    turned = run_of(y, {"DBN": p[::-1], "good": p})
    assert "good ranks customers better than DBN." in cautions(turned)


def test_scores_and_metrics_of_different_models_are_refused(run):
    with pytest.raises(ConfigError, match="same models in the same order, got 'DBN' and 'DBN', 'n"):
        replace(run, scores={"DBN": run.scores["DBN"]})


def test_many_customers_fit_on_a_small_page(tmp_path):
    generator = np.random.default_rng(0)
    p = generator.beta(1, 19, 100_000)
    y = (generator.random(len(p)) < p).astype(int)
    scores = {
        name: np.clip(p + generator.normal(0, s, len(p)), 0, 1)
        for name, s in [("a", 0.0), ("b", 0.01), ("c", 0.02), ("d", 0.05), ("e", 0.1)]
    }
    numbers = compare(y, scores, dict.fromkeys(scores, 0.2), resamples=5)
    parts = [PartSummary("test", len(y), float(y.mean()))]
    run = ReportInput("big", y, scores, numbers, "by hand", parts)
    write(tmp_path / "page.html", run)
    assert (tmp_path / "page.html").stat().st_size < 1_000_000


def test_the_tables_of_models_have_the_seconds_of_every_fit(run):
    assert "Fit, seconds" not in render(run, pictures=False)
    timed = replace(run, fit_seconds={"DBN": 12.34, "noisy": 0.5, "twin": None})
    text = render(timed, pictures=False)
    assert "Fit, seconds" in text
    assert "<td>12.3</td>" in text
    assert "<td>–</td>" in text  # a part of it was done before an interruption
    assert "were fitted again" in render(
        replace(run, stored="All were fitted again."), pictures=False
    )
