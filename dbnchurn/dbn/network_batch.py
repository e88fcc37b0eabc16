"""A mini-batch of a network on its device."""

from __future__ import annotations

import numpy as np

from dbnchurn.dbn.groups import Groups, group_subset, present_groups, select_groups
from dbnchurn.dbn.rows import to_device
from dbnchurn.dbn.visible import Visible


class NetworkBatch:
    """A mini-batch on a device, without the groups that are missing in all of its rows.

    Parameters
    ----------
    rows : Visible
    groups : Groups
        All groups of the network, on its device.

    Attributes
    ----------
    dense : Tensor of shape (n, g + b)
        Gaussian and binary units, 0 where missing.
    levels : int32 Tensor of shape (n, c)
        Levels of the groups in `ranges`, numbered among these; -1 where missing.
    known : bool Tensor of shape (n, c), optional
        None if no code is missing.
    ranges : GroupRanges
        The groups that are not missing in all rows.
    """

    def __init__(self, rows: Visible, groups: Groups) -> None:
        self.ranges = present_groups(rows.codes)
        rows = select_groups(rows, self.ranges)
        dense = np.concatenate([rows.gaussian, rows.binary], axis=1)
        np.copyto(dense, 0.0, where=np.isnan(dense))
        self.dense = to_device(dense, groups.device)
        # Tested on the CPU: the result of a test on a GPU would have to be waited for.
        known = rows.codes >= 0
        self.known = None if known.all() else to_device(known, groups.device)
        codes = to_device(rows.codes, groups.device)
        self.levels = group_subset(groups, self.ranges).levels(codes, self.known)
