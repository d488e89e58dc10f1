/**
 * Takes the picture of the page: node tools/screenshot.mjs URL TOKENFILE OUT [--dark] [--phone] [--full]
 *                                [--customer NAME] [--range 5m|15m|1h|6h]
 * The token is read from the file and typed into the page, so that it stands in no command line.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: 'boolean', default: false },
    phone: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    customer: { type: 'string' },
    range: { type: 'string' },
  },
});
const [url, tokenFile, out] = positionals;
if (url === undefined || tokenFile === undefined || out === undefined) {
  console.error(
    'usage: node tools/screenshot.mjs URL TOKENFILE OUT [--dark] [--phone] [--full] [--customer NAME] [--range 15m]',
  );
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.BELLWETHER_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]),
});
try {
  const page = await browser.newPage({
    viewport: options.phone ? { width: 380, height: 800 } : { width: 1440, height: 1160 },
    deviceScaleFactor: options.phone ? 2 : 1,
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const address = new URL(url);
  for (const name of ['customer', 'range']) {
    if (options[name] !== undefined) address.searchParams.set(name, options[name]);
  }
  await page.goto(address.href);
  await page.getByLabel('Access token').fill(readFileSync(tokenFile, 'utf8').trim());
  await page.keyboard.press('Enter');
  await page.locator('h1#headline:not(:text("Looking"))').waitFor();
  await page.locator('.latency dd').first().waitFor();
  // One frame for the charts to be drawn, and the cursor out of the way.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(500);
  await page.screenshot({ path: out, fullPage: options.full });
  console.log(`${out}: ${await page.locator('#headline').innerText()}`);
} finally {
  await browser.close();
}
