INSERT INTO canonical.samples
(customer, metric, series, time, source, window_ms, kind, value, count, sum, zero_count,
 bucket_indexes, bucket_counts, region, host, app, instance, attributes)
VALUES
('acme', 'packet.drops', 11, '2100-01-01 00:00:00.000', 101, 5000, 'sum', 7, 0, 0, 0,
 [], [], 'eu-1', 'host-1', 'web', 'web-1', {'drop.reason': 'NO_SOCKET', 'drop.cause': 'no_listener'}),
('acme', 'packet.drops', 11, '2100-01-01 00:00:05.000', 102, 5000, 'sum', 9, 0, 0, 0,
 [], [], 'eu-1', 'host-1', 'web', 'web-1', {'drop.reason': 'NO_SOCKET', 'drop.cause': 'no_listener'}),
('globex', 'tcp.rtt', 18446744073709551615, '2100-01-01 01:00:00.000', 103, 5000, 'exponential_histogram', 0, 6, 0.25, 1,
 [-40, -8, 3], [1, 2, 2], 'eu-1', 'host-1', 'api', '', {}),
('', 'packet.drop.bytes', 13, '2100-01-01 00:00:00.000', 101, 5000, 'sum', 4096.5, 0, 0, 0,
 [], [], 'eu-1', 'host-2', '', '', {'drop.reason': 'NETFILTER_DROP'})
