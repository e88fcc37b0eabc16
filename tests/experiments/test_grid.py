"""What an experiment runs: every variant at every point, for every seed and fold."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.experiments.grid import named_changes, plan
from dbnchurn.runs import read_config


@pytest.fixture
def config_of(write_config, telco, small_run):
    def read(more: str = "", *overrides: str):
        return read_config(write_config(telco, more=more), [*small_run, *overrides])

    return read


def test_without_a_section_the_config_runs_as_it_is(config_of):
    (run,) = plan(config_of())
    assert (run.variant, run.unit) == ("as configured", "seed 0, fold 1")
    assert run.config == config_of()


def test_everything_is_crossed_with_everything(config_of):
    config = config_of(
        "split: {protocol: kfold, folds: 2}\n"
        "experiment:\n"
        "  variants: {whole: {}, bare: {classifier.use_leaves: false}}\n"
        "  grid: {classifier.network.dbn.cd_k: [1, 2], classifier.restraint: [0.0]}\n"
        "  seeds: [3, 4]\n"
    )
    runs = plan(config)
    names = [f"{v}, cd_k={k}, restraint=0.0" for v in ("whole", "bare") for k in (1, 2)]
    assert len(runs) == len({run.label for run in runs}) == 4 * 2 * 2
    assert [run.variant for run in runs[:4]] == names
    assert [run.unit for run in runs[::4]] == [
        "seed 3, fold 1", "seed 3, fold 2", "seed 4, fold 1", "seed 4, fold 2",
    ]  # fmt: skip
    last = runs[-1].config
    assert (last.seed, last.split.fold) == (4, 2)
    assert last.classifier.use_leaves is False
    assert last.classifier.network.dbn.cd_k == 2
    assert last.classifier.network.finetune == config.classifier.network.finetune
    assert last.experiment is None
    assert all(len(run.slug) <= 60 and run.slug.isascii() for run in runs)


def test_points_of_one_last_word_are_told_apart():
    found = named_changes(
        {}, {"classifier.network.dbn.epochs": [1], "classifier.network.finetune.epochs": [2]}
    )
    assert list(found) == ["dbn.epochs=1, finetune.epochs=2"]


def test_values_are_plain_data_of_any_kind(config_of):
    config = config_of(
        "experiment: {variants: {a: {classifier.network.dbn: {layers: [4], epochs: 2}, "
        "classifier.threshold.rule: precision, classifier.threshold.target: 0.5}}}\n"
    )
    (run,) = plan(config)
    assert run.config.classifier.network.dbn.layers == (4,)
    assert (
        run.config.classifier.network.dbn.learning_rate
        == config.classifier.network.dbn.learning_rate
    )
    assert run.config.classifier.threshold.target == 0.5


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (
            "{x: {classifier.network.dbn.epoch: 3}}",
            r"variant 'x': classifier.network.dbn.epoch: .* 'epochs'",
        ),
        (
            "{x: {classifier.network.dbn.epochs: many}}",
            "variant 'x': classifier.network.dbn.epochs should be",
        ),
        ("{x: {seed: 3}}", "variant 'x': seed is not a setting that variants can have"),
        ("{x: {split.fold: 2}}", "split.fold is not a setting"),
        ("{x: {experiment.jobs: 2}}", "experiment.jobs is not a setting"),
        ("{x: {split.protocol: kfold}}", "variants cannot change the divisions"),
    ],
)
def test_variants_that_are_no_configs_are_refused(config_of, variants, message):
    with pytest.raises(ConfigError, match=message):
        plan(config_of(f"experiment: {{variants: {variants}}}\n"))


def test_every_mistake_of_a_variant_has_a_line(config_of):
    changes = (
        "{classifier.network.dbn.epoch: 3, classifier.restraint: -1, "
        "classifier.network.dbn.cd_k.x: 1}"
    )
    with pytest.raises(ConfigError) as refused:
        plan(config_of(f"experiment: {{variants: {{x: {changes}}}}}\n"))
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("variant 'x': classifier.") for line in lines)
