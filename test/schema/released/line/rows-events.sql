INSERT INTO canonical.events
(customer, time, source, position, region, host, app, instance, reason, cause, fault, place, way, protocol,
 source_address, source_port, destination_address, destination_port, length_bytes, interface)
VALUES
('acme', '2100-01-01 00:00:00.000000007', 101, 0, 'eu-1', 'host-1', 'web', 'web-1', 'NO_SOCKET', 'no_listener',
 'customer', 'socket', 'device', 'udp', '10.0.0.1', 4000, '10.0.0.2', 9, 128, 'eth0'),
('', '2100-01-01 00:00:01.5', 101, 1, 'eu-1', 'host-1', '', '', 'NETFILTER_DROP', 'policy',
 'platform', 'forward', 'device', 'tcp', '2001:db8::1', 4001, '2001:db8::2', 443, 60, '')
