"""Draw the pictures of docs/tutorial.md and docs/threshold.md, as a run's report has them.

    dbnchurn train configs/tv.yaml baselines='[logistic regression, xgboost]'
    python scripts/draw_tutorial.py runs/tv

Prints what to say instead of each picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dbnchurn.report import outcome_pictures as pictures
from dbnchurn.runs.report import report_input

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DRAWN = {
    "lift": pictures.lift,
    "calibration": pictures.calibration,
    "threshold": pictures.threshold_sweep,
    "profit": pictures.profit,
}


def main() -> None:
    """Write every picture of one run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="Folder of a finished run.")
    parser.add_argument("--output", type=Path, default=IMAGES, help="Where the pictures go.")
    given = parser.parse_args()
    shown = report_input(given.run)
    given.output.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWN.items():
        picture = draw(shown)
        path = given.output / f"tutorial_{name}.svg"
        path.write_text(f"{picture.svg}\n", encoding="utf-8")
        print(f"{path}: {picture.alt}")


if __name__ == "__main__":
    main()
