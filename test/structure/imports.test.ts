import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { PROJECT } from '../support/paths.js';

const ROOMS = ['ingest', 'processors', 'query-api', 'common', 'schema', 'embedded', 'cli', 'test'];

/** Which rooms a room may import from, besides itself; see CONTRIBUTING.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: [],
  schema: ['common'],
  ingest: ['common', 'schema'],
  processors: ['common', 'schema'],
  'query-api': ['common', 'schema'],
  embedded: ['common', 'schema', 'ingest', 'processors', 'query-api'],
  cli: ['common', 'schema', 'ingest', 'processors', 'query-api', 'embedded'],
  test: ROOMS,
};

/** Packages that stay behind one folder of ours, so that they can be replaced or worked around in one place. */
const BEHIND: readonly { readonly packages: RegExp; readonly folder: string }[] = [
  { packages: /^@opentelemetry\//, folder: 'common/telemetry/' },
  { packages: /^kafkajs$/, folder: 'common/kafka/' },
  { packages: /^(chdb|koffi)(\/|$)/, folder: 'embedded/store/' },
];

interface Import {
  readonly from: string;
  /** A path of ours (with .ts), or the name of a package. */
  readonly to: string;
  readonly ours: boolean;
}

function sourceFiles(): string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(PROJECT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(room, name)),
  ).filter((path) => !path.startsWith('query-api/console/page/'));
}

function importsOf(path: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(PROJECT, path), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return { from: path, to: fileName, ours: false };
    return { from: path, to: normalize(join(dirname(path), fileName)).replace(/\.js$/, '.ts'), ours: true };
  });
}

const room = (path: string) => path.split('/')[0] ?? '';

/** What a set of imports does against the rule, in words; empty when nothing. */
function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, ours }) => {
    const what = `${from} imports ${to}`;
    if (!ours) {
      const rule = BEHIND.find(({ packages }) => packages.test(to));
      const allowed = rule === undefined || from.startsWith(rule.folder) || room(from) === 'test';
      return allowed ? [] : [`${what}: only ${rule.folder} may`];
    }
    if (room(from) !== room(to)) {
      return (MAY_IMPORT[room(from)] ?? []).includes(room(to)) ? [] : [`${what}: ${room(from)} may not`];
    }
    const processor = (path: string) => path.split('/')[1] ?? '';
    const apart = room(from) === 'processors' && processor(from) !== processor(to);
    return apart ? [`${what}: the processors stay independent of each other`] : [];
  });
}

/** A chain of files that import each other in a circle; undefined when there is none. */
function findCycle(imports: readonly Import[]): string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const { from, to, ours } of imports) if (ours) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (path: string, chain: readonly string[]): string[] | undefined => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of targets.get(path) ?? []) {
      const cycle = visit(next, [...chain, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of targets.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('the import rule', () => {
  const imports = sourceFiles().flatMap(importsOf);

  test('is checked against real imports', () => {
    assert.ok(
      imports.filter(({ ours }) => ours).length > 100,
      `only ${String(imports.length)} imports found`,
    );
  });

  test('services, processors and common stay apart; foreign packages stay behind their folder', () => {
    assert.deepEqual(violations(imports), []);
  });

  test('no file imports itself through others', () => {
    assert.equal(findCycle(imports)?.join(' → '), undefined);
  });

  test('each imported package is one that package.json names', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    assert.ok(typeof manifest === 'object' && manifest !== null);
    const named = Object.entries(manifest).flatMap(([key, value]: [string, unknown]) =>
      /^(dev)?[dD]ependencies$/.test(key) && typeof value === 'object' && value !== null
        ? Object.keys(value)
        : [],
    );
    const foreign = imports
      .filter(({ ours, to }) => !ours && !to.startsWith('node:') && !builtinModules.includes(to))
      .map(({ to }) =>
        to
          .split('/')
          .slice(0, to.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    assert.deepEqual(
      [...new Set(foreign)].filter((name) => !named.includes(name)),
      [],
    );
  });
});

describe('the check itself', () => {
  const ours = (from: string, to: string) => ({ from, to, ours: true });

  test('finds each kind of wrong import', () => {
    assert.equal(violations([ours('ingest/a.ts', 'query-api/b.ts')]).length, 1);
    assert.equal(violations([ours('processors/writer/a.ts', 'processors/rollup/b.ts')]).length, 1);
    assert.equal(violations([ours('common/a.ts', 'ingest/b.ts')]).length, 1);
    assert.equal(violations([ours('schema/a.ts', 'embedded/b.ts')]).length, 1);
    assert.equal(violations([ours('embedded/a.ts', 'test/b.ts')]).length, 1);
    assert.equal(violations([{ from: 'ingest/a.ts', to: '@opentelemetry/api', ours: false }]).length, 1);
    assert.equal(violations([{ from: 'common/kafka/a.ts', to: 'kafkajs', ours: false }]).length, 0);
  });

  test('finds a cycle', () => {
    const cycle = findCycle([ours('a.ts', 'b.ts'), ours('b.ts', 'c.ts'), ours('c.ts', 'b.ts')]);
    assert.deepEqual(cycle, ['b.ts', 'c.ts', 'b.ts']);
  });
});
