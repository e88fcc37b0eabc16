"""What was learned of next offers as a folder: JSON and safetensors, nothing ever executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.typing import Floats32, Ints32
from dbnchurn.offers.acceptance import Acceptance
from dbnchurn.offers.list_quality import ListQuality
from dbnchurn.offers.new_items import NewItemQuality
from dbnchurn.offers.next_offer import NextOffer
from dbnchurn.offers.next_offer_record import NextOfferRecord
from dbnchurn.offers.rules import Rule
from dbnchurn.offers.settings import COSINE, EASE
from dbnchurn.predictor.record_folder import RecordFolder

STORED = RecordFolder("next_offer", "next offers", version=1, most_bytes=4 * 2**30)
NO_NUMBER = "a weight of an item is no number"
FOLDER = "model"  # within a run folder of ``dbnchurn offers``


@dataclass(frozen=True, eq=False)
class NearestWeights:
    """Weights of the nearest items alone, in compressed rows.

    Parameters
    ----------
    values : float32 array of shape (k,)
    columns : int32 array of shape (k,)
    ends : int32 array of shape (m + 1,)
        Of the rows; the first is 0.
    """

    values: Floats32
    columns: Ints32
    ends: Ints32

    def audit(self) -> None:
        """Refuse what are no rows.

        Raises
        ------
        ArtifactError
            If there are any.
        """
        m, k = len(self.ends) - 1, len(self.values)
        shaped = self.values.shape == self.columns.shape == (k,) and self.ends.shape == (m + 1,)
        # Compared rather than subtracted, for differences of int32 may overflow.
        rising = shaped and m > 0 and self.ends[0] == 0 and (self.ends[1:] >= self.ends[:-1]).all()
        if not rising or self.ends[-1] != k:
            raise ArtifactError("the weights of items are no compressed rows")
        if k and not 0 <= self.columns.min() <= self.columns.max() < m:
            raise ArtifactError("a weight is of an item that is not there")
        if not np.isfinite(self.values).all():
            raise ArtifactError(NO_NUMBER)

    @property
    def matrix(self) -> csr_array:
        """The weights, of shape (m, m)."""
        m = len(self.ends) - 1
        return csr_array((self.values, self.columns, self.ends), shape=(m, m))


@dataclass(frozen=True)
class Parameters:
    """Parameters of the stage; its penalties are those of `tried`."""

    method: str
    penalties: tuple[float, ...]
    window: int
    recent: int
    repeat: bool
    n_offers: int
    n_rules: int
    random_state: int

    def audit(self) -> None:
        """Refuse what no stage would have taken.

        Raises
        ------
        ArtifactError
            If there are any.
        """
        if self.method not in ("auto", EASE, COSINE):
            raise ArtifactError(f"there is no method {self.method!r:.60}")
        numbers = (self.window, self.recent, self.n_offers)
        if min(numbers) < 1 or min(self.n_rules, self.random_state) < 0:
            raise ArtifactError("a parameter is out of its range")


@dataclass(frozen=True)
class Tried:
    """A penalty, and the recall of the lists that it gave."""

    penalty: float
    recall: float


@dataclass(frozen=True, eq=False)
class StoredNextOffer:
    """All of a fitted :class:`NextOffer`; of the weights one kind is there."""

    parameters: Parameters
    items: tuple[str, ...]
    groups: tuple[str | None, ...]
    dense: Floats32 | None
    nearest: NearestWeights | None
    acceptance: Acceptance
    method: str
    penalty: float | None
    window: int
    repeat: bool
    quality: ListQuality
    tried: tuple[Tried, ...]
    rules: tuple[Rule, ...]
    new_items: NewItemQuality | None
    measured_length: int

    def audit(self) -> None:
        """Refuse parts that are not of the same items, or no stage would have made.

        Raises
        ------
        ArtifactError
            If there are any.
        """
        m = len(self.items)
        if not m or len(set(self.items)) < m:
            raise ArtifactError("items are missing or repeated")
        if self.groups and len(self.groups) != m:
            raise ArtifactError(f"there are {len(self.groups)} groups of {m} items")
        if (self.dense is None) == (self.nearest is None):
            raise ArtifactError("exactly one kind of weights has to be there")
        shape = (m, m) if self.nearest is None else self.nearest.matrix.shape
        if shape != (m, m) or (self.dense is not None and self.dense.shape != (m, m)):
            raise ArtifactError(f"the weights are not those of {m} items")
        if self.dense is not None and not np.isfinite(self.dense).all():
            raise ArtifactError(NO_NUMBER)
        if len(self.acceptance.offsets) != m:
            raise ArtifactError(f"the acceptance is not that of {m} items")
        if self.method not in (EASE, COSINE) or (self.method == EASE) != (self.penalty is not None):
            raise ArtifactError(f"{self.method!r:.60} with penalty {self.penalty} is no method")
        if self.window < 0 or (self.repeat and not self.window):
            raise ArtifactError("window or repeat is out of its range")
        known = set(self.items)
        if any({*rule.holders_of, rule.take} - known for rule in self.rules):
            raise ArtifactError("a rule names an item that is not there")
        if self.measured_length < 1:
            raise ArtifactError("the length of the measured lists is out of its range")

    @classmethod
    def of(cls, offers: NextOffer) -> StoredNextOffer:
        """That of a fitted stage."""
        record = offers.record_
        dense = nearest = None
        if isinstance(record.weights, np.ndarray):
            dense = record.weights
        else:
            rows = csr_array(record.weights)
            nearest = NearestWeights(
                rows.data.astype(np.float32),
                rows.indices.astype(np.int32),
                rows.indptr.astype(np.int32),
            )
        return cls(
            Parameters(
                offers.method,
                tuple(map(float, offers.penalties)),
                offers.window,
                offers.recent,
                offers.repeat,
                offers.n_offers,
                offers.n_rules,
                offers.random_state,
            ),
            record.items,
            record.groups,
            dense,
            nearest,
            record.acceptance,
            record.method,
            record.penalty,
            record.window,
            record.repeat,
            offers.quality_,
            tuple(Tried(penalty, recall) for penalty, recall in offers.tried_.items()),
            offers.rules_,
            offers.new_item_quality_,
            offers.measured_length_,
        )

    def stage(self) -> NextOffer:
        """The fitted stage."""
        made = NextOffer(**vars(self.parameters))
        weights = self.dense if self.nearest is None else self.nearest.matrix
        assert weights is not None
        made.record_ = NextOfferRecord(
            self.items,
            self.groups,
            weights,
            self.acceptance,
            self.method,
            self.penalty,
            self.window,
            self.repeat,
        )
        made.quality_ = self.quality
        made.tried_ = {tried.penalty: tried.recall for tried in self.tried}
        made.rules_ = self.rules
        made.new_item_quality_ = self.new_items
        made.measured_length_ = self.measured_length
        return made


def save(offers: NextOffer, folder: str | Path, *, mkdir: bool = True) -> Path:
    """Write a fitted stage into a folder, which appears when it is whole.

    Parameters
    ----------
    offers : NextOffer
        Fitted.
    folder : str or Path
        New, or with next offers learned earlier, which are replaced.
    mkdir : bool, default True
        Whether the folders above it are made if they do not exist.

    Returns
    -------
    Path
        The folder, with ``next_offer.json`` and ``next_offer.safetensors``.

    Raises
    ------
    ConfigError
        The stage is not fitted, the folder holds something else, or the folder above it does not
        exist.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn.offers import Purchases
    >>> generator = np.random.default_rng(0)
    >>> customer, week = np.repeat(np.arange(200), 12), np.tile(np.arange(12), 200)
    >>> bought = Purchases.of(customer, generator.integers(0, 8, len(customer)), week)
    >>> offers = NextOffer(window=2).fit(bought)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(save(offers, folder + "/model"))
    >>> again.recommend(bought).equals(offers.recommend(bought))
    True
    """
    if not hasattr(offers, "record_"):
        raise ConfigError("these next offers have learned nothing yet; call fit before save")
    return STORED.save(StoredNextOffer.of(offers), folder, mkdir=mkdir)


def load(folder: str | Path) -> NextOffer:
    """Read next offers that :func:`save` wrote, each part checked.

    Parameters
    ----------
    folder : str or Path
        Theirs, or a run folder of ``dbnchurn offers``, which has them in ``model``.

    Returns
    -------
    NextOffer
        As it was fitted.

    Raises
    ------
    ArtifactError
        The files are missing, damaged, or of another format.

    Examples
    --------
    >>> load("nowhere")
    Traceback (most recent call last):
    dbnchurn.core.errors.ArtifactError: nowhere: next offers cannot be read: nowhere holds no next \
offers: next_offer.json: No such file or directory
    """
    folder = Path(folder)
    if not (folder / STORED.tree).exists() and (folder / FOLDER / STORED.tree).exists():
        folder = folder / FOLDER
    index, arrays = STORED.load(folder)
    return STORED.record(StoredNextOffer, index.get(STORED.name), arrays, folder).stage()
