import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineError, refusal, StoreError } from '../../../embedded/store/errors.js';

const parts = (text: string) => {
  const { code, type, status, message } = engineError(text);
  return [code, type, status, message];
};

describe('engineError', () => {
  test('reads code, type and sentence of what the engine says', () => {
    assert.deepEqual(parts('Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)'), [60, 'UNKNOWN_TABLE', 404, 'Table x does not exist.']); // prettier-ignore
    assert.deepEqual(
      parts(
        'Code: 27. DB::Exception: Cannot parse: (at row 2)\n: While X. (CANNOT_PARSE) (version 26.7.2.1)',
      ),
      [27, 'CANNOT_PARSE', 400, 'Cannot parse: (at row 2)\n: While X.'],
    );
  });

  test('takes wrapped errors out of their wrapping', () => {
    const wrapped =
      "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify 'a' setting in readonly mode. (READONLY) (version 26.7.2.1). (READONLY)";
    assert.deepEqual(parts(wrapped), [164, 'READONLY', 403, "Cannot modify 'a' setting in readonly mode."]);
    assert.deepEqual(parts("Query failed: Code: 115. DB::Exception: Unknown setting 'x'. (UNKNOWN_SETTING)"), [115, 'UNKNOWN_SETTING', 404, "Unknown setting 'x'."]); // prettier-ignore
  });

  test('keeps what it cannot read as it is, and cuts what is too long', () => {
    assert.deepEqual(parts('something else'), [1002, 'UNKNOWN_EXCEPTION', 500, 'something else']);
    const long = engineError(`Code: 62. DB::Exception: ${'x '.repeat(500_000)}. (SYNTAX_ERROR)`);
    assert.equal(long.code, 62);
    assert.ok(long.message.length < 9_000);
  });

  test("the store's own refusals pass through and look like the engine's", () => {
    const own = refusal('ACCESS_DENIED', 'No');
    assert.equal(engineError(own), own);
    assert.ok(own instanceof StoreError);
    assert.equal(own.text, 'Code: 497. DB::Exception: No. (ACCESS_DENIED)\n');
  });
});
