#!/bin/sh
# The month of a churn model as a cron job: prepare, score, list, log, evaluate, lift, monitor, retrain.
#
#   0 6 3 * * /srv/churn/churn_month.sh    # the 3rd, when the tables of the month before are complete
#
# Its folder holds crm.yaml, models/champion, outcomes.csv (ids and left_date of customers of campaigns),
# do_not_contact.py and the folders features, scores, lists and done. A month that was killed is run again; one that is done is
# passed over, as a model that was promoted has learned its outcomes.
set -eu
cd "${CHURN_FOLDER:-/srv/churn}"
today=${1:-$(date +%Y-%m-%d)} # the day of the contacts
month=$(date -d "$today" +%Y-%m-01) # the cutoff that is scored
last=$(date -d "$month -1 month" +%Y-%m-01) # the cutoff whose outcome is known now
model="models/$(cat models/champion)"

if [ -e "done/$month" ]; then
  echo "$month is done"
  exit 0
fi
# Run again on a later day, it keeps the day of its contacts.
[ -s "lists/$month.day" ] || echo "$today" > "lists/$month.day"
today=$(cat "lists/$month.day")

# The table of the month, with a page of the quality of its data; then scores, the list and its log.
if [ ! -d "features/$month" ]; then
  dbnchurn prepare --model "$model" --cutoff "$month" --sources crm.yaml --output "features/$month"
fi
suppress="lists/$month.suppress.csv" # kept, so that a month that runs again draws the same list
if [ ! -f "$suppress" ]; then
  python3 do_not_contact.py contacts.csv outcomes.csv "$month" "$today" > "$suppress.new"
  mv "$suppress.new" "$suppress"
fi
dbnchurn score "$model" "features/$month/features.parquet" --output "scores/$month.parquet" \
  --campaign "lists/$month.csv" --budget 1000 --control 0.2 --log contacts.csv \
  --suppress "$suppress" --allow-unmatched --campaign-name "$month" --offer discount --channel mail \
  --contact-date "$today" --history history --month "$month"

# Last month as it came; the first month has none, and a model that was just trained has learned its outcomes.
# Where it had a campaign: what the campaign did, and the month as if nobody had been contacted. Every month has
# at least 28 days, so the window of its list is over.
if [ -f "scores/$last.parquet" ]; then
  dbnchurn evaluate "$model" --cutoff "$last" --sources crm.yaml --history history
fi
set -- "data.windows.cutoffs=[$last]"
if [ -f "lists/$last.csv" ]; then
  dbnchurn lift contacts.csv outcomes.csv --campaign "$last" --days 28 --as-of "$today" \
    --history history --month "$last"
  dbnchurn evaluate "$model" --cutoff "$last" --sources crm.yaml --contact-log contacts.csv
  # Labels are weighted, and customers who were contacted are no part of the comparison.
  set -- "$@" feedback.log=contacts.csv
fi

code=0
dbnchurn monitor history --output monitor.html || code=$?
case $code in
  0 | 5) ;;
  6 | 7) dbnchurn retrain crm.yaml "$@" --champion models --registry models ;;
  *) exit "$code" ;;
esac
: > "done/$month"
