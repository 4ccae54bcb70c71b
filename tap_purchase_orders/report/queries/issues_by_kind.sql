SELECT
    kind,
    upstream,
    stream,
    count(*) AS issues,
    max(observed_at)::timestamptz AS newest
FROM extraction_issues
GROUP BY kind, upstream, stream
ORDER BY issues DESC, kind, upstream, stream
LIMIT %(limit)s
