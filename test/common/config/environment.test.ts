import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { httpUrl, parseEnvironment, port, positiveInteger } from '../../../common/config/environment.js';

const schema = z.object({
  A_PORT: port(80),
  A_LIMIT: positiveInteger(7),
  A_URL: httpUrl.optional(),
  THE_USERS: z.string().regex(/^\[/, 'must be a list').optional(),
});

describe('the environment', () => {
  it('is parsed, with defaults for what is absent or empty, and frozen', () => {
    const parsed = parseEnvironment(schema, { A_PORT: '8080', A_LIMIT: '' });
    assert.deepEqual({ ...parsed }, { A_PORT: 8080, A_LIMIT: 7 });
    assert.ok(Object.isFrozen(parsed));
  });

  it('is refused with each variable, what it held and what would be right', () => {
    assert.throws(() => parseEnvironment(schema, { A_PORT: 'abc', A_LIMIT: '0' }), {
      code: 'config_invalid',
      message:
        'A_PORT is "abc": must be a whole number from 0 to 65535; A_LIMIT is "0": must be a whole number above 0',
    });
  });

  it('shows no secret of what is refused', () => {
    const environment = { A_URL: 'ftp://me:hunter2@host/', THE_USERS: 'hunter2' };
    assert.throws(
      () => parseEnvironment(schema, environment),
      (error: Error) => {
        assert.match(error.message, /A_URL is "ftp:/);
        assert.match(error.message, /THE_USERS: must be a list/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
});
