"""What a model says about itself has the form that this package stores, whatever it says."""

import json

import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError
from dbnchurn.predictor.about import audit_about


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"id": ["a"]}, "about.id has to be a text"),
        ({"label": 3}, "about.label has to be a text"),
        ({"positive": [["Yes"]]}, "about.positive has to be a list of labels"),
        ({"negative": {}}, "about.negative has to be a list of labels"),
        ({"assumed": "no"}, "about.assumed has to be true or false"),
        ({"notes": "read as numbers"}, "about.notes has to be a list of texts"),
        ({"column_labels": {"debt": 1}}, "about.column_labels has to map"),
        ({"column_labels": ["debt"]}, "about.column_labels has to map"),
        ({"data": []}, "about.data has to be a mapping"),
        ({"metrics": 0.5}, "about.metrics has to be a mapping"),
    ],
)
def test_other_forms_are_refused(model, about, message):
    with pytest.raises(ArtifactError, match=message):
        audit_about(about)
    path = model / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["about"] |= about
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=message):
        Predictor.load(model)


def test_what_is_not_known_may_be_absent_and_more_may_be_said():
    audit_about({})
    audit_about({"id": None, "positive": "Yes", "negative": [0, False], "more": [{"a": 1}]})


@pytest.mark.parametrize("text", ["1e999", "-1e999", '"\\ud800"', "1" * 30, "[" * 70 + "]" * 70])
def test_numbers_texts_and_depths_that_cannot_be_are_refused(model, text):
    path = model / "manifest.json"
    path.write_text(path.read_text().replace('"about": {', f'"about": {{"more": {text}, ', 1))
    with pytest.raises(ArtifactError, match=r"manifest\.json is not valid JSON"):
        Predictor.load(model)
