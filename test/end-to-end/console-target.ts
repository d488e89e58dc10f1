import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { builtPage, openPage } from './browser.js';
import type { WatchedPage } from './browser.js';
import { FAKE_TOKENS, startFakeApi } from './fake-api.js';
import { quietScenario } from './fake-scenario.js';
import type { StackInfo } from '../promises/promise.js';

/** Where the page is tested: a running stack with demo customers, or the stand-in. */
export interface Target {
  readonly url: string;
  readonly isReal: boolean;
  readonly tokens: Readonly<Record<'operator' | 'acme', string>>;
  stop(): Promise<void>;
}

/** BELLWETHER_TEST_STACK names a file as `bellwether info --json` prints it; without it the stand-in starts. */
export async function openTarget(): Promise<Target> {
  const file = process.env['BELLWETHER_TEST_STACK'];
  if (file === undefined || file === '') {
    const fake = await startFakeApi(builtPage(), quietScenario());
    return { url: fake.url, isReal: false, tokens: FAKE_TOKENS, stop: () => fake.stop() };
  }
  const stack = readStack(JSON.parse(await readFile(file, 'utf8')));
  const token = async (name: string): Promise<string> => {
    const path = stack.tokens[name];
    if (path === undefined) throw new Error(`${file} names no token "${name}"; start the stack with --demo`);
    return (await readFile(path, 'utf8')).trim();
  };
  return {
    url: stack.urls.api,
    isReal: true,
    tokens: { operator: await token('operator'), acme: await token('acme') },
    stop: () => Promise.resolve(),
  };
}

type StackParts = Pick<StackInfo, 'tokens'> & { urls: Pick<StackInfo['urls'], 'api'> };

function readStack(value: unknown): StackParts {
  const stack = record(value, 'stack');
  const api = record(stack['urls'], 'urls')['api'];
  if (typeof api !== 'string') throw new Error('urls.api of the stack is no text');
  const tokens = Object.entries(record(stack['tokens'], 'tokens')).map(
    ([name, path]) => [name, String(path)] as const,
  );
  return { urls: { api }, tokens: Object.fromEntries(tokens) };
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${name} of the stack is no object`);
  return { ...value };
}

/** Opens the page and enters the token. */
export async function signedIn(
  browser: Browser,
  url: string,
  token: string,
  options: Parameters<typeof openPage>[1] = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  // Time goes on as ever, but a test can let a minute of polls pass in an instant.
  await watched.page.clock.install();
  await watched.page.goto(url);
  await enterToken(watched.page, token);
  return watched;
}

/** Types the token and waits for the first verdict. */
export async function enterToken(page: Page, token: string): Promise<void> {
  await page.getByLabel('Access token').fill(token);
  await page.keyboard.press('Enter');
  await page.locator('h1#headline:not(:text("Looking"))').waitFor();
}
