/**
 * Headers of a dead letter, beside those of the message that it was. Whoever refuses a message writes them,
 * whoever lists and replays dead letters reads them.
 */
export const DEAD_LETTER = {
  topic: 'bellwether.original.topic',
  partition: 'bellwether.original.partition',
  offset: 'bellwether.original.offset',
  /** Record time of the original, Unix milliseconds. */
  timestamp: 'bellwether.original.timestamp',
  /** One stable word. */
  reason: 'bellwether.reason',
  /** What was wrong, where, and what would be right. */
  detail: 'bellwether.detail',
  /** Only on a stub: size and SHA-256 (hex) of the value, which was too large to keep. */
  bytes: 'bellwether.original.bytes',
  sha256: 'bellwether.original.sha256',
} as const;

/**
 * Position of the dead letter (`topic/partition/offset`) that a message was made from by a replay. A message on
 * a dead-letter topic that has it and no reason is the record of a replay, not a letter.
 */
export const REPLAYED = 'bellwether.replayed';
