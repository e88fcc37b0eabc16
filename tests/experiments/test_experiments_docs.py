"""The page on experiments: its figures are computed ones."""

from pathlib import Path

from dbnchurn.runs.published import accuracy_of, f1_of, precision_of

TEXT = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_the_papers_figures_on_the_page():
    needed = precision_of(0.8811, 0.8927)
    assert f"an F1 of {100 * f1_of(0.9908, 0.8811):.2f} %" in " ".join(TEXT.split())
    assert f"a precision of {100 * needed:.2f} %" in " ".join(TEXT.split())
    assert f"an accuracy of {100 * accuracy_of(needed, 0.8811, 0.0354):.2f} %" in " ".join(
        TEXT.split()
    )
