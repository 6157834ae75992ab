/**
 * What the browser tests share: the built page, served under a path as static hosts do, and
 * opened in a real browser.
 *
 * ```js
 * const bench = await start();
 * const { page, problems } = await bench.openPage({ hash: '#seed=7' });
 * await statusWhen(page, (status) => status.state === 'running');
 * assert.deepEqual(problems, []);
 * await bench.close();
 * ```
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { chromium } from 'playwright-core';

import { serve } from './server.mjs';

/** Where the project is. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** The built page. */
export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
/** Deep, so that a URL which is not relative shows. */
export const BASE = '/some/where/scalesmall/';
/** Without what asks hosts on the network for news; and a GPU is not to be counted on. */
const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];
/** No single step, such as a click or loading the page, takes longer. */
const STEP_LIMIT_MS = 30_000;
/** No file of tests takes longer; the exit ends the browser with it. */
const PROCESS_LIMIT_MS = 10 * 60_000;

/**
 * Starts a server for the page in the folder `dir`, and a browser.
 *
 * @param {string} [dir] an absolute path
 * @returns {Promise<Bench>}
 */
export async function start(dir = DIST) {
  if (!existsSync(join(dir, 'index.html'))) {
    throw new Error('there is no built page: run `cargo xtask build`');
  }
  const watchdog = setTimeout(() => {
    console.error(`ended after ${PROCESS_LIMIT_MS / 1000} s`);
    process.exit(1);
  }, PROCESS_LIMIT_MS);
  watchdog.unref();
  const server = await serve(dir, BASE);
  try {
    const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS });
    return new Bench(server, browser, watchdog);
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** The part of an address that plays a scenario. */
export function hashOf(scenario) {
  return `#json=${encodeURIComponent(JSON.stringify(scenario))}`;
}

/** What a command of the command line makes of a scenario file on its standard input. */
export function native(text, command = 'run', ...flags) {
  const args = ['run', '--quiet', '--package', 'scalesmall', '--', command, '-', ...flags];
  const options = { cwd: PROJECT, input: text, encoding: 'utf8', maxBuffer: 64 << 20 };
  const { status, stdout, stderr } = spawnSync('cargo', args, options);
  return { status, stdout, stderr };
}

/** The scenario file in an address that shares it. */
export function sharedFile(link) {
  const [, packed] = /[#&]s=([^&]*)/.exec(link) ?? assert.fail(`no scenario in ${link}`);
  return inflateRawSync(Buffer.from(packed, 'base64url')).toString('utf8');
}

/** A server and a browser. */
class Bench {
  #server;
  #browser;
  #watchdog;

  constructor(server, browser, watchdog) {
    this.#server = server;
    this.#browser = browser;
    this.#watchdog = watchdog;
  }

  /** The page's address, without a hash. */
  get url() {
    return this.#server.url;
  }

  /**
   * Opens the page in a browser context of its own, which `page.context().close()` ends, or in
   * another tab of that of `beside`.
   *
   * `problems` grows while the page is open: texts of console errors and warnings, uncaught
   * errors, failed requests, and requests to anywhere but the page's own host.
   *
   * @param {{query?: string, hash?: string, width?: number, height?: number,
   *   colorScheme?: 'light' | 'dark', mobile?: boolean, locale?: string, beside?: Page,
   *   first?: () => void}} [options] `mobile` is a touch screen that heeds the page's viewport
   *   element; a page `beside` another has its screen; `first` runs in the page before its own
   *   scripts do
   */
  async openPage({
    query = '',
    hash = '',
    width = 1280,
    height = 800,
    colorScheme = 'light',
    mobile = false,
    locale = 'en-GB',
    beside = undefined,
    first = undefined,
  } = {}) {
    const context =
      beside?.context() ??
      (await this.#browser.newContext({
        viewport: { width, height },
        colorScheme,
        isMobile: mobile,
        hasTouch: mobile,
        locale,
      }));
    context.setDefaultTimeout(STEP_LIMIT_MS);
    const page = await context.newPage();
    if (first) await page.addInitScript(first);
    const problems = this.#watch(page);
    await page.goto(this.url + query + hash, { waitUntil: 'load' });
    return { page, problems };
  }

  /** Opens the page, and closes it when `use` is done with it; nothing may have gone wrong in it. */
  async withPage(options, use) {
    const { page, problems } = await this.openPage(options);
    try {
      await use(page);
      assert.deepEqual(problems, []);
    } finally {
      await page.context().close();
    }
  }

  /** A list that grows with whatever goes wrong in `page`. */
  #watch(page) {
    const problems = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        const { url } = message.location();
        problems.push(`console ${message.type()}: ${message.text()} (${url})`);
      }
    });
    page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.#server.origin && protocol !== 'data:' && protocol !== 'blob:') {
        problems.push(`foreign request: ${request.url()}`);
      }
    });
    page.on('requestfailed', (request) => {
      problems.push(`failed request: ${request.url()}: ${request.failure()?.errorText}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
    });
    return problems;
  }

  /** Ends the server: from now on there is no network. */
  async stopServer() {
    await this.#server.close();
  }

  /** Ends the browser and the server. */
  async close() {
    await this.#browser.close();
    await this.stopServer();
    clearTimeout(this.#watchdog);
  }
}

/**
 * The data attributes of the page's `<output id="status">`, by their names in JavaScript.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function status(page) {
  return page.locator('output#status').evaluate((output) => ({ ...output.dataset }));
}

/**
 * The first status that `wanted` accepts.
 *
 * @param {(status: Record<string, string>) => boolean} wanted
 * @returns {Promise<Record<string, string>>}
 */
export async function statusWhen(page, wanted, limitMs = STEP_LIMIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const now = await status(page);
    if (wanted(now)) return now;
    if (Date.now() > end) {
      throw new Error(`not within ${limitMs / 1000} s; the status is ${JSON.stringify(now)}`);
    }
    await sleep(50);
  }
}

/** The speed that is shown. */
export async function speed(page) {
  return page.locator('#speed').getAttribute('aria-valuetext');
}

/** Where some speeds are on the slider. */
const SPEEDS = { '1/100': 0, 1: 20, 100: 40, max: 41 };

/** Moves the slider to a speed. */
export async function setSpeed(page, text) {
  await page.locator('#speed').fill(String(SPEEDS[text]));
}

/** The path of Chromium: of `$CHROME`, or of what is on `PATH`. */
export function findChromium() {
  const path = process.env.CHROME ?? findProgram(['chromium', 'chromium-browser', 'google-chrome']);
  return path ?? assert.fail('Chromium is missing: install it, or name a browser with CHROME');
}

/** The path of the first of these programs that is on `PATH`, if any is. */
export function findProgram(names) {
  const dirs = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => dirs.map((dir) => join(dir, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
