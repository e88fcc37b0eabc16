"""What a run's config may say. Sections of stages come from the stages' own signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from dbnchurn.campaign.feedback import FeedbackSection
from dbnchurn.config import Section, build, read, section_of, source_class
from dbnchurn.data.plan import DataPlan, Leakage
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.runs.protocol import Share, SplitSection
from dbnchurn.runs.sections import (
    ExperimentSection,
    PublishedFigures,
    RetrainingSection,
    TrackingSection,
    TuningSection,
)
from dbnchurn.runs.source import SourceSection
from dbnchurn.tables.label_classes import LabelValue

Baseline = Literal[
    "logistic regression", "xgboost", "lightgbm", "catboost", "without leaves",
    "without pretraining",
]  # fmt: skip
# Set once for the whole run, at its top.
SHARED = ("random_state", "device", "n_threads", "kinds", "formats", "leakage")

# What the label means is said of the table.
OF_COLUMNS = {"positive": ".columns.positive", "negative": ".columns.negative"}

if TYPE_CHECKING:  # made from signatures when the module is imported; mypy sees their base class
    from dbnchurn.decide import Threshold
    from dbnchurn.evaluate import Offer
    from dbnchurn.model.classifier import ChurnClassifier

    ClassifierSection = Section
    OfferSection = Section
else:
    ClassifierSection = section_of(
        source_class("dbnchurn.model.classifier", "ChurnClassifier"), omit=(*SHARED, *OF_COLUMNS)
    )
    ClassifierSection.renamed = {**ClassifierSection.renamed, **OF_COLUMNS}
    OfferSection = section_of(source_class("dbnchurn.evaluate.profit", "Offer"))


def _drop_description(schema: dict[str, Any]) -> None:
    """Keep the class docstring out of the JSON schema, where it would describe no key."""
    schema.pop("description", None)


class ColumnsSection(Section):
    """What the columns are."""

    label: str = Field(description="Column that says who left.")
    id: str | None = Field(default=None, description="Column that names the customer.")
    date: str | None = Field(
        default=None, description="Date of the snapshot; the table is then divided by time."
    )
    positive: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of those who left, where no word says it."
    )
    negative: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of those who stayed; by default the one left."
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that are not features.")
    kinds: dict[str, Literal["number", "flag", "category", "date", "ignore"]] = Field(
        default_factory=dict, description="Kinds of columns that would be inferred wrongly."
    )
    max_quarantine: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="Share of rows that may break the contract."
    )


class DataSection(DataPlan):
    """Several source tables, from which one row per customer and cutoff is built."""

    truth: Path | None = Field(
        default=None,
        description="Simulated tables: the true probabilities, to see what share is attained.",
    )
    most_rows: Annotated[int, Field(ge=1)] = Field(
        default=20_000_000,
        description="Rows of the table of features that are trained on; of more, customers are "
        "drawn by a hash of seed and key, the same share of those who left and who stayed.",
    )


class CostsSection(Section):
    """What the four outcomes cost: a column with a number for every customer, or one number."""

    tp_cost: str | float = Field(description="Contacted, and would have left.")
    fp_cost: str | float = Field(description="Contacted, and would have stayed.")
    tn_cost: str | float = Field(default=0.0, description="Left alone, and stays.")
    fn_cost: str | float = Field(description="Left alone, and leaves.")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns with costs; they are never features."""
        given = (self.tp_cost, self.fp_cost, self.tn_cost, self.fn_cost)
        return tuple(dict.fromkeys(cost for cost in given if isinstance(cost, str)))


class CampaignSection(Section):
    """What is done with the scores, so that they can be judged in money and contacts."""

    model_config = ConfigDict(json_schema_extra=_drop_description)

    contacts: Annotated[float, Field(gt=0)] = Field(
        default=0.1, description="Customers that can be contacted: a share below 1, or a number."
    )
    precision: Share = Field(default=0.5, description="Of the threshold by precision beside ours.")
    recall: Share = Field(default=0.5, description="Of the threshold by recall beside ours.")
    costs: CostsSection | None = Field(
        default=None, description="Costs of every customer, instead of the offer's averages."
    )
    offer: OfferSection = Field(default_factory=OfferSection)

    def build_offer(self) -> Offer:
        """The offer with the numbers of the config."""
        from dbnchurn.evaluate import Offer

        return build(self.offer, Offer)


class ReportSection(Section):
    """What the report shows."""

    renamed: ClassVar[Mapping[str, str]] = {"segments": "groups"}

    page: bool = Field(default=True, description="Whether report.html is written.")
    groups: tuple[str, ...] = Field(
        default=(),
        description="Columns whose groups are reported on, features or dropped ones; by default "
        "the three that rank churners best alone.",
    )


