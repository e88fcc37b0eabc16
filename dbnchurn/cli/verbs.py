"""The verbs: in which module each one is, its group, and what its help says in one sentence.

What is here stands in the modules, too. So a command imports the module of its verb alone, and the
page of all verbs none of them; a test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """The verbs of a module of this package."""

    module: str
    title: str
    verbs: dict[str, str]


GROUPS = (
    Group(
        "training",
        "Train and measure",
        {
            "train": "Train a model and report how good it is beside simpler ones.",
            "recompute": "Make the numbers of a run or a page again, and print what differs.",
        },
    ),
    Group(
        "experiments",
        "Compare and tune",
        {
            "experiment": "Run variants over seeds and folds and compare them; call again to "
            "go on after a stop.",
            "compare": "Compare finished runs: means with intervals, ranks, paired "
            "differences, what differed.",
            "tune": "Search for better settings on the validation rows; call again to go on.",
        },
    ),
    Group(
        "scoring",
        "Use a model",
        {
            "score": "Score customers with a stored model; a job that was killed goes "
            "on where it was.",
            "export": "Write a stored model as one ONNX graph, for systems that cannot "
            "run this package.",
        },
    ),
    Group(
        "one_customer",
        "Ask about a customer",
        {
            "whatif": "Say what a customer's probability would be if one column had another value.",
        },
    ),
    Group(
        "models",
        "Identify a model",
        {
            "digest": "Print the digest of a whole model folder, which score --expect takes.",
            "sign": "Sign a model folder, so that score --public-key knows who made it.",
        },
    ),
    Group(
        "months",
        "Follow the months",
        {
            "evaluate": "Set what a model promised beside what came: from a table, raw "
            "tables, or a list of outcomes.",
            "monitor": "Say what changed over the months of a history, since when, and what to do.",
            "retrain": "Recalibrate the champion or train a challenger; promote by the "
            "config's rule.",
        },
    ),
    Group(
        "tables",
        "Make tables",
        {
            "simulate": "Write the tables of a simulated telecom whose true probabilities "
            "are known.",
            "inspect": "Show what a table holds, how it is read, and what has to be decided.",
            "infer": "Propose the contracts of tables, or a config to train with, as YAML to edit.",
            "prepare": "Build the table of features from the source tables, without training.",
        },
    ),
    Group(
        "segments",
        "Find segments",
        {
            "segments": "Find segments of customers who say yes, described in words.",
        },
    ),
    Group(
        "personas",
        "Find personas",
        {
            "personas": "Group customers by what they are like, without their outcome, "
            "described in words.",
            "assign": "Give every customer its persona; the personas stay as they were found.",
        },
    ),
    Group(
        "offers",
        "Find next offers",
        {
            "offers": "List what each customer takes next, with probabilities, and say "
            "how good the lists are.",
        },
    ),
    Group(
        "portraits",
        "Portraits",
        {
            "portrait": "Show what is known of customers, with dates, beside their persona "
            "and everyone.",
        },
    ),
    Group(
        "campaigns",
        "Plan and measure a campaign",
        {
            "plan": "Say how many customers an effect needs, and what a campaign may "
            "cost and bring.",
            "allocate": "Choose whom to contact with which offer through which channel, "
            "within a budget.",
            "lift": "Say what a campaign did: contacted against control group, with intervals.",
        },
    ),
    Group(
        "forecasts",
        "Forecast",
        {
            "forecast": "Say how many leave, stay and pay in the coming months, by "
            "segment, with intervals.",
            "values": "Say how long every customer stays and what that is worth, by the "
            "config of a forecast.",
        },
    ),
    Group(
        "key_users",
        "Key users",
        {
            "keyusers": "Find the key users of a table of calls: whom to address so that "
            "word reaches most people.",
        },
    ),
    Group(
        "cleaning",
        "Look after",
        {
            "clean": "Remove what killed processes have left in a folder and in that "
            "for temporary files.",
        },
    ),
    Group(
        "configs",
        "Write configs",
        {
            "schema": "Print the JSON schema of a config, of a run or of another kind.",
        },
    ),
)
HIDDEN = {"explain": "scoring"}
"""Former verbs, which name what replaces them, and their modules."""


def module_of(verb: str) -> str | None:
    """The module of a verb; None if there is no such verb.

    Examples
    --------
    >>> module_of("score"), module_of("scroe")
    ('scoring', None)
    """
    if verb in HIDDEN:
        return HIDDEN[verb]
    return next((group.module for group in GROUPS if verb in group.verbs), None)
