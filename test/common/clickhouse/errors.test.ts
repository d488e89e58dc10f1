import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { classifyStoreError, storeErrorCodes } from '../../../common/clickhouse/errors.js';

const failure = (code: number, message = 'refused', type = 'SOME_TYPE') =>
  new ClickHouseError({ code: String(code), message, type });

describe('errors of the store', () => {
  it('classes each code of the table', () => {
    assert.ok(storeErrorCodes().size > 40);
    for (const [code, { name, action }] of storeErrorCodes()) {
      assert.deepEqual(classifyStoreError(failure(code)), { action, code, name, known: true });
    }
  });

  it('has the decisive ones right', () => {
    const actions = { 117: 'isolate', 33: 'isolate', 60: 'stop', 516: 'stop', 241: 'retry', 252: 'retry' };
    for (const [code, action] of Object.entries(actions)) {
      assert.equal(classifyStoreError(failure(Number(code))).action, action, code);
    }
  });

  it('tells too many partitions in one insert from too many parts', () => {
    const message = 'Too many partitions for single INSERT block (more than 100).';
    assert.equal(classifyStoreError(failure(252, message)).action, 'isolate');
  });

  it('tries again what it does not know and what has no code', () => {
    const unknown = { action: 'retry', code: 4_711, name: 'SOME_TYPE', known: false };
    assert.deepEqual(classifyStoreError(failure(4_711)), unknown);
    assert.equal(classifyStoreError(new Error('socket hang up')).action, 'retry');
    assert.equal(classifyStoreError('?').action, 'retry');
  });
});
