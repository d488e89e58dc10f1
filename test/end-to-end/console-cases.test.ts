import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { findChromium } from './browser.js';
import { FIREWALL, quietScenario } from './fake-scenario.js';
import { useStandIn } from './stand-in.js';

/** Worlds that a real stack is seldom in: each made by the stand-in for the API. */
const chromium = findChromium();

describe('the page in bad weather', { skip: chromium === undefined && 'no Chromium here' }, () => {
  const standIn = useStandIn();
  beforeEach(() => {
    standIn.api.scenario = quietScenario();
  });
  const { open } = standIn;

  test('says cause, number, side, explanation, remedy and 5-tuple', async () => {
    const { page, close } = await open();
    assert.equal(await page.locator('#headline').innerText(), 'Drops on both sides.');
    assert.match(
      await page.locator('.verdict .lead').innerText(),
      /70 packets were dropped by a firewall rule in your own network namespace, 50 packets because nothing listened where they were sent and 24 packets inside the platform/,
    );
    const first = await page.locator('.causes > li').first().innerText();
    for (const part of [
      'Firewall rule',
      'Yours',
      '70',
      FIREWALL.explanation,
      FIREWALL.remedy,
      'NETFILTER_DROP',
    ]) {
      assert.ok(first.includes(part), `${part} in ${first}`);
    }
    const row = await page.locator('.events-table tbody tr').first().innerText();
    for (const part of ['10.77.2.2:41000', '10.77.1.2:', 'UDP', 'eth0', 'web'])
      assert.ok(row.includes(part), row);
    assert.equal(await page.locator('.events-table tbody tr').count(), 8);
    await page.getByRole('button', { name: 'Show all 15' }).click();
    assert.equal(await page.locator('.events-table tbody tr').count(), 15);
    await close();
  });

  test('draws a gap as a gap: hatched, "not measured" in the table, and no zero', async () => {
    standIn.api.scenario.gap = [700, 560];
    const { page, close } = await open();
    const inked = await paintedShare(page, 1 - 630 / 900);
    assert.ok(inked > 0.15, `hatching covers ${inked} of a column in the gap`);
    const quiet = await paintedShare(page, 1 - 520 / 900);
    assert.ok(quiet < 0.08, `${quiet} of a column is painted where nothing was dropped`);
    const panel = page.locator('.drops');
    await panel.getByText('Show as a table').click();
    const gaps = panel.locator('tbody tr', { hasText: 'not measured' });
    assert.equal(await gaps.count(), 14, '140 s in steps of 10 s');
    assert.match(await gaps.first().innerText(), /(–\s+){4}not measured/);
    assert.match(
      await page.locator('.completeness').innerText(),
      /84\.4 % of host windows arrived \(152 of 180\)/i,
    );
    await close();
  });

  test('nothing measured is "we cannot tell", nothing dropped is "no harmful drops"', async () => {
    standIn.api.scenario.drops = {};
    const clear = await open();
    assert.equal(await clear.page.locator('#headline').innerText(), 'No harmful drops.');
    assert.match(await clear.page.locator('.events').innerText(), /No dropped packet was sampled/);
    await clear.close();
    standIn.api.scenario.gap = [1_000, 0];
    const blind = await open();
    assert.equal(await blind.page.locator('#headline').innerText(), 'We cannot tell.');
    await blind.close();
  });

  test('a problem says what to do, keeps what was known, and goes when it is over', async () => {
    const { page, faults, close } = await open();
    standIn.api.scenario.failure = {
      status: 503,
      code: 'store_unavailable',
      title: 'The store does not answer',
      detail: 'it is starting',
    };
    const bar = page.locator('.problem');
    await page.clock.runFor(5_000);
    await bar.getByText('The store does not answer.').waitFor();
    assert.match(await bar.innerText(), /It is starting\.\s+Nothing to do here: the page tries again/);
    assert.match(await bar.innerText(), /Next try in \d+ s/);
    assert.equal(await page.locator('#headline').innerText(), 'Drops on both sides.', 'what was known stays');
    standIn.api.scenario.failure = undefined;
    await bar.getByRole('button', { name: 'Try now' }).click();
    await bar.waitFor({ state: 'hidden' });
    assert.deepEqual(faults, []);
    await close();
  });

  test('a token that is revoked meanwhile leads back to the form, with the reason', async () => {
    const { page, close } = await open();
    standIn.api.scenario.failure = {
      status: 401,
      code: 'unauthorized',
      title: 'A valid bearer token is needed',
      detail: '',
    };
    await page.clock.runFor(5_000);
    await page.getByRole('alert').filter({ hasText: 'A valid bearer token is needed' }).waitFor();
    assert.equal(await page.evaluate("sessionStorage.getItem('bellwether.token')"), null);
    assert.equal(await page.locator('.drops').count(), 0);
    await close();
  });

  test('asks nothing while nobody looks or updates are paused', async () => {
    const { page, close } = await open();
    await pretendHidden(page, true);
    let asked = standIn.api.requests.length;
    await page.clock.runFor(30_000);
    assert.equal(standIn.api.requests.length, asked);
    await pretendHidden(page, false);
    await page.waitForTimeout(500);
    assert.ok(standIn.api.requests.length > asked, 'looking again asks at once');
    await page.getByRole('button', { name: 'Pause updates' }).click();
    asked = standIn.api.requests.length;
    await page.clock.runFor(30_000);
    assert.equal(standIn.api.requests.length, asked);
    await page.getByRole('button', { name: 'Resume updates' }).click();
    await page.waitForTimeout(500);
    assert.ok(standIn.api.requests.length > asked);
    await close();
  });

  test('what comes from the network is text, never markup', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    standIn.api.scenario.customers = ['acme', markup];
    standIn.api.scenario.drops = {
      acme: [{ ...FIREWALL, explanation: markup, remedy: markup, reason: markup, cause: markup }],
    };
    const { page, faults, close } = await open('operator');
    assert.ok((await page.locator('.causes').innerText()).includes(markup));
    assert.equal(await page.locator('main img, main script').count(), 0);
    assert.notEqual(await page.title(), 'owned');
    assert.deepEqual(faults, []);
    await close();
  });
});

/** Share of painted pixels in one column of the drops chart, 0 to 1; `part` is its place in the plot. */
function paintedShare(page: Page, part: number): Promise<number> {
  return page.evaluate<number>(`probe.paintedShare('.drops canvas', ${part})`);
}

/** A headless page is always visible; the page is told otherwise in the way that a browser does. */
function pretendHidden(page: Page, hidden: boolean): Promise<void> {
  return page.evaluate(`probe.pretendHidden(${hidden})`);
}
