import { after, before } from 'node:test';
import type { Browser } from 'playwright-core';
import { builtPage, findChromium, launchChromium } from './browser.js';
import type { openPage, WatchedPage } from './browser.js';
import { signedIn } from './console-target.js';
import { FAKE_TOKENS, startFakeApi } from './fake-api.js';
import type { FakeApi } from './fake-api.js';
import { quietScenario } from './fake-scenario.js';

/** What a suite over the stand-in has: both are there while its tests run. */
export interface StandIn {
  readonly api: FakeApi;
  readonly browser: Browser;
  /** Opens the page, signed in. */
  readonly open: (
    token?: keyof typeof FAKE_TOKENS,
    options?: Parameters<typeof openPage>[1],
  ) => Promise<WatchedPage>;
}

/** To be called within `describe`: a browser and the stand-in start before its tests and stop after them. */
export function useStandIn(): StandIn {
  let browser: Browser | undefined;
  let api: FakeApi | undefined;
  before(async () => {
    api = await startFakeApi(builtPage(), quietScenario());
    browser = await launchChromium(findChromium() ?? '');
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
  });
  const started = <T>(what: T | undefined): T => {
    if (what === undefined) throw new Error('the stand-in is used before its suite has started it');
    return what;
  };
  return {
    get api() {
      return started(api);
    },
    get browser() {
      return started(browser);
    },
    open: (token = 'acme', options = {}) =>
      signedIn(started(browser), started(api).url, FAKE_TOKENS[token], options),
  };
}
