INSERT INTO canonical.batches
(host, window_start, window_end, run, seq, host_name, region, observed_ms, customers, goodbye, emitted_points,
 stored_points, rejected_points, lost, unattributed, kafka_partition, kafka_offset, produced_at)
VALUES
('host-1', '2100-01-01 00:00:00.000', '2100-01-01 00:00:05.000', '01234567-89ab-cdef-0123-456789abcdef', 0,
 'host-1.example', 'eu-1', 5000, ['acme', 'globex'], 0, 3, 3, 0, {'ring_full': 2}, {'tcp.rtt': 1}, 2, 41,
 '2100-01-01 00:00:05.250'),
('host-1', '2100-01-01 00:00:05.000', '2100-01-01 00:00:10.000', '01234567-89ab-cdef-0123-456789abcdef', 1,
 'host-1.example', 'eu-1', 4800, ['acme', 'globex'], 1, 1, 1, 0, {}, {}, 2, 42, '2100-01-01 00:00:10.250')
