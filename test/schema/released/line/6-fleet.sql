CREATE VIEW IF NOT EXISTS canonical.fleet AS
SELECT host, host_name, region, window_start, window_end, run, seq, observed_ms, customers, goodbye,
       emitted_points, stored_points, rejected_points, lost, unattributed, produced_at
FROM canonical.batches FINAL
