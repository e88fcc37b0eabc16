#!/bin/sh
# The month of a churn model as a cron job: prepare, score, list, log, evaluate, lift, monitor, retrain.
#
#   0 6 3 * * /srv/churn/churn_month.sh    # the 3rd, when the tables of the month before are complete
#
# Its folder holds crm.yaml, models/champion, outcomes.csv (ids and left_date of customers of campaigns),
# do_not_contact.py, measure_campaigns.sh and the folders features, scores, lists and done; python3 is that of
# dbnchurn. A month that was killed is run again, with the model and the day of contacts that it began with; one that
# is done is passed over.
set -eu
cd "${CHURN_FOLDER:-/srv/churn}"
today=${1:-$(date +%Y-%m-%d)}
month=$(date -d "$today" +%Y-%m-01) # the cutoff that is scored
last=$(date -d "$month -1 month" +%Y-%m-01) # the cutoff whose outcome is known now

if [ -e "done/$month" ]; then
  echo "$month is done"
  exit 0
fi
# Kept for the case that it runs again after another model was promoted.
[ -s "lists/$month.model" ] || cat models/champion > "lists/$month.model"
champion=$(cat "lists/$month.model")
model="models/$champion"

# The table of the month; then scores, the list and its log.
if [ ! -d "features/$month" ]; then
  dbnchurn prepare --model "$model" --cutoff "$month" --sources crm.yaml --output "features/$month"
fi
# Day and suppression list are kept from here on: a month that runs again draws the same list.
[ -s "lists/$month.day" ] || echo "$today" > "lists/$month.day"
day=$(cat "lists/$month.day")
suppress="lists/$month.suppress.csv"
if [ ! -f "$suppress" ]; then
  python3 do_not_contact.py contacts.csv outcomes.csv "$month" "$day" > "$suppress.new"
  mv "$suppress.new" "$suppress"
fi
dbnchurn score "$model" "features/$month/features.parquet" --output "scores/$month.parquet" \
  --campaign "lists/$month.csv" --budget 1000 --control 0.2 --log contacts.csv \
  --suppress "$suppress" --allow-unmatched --campaign-name "$month" --offer discount --channel mail \
  --contact-date "$day" --history history --month "$month"

# Last month as it came; the first month has none, and a model that was just trained has learned its outcomes.
if [ -f "scores/$last.parquet" ]; then
  dbnchurn evaluate "$model" --cutoff "$last" --sources crm.yaml --history history
fi
# What campaigns did.
sh measure_campaigns.sh "$today"
# Last month as if nobody had been contacted, which is shown alone: a campaign too small for that ends no month.
set -- "data.windows.cutoffs=[$last]"
if [ -f "lists/$last.csv" ]; then
  code=0
  dbnchurn evaluate "$model" --cutoff "$last" --sources crm.yaml --contact-log contacts.csv || code=$?
  case $code in
    0) ;;
    2) echo "What would have come of $last without its campaign is not known; the month goes on." ;;
    *) exit "$code" ;;
  esac
  # Labels are weighted, and customers who were contacted are no part of the comparison.
  set -- "$@" feedback.log=contacts.csv
fi

code=0
dbnchurn monitor history --output monitor.html || code=$?
now=$(cat models/champion)
case $code in
  0 | 5) ;;
  6 | 7)
    if [ "$now" = "$champion" ]; then
      dbnchurn retrain crm.yaml "$@" --champion models --registry models
    else
      echo "The champion $now took the place of $champion since this month began: nothing is retrained."
    fi
    ;;
  *) exit "$code" ;;
esac
: > "done/$month"