class RunConfig(Section):
    """The config of one run.

    `classifier` has the parameters of :class:`dbnchurn.ChurnClassifier`, without those that are set
    once for the whole run.

    Examples
    --------
    >>> config = RunConfig.model_validate(
    ...     {"source": {"path": "mine.csv"}, "columns": {"label": "churned"}}
    ... )
    >>> config.campaign.contacts, config.split.validation, config.threshold.rule
    (0.1, 0.15, 'expected f1')
    """

    model_config = ConfigDict(json_schema_extra=_drop_description)
    renamed: ClassVar[Mapping[str, str]] = {"labels": "display_names", "repeats": "resamples"}

    source: SourceSection | None = Field(default=None, description="One table.")
    columns: ColumnsSection | None = Field(default=None, description="Columns of the one table.")
    data: DataSection | None = Field(default=None, description="Several tables, instead of one.")
    leakage: Leakage = Field(default_factory=Leakage)
    report: ReportSection = Field(default_factory=ReportSection)
    split: SplitSection = Field(default_factory=SplitSection)
    private: tuple[str, ...] = Field(
        default=(),
        description="Columns of which no value may be kept: of one table they are no features, and "
        "no note of report and model holds how they are read. A name that no table has is refused.",
    )
    display_names: dict[str, str] = Field(
        default_factory=dict,
        description="What the business calls a column, for reasons: {tenure: Months with us}.",
    )
    baselines: tuple[Baseline, ...] | None = Field(
        default=None,
        description="Models that are trained and reported beside, on the same rows; by default "
        "all, lightgbm and catboost where their packages are installed.",
    )
    resamples: Annotated[int, Field(ge=50)] = Field(
        default=RESAMPLES, description="Bootstrap resamples behind every interval."
    )
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where boosters and network are trained."
    )
    n_threads: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Threads; by default one for small tables, else up to 4."
    )
    output: Path = Field(default=Path("runs"), description="Folder in which run folders are made.")
    published: dict[str, PublishedFigures] = Field(
        default_factory=dict,
        description="Source → figures that are printed beside those of the run in table.md.",
    )
    tracking: TrackingSection | None = Field(default=None, description="Log to MLflow.")
    experiment: ExperimentSection | None = Field(
        default=None, description="What 'dbnchurn experiment' runs; 'train' passes over it."
    )
    tuning: TuningSection | None = Field(
        default=None, description="What 'dbnchurn tune' searches; 'train' passes over it."
    )
    retraining: RetrainingSection = Field(
        default_factory=RetrainingSection,
        description="When 'dbnchurn retrain' promotes; 'train' passes over it.",
    )
    feedback: FeedbackSection | None = Field(
        default=None, description="Campaigns that ran in the outcome windows of the rows."
    )
    classifier: ClassifierSection = Field(default_factory=ClassifierSection)
    campaign: CampaignSection = Field(default_factory=CampaignSection)

    @property
    def sources(self) -> list[str | Path]:
        """Files, folders and patterns that the tables are read from."""
        if self.source is not None and self.source.path is not None:
            return [self.source.path, *self._logs]
        if self.data is None:
            return self._logs
        from dbnchurn.data.build import places

        return [*places(self.data), *self._logs]

    @property
    def _logs(self) -> list[str | Path]:
        """Files of the campaigns."""
        return [] if self.feedback is None else self.feedback.paths

    @model_validator(mode="after")
    def _one_table_or_several(self) -> RunConfig:
        one_table = self.source is not None and self.columns is not None
        if one_table == (self.data is not None) or (self.source is None) != (self.columns is None):
            raise ValueError(
                "give either 'source' and 'columns' for one table, or 'data' for several"
            )
        return self

    @model_validator(mode="after")
    def _private_is_not_shown(self) -> RunConfig:
        columns = self.columns
        shown = [] if columns is None else [("id", columns.id), ("label", columns.label)]
        shown += [("report.groups", name) for name in self.report.groups]
        for key, name in shown:
            if name in self.private:
                raise ValueError(f"{name!r} is private, and {key}; take it out of one of the two")
        return self

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns of the one table that are no features because the config says so."""
        dropped = () if self.columns is None else self.columns.drop
        return tuple(dict.fromkeys([*dropped, *(self.private if self.columns else ())]))

    @property
    def kinds(self) -> dict[str, str]:
        """Column → kind, for the kinds that are given and not inferred."""
        return dict(self.columns.kinds) if self.columns is not None else {}

    @property
    def threshold(self) -> Threshold:
        """The rule that chooses the threshold, as `classifier.threshold` describes it."""
        from dbnchurn.decide import Threshold

        section: Section = getattr(self.classifier, "threshold")  # noqa: B009  generated section
        return build(section, Threshold)


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    r"""Read and check the config of a run.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    RunConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.yaml")
    ...     _ = path.write_text("source: {path: mine.csv}\ncolumns: {label: churned}")
    ...     config = read_config(path, ["classifier.network.dbn.epochs=3"])
    >>> config.columns.label, config.classifier.network.dbn.epochs
    ('churned', 3)
    """
    return read(path, overrides, RunConfig)


def classifier_of(config: RunConfig, **changes: Any) -> ChurnClassifier:
    """The unfitted classifier that a config describes.

    Parameters
    ----------
    config : RunConfig
    **changes
        Nested parameters in place of the config's, as in ``set_params``, for example
        ``use_leaves=False``.

    Returns
    -------
    ChurnClassifier
    """
    from dbnchurn.model.classifier import ChurnClassifier

    classifier = build(
        config.classifier,
        ChurnClassifier,
        random_state=config.seed,
        device=config.device,
        n_threads=config.n_threads,
        kinds=config.kinds or None,
        leakage="off",  # the run has looked at the columns already
    )
    classifier.set_params(**changes)
    return classifier


def without_refit(config: RunConfig) -> RunConfig:
    """The config of a run that stores the model that it measures.

    Runs that are only compared do without a second fit, which no number is measured of.

    Parameters
    ----------
    config : RunConfig

    Returns
    -------
    RunConfig
        With ``classifier.refit`` false, as its ``config.yaml`` then says.
    """
    classifier = config.classifier.model_copy(update={"refit": False})
    return config.model_copy(update={"classifier": classifier})
