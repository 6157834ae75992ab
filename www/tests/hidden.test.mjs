// A room with a tab in the background, in a browser that slows such tabs down: it is shown as what
// it is, and goes on gossiping.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import puppeteer from 'puppeteer-core';

import { BASE, DIST, findChromium } from './harness.mjs';
import { serve } from './server.mjs';

/** With these, which are given by default, no tab is ever slowed down. */
const NOT_SLOWED_DOWN = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
/** No wait for the page is longer. */
const WAIT_MS = 30_000;

let server;
let browser;

before(async () => {
  server = await serve(DIST, BASE);
  browser = await puppeteer.launch({
    executablePath: findChromium(),
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    ignoreDefaultArgs: NOT_SLOWED_DOWN,
  });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function enter() {
  const tab = await browser.newPage();
  await tab.goto(`${server.url}#room=dusk&secret=hush`);
  return tab;
}

/** Waits, by a clock of its own: that of a page in the background runs slowly, or hardly at all. */
async function agreed(tab, operations) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(200)) {
    const { converged, fingerprint, strips } = await tab.evaluate(() => ({
      ...document.querySelector('#status')?.dataset,
      strips: document.querySelectorAll('[data-node]').length,
    }));
    if (converged === 'true' && strips === 6 && !operations.includes(fingerprint)) return fingerprint;
  }
  const text = await tab.evaluate(() => `${document.visibilityState}: ${document.body.innerText.slice(0, 2000)}`);
  throw new Error(`the room does not agree: ${text}`);
}

test('a tab in the background is shown as one, and takes part', { timeout: 120_000 }, async () => {
  const behind = await enter();
  // Whatever the browser does to timers of the page is to be seen by this.
  await behind.evaluate(() => {
    window.turns = 0;
    setInterval(() => { window.turns += 1; }, 50);
  });
  const front = await enter();
  await front.bringToFront();
  const first = await agreed(front, []);
  assert.equal(await behind.evaluate(() => document.visibilityState), 'hidden');
  await front.waitForFunction(() => document.querySelector('#neighbours').innerText.includes('in the background'), { timeout: WAIT_MS });

  const turns = await behind.evaluate(() => window.turns);
  const began = Date.now();
  for (const strip of await front.$$('[data-node]')) {
    await strip.press('Enter');
    if (await front.$('#do')) break;
    await strip.press('Enter');
  }
  await front.click('#do');
  const second = await agreed(front, [first]);
  assert.notEqual(second, first);
  // What the tab behind says of itself is that, too.
  assert.equal(await agreed(behind, [first]), second);
  const [slowed, ms] = [await behind.evaluate(() => window.turns) - turns, Date.now() - began];
  assert.ok(slowed < ms / 100, `its timers are slowed down: ${slowed} turns in ${ms} ms`);
});
