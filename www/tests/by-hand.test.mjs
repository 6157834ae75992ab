/** Sliders, timelines and their names, a cut that is drawn, and questions that are put to the map. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { hashOf, native, setSpeed, sharedFile, speed, start, status, statusWhen } from './harness.mjs';

const KEYS = 2 ** 32;
/** Two operations that come to nobody else, since all are cut off from each other by then. */
const APART = {
  format: 1,
  title: 'apart',
  replicas: ['a', 'b', 'c', 'd'],
  network: { latency_ms: [10, 20], interval_ms: 100 },
  steps: [
    { at_ms: 500, on: 'a', do: 'register', claim: ['a', 0, KEYS / 2 - 1] },
    { at_ms: 3000, partition: [['a', 'b'], ['c', 'd']] },
    { at_ms: 3500, on: 'd', do: 'increase', by: 2, claim: ['d', KEYS / 4, KEYS / 2 - 1] },
  ],
  until: { max_ms: 8000 },
};

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** Opens a run, paused at a moment, and closes it after `use`; nothing may have gone wrong. */
async function withPage(scenario, atMs, use, options = {}) {
  await bench.withPage({ hash: `${hashOf(scenario)}&at=${atMs}`, ...options }, async (page) => {
    await statusWhen(page, ({ state, timeUs }) => state !== 'running' && Number(timeUs) === atMs * 1000);
    await use(page);
  });
}

/** The file of the run, as it is shared. */
async function shared(page) {
  await page.locator('#share').click();
  await page.waitForFunction(() => document.querySelector('#link')?.value);
  const link = await page.locator('#link').inputValue();
  await page.locator('#share').click();
  return JSON.parse(sharedFile(link));
}

test('messages come out of order from where the slider says, in a shared run as well', async () => {
  await withPage(APART, 1000, async (page) => {
    const slider = page.locator('#reorder');
    assert.equal(await slider.inputValue(), '0');
    await slider.fill('40');
    await page.locator('.setting', { has: slider }).getByText('40 %').waitFor();
    const file = await shared(page);
    const [step] = file.steps.filter(({ network }) => network);
    assert.deepEqual(step, { at_ms: 1000, network: { reorder: 0.4 } });
    assert.equal(native(JSON.stringify(file), 'run', '--json').status, 0);
    // Arrows move the slider that has the focus, and not time.
    await slider.press('ArrowRight');
    await page.locator('.setting', { has: slider }).getByText('41 %').waitFor();
    assert.equal((await status(page)).state, 'paused');
  });
});

test('every speed from a hundredth to a hundred can be reached', async () => {
  await withPage(APART, 1000, async (page) => {
    const slider = page.locator('#speed');
    assert.equal(await speed(page), '1 ×');
    const steps = [];
    for (let times = 0; times < 8; times += 1) {
      await page.keyboard.press('-');
      steps.push(await speed(page));
    }
    assert.deepEqual(steps.slice(4), ['1/50 ×', '1/100 ×', '1/100 ×', '1/100 ×']);
    const all = new Set();
    for (let place = 0; place <= Number(await slider.getAttribute('max')); place += 1) {
      await slider.fill(String(place));
      all.add(await speed(page));
    }
    assert.equal(all.size, 42);
    for (const text of ['1/100 ×', '1/2.5 ×', '1 ×', '1.25 ×', '60 ×', '100 ×', 'max']) {
      assert.ok(all.has(text), text);
    }
    // By the arrows from one to the next, and by + and - also while the slider has the focus.
    await setSpeed(page, '1');
    await slider.press('ArrowLeft');
    assert.equal(await speed(page), '1/1.25 ×');
    await slider.press('+');
    await slider.press('+');
    assert.equal(await speed(page), '2 ×');
    assert.equal((await status(page)).timeUs, '1000000');
  });
});

test('a timeline is renamed in place, and takes its name along', async () => {
  await withPage(APART, 1000, async (page) => {
    assert.equal(await page.locator('#rename').count(), 0);
    await page.keyboard.press('f');
    const shown = page.locator('#timeline option:checked');
    await page.waitForFunction(() => document.querySelector('#timeline option:checked').textContent === '2: from 1.000 s');
    const field = page.locator('#timeline-name');
    const rename = async (text, key) => {
      await page.locator('#rename').click();
      await page.waitForFunction(() => document.activeElement.id === 'timeline-name');
      // All of it is selected: what is typed takes its place.
      await page.keyboard.type(text);
      await page.keyboard.press(key);
      await field.waitFor({ state: 'detached' });
    };
    await rename('what if <b> dies', 'Enter');
    assert.equal(await shown.innerText(), 'what if <b> dies');
    assert.equal((await shared(page)).title, 'apart: what if <b> dies');
    await page.locator('[data-node=a] .name').click();
    await rename('no', 'Escape');
    assert.equal(await shown.innerText(), 'what if <b> dies');
    assert.equal(await page.locator('.node-panel').count(), 1, 'only the name was given up');
    await page.locator('#rename').click();
    await field.fill('x'.repeat(60));
    await page.locator('h1').click();
    await field.waitFor({ state: 'detached' });
    assert.equal(await shown.innerText(), 'x'.repeat(40));
    // The other one has kept its own, and an empty name is none.
    await page.locator('#timeline').selectOption('0');
    assert.equal(await shown.innerText(), 'as it was');
    assert.equal((await shared(page)).title, 'apart');
    await page.locator('#timeline').selectOption('1');
    await rename(' ', 'Enter');
    assert.equal(await shown.innerText(), '2: from 1.000 s');
  });
});

