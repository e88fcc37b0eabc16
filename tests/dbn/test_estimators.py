"""DBN and the single machine as scikit-learn estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from dbnchurn.dbn import DBN, RBMTransformer


def not_held(estimator):
    """Checks that cannot hold, with the reason."""
    reason = (
        "hidden units and visible units are sampled row by row: a repeated row draws twice, a "
        "weighted one once; the statistics themselves are tested to be equal"
    )
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [DBN((4, 3), epochs=2, random_state=0), RBMTransformer(4, n_iter=2, random_state=0)],
    expected_failed_checks=not_held,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)
