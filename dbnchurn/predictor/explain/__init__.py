"""Reasons for a score: contributions of raw columns to the log-odds, and their faithfulness.

In reading order:

- ``background``: values of every raw column in training, which a customer's value is compared with
- ``lineage``: the raw columns that every prepared column is made of
- ``tree_paths``: which values of a column let a row reach a leaf
- ``direct_leaves``: what another value would do to leaf values that go past the hidden layers
- ``networks``: what another value in one column would do to the logit of each network
- ``contributions``: these together, for all columns of many customers
- ``reason_codes``: the largest contributions as text
- ``faithfulness``: agreement of contributions with occlusion
"""
