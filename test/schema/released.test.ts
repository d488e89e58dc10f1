import assert from 'node:assert/strict';
import { it } from 'node:test';
import { line } from '../../schema/migrations/0001-line.js';
import { DEFAULT_RETENTION } from '../../schema/migrations/migration.js';
import { releasedStatements } from '../support/released-line.js';

it('says of migration 1 to the letter what was released', () => {
  assert.deepEqual(line.statements({ database: 'canonical', ...DEFAULT_RETENTION }), releasedStatements());
});
