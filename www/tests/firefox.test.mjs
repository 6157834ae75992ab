// The page in Firefox: the same fingerprints as natively, and rooms. Only where there is a Firefox.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import puppeteer from 'puppeteer-core';

import { BASE, DIST, findProgram, native } from './harness.mjs';
import { serve } from './server.mjs';

const FIREFOX = process.env.FIREFOX ?? findProgram(['firefox', 'firefox-esr']);
const skip = FIREFOX ? false : 'there is no Firefox: install it, or name one with FIREFOX';
/** No wait for the page is longer. */
const WAIT_MS = 60_000;

let server;
let browser;

before(async () => {
  if (skip) return;
  server = await serve(DIST, BASE);
  browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** What the page says of itself once `isDone` holds of that. */
async function statusWhen(page, isDone) {
  const read = (condition) => {
    const status = { ...document.querySelector('#status')?.dataset };
    status.connected = document.querySelector('#peers')?.dataset.connected;
    return new Function('it', `return ${condition}`)(status) && status;
  };
  const handle = await page.waitForFunction(read, { timeout: WAIT_MS }, isDone);
  return handle.jsonValue();
}

for (const name of ['first-light', 'add-wins', 'broken-tree']) {
  test(`${name} ends in the fingerprint that it has natively`, { skip, timeout: 120_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}#scenario=${name}&speed=max`);
    const there = await statusWhen(page, 'it.state === "ended"');
    await page.close();
    const file = fileURLToPath(new URL(`../../src/sim/scenarios/${name}.json`, import.meta.url));
    const here = JSON.parse(native(readFileSync(file, 'utf8'), 'run', '--json').stdout);
    const fingerprints = Object.values(here.replicas).map(({ fingerprint }) => fingerprint);
    assert.deepEqual([...new Set(fingerprints)], [there.fingerprint]);
  });
}

test('two tabs agree in a room', { skip, timeout: 120_000 }, async () => {
  const tabs = [await browser.newPage(), await browser.newPage()];
  for (const tab of tabs) await tab.goto(`${server.url}#room=fox&secret=hush`);
  const meet = (tab) => statusWhen(tab, 'it.converged === "true" && it.connected === "1"');
  const [one, other] = await Promise.all(tabs.map(meet));
  assert.equal(one.fingerprint, other.fingerprint);
  await Promise.all(tabs.map((tab) => tab.close()));
});
