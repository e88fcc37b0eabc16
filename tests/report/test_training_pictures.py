"""Pictures of training: which ones there are, and their curves in the drawing and in the text."""

from dataclasses import replace

import numpy as np
import pytest

from dbnchurn.core.html.figure import COLOURS, MARK
from dbnchurn.report import FineTuning, Pretraining, ReportInput, Weights
from dbnchurn.report.training_pictures import (
    fine_tuning,
    free_energy,
    idle,
    reconstruction,
    training_pictures,
    weights,
)
from tests.report.drawn import lines

ERROR, GAP, DEAD, ON = [0.5, 0.4, 0.35], [0.1, 0.0, -0.2], [0.3, 0.2, 0.25], [0.0, 0.1, 0.05]


@pytest.fixture
def machine() -> Pretraining:
    return Pretraining("RBM 1", ERROR, GAP, DEAD, ON)


@pytest.fixture
def top() -> Weights:
    cells = np.random.default_rng(0).normal(size=(6, 3)).tolist()
    return Weights([f"unit {i}" for i in range(6)], [9, 2, 5], cells, 80, 1600, 0.7)


def make_run(**parts: object) -> ReportInput:
    return ReportInput("run", [0, 1], {"m": [0.2, 0.7]}, {"m": {}}, "fixed", [], **parts)


def assert_curve(line: list[tuple[float, float]], values: list[float]) -> None:
    """The line has the values at equal steps to the right; larger values are further up."""
    x, y = np.array(line).T
    steps = np.diff(x)
    np.testing.assert_allclose(steps, steps[0], atol=0.05)
    assert steps[0] > 0
    slope, start = np.polyfit(values, y, 1)
    np.testing.assert_allclose(slope * np.array(values) + start, y, atol=0.05)
    assert slope < 0  # the vertical coordinate of an SVG grows downwards


@pytest.mark.parametrize(
    ("draw", "values"), [(reconstruction, ERROR), (free_energy, GAP), (idle, DEAD)]
)
def test_a_curve_has_one_point_per_epoch(machine, draw, values):
    (curve,) = lines(draw(machine).svg, COLOURS[0])
    assert_curve(curve, values)


def test_the_text_beside_a_curve_has_its_first_and_last_value(machine):
    assert reconstruction(machine).alt == ("Reconstruction error over 3 epochs, from 0.5 to 0.35.")
    assert free_energy(machine).alt == "Free-energy gap over 3 epochs, from 0.1 to -0.2."
    assert idle(machine).alt == ("Dead hidden units: 25.0 % after the last epoch, saturated 5.0 %.")


def test_rectified_units_have_no_saturated_share(machine):
    rectified = replace(machine, rectified=True)
    assert idle(rectified).alt == "Dead hidden units: 25.0 % after the last epoch."
    assert lines(idle(rectified).svg, COLOURS[1]) == []
    (saturated,) = lines(idle(machine).svg, COLOURS[1])
    assert_curve(saturated, ON)


def test_losses_share_a_scale_and_the_kept_epoch_is_marked():
    picture = fine_tuning(FineTuning([0.7, 0.6, 0.5], [0.4, 0.2, 0.3], best_epoch=2))
    (training,), (validation,) = (lines(picture.svg, colour) for colour in COLOURS[:2])
    both = np.array(training + validation)[:, 1]
    values = np.array([0.7, 0.6, 0.5, 0.4, 0.2, 0.3])
    slope, start = np.polyfit(values, both, 1)
    np.testing.assert_allclose(slope * values + start, both, atol=0.05)
    (kept,) = lines(picture.svg, MARK)
    assert {x for x, _ in kept} == {training[1][0]}
    assert picture.alt == (
        "Loss over 3 epochs; training from 0.7 to 0.5, validation from 0.4 to 0.3."
    )


def test_without_validation_there_is_the_training_loss_alone():
    picture = fine_tuning(FineTuning([0.7, 0.5]))
    assert picture.alt == "Loss over 2 epochs; training from 0.7 to 0.5."
    assert lines(picture.svg, COLOURS[1]) == lines(picture.svg, MARK) == []


def test_the_heatmap_names_its_shares_and_strongest_inputs(top):
    picture = weights(top)
    assert "The 6 strongest of 80 inputs and 3 of 1,600 hidden units." in picture.reading
    assert "hold 70.0 % of the squared weights" in picture.reading
    assert picture.alt.endswith("are unit 0, unit 1, unit 2, unit 3, unit 4.")
    assert "Leaves" not in weights(replace(top, leaf_share=0.0)).reading


def test_weights_that_are_all_zero_can_be_drawn(top):
    assert "<image" in weights(replace(top, weights=[[0.0] * 3] * 6)).svg


def test_pictures_follow_training_and_empty_curves_have_none(machine, top):
    losses = FineTuning([0.7, 0.5])
    second = Pretraining("RBM 2", ERROR)
    run = make_run(pretraining=[machine, second], weights=top, fine_tuning=losses)
    titles = [picture.title for picture in training_pictures(run)]
    assert len(set(titles)) == len(titles) == 6
    assert [title.split(":")[0] for title in titles[:4]] == ["RBM 1"] * 3 + ["RBM 2"]
    assert "strongest weights" in titles[4]
    assert titles[5].startswith("Fine-tuning")


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"weights": Weights([], [], [], 0, 0, 0.0)},
        {"fine_tuning": FineTuning([])},
        {"pretraining": [Pretraining("RBM 1", [])]},
    ],
)
def test_without_curves_there_are_no_pictures(parts):
    assert training_pictures(make_run(**parts)) == []
