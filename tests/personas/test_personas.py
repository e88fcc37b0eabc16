"""Personas: planted groups are found again, frozen, described; outcomes are refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.personas import Personas, load, save
from dbnchurn.personas.code_space import LAYERS, fit_code_space
from dbnchurn.personas.code_space_record import columns_of
from dbnchurn.personas.description import number_text
from dbnchurn.personas.k_means import distance_scores, k_means
from dbnchurn.personas.mixture import mixture
from dbnchurn.personas.outcome_columns import refuse_outcome_columns
from dbnchurn.personas.persona_record import Phrase
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space import fit_space
from dbnchurn.personas.space_record import Points
from dbnchurn.personas.stability import Stability, adjusted_rand_index, choose
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read

SMALL = {"most": 6, "n_starts": 4, "refits": 3, "choice_sample": 600}


def planted(n=1500, missing=0.0, seed=0):
    """Four groups of unlike sizes in numbers, a flag and a category, and which is whose."""
    generator = np.random.default_rng(seed)
    group = generator.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    frame = pd.DataFrame(
        {
            "tenure": generator.normal([5, 30, 60, 30], 4, (n, 4))[np.arange(n), group],
            "spend": np.exp(generator.normal([2, 4, 3, 6], 0.4, (n, 4))[np.arange(n), group]),
            "calls": generator.poisson([2, 20, 8, 40], (n, 4))[np.arange(n), group].astype(float),
            "online": generator.random(n) < np.array([0.95, 0.05, 0.9, 0.1])[group],
            "plan": np.array(["S", "M", "L", "XL"])[
                np.where(generator.random(n) < 0.9, group, generator.integers(0, 4, n))
            ],
        }
    )
    if missing:
        frame = frame.astype({"online": object}).mask(generator.random(frame.shape) < missing)
    return frame, group


@pytest.fixture(scope="module")
def found():
    frame, group = planted()
    return Personas(random_state=0, **SMALL).fit(frame), frame, group


def test_planted_personas_are_recovered_and_their_number_chosen(found):
    personas, _, group = found
    assert len(personas.record_.names) == 4
    assert adjusted_rand_index(personas.labels_, group) >= 0.95
    assert personas.record_.stability.ari >= 0.9
    assert personas.record_.tree_agreement >= 0.85


def test_names_go_from_the_largest_to_the_smallest(found):
    shares = found[0].table()["share"]
    assert shares.is_monotonic_decreasing
    assert found[0].record_.names == ("P1", "P2", "P3", "P4")
    counted = found[0].labels_.value_counts(normalize=True)
    assert counted.to_dict() == dict(zip(found[0].record_.names, shares, strict=True))


def test_a_seed_gives_the_same_personas_and_the_input_stays(found):
    personas, frame, _ = found
    before = frame.copy()
    again = Personas(random_state=0, **SMALL).fit(frame)
    pd.testing.assert_series_equal(again.labels_, personas.labels_)
    pd.testing.assert_frame_equal(frame, before)


def test_words_are_at_most_four_phrases_with_true_shares(found):
    personas, frame, _ = found
    for persona in personas.record_.personas:
        assert 1 <= len(persona.phrases) <= 4
        assert len({phrase.column for phrase in persona.phrases}) == len(persona.phrases)
        for phrase in persona.phrases:
            if phrase.column == "plan":
                has = frame["plan"] == phrase.text.removeprefix("plan ")
                assert phrase.everyone == pytest.approx(has.mean())
                assert phrase.inside == pytest.approx(has[personas.labels_ == persona.name].mean())
    assert str(Phrase("a", "a 2 or more", 0.9, 0.3)) == "a 2 or more (90 % against 30 %)"
    assert (number_text(3.14159), number_text(-1234.5)) == ("3.14", "-1234")


def test_assignment_depends_on_the_row_alone(found):
    personas, frame, _ = found
    mixed = frame.sample(frac=1, random_state=1)[::-1]
    pd.testing.assert_series_equal(personas.assign(mixed).sort_index(), personas.labels_)
    for row in (0, 7, 99):
        assert personas.assign(frame.iloc[[row]]).item() == personas.labels_.iloc[row]


def test_the_stored_record_assigns_the_same(found, tmp_path):
    personas, frame, _ = found
    stored = load(save(personas.record_, tmp_path / "personas"))
    pd.testing.assert_series_equal(stored.assign(frame), personas.labels_)
    points = stored.space.points(read(stored.schema, frame)[0])
    assert np.array_equal(stored.scores.of(points), personas.record_.scores.of(points))
    pd.testing.assert_frame_equal(stored.table(), personas.table())


def test_damaged_files_are_refused(found, tmp_path):
    folder = save(found[0].record_, tmp_path / "personas")
    arrays = folder / "personas.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-8] + bytes(8))
    with pytest.raises(ArtifactError, match="damaged"):
        load(folder)
    save(found[0].record_, folder)
    tree = json.loads((folder / "personas.json").read_text())
    tree["personas"]["personas"].pop()
    (folder / "personas.json").write_text(json.dumps(tree))
    with pytest.raises(ArtifactError, match="another number of personas"):
        load(folder)
    with pytest.raises(ArtifactError, match="holds no personas"):
        load(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(ConfigError, match="holds no personas; choose another folder"):
        save(found[0].record_, tmp_path / "other")


@pytest.mark.parametrize("method", ["k_means", "mixture"])
def test_gaps_are_left_out(method):
    frame, group = planted(missing=0.2)
    personas = Personas(n_personas=4, method=method, n_starts=4, refits=2, random_state=0)
    labels = personas.fit(frame).labels_
    assert adjusted_rand_index(labels, group) >= 0.7


def test_a_row_of_which_nothing_is_known_has_no_persona(found):
    personas, frame, _ = found
    empty = pd.DataFrame({name: [None] for name in frame})
    assert personas.assign(empty).isna().all()


def test_values_never_seen_are_said(found, caplog):
    personas, frame, _ = found
    personas.assign(frame.head(3).assign(plan="XXL"))
    assert "column 'plan' holds values that no customer had" in caplog.text


def test_outcomes_and_scores_are_refused():
    frame, group = planted()
    for name in ("churned", "Churn Score", "probability", "persona"):
        with pytest.raises(DataError, match=f"'{name}' is named like an outcome"):
            Personas(random_state=0).fit(frame.assign(**{name: 1.0}))
    with pytest.raises(DataError, match="reveal the outcome"):
        Personas(random_state=0).fit(frame.assign(closing_fee=group == 3), y=group == 3)
    missing = np.where(np.arange(1500) < 40, np.nan, group == 3)
    with pytest.raises(DataError, match="reveal the outcome"):
        Personas(random_state=0).fit(frame.assign(closing_fee=group == 3), y=missing)
    with pytest.raises(DataError, match="y holds values such as 'yes' in 1500 rows"):
        Personas(random_state=0).fit(frame, y=["yes"] * 1500)
    refuse_outcome_columns(["churned"], ["churned"])
    with pytest.raises(ConfigError, match="lacks"):
        refuse_outcome_columns(["tenure"], ["score"])


def test_small_personas_are_refused():
    frame, _ = planted()
    frame.loc[:4, ["tenure", "spend", "calls"]] = [900.0, 1e9, 9000.0]
    with pytest.raises(DataError, match="the smallest of 12 personas has"):
        Personas(n_personas=12, min_share=0.06, n_starts=3, random_state=0).fit(frame)
    with pytest.raises(DataError, match="every number of personas from 3 to 4"):
        choose([Stability(3, 1, 1, 1, 0.001), Stability(4, 1, 1, 1, 0.002)], 0.01)


def test_a_number_is_taken_within_the_error_of_the_best():
    def taken(ari, error, best_error=0.001):
        return choose(
            [Stability(4, 0.99, 0.9, 1, 0.1, best_error), Stability(5, ari, 0.8, 1, 0.1, error)], 0
        )

    assert taken(0.986, 0.0) == 5  # 0.005 is always near enough
    assert taken(0.96, 0.005) == 4
    assert taken(0.96, 0.04) == taken(0.96, 0.005, best_error=0.04) == 5
    assert taken(0.93, 0.2) == 4  # more than 0.05 never is
    assert taken(0.95, None, best_error=None) == 5  # as records without errors were chosen


def test_halves_along_a_column_of_noise_are_no_personas():
    frame, group = planted(1500, seed=2)
    frame["noise"] = np.random.default_rng(3).normal(size=1500)
    personas = Personas(random_state=0, most=6, choice_sample=1500).fit(frame)
    assert len(personas.record_.names) == 4
    assert adjusted_rand_index(personas.labels_, group) >= 0.95


def test_noise_is_said_to_be_unstable():
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(600, 6)))
    with pytest.warns(UserWarning, match="not stable"):
        Personas(random_state=0, **SMALL).fit(noise)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": np.arange(50.0)}), "50 customers are too few"),
        (pd.DataFrame({"a": np.ones(200)}), "no column can tell personas apart"),
    ],
)
def test_tables_that_say_nothing_are_refused(frame, message):
    with pytest.raises(DataError, match=message):
        Personas(random_state=0).fit(frame)


def test_dates_are_left_out_and_said():
    frame, _ = planted(400)
    frame["since"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(400), "D")
    personas = Personas(n_personas=3, refits=2, random_state=0).fit(frame)
    assert "moves on" in personas.skipped_["since"]


def test_the_index_of_agreement_is_known():
    assert adjusted_rand_index([0, 0, 1, 1], [1, 1, 0, 0]) == 1
    # Hubert and Arabie's formula by hand: 1 pair in both, 2 and 2 of 6 pairs in each.
    assert adjusted_rand_index([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(
        (1 - 1 / 3) / (1.5 - 1 / 3)
    )
    generator = np.random.default_rng(0)
    assert abs(adjusted_rand_index(*generator.integers(0, 5, (2, 20_000)))) < 0.01


def test_scores_of_centres_are_distances_in_known_columns():
    generator = np.random.default_rng(0)
    seen = (generator.random((40, 3)) < 0.7).astype(float)
    points = Points(generator.normal(size=(40, 3)) * seen, seen, np.arange(3))
    centres = k_means(points, 3, 2, generator)
    scores = distance_scores(centres, points.column, 3)
    squared = (np.square(points.values[:, None] - centres) * seen[:, None]).sum(axis=2)
    own = np.square(points.values).sum(axis=1)
    assert np.allclose(scores.of(points), own[:, None] - squared)


def test_scores_of_a_mixture_are_log_likelihoods():
    frame, _ = planted(500)
    schema = infer(frame)
    table, _ = read(schema, frame)
    space, _ = fit_space(schema, table)
    scores = mixture(space.points(table), len(space.numbers), 2, 1, np.random.default_rng(0))
    assert isinstance(scores, Scores)
    # Probabilities of the levels of a category, in a persona, sum to 1.
    places = np.flatnonzero(space.column == len(space.numbers))
    levels = scores.linear[places] * space.level_size[0] + scores.seen[len(space.numbers)]
    rest = np.exp(scores.seen[len(space.numbers)])
    assert np.allclose(np.exp(levels).sum(axis=0) + rest, 1)


@pytest.fixture(scope="module")
def coded():
    """Personas in the hidden codes of machines, and the table."""
    frame, group = planted(600, missing=0.05)
    personas = Personas(
        n_personas=3, space="codes", n_starts=3, refits=2, choice_sample=200, random_state=0
    )
    return personas.fit(frame), frame, group


def test_codes_are_stored_and_assign_the_same_without_torch(coded, tmp_path):
    personas, frame, group = coded
    stored = load(save(personas.record_, tmp_path / "personas"))
    pd.testing.assert_series_equal(stored.assign(frame), personas.labels_)
    table, _ = read(stored.schema, frame)
    assert np.array_equal(stored.points(table).values, personas.record_.points(table).values)
    assert len(stored.scores.linear) == stored.codes.n_codes == LAYERS[-1]
    assert adjusted_rand_index(personas.labels_, group) > 0.3
    empty = pd.DataFrame({name: [None] for name in frame})
    assert stored.assign(empty).isna().all()


def test_codes_of_a_row_depend_on_the_row_alone(coded):
    personas, frame, _ = coded
    for row in (0, 5, 50):
        assert personas.assign(frame.iloc[[row]]).item() == personas.labels_.iloc[row]
    record = personas.record_
    table, _ = read(record.schema, frame)
    again = fit_code_space(record.space, table, np.random.default_rng(3))
    assert again.n_codes == LAYERS[-1]
    own = columns_of(record.space, table)
    assert own.numbers.shape[1] == len(record.space.numbers)


def test_machines_of_other_columns_are_refused(coded):
    record = coded[0].record_
    lacking = replace(record.space, categories=record.space.categories[:0])
    with pytest.raises(ArtifactError, match="other columns than the space has"):
        record.codes.audit_against(lacking)
    with pytest.raises(ConfigError, match="space='codes' has none"):
        Personas(space="codes", method="mixture").fit(coded[1])


def test_personas_of_earlier_formats_are_read():
    old = Path(__file__).parent / "old"
    record = load(old / "format_1")
    rows = pd.read_csv(old / "format_1_rows.csv")
    assert record.assign(rows).tolist() == (old / "format_1_names.txt").read_text().split()
    assert (record.id, record.codes) == (None, None)
