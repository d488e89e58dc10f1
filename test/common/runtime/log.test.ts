import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, redactSecrets } from '../../../common/runtime/log.js';

const TOKEN = `bw_${'aB3-_'.repeat(9)}`;

describe('log', () => {
  it('takes tokens and passwords out of a line, wherever they stand', () => {
    const lines: string[] = [];
    const log = createLogger('some', 'info', { write: (line) => void lines.push(line) });
    log.info(
      { [TOKEN]: 1, url: 'http://reader:s3cret@127.0.0.1:18123/', nested: { header: `Bearer ${TOKEN}` } },
      TOKEN,
    );
    log.child({ token: TOKEN }).error(new Error(`no ${TOKEN}`));
    const text = lines.join('');
    assert.equal(lines.length, 2);
    assert.ok(!text.includes(TOKEN.slice(3)) && !text.includes('s3cret'), text);
    assert.match(text, /http:\/\/reader:\[redacted\]@127\.0\.0\.1:18123/);
    for (const line of lines) JSON.parse(line);
  });

  it('leaves ordinary text as it is', () => {
    for (const text of ['a:b@c', 'http://host:80/path', 'bw_', '12:30:00', 'mail@host']) {
      assert.equal(redactSecrets(text), text);
    }
  });
});
