"""One year of a churn model on a simulated telecom, and its pictures for docs/months.md.

    python scripts/draw_year.py --output year

From nothing, with the commands that a user types: a model is trained; then on the first day of each
of twelve months customers are scored, a list is drawn and logged, last month is evaluated, its list
measured, and the history monitored. From month 5 on three times the traffic is recorded (nobody
leaves for it), in month 7 a large list is called, and in month 8 a challenger is held against the
champion. Every command and what it said is in ``said/``, by month. The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from simulated_year import Telecom
from year_pictures import draw

from dbnchurn.cli import main as command_line
from dbnchurn.cli.months import ADVICE
from dbnchurn.data.simulate.world import OBSERVED, START
from dbnchurn.months.history import Month, read_history

ROOT = Path(__file__).parents[1]
TRAINED = OBSERVED + 2  # position of the cutoff of the first training
DRIFT, CAMPAIGN, RETRAIN = 5, 7, 8  # months of the year
SMALL = {
    "leaves": {"folds": 2, "n_trees": 60},
    "network": {"dbn": {"epochs": 2}, "finetune": {"epochs": 6}},
    "use_companion": False,
}
SAID = {int(code): advice for advice, code in ADVICE.items()}


@dataclass
class Year:
    """The folder of a year, and what was found in every month."""

    folder: Path
    customers: int
    months: int
    seed: int
    found: list[dict[str, Any]] = field(default_factory=list)
    said: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        # Records of the month before are the newest that a score is computed from.
        changed = TRAINED + DRIFT - 1
        self.telecom = Telecom(self.customers, TRAINED + self.months + 2, self.seed, changed)

    def day(self, month: int) -> str:
        """First day of a month of the year; 0 is that of the training's cutoff."""
        return str((START + TRAINED + month).astype("datetime64[D]"))

    def command(self, *words: object, may_end: tuple[int, ...] = (0,)) -> int:
        """Run a command of dbnchurn as it is typed, keep what it says, and return its exit code."""
        texts = [str(word) for word in words]
        print(f"$ dbnchurn {' '.join(texts)}", flush=True)
        heard, code = io.StringIO(), 0
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            try:
                command_line(texts)
            except SystemExit as ended:
                code = int(ended.code or 0)
        self.said.write(f"$ dbnchurn {' '.join(texts)}\n{heard.getvalue()}\n")
        if code not in may_end:
            raise SystemExit(f"exit code {code}:\n{heard.getvalue()}")
        return code

    def write_config(self) -> None:
        """The config of the repository, with the paths of this folder and a short training."""
        config = yaml.safe_load((ROOT / "configs" / "crm.yaml").read_text(encoding="utf-8"))
        del config["data"]["truth"]
        config["data"]["windows"]["cutoffs"] = [self.day(0)]
        for table, section in config["data"]["tables"].items():
            section["path"] = f"tables/{table}"
        config |= {"classifier": SMALL, "baselines": [], "resamples": 200, "seed": self.seed}
        config |= {"report": {"page": False}, "device": "cpu", "n_threads": 1}
        Path("crm.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def close_month(self, month: int) -> None:
        """What was said in a month."""
        Path("said", f"{self.day(month)}.txt").write_text(self.said.getvalue(), encoding="utf-8")
        self.said = io.StringIO()

    def begin(self) -> None:
        """Months before the year, and the first model."""
        for name in ("said", "scores", "lists", "pages", "models"):
            Path(name).mkdir()
        self.write_config()
        while self.telecom.now < TRAINED + 1:
            self.telecom.live()
        self.telecom.write(Path("tables"))
        self.command("train", "crm.yaml")
        self.close_month(0)
        Path("models/champion").write_text("../runs/crm/model\n", encoding="utf-8")

    @property
    def champion(self) -> str:
        """The model folder in use."""
        text = Path("models/champion").read_text(encoding="utf-8").strip()
        return "runs/crm/model" if text.startswith("..") else f"models/{text}"

    def one_month(self, month: int) -> None:
        """All commands of the first day of a month; then the month itself passes."""
        today, last = self.day(month), self.day(month - 1)
        model = self.champion
        large = month == CAMPAIGN
        size, channel = (
            (self.customers // 10, "phone") if large else (self.customers // 400, "email")
        )
        self.command("score", model, "--cutoff", today, "--sources", "crm.yaml",
            "--output", f"scores/{today}.parquet", "--history", "history",
            "--campaign", f"lists/{today}.csv", "--budget", size, "--control", 0.2, "--seed", month,
            "--log", "contacts.csv", "--campaign-name", today, "--offer", "discount",
            "--channel", channel, "--contact-date", today)  # fmt: skip
        if month > 1:
            self.look_back(month, model, last)
        code = self.command("monitor", "history", "--output", f"pages/{today}.html",
                            may_end=tuple(SAID))  # fmt: skip
        told = {"month": today, "model": model, "advice": SAID[code]}
        if month == RETRAIN:
            told |= self.retrain(last)
        self.close_month(month)
        log = pd.read_csv("contacts.csv", dtype={"customer": str})
        lived = self.telecom.live(log[log["campaign"] == today])
        self.found.append(told | (lived or {}))
        self.telecom.write(Path("tables"))
        self.telecom.write_outcomes(Path("outcomes.csv"))

    def look_back(self, month: int, model: str, last: str) -> None:
        """What came of last month, and of its list."""
        days = (np.datetime64(self.day(month)) - np.datetime64(last)).astype(int)
        self.command("evaluate", model, "--cutoff", last, "--sources", "crm.yaml",
                     "--history", "history")  # fmt: skip
        self.command("lift", "contacts.csv", "outcomes.csv", "--campaign", last,
            "--days", days, "--as-of", self.day(month), "--output", f"pages/lift_{last}.html",
            "--history", "history", "--month", last)  # fmt: skip

    def retrain(self, last: str) -> dict[str, Any]:
        """Champion against challenger on the newest month whose outcome is known."""
        self.command("retrain", "crm.yaml", f"data.windows.cutoffs=[{last}]",
                     "feedback.log=contacts.csv", "retraining.recalibrate=after",
                     "--champion", self.champion, "--registry", "models")  # fmt: skip
        (challenge,) = Path("runs").glob("*/challenge.json")
        return {"challenge": json.loads(challenge.read_text(encoding="utf-8"))}

    def live(self) -> None:
        """The year, and the first day after it."""
        self.begin()
        for month in range(1, self.months + 1):
            self.one_month(month)
        end = self.months + 1
        self.look_back(end, self.champion, self.day(self.months))
        self.command("monitor", "history", "--output", f"pages/{self.day(end)}.html",
                     may_end=tuple(SAID))  # fmt: skip
        self.close_month(end)


def effects(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For every month what `lift` measured of its list, beside the truth."""
    told = []
    for month in found:
        path = Path("history", f"campaigns.{month['month']}.json")
        (campaign,) = json.loads(path.read_text(encoding="utf-8"))["campaigns"].values()
        told.append(
            {key: campaign[key] for key in ("effect", "low", "high", "contacted", "control")}
        )
        told[-1]["true_effect"] = month["true_effect"]
    return told


def numbers(months: list[Month], found: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What docs/months.md cites."""
    rows = [
        {
            "month": place + 1,
            "promised": round(100 * month.outcomes["gap"]["promised"], 2),
            "came": round(100 * month.outcomes["gap"]["observed"], 2),
            "expected": round(month.outcomes["estimate"]["roc_auc"]["value"], 3),
            "measured": round(month.outcomes["measured"]["roc_auc"]["value"], 3),
            "advice": told["advice"],
        }
        for place, (month, told) in enumerate(zip(months, found, strict=True))
    ]
    (challenge,) = (told["challenge"] for told in found if "challenge" in told)
    large = effects(found)[CAMPAIGN - 1]
    return {
        "months": rows,
        "campaign": {name: round(value, 4) for name, value in large.items()},
        "challenge": {name: challenge[name] for name in ("promoted", "verdict")},
        "contacted_left_out": challenge["contacted_left_out"],
        "seconds": round(seconds),
    }


def main() -> None:
    """Live the year, draw the pictures, print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("year"), help="New folder of the year.")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images")
    options = parser.parse_args()
    options.output.mkdir()
    options.images.mkdir(parents=True, exist_ok=True)  # before a year is lived for nothing
    images, started = options.images.resolve(), time.perf_counter()
    year = Year(options.output, options.customers, 12, options.seed)
    with contextlib.chdir(options.output):
        year.live()
        months = list(read_history("history"))
        draw(months, effects(year.found), images)
        found = numbers(months, year.found, time.perf_counter() - started)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
