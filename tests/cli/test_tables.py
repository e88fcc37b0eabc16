"""``inspect`` and ``infer``: a newcomer's first commands, from a file to a config that trains."""

import pytest

from dbnchurn.runs import read_config


@pytest.fixture
def export(telco, tmp_path, monkeypatch):
    """The telecom's export as a German spreadsheet program writes it."""
    frame = telco.copy()
    for name in frame.select_dtypes("float"):
        frame[name] = frame[name].map(lambda x: f"{x:.2f}".replace(".", ","), na_action="ignore")
    monkeypatch.chdir(tmp_path)
    frame.to_csv("export.csv", sep=";", index=False, encoding="utf-16")
    return frame


def test_from_a_file_to_a_run(call, export, small_run, tmp_path):
    code, out, _ = call("inspect", "export.csv", "--html", "page.html")
    assert code == 0
    assert f"export.csv: CSV, utf-16, delimiter semicolon, {len(export)} rows" in out
    assert "No question is left" in out
    assert "page: page.html" in out
    assert "Inspection of export.csv" in (tmp_path / "page.html").read_text()
    label = next(name for name in export if name.lower() == "churn")
    code, out, _ = call("infer", "export.csv", "--label", label, "--output", "my.yaml")
    assert code == 0, out
    assert "written to my.yaml" in out
    config = read_config("my.yaml")
    assert config.source.csv.encoding == "utf-16"
    assert config.columns.label == label
    overrides = [*small_run, "baselines=[]", "report.page=false", f"output={tmp_path / 'runs'}"]
    code, out, err = call("train", "my.yaml", *overrides)
    assert code == 0, err
    assert (tmp_path / "runs" / "my" / "model").is_dir()


def test_questions_are_shown_counted_and_no_failure(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id;debt;churned\n1;1.250;yes\n2;7.685;no\n")
    code, out, _ = call("inspect", "a.csv")
    assert code == 0
    assert "1 question has to be answered" in out
    assert "question 1: column 'debt': '1.250' is 1.25 or 1250" in out
    (tmp_path / "my.yaml").write_text(
        "source: {path: a.csv, formats: {debt: '1.234,5'}}\ncolumns: {id: id, label: churned}\n"
    )
    code, out, _ = call("inspect", "a.csv", "--config", "my.yaml")
    assert "No question is left" in out


def test_mistakes_are_one_line(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id;debt;churned\n1;1.250;yes\n2;7.685;no\n")
    assert "no such file" in refused("inspect", "none.csv")
    assert "--html page.pdf: a file is written here" in refused(
        "inspect", "a.csv", "--html", "page.pdf"
    )
    assert "--label writes a config for one table" in refused(
        "infer", "a.csv", "a.csv", "--label", "churned", "--output", "my.yaml"
    )


def test_spark_is_not_asked_for_what_it_does_not_build(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text("source: {path: a.csv}\ncolumns: {label: churned}\n")
    spark = ("--engine", "spark", "--output", "s3://crm/features")
    assert "there is nothing to build" in refused("prepare", "one.yaml", *spark)
    assert "builds the table of a config" in refused("prepare", "--model", "model", *spark)
    assert "--mkdir is for folders" in refused("prepare", "one.yaml", "--mkdir", *spark)


def test_spark_is_not_asked_for_files_of_this_machine(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spark = ("--engine", "spark", "--output", "s3://crm/scores")
    assert "leave out --campaign, --budget, --chunk-rows" in refused(
        "score", "m", "t", *spark, "--budget", "5", "--campaign", "c.csv", "--chunk-rows", "100000"
    )
    assert "give table:NAME or a path" in refused("score", "m", *spark)
    assert "a folder is written here" in refused(
        "score", "m", "t", "--engine", "spark", "--output", "scores.csv"
    )
