import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { findChromium, launchChromium, openPage } from './browser.js';
import { enterToken, openTarget, signedIn } from './console-target.js';
import type { Target } from './console-target.js';

/** What holds for the page on any API: on the stand-in here, on the real stack when one is given. */
const chromium = findChromium();

describe(
  'the page at /',
  { skip: chromium === undefined && 'no Chromium here; set BELLWETHER_CHROMIUM' },
  () => {
    let browser: Browser;
    let target: Target;

    before(async () => {
      target = await openTarget();
      browser = await launchChromium(chromium ?? '');
    });
    after(async () => {
      await browser.close();
      await target.stop();
    });

    test('asks for a token within a second of being opened', async () => {
      const paints: number[] = [];
      // Each with an empty cache. The best of three: a browser that has just started, on a machine that
      // compiles besides, says more about that machine than about the page.
      for (let attempt = 0; attempt < 3; attempt++) {
        const { page, faults, close } = await openPage(browser);
        await page.goto(target.url);
        await page.getByLabel('Access token').waitFor();
        paints.push(await page.evaluate<number>('probe.firstPaint()'));
        assert.deepEqual(faults, []);
        await close();
      }
      assert.ok(Math.min(...paints) <= 1_000, `first contentful paints after ${paints.join(', ')} ms`);
    });

    test('refuses a wrong token in words and keeps it nowhere', async () => {
      const { page, faults, close } = await openPage(browser);
      await page.goto(target.url);
      await page.getByLabel('Access token').fill('bw_not_a_token');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').filter({ hasText: 'bellwether token create' }).waitFor();
      assert.equal(await page.evaluate('document.activeElement.id'), 'token');
      assert.equal(await page.evaluate('sessionStorage.length + localStorage.length'), 0);
      assert.deepEqual(faults, []);
      await close();
    });

    test('answers a customer in words, with freshness and completeness, from this host only', async () => {
      const watched = await signedIn(browser, target.url, target.tokens.acme);
      const { page } = watched;
      assert.match(await page.locator('#headline').innerText(), /\.$/);
      assert.match(await page.locator('.verdict .lead').innerText(), /last 15 minutes|since \d\d:/);
      assert.match(await page.locator('.freshness').innerText(), /^Complete up to \d\d:\d\d:\d\d, /);
      assert.match(await page.locator('.completeness').innerText(), /host windows? (arrived|expected)/i);
      assert.equal(await page.locator('.top-bar .customer').innerText(), 'acme');
      assert.equal(await page.locator('.top-bar select').count(), 0, 'a customer has nobody to choose');
      assert.equal(await page.locator('canvas').count(), 5, 'drops, two latencies and their two strips');
      assert.deepEqual([...watched.origins], [new URL(target.url).origin]);
      assert.deepEqual(watched.faults, []);
      await watched.close();
    });

    test('shows the latencies that the API answers', async () => {
      const { page, close } = await signedIn(browser, target.url, target.tokens.acme);
      const panel = page.getByRole('article').filter({ hasText: 'Round-trip time' });
      assert.match(await panel.locator('dd').first().innerText(), /^[\d.]+ (ns|µs|ms|s)$/);
      await panel.getByText('Show as a table').click();
      const heads = await panel.locator('thead th').allInnerTexts();
      assert.deepEqual(heads, ['From', 'round trips', 'p50', 'p90', 'p99']);
      assert.ok((await panel.locator('tbody tr').count()) >= 90, '15 minutes in steps of 10 s');
      await close();
    });

    test('keeps the token in the tab through a reload, out of every address, and forgets it on sign-out', async () => {
      const watched = await signedIn(browser, target.url, target.tokens.acme);
      const { page } = watched;
      await page.reload();
      await page.locator('h1#headline:not(:text("Looking"))').waitFor();
      const { acme } = target.tokens;
      assert.ok(watched.addresses.length > 8);
      for (const address of [...watched.addresses, page.url()]) assert.ok(!address.includes(acme), address);
      assert.equal(await page.evaluate('localStorage.length + document.cookie.length'), 0);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Access token').waitFor();
      assert.equal(await page.evaluate('sessionStorage.length'), 0);
      assert.ok(!(await page.content()).includes('acme'), 'nothing of the customer is left on the page');
      const asked = watched.addresses.length;
      await page.clock.runFor(30_000);
      assert.equal(watched.addresses.length, asked, 'nobody polls after the sign-out');
      await watched.close();
    });

    test('polls by itself', async () => {
      const { page, close } = await signedIn(browser, target.url, target.tokens.acme);
      const freshness = page.locator('.freshness');
      const [before = ''] = /up to [\d:]+/.exec(await freshness.innerText()) ?? [];
      assert.notEqual(before, '');
      await freshness.filter({ hasNotText: before }).waitFor({ timeout: 20_000 });
      await close();
    });

    test('lets an operator choose the customer, and remembers it in the address', async () => {
      const watched = await signedIn(browser, target.url, target.tokens.operator);
      const { page } = watched;
      const select = page.getByLabel('Customer');
      const names = await select.locator('option').allInnerTexts();
      assert.ok(names.includes('acme') && names.includes('globex'), names.join());
      await select.selectOption('globex');
      await page.locator('.eyebrow', { hasText: 'Is it globex or us?' }).waitFor();
      await page.locator('h1#headline:not(:text("Looking"))').waitFor();
      assert.match(page.url(), /customer=globex/);
      await page.reload();
      await page.locator('.eyebrow', { hasText: 'Is it globex or us?' }).waitFor();
      assert.deepEqual(watched.faults, []);
      await watched.close();
    });

    test('takes another range, also by the arrow keys', async () => {
      const { page, close } = await signedIn(browser, target.url, target.tokens.acme);
      await page.getByRole('radio', { name: '15 min' }).focus();
      await page.keyboard.press('ArrowRight');
      await page.locator('.drops .readout', { hasText: 'per 30 s' }).waitFor();
      assert.match(page.url(), /range=1h/);
      assert.equal(await page.getByRole('radio', { name: '1 h' }).isChecked(), true);
      await close();
    });

    test('a second sign-in shows the second token’s customers', async () => {
      const { page, close } = await signedIn(browser, target.url, target.tokens.operator);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await enterToken(page, target.tokens.acme);
      assert.equal(await page.locator('.top-bar .customer').innerText(), 'acme');
      assert.equal(await page.locator('.top-bar select').count(), 0);
      await close();
    });
  },
);
