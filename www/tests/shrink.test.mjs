import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { hashOf, native, start, status, statusWhen } from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** Nodes that are at it for a while, of whom some are cut off for good in the midst. */
function cutOff(nodes, operations) {
  const names = Array.from({ length: nodes }, (_, n) => `n${n}`);
  const steps = Array.from({ length: operations }, (_, n) => ({
    at_ms: 20 * n,
    on: names[(7 * n) % nodes],
    do: 'increase',
    claim: [names[(5 * n) % nodes], 1_000_000 * n, 1_000_000 * n + 500_000_000],
    by: 1 + (n % 9),
  }));
  steps.splice(operations / 2, 0, {
    at_ms: 10 * operations, partition: [names.slice(0, nodes / 3), names.slice(nodes / 3)],
  });
  return {
    format: 1,
    title: 'Cut off',
    seed: 4,
    replicas: names,
    network: { loss: 0.1, interval_ms: 300 },
    steps,
    until: { converged: true, max_ms: 20 * operations + 10_000 },
  };
}

/** What axe-core has against the page by day or by night, rule by rule. */
async function violations(page) {
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(AXE);
    const { violations } = await page.evaluate(() =>
      globalThis.axe.run(document, { resultTypes: ['violations'] }));
    found.push(...violations.map(({ id, nodes }) => `${colorScheme}: ${id} at ${nodes[0].target}`));
  }
  return found;
}

test('a run that ends badly is shrunk, played and left again', async () => {
  const scenario = cutOff(9, 40);
  const least = native(JSON.stringify(scenario), 'shrink');
  assert.equal(least.status, 0);
  await bench.withPage({ hash: hashOf(scenario) }, async (page) => {
    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.converged, 'false');
    assert.deepEqual(await violations(page), []);
    await page.click('#shrink-offer');
    await page.waitForSelector('#shrink-back');
    assert.deepEqual(await violations(page), []);
    const said = await page.locator('#shrink-status').innerText();
    assert.equal(said, '41 steps became 2. Still, two live nodes disagree.');

    // The very scenario that the command line comes to, as another timeline.
    await page.click('#share');
    const file = await page.locator('#save').getAttribute('href');
    assert.equal(decodeURIComponent(file.split(',').slice(1).join(',')), least.stdout);
    await page.click('#share');
    assert.equal(await page.locator('[data-node]').count(), 2);
    assert.match(await page.locator('.about').innerText(), /^Cut off \(shrunk\)/);
    const options = await page.locator('#timeline option').allInnerTexts();
    assert.deepEqual(options, ['as it was', '2: shrunk']);
    const shrunk = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(shrunk.distinct, '2');
    // Of what is left nothing more can be left out.
    assert.equal(await page.locator('#shrink-offer').count(), 0);

    await page.click('#shrink-back');
    assert.equal(await page.locator('[data-node]').count(), 9);
    const again = await statusWhen(page, (status) => status.state === 'ended');
    assert.deepEqual(again, end);
    assert.equal(await page.locator('#shrink-back').count(), 0);
    await page.selectOption('#timeline', '1');
    assert.equal(await page.locator('[data-node]').count(), 2);
    await page.click('#shrink-close');
    await page.locator('.shrink').waitFor({ state: 'detached' });
    // To shrink it once more changes nothing.
    await page.click('#shrink');
    await page.waitForSelector('#shrink-status[aria-live=polite]');
    assert.match(await page.locator('#shrink-status').innerText(), /^2 steps became 2\. /);
    assert.equal(await page.locator('#timeline option').count(), 2);
  });
});

test('a run that ends well has nothing to shrink', async () => {
  await bench.withPage({ hash: '#scenario=add-wins' }, async (page) => {
    await page.click('#shrink');
    await page.waitForSelector('#shrink-status[aria-live=polite]');
    assert.match(await page.locator('#shrink-status').innerText(), /^Nothing to shrink: /);
    assert.equal(await page.locator('#timeline').count(), 0);
    assert.equal(await page.locator('#shrink-offer').count(), 0);
    await page.click('#shrink-close');
    await page.locator('.shrink').waitFor({ state: 'detached' });
  });
});

test('shrinking shows how far it is, and can be given up', async () => {
  const hash = hashOf(cutOff(60, 800));
  await bench.withPage({ hash, width: 360, height: 740, mobile: true }, async (page) => {
    await page.tap('#shrink');
    // The run stands still meanwhile.
    const before = await statusWhen(page, (status) => status.state === 'paused');
    const replays = new Set();
    while (replays.size < 3) {
      const { text, value, max } = await page.locator('.shrink').evaluate((section) => {
        const { value, max } = section.querySelector('progress');
        return { text: section.querySelector('#shrink-status').innerText, value, max };
      });
      const [, left, replay] = /^(\d+) of 801 steps left, (\d+) replays?$/.exec(text);
      assert.equal(max, 801);
      assert.equal(value, 801 - Number(left));
      replays.add(replay);
    }
    // Within the screen, and large enough to be touched.
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    const { height } = await page.locator('#shrink-close').boundingBox();
    assert.ok(height >= 44, `${height}`);
    await page.tap('#shrink-close');
    await page.locator('.shrink').waitFor({ state: 'detached' });
    assert.equal(await page.locator('#timeline').count(), 0);
    assert.match(await page.locator('.about').innerText(), /^Cut off ·/);
    assert.equal((await status(page)).timeUs, before.timeUs);
  });
});
