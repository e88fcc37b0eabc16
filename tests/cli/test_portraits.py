"""``dbnchurn portrait``: a config in; a page, pages of personas and profiles out."""

import json

from dbnchurn.cli.portraits import PANEL
from tests.portraits.conftest import tables_of, write_tables


def test_portraits_from_the_command_line(call, refused, tmp_path):
    write_tables(tables_of(), tmp_path)
    config = tmp_path / "portrait.yaml"
    config.write_text(
        f"id: customer\nbasic: [age]\nprivate: [phone]\n"
        f"customers: {{path: {tmp_path / 'customers.csv'}, as_of: 2026-08-31}}\n"
        f"personas: {{path: {tmp_path / 'personas.csv'}, as_of: 2026-08-31}}\n"
    )
    page, folder, lines = (tmp_path / "new" / n for n in ("p.html", "personas", "p.jsonl"))
    given = ("--customer", "0007", "--page", page, "--personas", folder, "--profiles", lines)
    assert "--mkdir" in refused("portrait", config, *given)
    code, out, err = call("portrait", config, "fewest=5", *given, "--mkdir")
    assert code == 0, err
    assert "120 customers, 2 personas" in out
    assert "private, and in no output: 'phone'" in out
    assert len(lines.read_text().splitlines()) == 120
    assert page.exists()
    assert (folder / "P1.html").exists()
    assert "nothing is asked for" in refused("portrait", config)


def test_the_schema_of_portraits(call):
    code, out, _ = call("schema", "portrait")
    assert code == 0
    assert PANEL in call("--help")[1]
    assert "private" in json.loads(out)["properties"]
