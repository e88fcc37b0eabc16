"""What every part shares and nothing of churn: errors, files, records, progress, statistics, pages."""
