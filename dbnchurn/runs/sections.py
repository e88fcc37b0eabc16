"""Sections of a config: experiment, tuning, retraining, tracking and published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section
from dbnchurn.evaluate.registry import COMPARED, PRIMARY

if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(COMPARED)]
Unit = Annotated[float, Field(ge=0, le=1)]


class ExperimentSection(Section):
    """Runs that are compared: every variant at every point of the grid, for every seed and fold."""

    variants: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Name → changes, such as classifier.network.pretrain: false. The first one is "
        "what the others are compared with.",
    )
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Key, such as classifier.network.dbn.cd_k → values to try.",
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="Each divides and trains anew; by default the seed of the config."
    )
    metric: MetricName = Field(default=PRIMARY, description="Decides ranks and verdict.")
    jobs: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Runs at once; by default what processors and memory allow."
    )


class Searched(Section):
    """Where a value may lie: a range of numbers, whole if both ends are, or choices."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = Field(default=False, description="Try orders of magnitude evenly.")
    step: int | float | None = Field(default=None, description="Distance between values.")
    choices: Annotated[tuple[Any, ...], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Searched:
        low, high = self.low, self.high
        if (self.choices is None) == (low is None and high is None):
            raise ValueError("give either 'low' and 'high', or 'choices'")
        if self.choices is not None:
            return self
        if low is None or high is None or low >= high:
            raise ValueError(f"'low' should be below 'high', got {low} and {high}")
        if self.log and (low <= 0 or self.step is not None):
            raise ValueError("with 'log', 'low' has to be above 0 and 'step' is not given")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"'step' should be above 0, got {self.step:g}")
        return self


class TuningSection(Section):
    """The search for better settings; validation rows decide, test rows are not looked at."""

    space: Annotated[dict[str, Searched], Field(min_length=1)] = Field(
        description="Key, such as classifier.network.dbn.learning_rate → a range or choices."
    )
    metric: MetricName = Field(default=PRIMARY, description="On the validation rows.")
    trials: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Stop when so many settings have been tried, over all calls."
    )
    minutes: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Start no further trial after so many minutes of one call."
    )
    startup: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Trials drawn at random, and never cut short, before learning."
    )

    @model_validator(mode="after")
    def _ends(self) -> TuningSection:
        if self.trials is None and self.minutes is None:
            raise ValueError("tuning needs a budget: 'trials' or 'minutes'")
        return self


class RetrainingSection(Section):
    """When a challenger takes the champion's place."""

    metric: MetricName = Field(default=PRIMARY, description="In which it has to be better.")
    margin: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="The paired interval of the difference has to lie above this as a whole.",
    )
    list_size: Annotated[int, Field(ge=1)] = Field(
        default=500, description="Customers of the list whose changes are counted."
    )
    max_list_change: Unit | None = Field(
        default=None, description="Share of the list that may change; by default all of it."
    )
    recalibrate: Literal["first", "after", "never"] = Field(
        default="first",
        description="first: where two numbers mend the champion's scores, they are taken and no "
        "challenger is trained; after: where no challenger is promoted; never: not at all.",
    )
    registry: str | None = Field(
        default=None,
        description="Where models are kept: a folder, or models:/NAME, a registered model of "
        "MLflow; --registry goes before it. Without one nothing is promoted.",
    )
    registry_uri: str | None = Field(
        default=None,
        description="Of MLflow's registry, such as sqlite:///models/mlflow.db; by default what "
        "MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI say.",
    )


class TrackingSection(Section):
    """An MLflow store that finished runs are logged to."""

    uri: Annotated[str, Field(pattern=r"^sqlite:///.+")] = Field(
        description="Such as sqlite:///runs/mlflow.db; files are kept beside the database."
    )
    experiment: Annotated[str, Field(min_length=1)] = Field(
        default="dbnchurn", description="Name that the runs are filed under."
    )


class PublishedFigures(Section):
    """Figures that someone printed, as shares."""

    accuracy: Unit | None = None
    precision: Unit | None = None
    recall: Unit | None = None
    f1: Unit | None = None
    base_rate: Unit | None = Field(default=None, description="Share of churners they had.")
