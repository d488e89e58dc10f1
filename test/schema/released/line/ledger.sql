CREATE TABLE IF NOT EXISTS canonical.schema_migrations
(
    version UInt32 COMMENT 'Number of the migration',
    statement UInt32 COMMENT 'Place of the statement in it, from 0',
    name String COMMENT 'Name of the migration',
    checksum String COMMENT 'Hex SHA-256 of the statement as the project has it',
    applied_at DateTime64(3, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY (version, statement)
COMMENT 'Which statements of the schema were applied'
