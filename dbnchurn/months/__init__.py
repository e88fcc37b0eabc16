"""The circle of months: outcomes of past months, their history, and the next model.

``replay`` evaluates a model on past months that are built from the raw tables, and
``scored_outcomes`` joins a file of scores and one of outcomes; ``history`` keeps one row per month
and model, ``estimate`` says how good the scores are before outcomes arrive, ``month_state`` what
the checks of a month say, ``correction`` how many times as many left as promised, and ``monitor``
what changed and what to do, ``monitor_page`` as a page (``month_names`` writes dates);
``recalibration`` fits two numbers, ``challenge`` compares two models, ``retraining`` trains the
second, and ``registry`` keeps both, in a folder or in MLflow.
"""
