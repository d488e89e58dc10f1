import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { PROJECT } from '../support/paths.js';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Keeps a browser on a machine without a network from asking for one. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real Chromium: BELLWETHER_CHROMIUM, or where the distributions put it; undefined when there is none. */
export function findChromium(): string | undefined {
  return [process.env['BELLWETHER_CHROMIUM'] ?? '', ...CANDIDATES].find(
    (path) => path !== '' && existsSync(path),
  );
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page with a record of all that must not happen. */
export interface WatchedPage {
  readonly page: Page;
  /** Violations of the content security policy, script errors and console errors. */
  readonly faults: string[];
  /** Origins that were asked for anything. */
  readonly origins: Set<string>;
  /** Every address that the page asked for. */
  readonly addresses: string[];
  readonly close: () => Promise<void>;
}

/** Each page has a context of its own: storage of one test is not seen by the next. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const watched = { page, faults: [] as string[], origins: new Set<string>(), addresses: [] as string[] };
  page.on('request', (request) => {
    watched.addresses.push(request.url());
    watched.origins.add(new URL(request.url()).origin);
  });
  page.on('pageerror', (error) => watched.faults.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    // Chromium logs each failed request as an error; the page is expected to live with those.
    const isFault = message.type() === 'error' && !message.text().startsWith('Failed to load resource');
    if (isFault) watched.faults.push(`console: ${message.text()}`);
  });
  await page.addInitScript({ path: join(PROJECT, 'test/end-to-end/in-page.js') });
  return { ...watched, close: () => context.close() };
}

/** The built page; built now if it is not. */
export function builtPage(): string {
  const folder = join(PROJECT, 'dist/query-api/console/public');
  if (!existsSync(join(folder, 'index.html'))) {
    execFileSync(process.execPath, [join(PROJECT, 'tools/build-page.mjs')], { stdio: 'inherit' });
  }
  return folder;
}
