"""What every part shares, nothing of it about churn: errors, files, records, statistics, pages."""
