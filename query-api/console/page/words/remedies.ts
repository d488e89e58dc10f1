import type { ApiProblem } from '../api/problem.js';

/** What the reader can do about a problem: one sentence for each code of the API, and the page's own. */
const REMEDIES: Readonly<Record<string, string>> = {
  unauthorized:
    'Sign in with a valid token. An operator makes one with “npx bellwether token create --customer NAME”.',
  forbidden: 'This token opens another customer. Choose that one, or sign in with a token for this one.',
  too_many_points: 'Choose a shorter range.',
  too_many_requests: 'Nothing to do: the page asks less often until the API has caught up.',
  store_unavailable:
    'Nothing to do here: the page tries again. If it stays, an operator looks at the log of “store”.',
  query_timeout: 'Choose a shorter range, or wait: the page tries again.',
  unreachable: 'Check that you are online and that the API runs. The page tries again by itself.',
  answer_invalid: 'Reload the page: it may be older than the API.',
  page_failed: 'Reload the page. If it stays, report it with the words above.',
};

export function remedyFor(problem: ApiProblem): string {
  return (
    REMEDIES[problem.code] ??
    (problem.status >= 500
      ? 'The page tries again by itself. If it stays, report it with the words above.'
      : 'Reload the page. If it stays, report it with the words above.')
  );
}
