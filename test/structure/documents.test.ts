import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { ERROR_KINDS } from '../../common/runtime/errors.js';
import { CAUSES } from '../../common/taxonomy/index.js';
import { SIGNALS } from '../../common/signals/catalogue.js';

/** Cells of the rows of the first table of a document, without backticks. */
async function tableOf(document: string): Promise<string[][]> {
  // From dist/test/structure to the root of the checkout.
  const text = await readFile(new URL(`../../../docs/${document}`, import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

it('the signals page lists each signal of the catalogue and nothing else', async () => {
  const written = (await tableOf('03-signals.md')).map((cells) => cells.join(' | '));
  const expected = SIGNALS.map((signal) =>
    [
      signal.name,
      signal.prometheusName,
      signal.unit,
      signal.kind,
      signal.attributes.join(', ') || '–',
      signal.measuredAt,
    ].join(' | '),
  );
  assert.deepEqual(written, expected);
});

it('the errors page lists each code with its status and nothing else', async () => {
  const written = (await tableOf('08-errors.md')).map(([code, status]) => `${code} ${status}`).sort();
  const expected = Object.entries(ERROR_KINDS).map(([code, kind]) => `${code} ${kind.status}`);
  assert.deepEqual(written, expected.sort());
});

it('the drops page gives the words of each cause and nothing else', async () => {
  const written = (await tableOf('04-drops.md')).slice(0, Object.keys(CAUSES).length);
  const expected = Object.entries(CAUSES).map(([cause, { explanation, remedy }]) => [
    cause,
    explanation,
    remedy,
  ]);
  assert.deepEqual(written, expected);
});
