import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Registry } from 'prom-client';
import { createMetrics as createStoreMetrics } from '../../embedded/store/metrics.js';
import { createMetrics as createAgentMetrics } from '../../ingest/metrics.js';
import { ReceiverMetrics } from '../../ingest/receiver/metrics.js';
import { RollupMetrics } from '../../processors/rollup/metrics.js';
import { WriterMetrics } from '../../processors/writer/metrics.js';
import { createMetrics as createApiMetrics } from '../../query-api/metrics.js';
import { PROJECT } from '../support/paths.js';

/** A registry of each process, with the gauges that its main adds. */
function registries(): Registry[] {
  const nothing = () => 0;
  const api = createApiMetrics();
  api.watch({ tokenAgeMs: nothing, underWay: nothing });
  const receiver = new ReceiverMetrics();
  receiver.watch({ tokenAgeMs: nothing, underWay: nothing });
  const writer = new WriterMetrics();
  writer.outstandingIs(nothing);
  writer.decodingIs(() => ({ general: 0, labelBytes: 0, forgottenHosts: 0 }));
  const rollup = new RollupMetrics();
  rollup.waitingIs(nothing);
  const others = [api, receiver, writer, rollup].map(({ registry }) => registry);
  return [createAgentMetrics().registry, createStoreMetrics().registry, ...others];
}

/** `name | type | labels | meaning` of each metric of ours. */
function shown(): string[] {
  return registries()
    .flatMap((registry) => registry.getMetricsAsArray())
    .filter(({ name }) => name.startsWith('bellwether_'))
    .map((metric) => {
      const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
      return [metric.name, typeOf(metric), labels.join(', ') || '–', metric.help].join(' | ');
    });
}

/** prom-client sets it on each metric, and its types leave it out. */
function typeOf(metric: object): string {
  return 'type' in metric ? String(metric.type) : '';
}

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly action: string;
  readonly text: string;
}

function written(): Row[] {
  const page = readFileSync(join(PROJECT, 'docs/14-self-metrics.md'), 'utf8');
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name = '', type, labels, unit = '', meaning, action = ''] = cells;
    if (!name.startsWith('`bellwether_')) return [];
    const plain = name.replaceAll('`', '');
    const text = [plain, type, labels, meaning].join(' | ');
    return [{ name: plain, unit: unit.replaceAll('`', ''), action, text }];
  });
}

test('the page on self-metrics lists each metric of each process as it describes itself, and nothing else', () => {
  const rows = written().map(({ text }) => text);
  assert.ok(rows.length > 50);
  assert.deepEqual(rows.sort(), shown().sort());
});

test('each row says what to do, and its unit is the one that the name ends with', () => {
  for (const { name, unit, action } of written()) {
    assert.notEqual(action, '', name);
    assert.match(unit, /^(s|By|1|\{[a-z]+\})$/, name);
    assert.equal(name.endsWith('_seconds'), unit === 's', name);
    assert.equal(/_bytes(_total)?$/.test(name), unit === 'By', name);
  }
});

test('counters end with _total, and nothing else does', () => {
  for (const line of shown()) {
    const [name = '', type] = line.split(' | ');
    assert.equal(name.endsWith('_total'), type === 'counter', line);
  }
});
