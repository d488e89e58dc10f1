/**
 * The one table of errors. Each has a stable code, which users and runbooks may rely on;
 * `docs/` lists the same codes and a test holds the two together.
 */
export interface ErrorKind {
  /** HTTP status where the error crosses HTTP. */
  readonly status: number;
  /** Short, the same for every occurrence (the RFC 9457 title). */
  readonly title: string;
}

export const ERROR_KINDS = {
  bad_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'A valid bearer token is needed' },
  forbidden: { status: 403, title: 'This token does not open this path' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  method_not_allowed: { status: 405, title: 'This path does not take this method' },
  unsupported_media_type: { status: 415, title: 'Bodies of this type or encoding are not taken' },
  payload_too_large: { status: 413, title: 'The request body is too large' },
  too_many_points: { status: 400, title: 'The range holds too many steps' },
  too_many_requests: { status: 429, title: 'Too many requests are under way' },
  store_unavailable: { status: 503, title: 'The store does not answer' },
  query_timeout: { status: 504, title: 'The query took too long' },
  internal: { status: 500, title: 'Something went wrong here' },
  config_invalid: { status: 500, title: 'The configuration is not valid' },
  frame_invalid: { status: 500, title: 'A frame of the loader is not readable' },
  message_invalid: { status: 500, title: 'A message is not readable' },
  owners_invalid: { status: 500, title: "An owners' file is not valid" },
  kafka_unavailable: { status: 503, title: 'Kafka does not answer' },
  setup_failed: { status: 500, title: 'A step of the set-up failed' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** An error with a code of the table; `message` says what was wrong, where, and what would be right. */
export class BellwetherError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BellwetherError';
    this.code = code;
  }

  get status(): number {
    return ERROR_KINDS[this.code].status;
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
