CREATE VIEW IF NOT EXISTS canonical.latency AS
SELECT customer, metric, time, window_ms, region, host, app, instance, attributes,
       count, sum, zero_count, bucket_indexes, bucket_counts
FROM canonical.samples FINAL
WHERE kind = 'exponential_histogram'
