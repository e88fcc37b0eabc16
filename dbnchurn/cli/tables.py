"""Verbs that make tables: ``simulate``, ``inspect``, ``infer``, ``prepare``."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import (
    AllowStale,
    Cutoff,
    Database,
    Engine,
    Expect,
    Mkdir,
    PublicKey,
    RawSources,
    RawTables,
    TrustSources,
    make_above,
    output_file,
    output_folder,
    paths_by_table,
)
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import displayed

PANEL = "Make tables"


@app.command(rich_help_panel=PANEL)
def simulate(
    output: Annotated[Path, output_folder(help="New folder for the tables.")],
    customers: Annotated[int, typer.Option(help="How many customers.")] = 10_000,
    months: Annotated[int, typer.Option(help="Months from May 2024 on.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same tables.")] = 0,
    dirt: Annotated[float, typer.Option(help="0: clean records; 1: those of a neglected CRM.")] = 1,
    campaigns: Annotated[
        str,
        typer.Option(
            metavar="KIND,KIND",
            help="Campaigns of the fourth month and those after it: none, random or targeted; "
            "writes their contact log, outcomes and true effects.",
        ),
    ] = "",
    joiners: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Customers who join in a month, as a share of --customers; writes "
            "the true number of leavers by package and month.",
        ),
    ] = 0.0,
    products: Annotated[
        bool,
        typer.Option(
            "--products",
            help="Write what customers added when too, with planted personas and associations.",
        ),
    ] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="Write who calls whom, in communities and to hubs.")
    ] = False,
    contagion: Annotated[
        float,
        typer.Option(
            help="With --calls: growth of the log-odds of leaving if all who are called have left."
        ),
    ] = 0.0,
    homophily: Annotated[
        float,
        typer.Option(min=0, max=1, help="With --calls: how far those who leave alike call alike."),
    ] = 0.0,
    database: Annotated[
        str | None,
        typer.Option(help="Environment variable with a PostgreSQL URL: load the tables there too."),
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Write the tables of a simulated telecom whose true probabilities are known."""
    from dbnchurn.data.simulate.calls import Contagion
    from dbnchurn.data.simulate.write import load_tables
    from dbnchurn.data.simulate.write import simulate as write_tables

    if not calls and (contagion or homophily):
        raise ConfigError("--contagion and --homophily need --calls, which writes the calls")
    with displayed():
        write_tables(
            output,
            customers=customers,
            months=months,
            random_state=seed,
            dirt=dirt,
            campaigns=[kind.strip() for kind in campaigns.split(",") if kind.strip()],
            joiners=joiners,
            products=products,
            calls=Contagion(contagion, homophily) if calls else None,
            mkdir=mkdir,
        )
        loaded = None if database is None else load_tables(output, database)
        print(f"{customers} customers, {months} months: tables in {output}")
        if loaded is not None:
            print(loaded)


@app.command(rich_help_panel=PANEL)
def inspect(
    table: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="CSV, Excel or Parquet file, folder of them, or pattern."
        ),
    ],
    config: Annotated[
        Path | None,
        typer.Option(metavar="CONFIG", help="YAML config: show what is read by its settings."),
    ] = None,
    html: Annotated[
        Path | None, output_file(".html", help="Write a page too.", option="--html")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a spreadsheet.")] = None,
    mkdir: Mkdir = False,
) -> None:
    """Show what a table holds, how it is read, and what has to be decided."""
    check_places({"--html": html}, {"FILE": [table]}, mkdir=mkdir)
    from dbnchurn.cli.console import console
    from dbnchurn.tables.inspection import inspect_table
    from dbnchurn.tables.inspection_page import write_inspection
    from dbnchurn.tables.inspection_text import closing_lines, columns_table, file_lines
    from dbnchurn.tables.reading_rules import ReadingRules

    with displayed():
        if config is None:
            found = inspect_table(table, rules=ReadingRules(place="source.formats"), sheet=sheet)
        else:
            from dbnchurn.runs import read_config
            from dbnchurn.runs.inspection import inspect_with

            found = inspect_with(table, read_config(config), sheet=sheet)
    print("\n".join(file_lines(found)))
    console().print(columns_table(found))
    print("\n".join(closing_lines(found)))
    if html is not None:
        write_inspection(html, found)
        print(f"page: {html}")


