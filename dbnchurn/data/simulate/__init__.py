"""A simulated telecom: the paper's three tables, and every customer's true churn probability.

In the order of the simulation:

- ``world``: customers and their monthly records.
- ``hazard``: probability that a customer leaves, given these records.
- ``dirt``: blanks, noise and misspellings in the records.
- ``responses``: what customers do when they are contacted: whom an offer keeps, and whom not.
- ``campaigns``: whom a campaign contacts, and what followed.
- ``joiners``: customers who join later.
- ``products``: what customers add, with planted personas and associations.
- ``truth``: scores of the best possible model.
- ``write``: the tables as Parquet files, and into a database.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
