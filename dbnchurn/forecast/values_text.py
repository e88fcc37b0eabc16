"""Values of customers in lines of a terminal."""

from __future__ import annotations

from dbnchurn.core.html.format import amount, percent, thousands
from dbnchurn.forecast.values import CustomerValues


def money(made: CustomerValues, number: float) -> str:
    """An amount with its currency.

    Parameters
    ----------
    made : CustomerValues
    number : float

    Returns
    -------
    str
    """
    return f"{amount(float(round(number)))} {made.config.currency}".strip()


def values_verdict(made: CustomerValues) -> str:
    """What is expected, in a few sentences."""
    months, end = made.config.values.months, made.history.months[-1]
    count = thousands(len(made.expected.rows))
    text = (
        f"The {count} customers of the end of {end} are expected to be there in "
        f"{made.leaving.months.mean():.1f} of the next {months} months"
    )
    if not made.backtest.revenue:
        return f"{text}."
    window = made.config.values.window
    soon = "the next month" if window == 1 else f"the next {window} months"
    return (
        f"{text}, and to bring {money(made, made.mean_value)} each on average. One who would leave "
        f"in {soon} and is kept brings {money(made, made.worth_of_leavers)} more."
    )


def values_errors(made: CustomerValues) -> list[str]:
    """Sentences on how far off values of a past month have been."""
    test = made.backtest
    if not test.tested:
        return []
    one, rows = test.test
    month = made.history.months[one.month]
    return [
        f"Tested on {thousands(int(rows.sum()))} customers of {month}, other than those who chose "
        f"methods and intervals at {len(test.origins) - 1} earlier months.",
        *(
            f"{percent(share, 0)} of them lay in the interval of 80 % of their {name}."
            for name, share in made.coverage().items()
        ),
    ]


def error_rows(made: CustomerValues) -> list[tuple[str, str]]:
    """What is expected by which method, and its error as a share of what came."""
    return [(name, percent(error)) for name, error in made.errors().items()]


def values_text(made: CustomerValues) -> str:
    """What the terminal shows."""
    lines = [values_verdict(made), *values_errors(made)]
    if rows := error_rows(made):
        shown = ", ".join(f"{name} {error}" for name, error in rows)
        lines.append(f"sum of absolute errors, as a share of what came: {shown}")
    return "\n".join([*lines, *(f"note: {note}" for note in made.notes)])
