"""Reasons for a score: contributions of raw columns to the log-odds, and how far to trust them."""
