CREATE TABLE IF NOT EXISTS canonical.tokens
(
    id String COMMENT 'Public name of the token, in listings and logs',
    hash String COMMENT 'Hex SHA-256 of the token; the token itself is stored nowhere',
    role Enum8('customer' = 1, 'operator' = 2) COMMENT 'What it opens',
    customer LowCardinality(String) COMMENT 'Whose it is; empty for an operator',
    created_at DateTime64(3, 'UTC') COMMENT 'When it was made',
    revoked UInt8 COMMENT '1: no longer valid',
    version UInt64 COMMENT 'The row with the highest version counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
COMMENT 'Bearer tokens of the API'
