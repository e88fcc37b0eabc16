#!/bin/sh
# Measure every list whose outcome window is over and that the history has no final effect of yet.
#
#   sh measure_campaigns.sh TODAY    # up to which day the outcomes are complete
#
# Called by churn_month.sh and churn_dag.py in their folder. A month that comes late leaves the window of its list
# open for longer; the effect is then measured by a later month, or when this one runs again.
set -eu
today=$1
now=$(date -d "$today" +%s)
days=28 # of the outcome window, from the day of the contacts on

for kept in lists/*.day; do # the earliest month first
  month=$(basename "$kept" .day)
  if [ ! -f "lists/$month.csv" ] || grep -qs '"preliminary": false' "history/campaigns.$month.json"; then
    continue
  fi
  over=$(date -d "$(cat "$kept") +$days days" +%Y-%m-%d)
  if [ "$(date -d "$over" +%s)" -gt "$now" ]; then
    echo "The campaign $month is measured from $over on, when its outcome window is over."
    continue
  fi
  code=0
  dbnchurn lift contacts.csv outcomes.csv --campaign "$month" --days "$days" --as-of "$today" \
    --history history --month "$month" || code=$?
  case $code in
    0) ;;
    2) echo "The campaign $month is not measured; see why above, mend it, and it is measured next time." ;;
    *) exit "$code" ;;
  esac
done
