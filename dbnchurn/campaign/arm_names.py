"""The arms of a campaign, as the contact log names them."""

from __future__ import annotations

CONTACT, CONTROL, EXPLORE = "contact", "control", "explore"
ARMS = (CONTACT, CONTROL, EXPLORE)
