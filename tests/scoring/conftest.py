"""A stored model that the tests of this folder share and leave as it is."""

import pytest


@pytest.fixture(scope="session")
def shared_model(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "model"
    fitted.save(folder)
    return folder