test('a node lists what its log holds, and by which way it came', async () => {
  await withPage(APART, 4000, async (page) => {
    await page.locator('[data-node=c] .name').click();
    const log = page.locator('.log');
    await log.locator('summary', { hasText: 'Its log: 2 operations' }).click();
    const [last, first, ...more] = await log.locator('li').allInnerTexts();
    assert.deepEqual(more, []);
    assert.match(last, /Increase 2 d·1[^]*d 4000 0000 – 7fff ffff[^]*arrived at 3\.\d+ s by d/);
    assert.match(first, /Register a·1[^]*arrived at \d\.\d+ s by a/);
    await page.locator('[data-node=a] .name').click();
    await log.locator('summary', { hasText: 'one operation' }).waitFor();
    assert.match(await log.locator('li').innerText(), /issued here at 0\.500 s/);
  });
});

test('the map is asked who differs, and why', async () => {
  await withPage(APART, 8000, async (page) => {
    const map = page.locator('#divergence');
    await map.scrollIntoViewIfNeeded();
    const canvas = await page.locator('.divergence canvas').boundingBox();
    const over = await map.boundingBox();
    const versions = over.width - (await page.locator('.views canvas').boundingBox()).width;
    const click = (part, atMs) => page.mouse.click(
      over.x + versions + part * (over.width - versions), canvas.y + canvas.height * atMs / 8000);
    // Where all agree there is nothing to ask.
    await click(0.8, 5000);
    await statusWhen(page, ({ timeUs }) => Math.abs(timeUs - 5_000_000) < 100_000);
    assert.equal(await page.locator('#ask-who').count(), 0);
    await click(0.3, 6000);
    await statusWhen(page, ({ timeUs }) => Math.abs(timeUs - 6_000_000) < 100_000);
    const ask = page.locator('#ask-who', { hasText: '2 of 4 differ here: why?' });
    await ask.click();
    await page.locator('#why-title', { hasText: 'Why does a think a is the owner here?' }).waitFor();
    assert.match(await page.locator('.why .unseen').innerText(), /Increase 2[^]*on the other side of the cut/);
    const differing = page.locator('.differing button');
    assert.deepEqual(await differing.allInnerTexts(), ['a', 'b']);
    assert.equal(await differing.first().getAttribute('aria-pressed'), 'true');
    await differing.nth(1).click();
    await page.locator('#why-title', { hasText: 'Why does b think' }).waitFor();
    // By keyboard, about what most of them dispute.
    await page.keyboard.press('Escape');
    await page.locator('.node-panel').waitFor({ state: 'detached' });
    await map.focus();
    await page.keyboard.press('Enter');
    await page.locator('.segment h3', { hasText: '0000 0000 – 7fff ffff' }).waitFor();
  });
});

test('a line drawn between the strips cuts the network there', async () => {
  await withPage({ ...APART, steps: [] }, 1000, async (page) => {
    const handle = page.locator('#cut-line');
    const views = await page.locator('.views canvas').boundingBox();
    const take = async () => {
      const { x, y, width, height } = await handle.boundingBox();
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down();
    };
    const drawTo = (row) => page.mouse.move(views.x + 50, views.y + row * 15 + 2, { steps: 6 });
    const line = page.locator('.cut-line output');
    // Drawn back up, and given up.
    await take();
    await drawTo(2);
    await line.filter({ hasText: 'a – b ✂ c – d' }).waitFor();
    await drawTo(-1);
    await line.waitFor({ state: 'detached' });
    await page.mouse.up();
    await take();
    await drawTo(1);
    await page.keyboard.press('Escape');
    await line.waitFor({ state: 'detached' });
    await page.mouse.up();
    assert.equal(await page.locator('.view.boundary').count(), 0);
    // No further down than above the last.
    await take();
    await drawTo(30);
    await line.filter({ hasText: 'a – c ✂ d' }).waitFor();
    await page.mouse.up();
    await page.locator('.view.boundary [data-node=d]').waitFor();
    assert.deepEqual((await shared(page)).steps, [{ at_ms: 1000, partition: [['a', 'b', 'c'], ['d']] }]);
    await page.keyboard.press('h');
    await page.locator('.view.boundary').waitFor({ state: 'detached' });
    // By keyboard.
    await handle.focus();
    assert.equal(await handle.getAttribute('aria-valuetext'), 'nobody is cut off');
    for (let times = 0; times < 5; times += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    assert.equal(await handle.getAttribute('aria-valuetext'), 'a – b ✂ c – d');
    await page.keyboard.press('Enter');
    await page.locator('.view.boundary [data-node=c]').waitFor();
    assert.equal(await handle.getAttribute('aria-valuenow'), '0');
    assert.equal((await status(page)).timeUs, '1000000');
  });
});

test('a finger draws the line, and what it takes hold of is large enough', async () => {
  await withPage({ ...APART, steps: [] }, 1000, async (page) => {
    const handle = await page.locator('#cut-line').boundingBox();
    assert.ok(handle.width >= 44 && handle.height >= 44, JSON.stringify(handle));
    const views = await page.locator('.views canvas').boundingBox();
    const client = await page.context().newCDPSession(page);
    const touch = (type, ...points) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
    const x = handle.x + handle.width / 2;
    await touch('touchStart', [x, handle.y + handle.height / 2]);
    for (const row of [0, 1, 2]) await touch('touchMove', [x, views.y + row * 15]);
    await page.locator('.cut-line output', { hasText: 'a – b ✂ c – d' }).waitFor();
    await touch('touchEnd');
    await page.locator('.view.boundary [data-node=c]').waitFor();
    for (const control of ['#speed', '#reorder']) {
      const box = await page.locator(control).boundingBox();
      assert.ok(control !== '#speed' || box.height >= 44, `${control}: ${box.height}`);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(overflow, 0);
  }, { width: 360, height: 780, mobile: true });
});
