// A merge in slow motion, in a browser: what becomes of each bead, by mouse and by keyboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './harness.mjs';

let bench;

before(async () => {
  bench = await start();
});

after(() => bench?.close());

/** Two nodes, one of which has let go what the other has added to. */
const APART = {
  format: 1,
  replicas: ['a', 'b'],
  network: { mode: 'manual' },
  steps: [
    { on: 'a', do: 'increase', claim: ['a', 0, 9], by: 5 },
    { sync: ['a', 'b'] },
    { on: 'b', do: 'release', claim: ['a', 0, 9] },
    { on: 'a', do: 'increase', claim: ['a', 0, 9], by: 3 },
    { on: 'b', do: 'register', claim: ['b', 20, 29] },
  ],
  until: { max_ms: 10 },
};

const HASH = `#json=${encodeURIComponent(JSON.stringify(APART))}&at=9&node=a`;

/** Name and fate of each bead that has been told of. */
function told(page) {
  return page.locator('dialog tbody tr').evaluateAll((rows) => rows.map((row) => [
    row.querySelector('th .name').textContent,
    row.cells[3].textContent.replace(/^\d+ /, ''),
  ]));
}

test('each bead is asked, by keyboard, and what is told is what a merge does', async () => {
  await bench.withPage({ hash: HASH }, async (page) => {
    await page.locator('#merge').press('Enter');
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('ArrowLeft');
    const beads = await told(page);
    assert.equal(beads.length, 3);
    for (let asked = 1; asked <= beads.length; asked += 1) {
      await page.keyboard.press('ArrowRight');
      await page.locator('dialog tr.current').nth(0).waitFor();
      assert.equal((await told(page)).filter(([, fate]) => fate !== '').length, asked);
      assert.match(await page.locator('dialog .answer').innerText(), /^[ab]·\d: /);
    }
    assert.deepEqual((await told(page)).sort(), [['a·1', 'goes out'], ['a·2', 'stays'], ['b·2', 'comes in']]);
    const merged = 'Afterwards at a: a 0000 0000 – 0000 0009: 8 → 3; b 0000 0014 – 0000 001d: not live → 0';
    assert.equal(await page.locator('#merged').innerText(), merged);
    assert.match(await page.locator('dialog .cargo').innerText(), /2 operations, \d+ bytes/);
    // The run itself is as it was.
    assert.equal(await page.locator('#status').getAttribute('data-distinct'), '2');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'merge');
  });
});

test('it plays by itself, but not for who would rather have nothing move', async () => {
  await bench.withPage({ hash: HASH }, async (page) => {
    await page.locator('#merge').click();
    await page.locator('#merged').waitFor({ timeout: 15_000 });
    await page.locator('#merge-play').click();
    await page.locator('#merged').waitFor({ state: 'detached' });
    await page.locator('#merge-end').click();
    await page.locator('#merged').waitFor();
  });
  await bench.withPage({ hash: HASH }, async (page) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.locator('#merge').click();
    assert.equal(await page.locator('#merge-play').innerText(), 'Play');
    assert.deepEqual((await told(page)).filter(([, fate]) => fate !== ''), []);
  });
});
