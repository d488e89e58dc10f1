import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findChromium, openPage } from './browser.js';
import { quietScenario } from './fake-scenario.js';
import { useStandIn } from './stand-in.js';

interface FocusStop {
  readonly name: string;
  readonly seen: boolean;
}

/** Can it be used without a mouse, without eyes, on a phone, in the dark? */
const chromium = findChromium();

describe('access to the page', { skip: chromium === undefined && 'no Chromium here' }, () => {
  const standIn = useStandIn();
  const { open } = standIn;

  test('Tab goes through the page in reading order and is always seen', async () => {
    const { page, close } = await open('operator');
    await page.locator('.skip').focus();
    const stops: string[] = [];
    for (let step = 0; step < 14; step++) {
      if (step > 0) await page.keyboard.press('Tab');
      const stop = await page.evaluate<FocusStop | null>('probe.focusStop()');
      if (stop === null) break;
      assert.ok(stop.seen, `focus on ${stop.name} is not seen`);
      stops.push(stop.name);
    }
    assert.deepEqual(stops, [
      'Skip to the answer',
      'customer',
      'range-15m',
      'Sign out',
      'Pause updates',
      'Show as a table',
      'Show as a table',
      'Show as a table',
      'events-title',
      'Show all 15',
      'openapi.json',
    ]);
    await close();
  });

  test('the skip link goes to the answer', async () => {
    const { page, close } = await open();
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'answer');
    await close();
  });

  test('a chart’s table opens by the keyboard and has heads for rows and columns', async () => {
    const { page, close } = await open();
    await page.locator('.drops summary').focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('table', { name: 'Dropped packets by time and cause' });
    await table.waitFor();
    assert.equal(await table.getByRole('columnheader').count(), 6);
    assert.ok((await table.getByRole('rowheader').count()) >= 90);
    await close();
  });

  for (const [name, options] of Object.entries({
    'light, wide': { colorScheme: 'light' },
    'dark, wide': { colorScheme: 'dark' },
    'phone of 380 pixels': { viewport: { width: 380, height: 800 } },
  } as const)) {
    test(`${name}: names, headings, ids, sizes and contrast are in order`, async () => {
      const { page, faults, close } = await open('operator', options);
      await page.locator('.drops summary').click();
      assert.deepEqual(await page.evaluate<string[]>('probe.audit()'), []);
      assert.deepEqual(faults, []);
      await close();
    });
  }

  test('the form for the token is in order too', async () => {
    const { page, close } = await openPage(standIn.browser, { viewport: { width: 380, height: 800 } });
    await page.goto(standIn.api.url);
    await page.getByRole('button', { name: 'Show my network' }).click();
    await page.getByText('Enter the token that you were given.').waitFor();
    assert.deepEqual(await page.evaluate<string[]>('probe.audit()'), []);
    await close();
  });

  test('nothing is cut off or scrolls sideways from 320 to 1440 pixels', async () => {
    const { page, close } = await open();
    for (const width of [320, 380, 720, 860, 1024, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(150);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `${wide} pixels wide at ${width}`);
      const canvas = await page.evaluate<number>("probe.rightEdge('.drops .uplot')");
      assert.ok(canvas <= width, `the chart ends at ${canvas} of ${width}`);
    }
    await close();
  });

  test('light and dark are two, and a change of mind needs no reload', async () => {
    const { page, close } = await open('acme', { colorScheme: 'light' });
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const ink = () => page.evaluate<string>("document.querySelector('.drops canvas').toDataURL()");
    const [light, lightInk] = [await ground(), await ink()];
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(200);
    assert.notEqual(await ground(), light);
    assert.notEqual(await ink(), lightInk, 'the charts follow');
    await close();
  });

  test('nothing moves for those who asked for that', async () => {
    const { page, close } = await open('acme', { reducedMotion: 'reduce' });
    assert.equal(await page.evaluate('document.getAnimations().length'), 0);
    await close();
  });

  test('a screen reader hears of a verdict once, and again only when it is another', async () => {
    const { page, close } = await open();
    await page.evaluate('probe.listen()');
    const region = page.locator('[aria-live=polite]');
    assert.match(await region.innerText(), /^Drops on both sides\. In the last 15 minutes/);
    await page.clock.runFor(30_000);
    assert.deepEqual(await page.evaluate('probe.heard'), [], 'a poll with the same verdict is silent');
    standIn.api.scenario.drops = {};
    await page.clock.runFor(5_000);
    await page.locator('#headline', { hasText: 'No harmful drops.' }).waitFor();
    const heard = await page.evaluate<string[]>('probe.heard');
    assert.equal(heard.length, 1);
    assert.match(heard[0] ?? '', /^No harmful drops\. /);
    standIn.api.scenario = quietScenario();
    await close();
  });
});