@app.command(rich_help_panel=PANEL)
def infer(
    inputs: Annotated[list[str], typer.Argument(help="Files or folders; tables of a database.")],
    output: Annotated[Path, output_file(".yaml", ".yml", help="New YAML file.")],
    key: Annotated[str | None, typer.Option(help="Column that names the customer.")] = None,
    date: Annotated[str | None, typer.Option(help="Column with the date.")] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Column that says who left: write a config to train with, of one table."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a spreadsheet.")] = None,
    database: Database = None,
    mkdir: Mkdir = False,
) -> None:
    """Propose the contracts of tables, or a config to train with, as YAML to edit."""
    check_places({"output": output}, {"input": [] if database else inputs}, mkdir=mkdir)
    make_above(output, mkdir)
    if label is not None:
        from dbnchurn.data.proposal import write_proposal

        if len(inputs) != 1 or database is not None:
            raise ConfigError("--label writes a config for one table: give one file or folder")
        print(write_proposal(inputs[0], output, label=label, key=key, date=date, sheet=sheet))
        return
    from dbnchurn.data.infer import summary_text, write_inferred_contracts

    tables = write_inferred_contracts(
        inputs, output, key=key, date=date, sheet=sheet, database=database
    )
    print(summary_text(tables, output))


@app.command(rich_help_panel=PANEL)
def prepare(
    output: Annotated[
        str,
        output_folder(
            help="New folder for features.parquet; with --engine spark a folder of Spark's file "
            "systems, or table:NAME."
        ),
    ],
    config: Annotated[Path | None, typer.Argument(help="YAML config with 'data'.")] = None,
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes to the config.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Model folder: build the table as for its training."),
    ] = None,
    cutoff: Annotated[datetime | None, Cutoff] = None,
    table: Annotated[list[str] | None, RawTables] = None,
    sources: RawSources = None,
    trust_sources: TrustSources = False,
    allow_stale: AllowStale = None,
    expect: Expect = None,
    public_key: PublicKey = None,
    mkdir: Mkdir = False,
    engine: Engine = "local",
) -> None:
    """Build the table of features from the source tables, without training."""
    day = cutoff.date() if cutoff is not None else None
    if (model is None) == (config is None):
        raise ConfigError("give either a config or --model with a model folder")
    if model is None and (table or sources or trust_sources or expect or public_key):
        raise ConfigError(
            "--table, --sources, --trust-sources, --expect and --public-key belong to --model; a "
            "config names its tables itself"
        )
    if engine == "spark":
        if config is None:
            raise ConfigError(
                "--engine spark builds the table of a config; of a month to score, with "
                "--cutoff and that config"
            )
        if mkdir:
            raise ConfigError(
                "--mkdir is for folders of this machine; Spark makes those of its file systems"
            )
        _prepare_on_spark(config, overrides or [], output, day, allow_stale)
        return
    with displayed():
        if model is not None:
            from dbnchurn.scoring.month import build_month

            built = build_month(
                model,
                day,
                Path(output),
                paths=paths_by_table(table),
                sources=sources,
                trust_sources=trust_sources,
                allow_stale=allow_stale,
                mkdir=mkdir,
                expect=expect,
                public_key=public_key,
            )
        elif config is not None:
            from dbnchurn.runs import read_config

            settings = read_config(config, overrides or [])
            from dbnchurn.runs.customers import prepare_tables

            built = prepare_tables(
                settings, Path(output), [day] if day else None, allow_stale=allow_stale, mkdir=mkdir
            )
    for line in built.coverage.lines():
        print(line)
    print(f"{built.rows} rows written to {built.features}")


def _prepare_on_spark(
    config: Path, overrides: list[str], output: str, day: date | None, allow_stale: str | None
) -> None:
    """Build the table of a config on Spark, and say what was built."""
    from dbnchurn.runs import read_config
    from dbnchurn.spark.features import prepare as prepare_on_spark
    from dbnchurn.spark.session import spark_session

    plan = read_config(config, overrides).data
    if plan is None:
        raise ConfigError("the config names one table, so there is nothing to build; see 'data'")
    cutoffs = [day] if day else None
    with closing(
        prepare_on_spark(plan, spark_session(), output, cutoffs=cutoffs, allow_stale=allow_stale)
    ) as prepared:
        for line in prepared.part.coverage.lines():
            print(line)
        for name, checked in prepared.part.tables.items():
            if aside := sum(checked.quarantined.values()):
                print(f"{name}: {aside} of {checked.rows} rows were set aside")
        print(f"{prepared.rows} rows written to {output}")
