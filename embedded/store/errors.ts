import { messageOf } from '../../common/runtime/errors.js';

/** ClickHouse's own codes for what the store itself refuses; names as in system.errors. */
const STORE_CODES = {
  SYNTAX_ERROR: { code: 62, status: 400 },
  UNKNOWN_FORMAT: { code: 73, status: 400 },
  BAD_ARGUMENTS: { code: 36, status: 400 },
  UNKNOWN_COMPRESSION_METHOD: { code: 89, status: 400 },
  INCORRECT_DATA: { code: 117, status: 400 },
  READONLY: { code: 164, status: 403 },
  SOCKET_TIMEOUT: { code: 209, status: 408 },
  TOO_MANY_SIMULTANEOUS_QUERIES: { code: 202, status: 503 },
  SUPPORT_IS_DISABLED: { code: 344, status: 400 },
  QUERY_WAS_CANCELLED: { code: 394, status: 499 },
  TOO_MANY_BYTES: { code: 307, status: 413 },
  SETTING_CONSTRAINT_VIOLATION: { code: 452, status: 403 },
  ABORTED: { code: 236, status: 503 },
  ACCESS_DENIED: { code: 497, status: 403 },
  AUTHENTICATION_FAILED: { code: 516, status: 403 },
} as const satisfies Record<string, { code: number; status: number }>;

/** How ClickHouse maps its codes to HTTP; everything else is 500. */
const STATUS_OF_ENGINE_CODE = new Map<number, number>([
  ...[6, 26, 27, 36, 38, 41, 42, 43, 44, 46, 47, 53, 62, 69, 70, 72, 73, 117, 130, 131].map(bad),
  ...[184, 210, 344, 386, 427, 441, 456, 457].map(bad),
  [60, 404],
  [81, 404],
  [16, 404],
  [115, 404],
  [164, 403],
  [497, 403],
  [159, 504],
  [202, 503],
  [241, 500],
  [394, 499],
]);

function bad(code: number): [number, number] {
  return [code, 400];
}

export type StoreErrorType = keyof typeof STORE_CODES;

/** What a client of ClickHouse's HTTP protocol sees: a code, its name, an HTTP status and a sentence. */
export class StoreError extends Error {
  constructor(
    readonly code: number,
    readonly type: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'StoreError';
  }

  /** The line that ClickHouse writes, which clients parse for code and type. */
  get text(): string {
    return `Code: ${this.code}. DB::Exception: ${this.message} (${this.type})\n`;
  }
}

/** A refusal by the store itself. */
export function refusal(type: StoreErrorType, message: string): StoreError {
  const { code, status } = STORE_CODES[type];
  return new StoreError(code, type, status, message.endsWith('.') ? message : `${message}.`);
}

/** "Code: 164. DB::Exception: …": the engine wraps some errors in themselves, so there may be several. */
const HEAD = /^[^]{0,200}?Code: (\d+)\. (?:DB::Exception: )?/;
const MORE_HEADS = /^(?:Code: \d+\. DB::Exception: )+/;
const TAIL = /\s*\(([A-Z][A-Z0-9_]{2,})\)(?: \(version [^)]*\))?\.?\s*$/;
/** Characters of an engine's message that are passed on: it may quote a statement of a megabyte. */
const MESSAGE_LIMIT = 8_000;

/** Reads code and type out of what the engine threw; what it cannot read becomes code 1002 (UNKNOWN_EXCEPTION). */
export function engineError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const text = messageOf(thrown);
  const head = HEAD.exec(text);
  const tail = TAIL.exec(text.slice(-400));
  if (head?.[1] === undefined || tail?.[1] === undefined) {
    return new StoreError(1002, 'UNKNOWN_EXCEPTION', 500, text.slice(0, MESSAGE_LIMIT));
  }
  const code = Number(head[1]);
  let message = text.slice(head[0].length, text.length - tail[0].length);
  const nested = message.replace(MORE_HEADS, '');
  if (nested !== message) message = nested.replace(TAIL, '');
  return new StoreError(code, tail[1], STATUS_OF_ENGINE_CODE.get(code) ?? 500, shortened(message));
}

function shortened(message: string): string {
  if (message.length <= MESSAGE_LIMIT) return message;
  return `${message.slice(0, MESSAGE_LIMIT)} … (${message.length - MESSAGE_LIMIT} more characters)`;
}
