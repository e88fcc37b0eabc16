"""The month of a churn model as an Airflow DAG: score, list, log, evaluate, monitor, retrain.

FOLDER holds crm.yaml, models/champion, outcomes.csv (ids and left_date), do_not_contact.py,
measure_campaigns.sh, and the folders scores and lists; the rest is made, as by churn_month.sh
beside this file. A task that failed or was stopped may run again. What `dbnchurn monitor` says by
its exit code decides whether a model is made: 0 and 5 end the month, 6 and 7 retrain, and any other
code fails the task. For Airflow 2.9 and later with apache-airflow-providers-standard, a part of
Airflow 3.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.timetables.interval import CronDataIntervalTimetable

FOLDER = "/srv/churn"
MONTH = "{{ data_interval_end.strftime('%Y-%m-01') }}"  # the cutoff that is scored
LAST = "{{ data_interval_start.strftime('%Y-%m-01') }}"  # the month before, whose outcome is known
STRICT = "set -eu"  # so that a command that fails ends its task
# The champion that the month began with: a later task may promote another one.
MODEL = f'champion=$(cat lists/{MONTH}.model)\nmodel="models/$champion"'

SCORE = f"""{STRICT}
# Model, day and suppression list are kept: a task that runs again draws the same list.
[ -s lists/{MONTH}.model ] || cat models/champion > lists/{MONTH}.model
[ -s lists/{MONTH}.day ] || date +%Y-%m-%d > lists/{MONTH}.day
{MODEL}
day=$(cat lists/{MONTH}.day)
suppress=lists/{MONTH}.suppress.csv
if [ ! -f $suppress ]; then
  python3 do_not_contact.py contacts.csv outcomes.csv {MONTH} $day > $suppress.new
  mv $suppress.new $suppress
fi
dbnchurn score "$model" --cutoff {MONTH} --sources crm.yaml --output scores/{MONTH}.parquet \\
  --campaign lists/{MONTH}.csv --budget 1000 --control 0.2 --log contacts.csv \\
  --suppress $suppress --allow-unmatched \\
  --campaign-name {MONTH} --offer discount --channel mail --contact-date $day \\
  --history history"""

EVALUATE = f"""{STRICT}
if [ ! -f scores/{LAST}.parquet ]; then exit 0; fi  # the first month
{MODEL}
dbnchurn evaluate "$model" --cutoff {LAST} --sources crm.yaml --history history"""

# Lists whose outcome window is over and that were not measured yet.
LIFT = f"""{STRICT}
sh measure_campaigns.sh $(date +%Y-%m-%d)"""

MONITOR = f"""{STRICT}
code=0
dbnchurn monitor history --output monitor.html || code=$?
case $code in
  0|5) exit 99 ;;
  6|7) ;;
  *) exit "$code" ;;
esac"""

# Customers whom the last campaign contacted: labels are weighted, and they are not compared. A task
# that was stopped after its promotion has nothing to do any more.
RETRAIN = f"""{STRICT}
{MODEL}
now=$(cat models/champion)
if [ "$now" != "$champion" ]; then
  echo "The champion $now took the place of $champion since this month began."
  exit 0
fi
feedback=
if [ -f lists/{LAST}.csv ]; then feedback=feedback.log=contacts.csv; fi
dbnchurn retrain crm.yaml data.windows.cutoffs=[{LAST}] $feedback --champion models \\
  --registry models"""

with DAG(
    dag_id="churn_month",
    # The 3rd, when the month's tables are complete; a run has the month before as its interval.
    schedule=CronDataIntervalTimetable("0 6 3 * *", timezone="UTC"),
    start_date=datetime(2025, 1, 3),
    catchup=False,
    max_active_runs=1,  # months follow one another
    default_args={"retries": 2, "retry_delay": timedelta(minutes=30), "cwd": FOLDER},
    tags=["churn"],
) as dag:
    score = BashOperator(task_id="score", bash_command=SCORE)
    evaluate = BashOperator(task_id="evaluate", bash_command=EVALUATE)
    lift = BashOperator(task_id="lift", bash_command=LIFT)
    # Exit code 99 skips the task and those after it.
    monitor = BashOperator(task_id="monitor", bash_command=MONITOR, skip_on_exit_code=99)
    retrain = BashOperator(task_id="retrain", bash_command=RETRAIN)

    score >> evaluate >> lift >> monitor >> retrain
