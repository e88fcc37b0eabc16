"""The page in a real browser: silent, offline, whole at desktop and phone width, told in words."""

import shutil
from pathlib import Path

import pytest

from dbnchurn.experiments.comparison import compare_runs
from dbnchurn.experiments.finished_runs import read_run
from dbnchurn.report import write
from dbnchurn.report.comparison_page import render_comparison
from tests.experiments.made_runs import make_run
from tests.report.browser import Browser, browser
from tests.report.example_run import FIGURES, full_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
FIGURES_OF = {"report": FIGURES, "compare": 2}
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

LAYOUT = """
[...document.querySelectorAll('figure')].map(figure => {
  const svg = figure.querySelector('svg');
  const drawn = svg.getBBox(), style = getComputedStyle(svg);
  const image = figure.querySelector('[role=img]'), box = image.getBoundingClientRect();
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return {
    left: box.left, right: box.right, width: box.width, height: box.height,
    scale, drawn: drawn.width, shown: style.display !== 'none' && style.visibility === 'visible',
    letters: [...svg.querySelectorAll('use')].filter(
      use => use.getAttribute('xlink:href').includes('DejaVu')
        && !document.getElementById(use.getAttribute('xlink:href').slice(1))).length,
    alt: image ? image.getAttribute('aria-label') : null,
    title: figure.querySelector('h3').textContent,
    reading: figure.querySelector('figcaption').textContent,
  };
})
"""


def comparison(folder: Path) -> str:
    """Four variants over two folds, one name long and one failure told."""
    names = ("whole", "bare", "other", "a variant with a very long name that has to be cut short")
    runs = [
        read_run(make_run(folder / f"{skill}-{fold}", skill=skill / 2, fold=fold), name)
        for skill, name in enumerate(names)
        for fold in (1, 2)
    ]
    return render_comparison(compare_runs(runs, warnings=["x, seed 3 failed: no memory"]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("page")
    write(folder / "report.html", full_run())
    text = comparison(tmp_path_factory.mktemp("runs"))
    (folder / "compare.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in FIGURES_OF}


@pytest.fixture(scope="module")
def page(pages) -> Path:
    return pages["report"]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Browser:
    with browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=FIGURES_OF)
def which(request) -> str:
    return request.param


@pytest.fixture(params=WIDTHS)
def opened(chromium, pages, which, request):
    width, height = WIDTHS[request.param]
    chromium.open(pages[which], width, height)
    return chromium, width


def test_nothing_is_said_on_the_console_and_nothing_is_fetched(opened, pages, which):
    chromium, _ = opened
    chromium.evaluate("1")
    said = chromium.heard("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert said == []
    fetched = {e["params"]["request"]["url"] for e in chromium.heard("Network.requestWillBeSent")}
    assert {url for url in fetched if not url.startswith("data:")} == {pages[which].as_uri()}


def test_every_figure_is_visible_and_told_in_words(opened, which):
    chromium, width = opened
    figures = chromium.evaluate(LAYOUT)
    assert len(figures) == FIGURES_OF[which]
    for figure in figures:
        assert figure["shown"], figure["title"]
        assert 0 <= figure["left"] < figure["right"] <= width, figure["title"]
        assert figure["width"] >= 0.4 * min(width, 1216), figure["title"]
        assert 8 * figure["scale"] >= 10 or width > 480, figure["title"]  # 8 points: the legends
        assert figure["height"] > 120, figure["title"]
        assert figure["drawn"] > 100, figure["title"]
        assert figure["letters"] == 0, figure["title"]  # every letter has its shape
        assert len(figure["alt"]) > 30, figure["title"]
        assert len(figure["title"]) > 15, figure["title"]
        assert len(figure["reading"]) > 30, figure["title"]


def test_the_page_does_not_scroll_sideways(opened):
    chromium, width = opened
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    # What is wider scrolls within itself.
    wide = chromium.evaluate(
        "[...document.querySelectorAll('table')].filter(t => !t.closest('.scroll')).length"
    )
    assert wide == 0


def test_every_table_fits_a_desktop(chromium, pages, which):
    chromium.open(pages[which], *WIDTHS["desktop"])
    wider = chromium.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth)"
        ".map(s => s.querySelector('th').textContent)"
    )
    assert wider == []


def test_a_page_that_calls_out_would_be_noticed(chromium, page, tmp_path):
    """The checks above can fail: a script and an image from elsewhere are heard of."""
    text = page.read_text(encoding="utf-8")
    calling = tmp_path / "calling.html"
    start = text.index('<meta http-equiv="Content-Security-Policy"')
    text = text[:start] + text[text.index(">", start) + 1 :]  # without what forbids it
    calling.write_text(
        text.replace(
            "</main>", '<img src="http://127.0.0.1:9/x.png"><script>oops()</script></main>'
        ),
        encoding="utf-8",
    )
    chromium.open(calling, 1280, 900)
    chromium.evaluate("1")
    assert chromium.heard("Runtime.exceptionThrown")
    fetched = [e["params"]["request"]["url"] for e in chromium.heard("Network.requestWillBeSent")]
    assert "http://127.0.0.1:9/x.png" in fetched


def test_it_prints_whole(chromium, page):
    chromium.open(page, 1280, 900)
    printed = chromium.ask("Page.printToPDF", transferMode="ReturnAsBase64")["data"]
    assert len(printed) > 50_000
    # On A4 no table runs over the edge, and folded tables are unfolded.
    chromium.ask("Emulation.setEmulatedMedia", media="print")
    chromium.open(page, 718, 1000)
    over = chromium.evaluate(
        "[...document.querySelectorAll('table')].filter("
        "t => t.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length"
    )
    rows = chromium.evaluate(
        "[...document.querySelectorAll('details.numbers tr')].map("
        "r => r.getBoundingClientRect().height)"
    )
    chromium.ask("Emulation.setEmulatedMedia", media="")
    assert over == 0
    assert rows
    assert min(rows) > 5
