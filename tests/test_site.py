"""The pages as a site: built strictly, whole without a network, and honest about what is broken."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.pages import read
from tests.report.browser import browser

pytest.importorskip("mkdocs", reason="the extra dev is not installed")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"'> ]+)"
)
FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$`])\$[^$\s](?:[^$]*?[^$\s])?\$", re.DOTALL)


def built(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Builds a site as `make docs` does."""
    line = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", site]
    return subprocess.run(line, cwd=config.parent, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this repository."""
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    loaded = {url for page in pages for url in LOADED.findall(page.read_text(encoding="utf-8"))}
    assert not loaded
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", styles)


@pytest.mark.parametrize("name", ["engine", "experiments", "method"])
def test_every_formula_is_mathml(site: Path, name: str) -> None:
    prose = "\n".join(line for _, line in read(ROOT / f"docs/{name}.md").prose)
    page = (site / f"{name}.html").read_text(encoding="utf-8")
    assert page.count("<math ") == len(FORMULA.findall(prose)) > 0
    assert "arithmatex" not in page


def test_the_reference_tells_parameters_fields_and_links(site: Path) -> None:
    classifier = (site / "reference/classifier.html").read_text(encoding="utf-8")
    assert 'href="stages.html#dbnchurn.features.Leaves"' in classifier
    config = (site / "reference/config.html").read_text(encoding="utf-8")
    assert "CSV, Parquet or Excel file, folder of them, or pattern with *" in config
    assert ":func:" not in classifier + config


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FOUND = """
new Promise(told => {
  const look = () => {
    const found = document.querySelectorAll('#mkdocs-search-results article').length;
    found ? told(found) : setTimeout(look, 50);
  };
  look();
})
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_the_search_works_without_a_server(site: Path, tmp_path: Path) -> None:
    with browser(CHROMIUM, tmp_path) as page:
        page.ask("Page.navigate", url=f"{(site / 'search.html').as_uri()}?q=threshold")
        found = page.ask("Runtime.evaluate", expression=FOUND, awaitPromise=True)
        assert found["result"]["value"] >= 3
        asked = [event["params"]["request"] for event in page.heard("Network.requestWillBeSent")]
        assert {request["url"].partition(":")[0] for request in asked} <= {"file", "data"}
        wrong = page.heard("Runtime.exceptionThrown", "Log.entryAdded")
        assert not wrong


def test_titles_that_are_found_are_plain_and_files_are_not_among_them(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))["docs"]
    assert not [entry["title"] for entry in index if "<" in entry["title"]]
    assert list((site / "repository").rglob("*.html"))
    assert not [e["location"] for e in index if e["location"].startswith("repository/")]


def small_site(folder: Path, text: str) -> Path:
    """A site of one page, beside a repository of one script."""
    (folder / "docs").mkdir()
    (folder / "docs/index.md").write_text(text)
    (folder / "scripts").mkdir()
    (folder / "scripts/run.py").write_text("print(1)\n")
    own = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    validation = re.search(r"^validation:\n(?:  .*\n)+", own, re.M)[0]
    config = f"""site_name: small
hooks: [{ROOT}/docs/_site/formulas.py, {ROOT}/docs/_site/repository_files.py]
theme: mkdocs
plugins: []
markdown_extensions: [{{pymdownx.arithmatex: {{generic: true}}}}]
{validation}"""
    (folder / "mkdocs.yml").write_text(config)
    return folder / "mkdocs.yml"


def test_a_link_to_a_file_of_the_repository_leads_to_a_page_that_shows_it(tmp_path: Path) -> None:
    text = "# A\n\n[run](../scripts/run.py) of [all](../scripts)\n"
    done = built(small_site(tmp_path, text), tmp_path / "site")
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "site/index.html").read_text()
    assert 'href="repository/scripts/run.py/"' in index
    assert 'href="repository/scripts/"' in index
    shown = (tmp_path / "site/repository/scripts/run.py/index.html").read_text()
    assert "print(1)" in shown
    assert "run.py" in (tmp_path / "site/repository/scripts/index.html").read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a](none.md)", "none.md"),
        ("[a](#none)", "there is no such anchor"),
        ("[a](../scripts/none.py)", "none.py"),
        ("a formula $\\nonesuch x$", "is not known"),
        ("a formula $\\left( a$", "cannot be converted"),
        ("a formula $\\frac{a$", "do not match"),
    ],
)
def test_what_is_broken_stops_the_build(tmp_path: Path, text: str, told: str) -> None:
    done = built(small_site(tmp_path, f"# A\n\n{text}\n"), tmp_path / "site")
    assert done.returncode == 1
    assert told in done.stderr


def hook(name: str) -> ModuleType:
    """A module of docs/_site, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/_site/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", ("3", "")),
        ("Field(default=3, description='a' 'b')", ("3", "ab")),
        ("Field(default_factory=dict)", ("dict()", "")),
        ("Field(description='a')", (None, "a")),
    ],
)
def test_fields_are_read(value: str, expected: tuple[str | None, str]) -> None:
    assert hook("fields").parts(value) == expected
    assert hook("fields").kind("Annotated[dict[str, int], Field(ge=1)]") == "dict[str, int]"


def test_a_role_that_names_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    import griffe

    text = (
        "def f():\n    ':func:`g`, :func:`~p.m.g`, :func:`none`, :class:`ValueError`'\ndef g(): 1\n"
    )
    with griffe.temporary_visited_package("p", {"m.py": text}) as package:
        hook("roles").Roles().on_package(pkg=package)
        said = package["m.f"].docstring.value
    assert 'identifier="p.m.g"><code>g</code></autoref>, ' in said
    assert said.count("autoref optional") == 2
    assert said.endswith("`none`, `ValueError`")
    assert caplog.messages == ["p.m.f: :func:`none` names nothing"]
