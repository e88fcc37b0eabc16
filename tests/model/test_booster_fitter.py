"""Boosters are fitted elsewhere within a block alone."""

from dbnchurn.model.booster_fitter import boosters_fitted_by, current_fitter


class Fitter:
    """Gives unfitted boosters back."""

    def fit(self, leaves, train, preparation, prepared, generator):
        return leaves


def test_blocks_end():
    one, other = Fitter(), Fitter()
    assert current_fitter() is None
    with boosters_fitted_by(one):
        with boosters_fitted_by(other):
            assert current_fitter() is other
        with boosters_fitted_by(None):
            assert current_fitter() is None
        assert current_fitter() is one
    assert current_fitter() is None
