"""Key users in lines of a terminal, and the sentences that the page has too."""

from __future__ import annotations

from dbnchurn.core.html.format import percent, thousands
from dbnchurn.graph.key_users import CHANCE, PAGERANK, PARTNERS, REACH, KeyUsers

SHOWN = 10


def verdict(found: KeyUsers) -> str:
    """How far word gets, in a sentence."""
    curve = found.curve
    count = int(curve.seeds[-1])
    reach = {name: thousands(round(values[-1])) for name, values in curve.reach.items()}
    return (
        f"{thousands(count)} key users by expected reach move word to {reach[REACH]} people, as "
        f"many by PageRank to {reach[PAGERANK]}, by number of partners to {reach[PARTNERS]}, drawn "
        f"by chance to {reach[CHANCE]}, if whoever is reached moves {curve.passes_on:.3g} "
        "contacts on average."
    )


def assumptions(found: KeyUsers) -> list[str]:
    """What the numbers rest on, a sentence each."""
    curve = found.curve
    told = [
        "Reach is that of simulated cascades: "
        + (
            "seeds are chosen from the calls of the first half of the time, and reach people by "
            "those of the second half."
            if curve.held_out
            else "no calls are held out, so the seeds reach people by the calls that chose them, "
            "and their lead is too large."
        ),
        f"That a person moves {found.spread.passes_on:.3g} contacts (passes_on) is assumed, "
        f"{percent(found.spread.per_call)} for a weight of 1 by {found.config.weight}; calls do "
        "not show it. A campaign with a control group measures what addressing key users does.",
    ]
    simulated = min(found.spread.passes_on, curve.passes_on)
    if simulated < found.config.passes_on:
        told.append(
            f"passes_on: {found.config.passes_on:g} is more than half of the partners that people "
            f"have on average, so that key users are chosen for {found.spread.passes_on:.3g} and "
            f"their reach is simulated with {curve.passes_on:.3g}; give calls of a longer time, "
            "or a smaller passes_on."
        )
    shares = ", ".join(
        f"{percent(share, 0)} at {other:.3g}" for other, share in found.agreement.items()
    )
    if shares:
        told.append(f"Of the key users are chosen under another passes_on too: {shares}.")
    return told


def hubs_text(found: KeyUsers) -> str:
    """Which hubs are cut out, in a sentence."""
    hubs = found.calls.hubs
    if not hubs:
        return "No hub is cut out."
    first = ", ".join(f"{hub.id} ({thousands(hub.partners)} partners)" for hub in hubs[:SHOWN])
    more = f" and {thousands(len(hubs) - SHOWN)} more" if len(hubs) > SHOWN else ""
    return f"Hubs cut out, which are not people: {first}{more}. Name in hubs.never whom to keep."


def graph_text(found: KeyUsers) -> str:
    """How large the graph is, in a sentence."""
    graph, table = found.calls.graph, found.calls.table
    when = "" if table.first is None else f", {table.first:%Y-%m-%d} to {table.last:%Y-%m-%d}"
    largest = int((graph.component == 0).sum())
    return (
        f"{thousands(table.rows)} rows of calls{when}: {thousands(len(graph))} people, "
        f"{thousands(int(graph.ties.nnz))} ties; {percent(largest / max(len(graph), 1), 0)} of the "
        "people are in the largest connected part."
    )


def key_users_text(found: KeyUsers) -> str:
    """What the terminal shows."""
    lines = [graph_text(found), hubs_text(found), verdict(found), *assumptions(found)]
    lines += [f"note: {note}" for note in found.calls.notes]
    lines.append("place  id: reach by two steps, partners, place by PageRank")
    for row in found.table().head(SHOWN).itertuples():
        lines.append(
            f"{row.place:>5}  {row.id}: {row.reach:.1f}, {row.partners}, {row.pagerank_place}"
        )
    return "\n".join(lines)
