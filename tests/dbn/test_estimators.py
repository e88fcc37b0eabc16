"""DBN and the single machine as scikit-learn estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from dbnchurn.dbn import DBN, RBMTransformer


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [DBN((4, 3), epochs=2, random_state=0), RBMTransformer(4, n_iter=2, random_state=0)]
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)
