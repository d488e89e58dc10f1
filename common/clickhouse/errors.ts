import { ClickHouseError } from '@clickhouse/client';

/**
 * What a writer does about an error of the store:
 * `retry`: the store cannot take it now; wait and send the same again, which row identity makes harmless.
 * `isolate`: it refuses something in these rows; find the message by bisection, the others go in.
 * `stop`: nothing that is sent will be taken until somebody changes the schema, the rights or the program.
 */
export type StoreAction = 'retry' | 'isolate' | 'stop';

interface CodeClass {
  readonly name: string;
  readonly action: StoreAction;
}

/**
 * By ClickHouse's error code. What is not here, and what has no code (sockets, timeouts), is tried again, and
 * counted as unknown. `test/common/clickhouse/error-codes.test.ts` makes the real engine say each, or tells why not.
 */
const CODES: ReadonlyMap<number, CodeClass> = new Map(
  Object.entries({
    // The rows.
    6: ['CANNOT_PARSE_TEXT', 'isolate'],
    27: ['CANNOT_PARSE_INPUT_ASSERTION_FAILED', 'isolate'],
    32: ['ATTEMPT_TO_READ_AFTER_EOF', 'isolate'],
    33: ['CANNOT_READ_ALL_DATA', 'isolate'],
    38: ['CANNOT_PARSE_DATE', 'isolate'],
    41: ['CANNOT_PARSE_DATETIME', 'isolate'],
    53: ['TYPE_MISMATCH', 'isolate'],
    69: ['ARGUMENT_OUT_OF_BOUND', 'isolate'],
    70: ['CANNOT_CONVERT_TYPE', 'isolate'],
    72: ['CANNOT_PARSE_NUMBER', 'isolate'],
    117: ['INCORRECT_DATA', 'isolate'],
    128: ['TOO_LARGE_ARRAY_SIZE', 'isolate'],
    131: ['TOO_LARGE_STRING_SIZE', 'isolate'],
    190: ['SIZES_OF_ARRAYS_DONT_MATCH', 'isolate'],
    // The store's bound of one insert's bytes: half of it goes in.
    307: ['TOO_MANY_BYTES', 'isolate'],
    321: ['VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE', 'isolate'],
    349: ['CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN', 'isolate'],
    407: ['DECIMAL_OVERFLOW', 'isolate'],
    469: ['VIOLATED_CONSTRAINT', 'isolate'],
    691: ['UNKNOWN_ELEMENT_OF_ENUM', 'isolate'],

    // Load, restarts, network, disk: they pass.
    159: ['TIMEOUT_EXCEEDED', 'retry'],
    202: ['TOO_MANY_SIMULTANEOUS_QUERIES', 'retry'],
    209: ['SOCKET_TIMEOUT', 'retry'],
    210: ['NETWORK_ERROR', 'retry'],
    236: ['ABORTED', 'retry'],
    241: ['MEMORY_LIMIT_EXCEEDED', 'retry'],
    242: ['TABLE_IS_READ_ONLY', 'retry'],
    243: ['NOT_ENOUGH_SPACE', 'retry'],
    252: ['TOO_MANY_PARTS', 'retry'],
    279: ['ALL_CONNECTION_TRIES_FAILED', 'retry'],
    285: ['TOO_FEW_LIVE_REPLICAS', 'retry'],
    319: ['UNKNOWN_STATUS_OF_INSERT', 'retry'],
    394: ['QUERY_WAS_CANCELLED', 'retry'],
    425: ['SYSTEM_ERROR', 'retry'],
    439: ['CANNOT_SCHEDULE_TASK', 'retry'],
    735: ['QUERY_WAS_CANCELLED_BY_CLIENT', 'retry'],
    999: ['KEEPER_EXCEPTION', 'retry'],

    // The schema, the rights or the statement.
    16: ['NO_SUCH_COLUMN_IN_TABLE', 'stop'],
    36: ['BAD_ARGUMENTS', 'stop'],
    43: ['ILLEGAL_TYPE_OF_ARGUMENT', 'stop'],
    46: ['UNKNOWN_FUNCTION', 'stop'],
    47: ['UNKNOWN_IDENTIFIER', 'stop'],
    48: ['NOT_IMPLEMENTED', 'stop'],
    60: ['UNKNOWN_TABLE', 'stop'],
    62: ['SYNTAX_ERROR', 'stop'],
    73: ['UNKNOWN_FORMAT', 'stop'],
    81: ['UNKNOWN_DATABASE', 'stop'],
    115: ['UNKNOWN_SETTING', 'stop'],
    164: ['READONLY', 'stop'],
    192: ['UNKNOWN_USER', 'stop'],
    193: ['WRONG_PASSWORD', 'stop'],
    194: ['REQUIRED_PASSWORD', 'stop'],
    452: ['SETTING_CONSTRAINT_VIOLATION', 'stop'],
    497: ['ACCESS_DENIED', 'stop'],
    516: ['AUTHENTICATION_FAILED', 'stop'],
  } satisfies Record<string, [string, StoreAction]>).map(([code, [name, action]]) => [
    Number(code),
    { name, action },
  ]),
);

/** Code 252 also says that one insert touches too many partitions: that lies in its rows, not in the load. */
const TOO_MANY_PARTITIONS = /too many partitions for single INSERT/i;

export interface ClassifiedError {
  readonly action: StoreAction;
  /** ClickHouse's number; 0 when the store did not answer with one. */
  readonly code: number;
  /** ClickHouse's name of it, or `UNREACHABLE`. */
  readonly name: string;
  /** False for a code that the table does not class; whoever sees one should say so. */
  readonly known: boolean;
}

/** Says what is to be done about whatever an insert threw. */
export function classifyStoreError(error: unknown): ClassifiedError {
  if (!(error instanceof ClickHouseError)) {
    return { action: 'retry', code: 0, name: 'UNREACHABLE', known: true };
  }
  const code = Number(error.code);
  if (code === 252 && TOO_MANY_PARTITIONS.test(error.message)) {
    return { action: 'isolate', code, name: 'TOO_MANY_PARTITIONS', known: true };
  }
  const known = CODES.get(code);
  const name = known?.name ?? error.type ?? 'UNKNOWN';
  return { action: known?.action ?? 'retry', code, name, known: known !== undefined };
}

/** The table's entries, for documents and tests. */
export function storeErrorCodes(): ReadonlyMap<number, CodeClass> {
  return CODES;
}
