/** Bounds of what a message may say; the agent keeps to them and decoding refuses what does not. */

/** Longest host, region, customer, app and instance name, and metric name, UTF-16 units. */
export const MAX_NAME_LENGTH = 256;
export const MAX_ATTRIBUTE_KEY_LENGTH = 128;
export const MAX_ATTRIBUTE_VALUE_LENGTH = 1_024;
export const MAX_POINT_ATTRIBUTES = 32;
/** Longest window, milliseconds. */
export const MAX_WINDOW_MS = 3_600_000;
export const MAX_CUSTOMERS = 10_000;
export const MAX_LEDGER_ENTRIES = 256;
/** Latest time that OTLP's nanoseconds can say (2262), Unix milliseconds. */
export const MAX_TIME_MS = 9_223_372_036_854;
