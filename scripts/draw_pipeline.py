"""Draw the way of the data, from tables to scores.

    python scripts/draw_pipeline.py [OUTPUT.svg or .png]

By default into docs/images/pipeline.svg.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "pipeline.svg"
INK, GREY = "#1f2937", "#5b6573"
DATA, LEARNED, STORED = "#e8eef7", "#fdf1e3", "#e6f3ea"  # fill
EDGES = {DATA: "#5b7fb5", LEARNED: "#c98a3c", STORED: "#4f9a68"}


@dataclass(frozen=True)
class Box:
    """One stage: where it lies (its middle), how large it is, what it says."""

    x: float
    y: float
    width: float
    title: str
    lines: tuple[str, ...]
    fill: str
    height: float = 1.5

    @property
    def left(self) -> tuple[float, float]:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x, self.y - self.height / 2


TABLES = Box(1.25, 7.05, 2.1, "Tables", ("CSV, Parquet,", "PostgreSQL"), DATA)
CONTRACT = Box(
    4.1, 7.05, 2.9, "Contract and windows", ("quarantine, joins,", "leakage checks"), DATA
)
PREPARE = Box(7.2, 7.05, 2.3, "Prepare", ("clean, transform,", "reduce: a cycle"), DATA)
LEAVES = Box(
    10.45, 6.75, 2.5, "Cross-fitted leaves", ("which leaf of every", "boosted tree"), LEARNED
)
COLUMNS = Box(10.45, 3.1, 2.5, "Columns", ("real, 0/1 and", "categorical units"), LEARNED)
PRETRAIN = Box(
    7.2, 4.95, 2.8, "RBM pretraining", ("one machine on the", "other, no labels"), LEARNED
)
NETWORK = Box(4.2, 4.95, 2.3, "Network", ("fine-tuned from the", "boosters' logit"), LEARNED)
COMPANION = Box(4.2, 3.1, 2.3, "Companion", ("a network that sees", "the columns alone"), LEARNED)
DECISION = Box(1.25, 4.025, 2.1, "Decision", ("blend, probability,", "threshold"), LEARNED)
ARTIFACT = Box(4.2, 1.05, 2.9, "Artifact", ("JSON and safetensors,", "nothing executable"), STORED)
SCORING = Box(8.2, 1.05, 2.9, "Scoring", ("probability, decision,", "reasons; no torch"), STORED)
BOXES = (
    TABLES, CONTRACT, PREPARE, COLUMNS, LEAVES, PRETRAIN, NETWORK, COMPANION, DECISION, ARTIFACT,
    SCORING,
)  # fmt: skip


def draw_box(axes: Axes, box: Box) -> None:
    """One stage with its title and lines."""
    axes.add_patch(
        FancyBboxPatch(
            (box.x - box.width / 2, box.y - box.height / 2),
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=box.fill,
            edgecolor=EDGES[box.fill],
            linewidth=1.3,
        )
    )
    step = 0.36
    first = box.y + step * len(box.lines) / 2
    axes.text(
        box.x,
        first,
        box.title,
        ha="center",
        va="center",
        color=INK,
        size=11.5,
        weight="bold",
    )
    for j, line in enumerate(box.lines, start=1):
        axes.text(box.x, first - j * step, line, ha="center", va="center", color=GREY, size=10.5)


def draw_arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], shape: str = "arc3"
) -> None:
    """From one stage to the next."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=shape,
            arrowstyle="-|>",
            mutation_scale=13,
            color=INK,
            linewidth=1.2,
            shrinkA=1,
            shrinkB=1,
        )
    )


def draw(axes: Axes) -> None:
    """The whole picture."""
    layer = Rectangle((9.0, 2.1), 2.9, 6.15, fill=False, edgecolor=GREY, linestyle=(0, (4, 3)))
    axes.add_patch(layer)
    axes.text(10.45, 7.88, "Visible layer", ha="center", va="center", color=GREY, size=10.5)
    axes.text(10.45, 4.95, "side by side", ha="center", va="center", color=GREY, size=10.5)
    for box in BOXES:
        draw_box(axes, box)
    draw_arrow(axes, TABLES.right, CONTRACT.left)
    draw_arrow(axes, CONTRACT.right, PREPARE.left)
    draw_arrow(axes, PREPARE.right, (9.0, PREPARE.y))
    draw_arrow(axes, (9.0, PRETRAIN.y), PRETRAIN.right)
    draw_arrow(axes, PRETRAIN.left, NETWORK.right)
    draw_arrow(axes, COLUMNS.left, COMPANION.right)
    draw_arrow(axes, NETWORK.left, (DECISION.right[0], DECISION.y + 0.3))
    draw_arrow(axes, COMPANION.left, (DECISION.right[0], DECISION.y - 0.3))
    draw_arrow(axes, DECISION.bottom, ARTIFACT.left, "angle,angleA=-90,angleB=180,rad=8")
    draw_arrow(axes, ARTIFACT.right, SCORING.left)


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", nargs="?", type=Path, default=PICTURE)
    options = parser.parse_args()
    mpl.rcParams |= {"font.family": "DejaVu Sans", "svg.hashsalt": "pipeline"}
    figure = plt.figure(figsize=(9, 6.3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 12)
    axes.set_ylim(0.05, 8.45)
    axes.axis("off")
    draw(axes)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    # Without its date, the same picture is the same file.
    dated = {"metadata": {"Date": None}} if options.output.suffix == ".svg" else {}
    figure.savefig(options.output, dpi=100, facecolor="white", **dated)
    print(options.output)


if __name__ == "__main__":
    main()
