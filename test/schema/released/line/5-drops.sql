CREATE VIEW IF NOT EXISTS canonical.drops AS
SELECT customer, time, window_ms, region, host, app, instance,
       attributes['drop.reason'] AS reason, attributes['drop.cause'] AS cause,
       attributes['drop.fault'] AS fault, attributes['drop.place'] AS place, attributes['drop.way'] AS way,
       if(metric = 'packet.drops', value, 0) AS packets, if(metric = 'packet.drop.bytes', value, 0) AS bytes
FROM canonical.samples FINAL
WHERE metric IN ('packet.drops', 'packet.drop.bytes')
