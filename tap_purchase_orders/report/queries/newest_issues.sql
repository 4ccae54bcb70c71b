SELECT
    observed_at::timestamptz AS observed_at,
    kind,
    stream,
    left(record_key, 200) AS record_key,
    left(field, 200) AS field,
    left(message, 500) AS message
FROM extraction_issues
ORDER BY observed_at DESC, issue_id
LIMIT %(limit)s
