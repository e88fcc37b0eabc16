"""What all parts of a search for next offers share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scipy.sparse import csr_array

from dbnchurn.core.typing import Bools
from dbnchurn.offers.item_weights import Weights, cosine_weights, ease_weights, gram

EASE, COSINE = "ease", "cosine"
MEASURED = 20_000  # customers at most on whom lists are measured


@dataclass(frozen=True, eq=False)
class Settings:
    """Parameters of a search, checked.

    Parameters
    ----------
    method : {"ease", "cosine"}
    penalties : tuple of float
        From which that of EASE is chosen.
    window, recent : int
        Weeks.
    repeat : bool
    k : int
        Offers of a list.
    possible : bool array of shape (m,)
        Items that are offered.
    random_state : int
    """

    method: str
    penalties: tuple[float, ...]
    window: int
    recent: int
    repeat: bool
    k: int
    possible: Bools
    random_state: int

    def weights(self, held: csr_array, penalty: float | None) -> Weights:
        """Weights of the items from what customers hold.

        Parameters
        ----------
        held : csr_array of shape (n, m)
        penalty : float or None
            None for cosine.

        Returns
        -------
        array of shape (m, m)
        """
        if penalty is None:
            return cosine_weights(held)
        return ease_weights(gram(held), penalty)

    def tried_weights(self, held: csr_array) -> Iterator[tuple[float | None, Weights]]:
        """Weights by each penalty, one after another; cosine has none, and one result.

        Parameters
        ----------
        held : csr_array of shape (n, m)

        Yields
        ------
        penalty : float or None
        weights : array of shape (m, m)
        """
        if self.method != EASE:
            yield None, cosine_weights(held)
            return
        together = gram(held)
        for penalty in self.penalties:
            yield penalty, ease_weights(together, penalty)
