import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { addNetns, deleteNetns, ip, netnsExists, runIn } from '../../../embedded/demo/ip.js';
import { createDemo, removeDemo } from '../../../embedded/demo/namespaces.js';
import { demoOwners, demoPlan, type DemoPlan } from '../../../embedded/demo/plan.js';
import { sendAgainstFirewall } from '../../../embedded/demo/faults.js';
import { parseOwnersFile } from '../../../ingest/attribute/rules.js';
import { bootId } from '../../../embedded/supervisor/processes.js';
import { temporaryDirectory, unlessRoot } from '../../support/temporary.js';

const home = temporaryDirectory();
const stateFile = join(home, 'demo.json');
const plan = demoPlan(`bu${String(process.pid)}-`);
const names = [plan.router, ...plan.customers.map(({ netns }) => netns)];

test("the demo's rules are rules that the agent takes", () => {
  const rules = parseOwnersFile('demo.json', JSON.stringify(demoOwners(demoPlan(''))));
  assert.deepEqual(
    rules.map(({ owner }) => owner.customer),
    ['acme', 'globex'],
  );
});

describe('the demo', { skip: unlessRoot, concurrency: false }, () => {
  after(async () => {
    for (const name of names) if (netnsExists(name)) await deleteNetns(name);
  });

  test('joins both customers through the router, and all of it can be removed', async () => {
    await createDemo(plan, home, stateFile);
    const [acme, globex] = plan.customers;
    assert.match(await ip(`-n ${acme.netns} route get ${globex.address}`), new RegExp(`via ${acme.gateway}`));
    // Through the router, against a rule that counts: all arrive.
    const flow = { from: globex.netns, to: acme.netns, address: acme.address, port: 7_777, count: 20 };
    assert.equal(await sendAgainstFirewall(flow), 20);
    assert.doesNotMatch(await runIn(acme.netns, 'nft', 'list', 'ruleset'), /bellwether_fault/);
    assert.deepEqual((await removeDemo(home, stateFile)).sort(), [...names].sort());
    assert.ok(names.every((name) => !netnsExists(name)));
    assert.equal(existsSync(stateFile), false);
    assert.deepEqual(await removeDemo(home, stateFile), []);
  });

  test('a start after a crash replaces what is left', async () => {
    await createDemo(plan, home, stateFile);
    await createDemo(plan, home, stateFile);
    await removeDemo(home, stateFile);
    assert.ok(names.every((name) => !netnsExists(name)));
  });

  test('what an abandoned home left is replaced, too', async () => {
    const gone = temporaryDirectory();
    await createDemo(plan, gone, join(gone, 'demo.json'));
    await createDemo(plan, home, stateFile);
    assert.equal((await removeDemo(home, stateFile)).length, 3);
  });

  test("somebody else's namespace of that name is neither used nor removed", async () => {
    await addNetns(plan.router);
    await ip(`-n ${plan.router} link set lo alias theirs`);
    await assert.rejects(createDemo(plan, home, stateFile), {
      code: 'setup_failed',
      message: /is not Bellwether's: set BELLWETHER_DEMO_NETNS_PREFIX/,
    });
    writeFileSync(stateFile, JSON.stringify({ bootId: bootId(), namespaces: [plan.router] }));
    assert.deepEqual(await removeDemo(home, stateFile), []);
    assert.equal(netnsExists(plan.router), true);
    await deleteNetns(plan.router);
  });

  test('a crash between making and marking is cleaned up', async () => {
    writeFileSync(stateFile, JSON.stringify({ bootId: bootId(), namespaces: [plan.router] }));
    await addNetns(plan.router);
    assert.deepEqual(await removeDemo(home, stateFile), [plan.router]);
  });
});

test('a plan with a prefix shares no name with one without', () => {
  const all = (one: DemoPlan) => [one.router, ...one.customers.map(({ netns }) => netns)];
  const plain = all(demoPlan(''));
  assert.deepEqual(plain, ['bellwether-router', 'acme', 'globex']);
  assert.ok(all(plan).every((name) => !plain.includes(name)));
});
