import { fieldsOf, textOrNull } from './decode.js';

/** Codes that the page adds to the API's own: what can go wrong before an answer is there. */
export const UNREACHABLE = 'unreachable';
export const ANSWER_INVALID = 'answer_invalid';

/** What the API (or the way to it) said instead of an answer. */
export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** How long the API asks to be left alone, when it says so. */
    readonly retryAfterMs?: number,
  ) {
    super(`${title}: ${detail}`);
    this.name = 'ApiProblem';
  }
}

/** Reads an RFC 9457 body; a body that is none (a proxy's page, say) still becomes a problem. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const { status } = response;
  const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1_000 : undefined;
  try {
    const fields = fieldsOf(await response.json());
    return new ApiProblem(
      textOrNull(fields, 'code') ?? `http_${status}`,
      status,
      textOrNull(fields, 'title') ?? `The API answered with status ${status}`,
      textOrNull(fields, 'detail') ?? '',
      retryAfterMs,
    );
  } catch {
    return new ApiProblem(
      `http_${status}`,
      status,
      `The API answered with status ${status}`,
      '',
      retryAfterMs,
    );
  }
}
