"""What assigns a point to a persona: a score that is linear in what is seen of the point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.personas.space_record import Points

DIGITS = 9  # of a score; equal scores must not differ in how a library adds them up


@dataclass(frozen=True, eq=False)
class Scores:
    """Weights of a score for each of K personas; the highest score is the persona.

    K-means is the case in which the score is minus the squared distance in the columns that are
    seen, a mixture that in which it is the log-likelihood of these columns.

    Parameters
    ----------
    linear : float64 array of shape (d, K)
        Of the coordinates.
    square : float64 array of shape (d, K)
        Of their squares.
    seen : float64 array of shape (c, K)
        Of every column that is known.
    bias : float64 array of shape (K,)
    """

    linear: Floats
    square: Floats
    seen: Floats
    bias: Floats

    def audit(self) -> None:
        """Refuse arrays that do not fit one another.

        Raises
        ------
        ArtifactError
            If they do not.
        """
        if self.bias.ndim != 1 or not len(self.bias):
            raise ArtifactError("personas: there is no persona")
        shape = (len(self.linear), len(self.bias))
        if self.linear.shape != shape or self.square.shape != shape:
            raise ArtifactError("personas: weights of coordinates are of unlike shapes")
        if self.seen.ndim != 2 or self.seen.shape[1] != len(self.bias):
            raise ArtifactError("personas: weights of columns are of another number of personas")

    def of(self, points: Points) -> Floats:
        """Scores of every point, an array of shape (n, K)."""
        total = points.seen @ self.seen + points.values @ self.linear + self.bias
        if self.square.any():
            total += np.square(points.values) @ self.square
        return total

    def assign(self, points: Points) -> Ints:
        """Persona of every point, -1 where no column is known.

        Parameters
        ----------
        points : Points of n rows

        Returns
        -------
        int64 array of shape (n,)
        """
        best = np.argmax(np.round(self.of(points), DIGITS), axis=1).astype(np.int64)
        return np.where(points.seen.any(axis=1), best, -1)

    def take(self, order: Ints) -> Scores:
        """The same personas in another order."""
        return Scores(
            self.linear[:, order], self.square[:, order], self.seen[:, order], self.bias[order]
        )
